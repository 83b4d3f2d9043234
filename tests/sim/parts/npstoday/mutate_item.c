/*
 * mutate_item.c - what becomes of an answer while it is JSON.
 */
#include <stdlib.h>

#include "mutate.h"

/* The member of the item or of its respondent. */
static json_t *
holder(json_t *item, const char *key)
{
	json_t *who = json_object_get(item, "respondent");
	return json_object_get(item, key) == NULL &&
		       json_object_get(who, key) != NULL
		   ? who
		   : item;
}

bool
item_set(json_t *item, const struct mutant *m)
{
	json_t *in = holder(item, m->key);
	if (json_object_get(in, m->key) == NULL)
		return false;
	json_object_set_new(
	    in, m->key, json_loads(m->value, JSON_DECODE_ANY, NULL));
	return true;
}

bool
item_drop(json_t *item, const struct mutant *m)
{
	return json_object_del(holder(item, m->key), m->key) == 0;
}

/* 7 is "7". */
bool
item_text(json_t *item, const struct mutant *m)
{
	char text[32];
	const json_t *v = json_object_get(item, m->key);
	if (!json_is_integer(v))
		return false;
	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
	json_object_set_new(item, m->key, json_string(text));
	return true;
}

/* 7 is 7.0. */
bool
item_real(json_t *item, const struct mutant *m)
{
	const json_t *v = json_object_get(item, m->key);
	if (!json_is_integer(v))
		return false;
	json_object_set_new(
	    item, m->key, json_real((double)json_integer_value(v)));
	return true;
}

bool
item_upper(json_t *item, const struct mutant *m)
{
	char text[200];
	json_t *in = holder(item, m->key);
	const char *v = str_of(in, m->key);
	if (v == NULL)
		return false;
	snprintf(text, sizeof(text), "%s", v);
	for (char *p = text; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 32);
	if (strcmp(text, v) == 0)
		return false;
	json_object_set_new(in, m->key, json_string(text));
	return true;
}

/* Nothing of what we gave it comes back. */
bool
item_refs(json_t *item, const struct mutant *m)
{
	(void)m;
	json_t *who = json_object_get(item, "respondent");
	const int gone = json_object_del(item, "guid") +
			 json_object_del(item, "custom") +
			 json_object_del(item, "externalId") +
			 json_object_del(who, "externalId");
	return gone > -4;
}

static json_t *
other_time(int64_t t, const char *how)
{
	char text[64];
	int y, month, d;
	const int64_t day = sim_floor_div(t, DAY_S), s = t - day * DAY_S;
	if (strcmp(how, "bare") == 0)
		return json_string(sim_time_text(t, "", text, sizeof(text)));
	if (strcmp(how, "offset") == 0)
		return json_string(
		    sim_time_text(t + 19800, "+05:30", text, sizeof(text)));
	if (strcmp(how, "future") == 0)
		return json_string(sim_time_text(
		    t + 400 * DAY_S, "Z", text, sizeof(text)));
	if (strcmp(how, "unix") == 0)
		return json_integer(J(t));
	if (strcmp(how, "null") == 0)
		return json_null();
	sim_civil(day, &y, &month, &d);
	snprintf(text, sizeof(text), "%d/%d/%d %d:%02d:%02d %s", month, d, y,
	    (int)(s / 3600 + 11) % 12 + 1, (int)(s / 60 % 60), (int)(s % 60),
	    s < 43200 ? "AM" : "PM");
	return json_string(text);
}

/* All times of the item, written in another way. */
bool
item_times(json_t *item, const struct mutant *m)
{
	static const char *const keys[] = { "ratingTime", "commentTime",
		"surveyOpenedTime", "surveySendTime", "surveyScheduleTime",
		"created", "firstSurveyExposure" };
	bool struck = false;
	int64_t t;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!sim_time_parse(str_of(item, keys[i]), &t))
			continue;
		json_object_set_new(item, keys[i], other_time(t, m->value));
		struck = true;
	}
	return struck;
}

