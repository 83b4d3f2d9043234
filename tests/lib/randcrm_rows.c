/*
 * randcrm_rows.c - rows as the drawn server writes them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "randcrm.h"

void
randcrm_free(char *json)
{
	json_free_t free_text;

	json_get_alloc_funcs(NULL, &free_text);
	if (json != NULL)
		free_text(json);
}

/* "a.b.c": objects are made on the way. */
void
randcrm_put(json_t *object, const char *path, json_t *value)
{
	const char *dot;
	char name[64];

	while ((dot = strchr(path, '.')) != NULL) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)(dot - path),
		    path);
		json_t *inner = json_object_get(object, name);
		if (inner == NULL) {
			inner = json_object();
			(void)json_object_set_new(object, name, inner);
		}
		object = inner;
		path = dot + 1;
	}
	(void)json_object_set_new(object, path, value);
}

static json_t *
time_object(const struct civil *c)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "year", c->year,
	    "month", c->month, "day", c->day, "hour", c->hour, "minute",
	    c->minute, "second", c->second);
}

json_t *
randcrm_time_json(const struct randcrm *crm, enum rand_wire wire, time_t t)
{
	struct civil c, utc;
	char text[64];
	int n = 0;

	clock_local(crm->zone, t, &c);
	clock_local("UTC", t, &utc);
	const int off = (int)(clock_utc("UTC", &c) - t) / 60;
	switch (wire) {
	case RAND_Z:
		return json_string(clock_iso(text, t));
	case RAND_ZONED:
		n = snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d"
		    "%c%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
		    c.second, off < 0 ? '-' : '+', abs(off) / 60,
		    abs(off) % 60);
		break;
	case RAND_NAIVE:
		n = snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d",
		    c.year, c.month, c.day, c.hour, c.minute, c.second);
		break;
	case RAND_MS:
		n = snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d"
		    ".250Z", utc.year, utc.month, utc.day, utc.hour,
		    utc.minute, utc.second);
		break;
	case RAND_EPOCH:
		return json_integer(t);
	case RAND_EPOCH_MS:
		return json_integer(t * (json_int_t)1000);
	case RAND_OBJECT:
		return time_object(&c);
	case RAND_PATTERN:
		n = snprintf(text, sizeof(text), "%02d/%02d/%04d %02d:%02d:%02d",
		    c.day, c.month, c.year, c.hour, c.minute, c.second);
		break;
	case RAND_DAY:
		n = snprintf(text, sizeof(text), "%04d-%02d-%02d", c.year,
		    c.month, c.day);
		break;
	}
	return json_stringn(text, (size_t)n);
}

/* ---- persons ----------------------------------- */
static json_t *
person_id(int n)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "P%d", n);
	return json_string(text);
}

static json_t *
persons_json(const struct rand_listing *l, const struct rand_row *r)
{
	json_t *all = l->naming == RAND_KEYS ? json_object() : json_array();
	char text[16];

	for (int i = 0; i < r->n_persons; i++) {
		json_t *id = person_id(r->persons[i]);
		(void)snprintf(text, sizeof(text), "P%d", r->persons[i]);
		if (l->naming == RAND_LIST)
			(void)json_array_append_new(all, id);
		else if (l->naming == RAND_OBJECTS)
			(void)json_array_append_new(all, json_pack("{s:s, s:o}",
			    "name", "Ib", "id", id));
		else {
			json_decref(id);
			(void)json_object_set_new(all, text, json_object());
		}
	}
	return all;
}

static void
put_persons(const struct rand_listing *l, const struct rand_row *r,
    json_t *row, const char *path)
{
	switch (l->naming) {
	case RAND_PLAIN:
		if (r->n_persons > 0)
			randcrm_put(row, path, person_id(r->persons[0]));
		else if (!l->missing_key)
			randcrm_put(row, path, json_null());
		break;
	case RAND_EMBEDDED:
		if (r->n_persons > 0)
			randcrm_put(row, path, json_pack("{s:o, s:s}", "id",
			    person_id(r->persons[0]), "name", "Ib"));
		else if (!l->missing_key)
			randcrm_put(row, path, json_null());
		break;
	case RAND_LIST:
	case RAND_OBJECTS:
	case RAND_KEYS:
		if (r->n_persons > 0 || !l->missing_key)
			randcrm_put(row, path, persons_json(l, r));
		break;
	case RAND_LINK:
	case RAND_BATCH:
	case RAND_NAMINGS:
		break;
	}
}

/* ---- rows ----------------------------------- */
static json_t *
id_json(const struct randcrm *crm, const struct rand_listing *l, int n)
{
	const bool wild = crm->wild && n % 3 == 0;

	if (wild && crm->mutant == RAND_ID_REAL && l->id_form < 2)
		return json_real(n);
	if (wild && crm->mutant == RAND_ID_OBJECT)
		return json_pack("{s:i}", "v", n);
	return l->id_form < 2 && !(wild && crm->mutant == RAND_ID_TEXT)
	    ? json_integer(n) : json_string(randcrm_id(l, n));
}

/* A name that is another one from now on. */
static const char *
name_of(const struct randcrm *crm, enum rand_mutant mutant, const char *name)
{
	return crm->wild && crm->mutant == mutant ? "renamed" : name;
}

const char *
randcrm_row_json(const struct randcrm *crm, struct rand_listing *l,
    struct rand_row *r, char **to)
{
	json_t *row = json_object();
	time_t stamp = r->told;

	if (crm->wild && crm->mutant == RAND_FUTURE && r->n % 7 == 0)
		stamp = clock_day_start("UTC", 20990101);
	randcrm_put(row, name_of(crm, RAND_ID_RENAMED, l->id),
	    id_json(crm, l, r->n));
	randcrm_put(row, name_of(crm, RAND_STAMP_RENAMED, l->stamp_path),
	    randcrm_time_json(crm, l->stamp_wire, stamp));
	randcrm_put(row, name_of(crm, RAND_AT_RENAMED, l->at_path),
	    randcrm_time_json(crm, l->at_wire, r->at));
	if (l->by_word)
		randcrm_put(row, l->word, json_string(!r->ours ? "Internt"
		    : r->n % 2 == 0 ? l->trigger : "Andet"));
	put_persons(l, r, row, name_of(crm, RAND_PERSON_RENAMED, l->person));
	*to = json_dumps(row, JSON_COMPACT);
	json_decref(row);
	return *to;
}
