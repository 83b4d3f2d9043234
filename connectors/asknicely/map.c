/*
 * map.c - answers: JSON to the struct of connector.h.  Pure; facts only.
 *
 * How it could lose or mistake, and what stops it:
 *  - a CSAT answer taken for a 0 to 10: only question_types have a score;
 *  - a custom field belongs to the contact, so an old answer may show the
 *    reference of a later send: reference and campaign are not believed then;
 *  - one answer under two ids, "54127" and 54127.0: a tag twice: ids are digits;
 *  - an opt-out lost with a row that is odd otherwise: the row goes up without
 *    its score, and somebody is told.
 */
#include "asknicely.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "common/fieldmap.h"
#include "num.h"

#define TIME_MAX 253402300799	/* 9999-12-31 */
/* A mail goes out when it was asked for or later; two sends to one person lie
 * weeks apart. */
#define REF_SLACK_S ASKNICELY_DAY_S

static void
note(struct asknicely_row *r, const char *name, const char *expected)
{
	if (r->reason[0] == '\0')
		(void)snprintf(r->reason, sizeof(r->reason), "%s: expected %s",
		    name, expected);
}

/* Something stands there; null and "" are nothing. */
static bool
is_there(json_t *node)
{
	return node != NULL && !json_is_null(node) &&
	    (!json_is_string(node) || json_string_length(node) > 0);
}

enum tri
asknicely_flag(json_t *node)
{
	const char *text = json_string_value(node);

	if (json_is_boolean(node))
		return json_is_true(node) ? TRI_YES : TRI_NO;
	if (json_is_integer(node))
		return json_integer_value(node) != 0 ? TRI_YES : TRI_NO;
	if (text == NULL)
		return TRI_UNKNOWN;
	if (strcmp(text, "1") == 0 || strcasecmp(text, "true") == 0 ||
	    strcasecmp(text, "yes") == 0)
		return TRI_YES;
	if (strcmp(text, "0") == 0 || strcasecmp(text, "false") == 0 ||
	    strcasecmp(text, "no") == 0)
		return TRI_NO;
	return TRI_UNKNOWN;
}

const char *
asknicely_text(json_t *row, const char *name, struct arena *arena)
{
	const struct strlist names = { .v = &name, .n = 1 };

	return fieldmap_text(row, &names, arena);
}

/* "54127.0" is 54127; *fraction: it is a number, and no whole one. */
static size_t
whole_digits(const char *text, bool *fraction)
{
	static const char digits[] = "0123456789";
	const size_t whole = strspn(text, digits);
	const char *point = text + whole;
	const size_t rest = *point == '.' ? strspn(point + 1, digits) : 0;

	*fraction = false;
	if (whole == 0 || rest == 0 || point[1 + rest] != '\0')
		return strlen(text);
	*fraction = strspn(point + 1, "0") != rest;
	return whole;
}

const char *
asknicely_id(json_t *row, const char *name, struct arena *arena)
{
	json_t *node = json_at(row, name);
	const char *text;
	bool fraction;
	long long n;

	if (json_is_real(node))
		return json_integer_value_of(node, &n)
		    ? arena_printf(arena, "%lld", n) : NULL;
	text = asknicely_text(row, name, arena);
	if (text == NULL)
		return NULL;
	const size_t len = whole_digits(text, &fraction);
	return fraction ? NULL : arena_strndup(arena, text, len);
}

bool
asknicely_time(json_t *row, const char *name, time_t *out)
{
	json_t *node = json_at(row, name);
	const char *text = json_string_value(node);
	long long n = 0;

	*out = NO_TIME;
	if (!is_there(node))
		return true;
	if (text != NULL ? !num_parse(text, 0, TIME_MAX, &n)
	                 : !json_integer_value_of(node, &n) || n < 0 ||
		n > TIME_MAX)
		return false;
	if (n != 0)
		*out = (time_t)n;
	return true;
}

/* ---- score and comment ----------------------------------------------- */

static bool
is_among(const struct strlist *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcasecmp(list->v[i], word == NULL ? "" : word) == 0)
			return true;
	return false;
}

static void
map_score(const struct asknicely_settings *set, json_t *row,
    struct arena *arena, struct survey_answer *a, struct asknicely_row *r)
{
	static const char *const name = "answer";
	const struct strlist names = { .v = &name, .n = 1 };
	const char *type = asknicely_text(row, "question_type", arena);