/* As the service shows somebody whom it has forgotten. */
bool
item_person(json_t *item, const struct mutant *m)
{
	(void)m;
	json_t *who = json_object_get(item, "respondent");
	if (who == NULL)
		return false;
	json_object_set_new(who, "emailAddress",
	    json_string("00000000-0000-4000-8000-000000000007@npst.example"));
	json_object_set_new(who, "firstName", json_string("Anonymous"));
	json_object_set_new(who, "lastName", json_null());
	return true;
}

bool
item_nul(json_t *item, const struct mutant *m)
{
	if (json_object_get(item, m->key) == NULL)
		return false;
	json_object_set_new(item, m->key, json_stringn("a\0b", 3));
	return true;
}

/* More words than anybody writes. */
bool
item_long(json_t *item, const struct mutant *m)
{
	static char words[70001];
	if (json_object_get(item, m->key) == NULL)
		return false;
	memset(words, 'a', sizeof(words) - 1);
	json_object_set_new(item, m->key, json_string(words));
	return true;
}

/* ---- whole answers */
static void
reply_is(struct reply *out, json_t *json)
{
	json_decref(out->json);
	out->json = json;
}

bool
reply_value(struct sim *s, struct reply *out, const struct mutant *m)
{
	(void)s;
	reply_is(out, json_loads(m->value, JSON_DECODE_ANY, NULL));
	return true;
}

/* The count beside the items is wrong. */
bool
reply_total(struct sim *s, struct reply *out, const struct mutant *m)
{
	(void)s;
	if (!json_is_array(out->json))
		return false;
	json_t *total = json_loads(m->value, JSON_DECODE_ANY, NULL);
	out->json = json_pack("{s:O, s:O, s:o, s:o}", "total", total, "count",
	    total, "totalCount", total, "items", out->json);
	return true;
}

/* Every other one once more, a moment later and with other words. */
bool
reply_twice(struct sim *s, struct reply *out, const struct mutant *m)
{
	(void)s, (void)m;
	const size_t n = json_array_size(out->json);
	char text[64];
	int64_t t;
	for (size_t i = 0; i < n; i += 2) {
		json_t *copy = json_deep_copy(json_array_get(out->json, i));
		if (sim_time_parse(str_of(copy, "ratingTime"), &t))
			json_object_set_new(copy, "ratingTime",
			    json_string(sim_time_text(
				t + 1, "Z", text, sizeof(text))));
		json_array_append_new(out->json, copy);
	}
	return n > 0;
}

/* All have the id of the first; of a push: that of the first respondent. */
bool
reply_same_id(struct sim *s, struct reply *out, const struct mutant *m)
{
	(void)m;
	json_t *item;
	size_t i;
	if (json_is_object(out->json)) {
		json_object_set_new(
		    out->json, "id", json_integer(J(s->members[0].id)));
		return s->n_members > 1;
	}
	const json_t *id =
	    json_object_get(json_array_get(out->json, 0), "id");
	json_array_foreach(out->json, i, item) if (i > 0)
	    json_object_set(item, "id", (json_t *)(uintptr_t)id);
	return json_array_size(out->json) > 1;
}

/* {"0": ..., "1": ...}: what some make of a list with holes. */
bool
reply_object(struct sim *s, struct reply *out, const struct mutant *m)
{
	(void)s, (void)m;
	json_t *item, *all = json_object();
	char key[24];
	size_t i;
	if (!json_is_array(out->json)) {
		json_decref(all);
		return false;
	}
	json_array_foreach(out->json, i, item)
	{
		snprintf(key, sizeof(key), "%zu", i);
		json_object_set(all, key, item);
	}
	reply_is(out, all);
	return true;
}

bool
reply_array(struct sim *s, struct reply *out, const struct mutant *m)
{
	(void)s, (void)m;
	out->json = json_pack("[o]", out->json);
	return true;
}

/* Campaigns under other names. */
bool
reply_named(struct sim *s, struct reply *out, const struct mutant *m)
{
	(void)s;
	json_t *item;
	size_t i;
	json_array_foreach(out->json, i, item)
	    json_object_set_new(item, "name", json_string(m->value));
	return json_array_size(out->json) > 0;
}