	if (!is_among(&set->responses.question_types, type)) {
		/* Of another kind: counted as an answer without a score. */
		if (type == NULL)
			note(r, "question_type", "the kind of the question");
		return;
	}
	a->score = fieldmap_score(row, &names);
	if (a->score == FIELDMAP_NO_SCORE &&
	    is_there(json_at(row, name)))
		note(r, name, "a whole number from 0 to 10");
}

static void
map_comment(json_t *row, struct arena *arena, struct survey_answer *a,
    struct asknicely_row *r)
{
	a->comment = asknicely_text(row, "comment", arena);
	if (json_is_long(json_at(row, "comment")))
		note(r, "comment", "at most 64 KiB; it was cut");
}

/* ---- times ------------------------------------------------------------ */

static void
map_times(json_t *row, struct arena *arena, struct survey_answer *a,
    struct asknicely_row *r)
{
	char iso[32];

	if (!asknicely_time(row, "responded", &a->answered_at) ||
	    (a->answered_at == NO_TIME && a->score != FIELDMAP_NO_SCORE)) {
		note(r, "responded", "Unix seconds; taken without its score");
		a->score = FIELDMAP_NO_SCORE;
		return;
	}
	if (a->answered_at == NO_TIME)
		return;
	a->changed_at = r->mark_at = a->answered_at;
	r->mark = arena_strdup(arena, clock_iso(iso, a->answered_at));
}

/* ---- whose it is ------------------------------------------------------ */

/* Is the answer to the send that the contact's fields tell of now? */
static bool
is_of_send(const struct asknicely_settings *set, json_t *row,
    const struct survey_answer *a)
{
	const char *field = set->send.at_field;
	time_t asked_for, mailed;

	if (!set->responses.check_ref_time || *field == '\0')
		return true;
	if (!asknicely_time(row, field, &asked_for))
		return false;
	if (!asknicely_time(row, "sent", &mailed) || mailed == NO_TIME)
		mailed = a->answered_at;
	return asked_for == NO_TIME || mailed == NO_TIME ||
	    mailed >= asked_for - REF_SLACK_S;
}

/* The id of the configuration, also where it came back as a real. */
static const char *
campaign_of(const struct asknicely_settings *set, json_t *row,
    struct arena *arena)
{
	const char *text = asknicely_text(row, set->send.campaign_field, arena);
	const char *id = asknicely_id(row, set->send.campaign_field, arena);

	return asknicely_campaign(set, text) == NULL &&
	    asknicely_campaign(set, id) != NULL ? id : text;
}

static void
map_send(const struct asknicely_settings *set, json_t *row,
    struct arena *arena, struct survey_answer *a)
{
	const struct asknicely_campaign *known;

	if (!is_of_send(set, row, a))
		return;
	a->ref = asknicely_text(row, set->send.ref_field, arena);
	a->campaign_id = campaign_of(set, row, arena);
	known = asknicely_campaign(set, a->campaign_id);
	if (known != NULL)
		a->campaign = *known->alias != '\0' ? known->alias : known->id;
}

/* What it holds when set is not known: anything but a no is taken for one. */
static bool
declines(json_t *row)
{
	json_t *node = json_at(row, "dontcontact");

	return is_there(node) && asknicely_flag(node) != TRI_NO;
}

static bool
is_ours(const struct asknicely_settings *set, json_t *row, struct arena *arena)
{
	return asknicely_text(row, set->send.ref_field, arena) != NULL ||
	    asknicely_text(row, set->send.campaign_field, arena) != NULL;
}

bool
asknicely_map_answer(const struct asknicely_settings *set, json_t *row,
    struct arena *arena, struct survey_answer *a, struct asknicely_row *r)
{
	*a = (struct survey_answer){ .score = FIELDMAP_NO_SCORE,
		.answered_at = NO_TIME, .changed_at = NO_TIME };
	*r = (struct asknicely_row){ .mark_at = NO_TIME };
	if (json_is_object(row))
		a->answer_id = r->key = asknicely_id(row, "response_id", arena);
	if (a->answer_id == NULL) {
		note(r, "response_id", "a whole number or a text");
		return false;
	}
	a->email = asknicely_text(row, "email", arena);
	a->opted_out = declines(row);
	map_score(set, row, arena, a, r);
	map_times(row, arena, a, r);
	map_comment(row, arena, a, r);
	map_send(set, row, arena, a);
	/* The contact's id is no send's: each of a person has the same, and the
	 * service sends on its own, too.  So no remote_id. */
	r->skip = set->responses.foreign == FOREIGN_IGNORE && !a->opted_out &&
	    !is_ours(set, row, arena);
	return true;
}
