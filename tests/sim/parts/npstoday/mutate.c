/*
 * mutate.c - the misbehaviours by name, and where they strike.
 */
#include "mutate.h"

#include <stdlib.h>

#define JSON_TYPE "application/json; charset=utf-8"
#define PUSH ON(EP_PUSH)
#define ANSWERS ON(EP_RESPONSES)
#define MEMBERS ON(EP_MEMBERS)
#define CAMPAIGNS ON(EP_CAMPAIGNS)

#define ITEM(n, where, fn, k, v) \
	{ .name = n, .on = where, .item = fn, .key = k, .value = v }
#define REPLY(n, where, fn, v) \
	{ .name = n, .on = where, .reply = fn, .value = v }
#define TEXT(n, where, fn, k, v) \
	{ .name = n, .on = where, .text = fn, .key = k, .value = v }
#define PAGE(n, where, trick) { .name = n, .on = where, .page = trick }
#define BEFORE(n, where, fn, code, k, v) \
	{ .name = n, .on = where, .before = fn, .status = code, .key = k, \
	    .value = v }

static const struct mutant mutants[] = {
	/* lists */
	PAGE("page-again", ON_LISTS, PAGE_AGAIN),
	PAGE("page-hole", ON_LISTS, PAGE_HOLE),
	PAGE("page-overlap", ON_LISTS, PAGE_OVERLAP),
	PAGE("order-newest", ON_LISTS, PAGE_NEWEST),
	PAGE("order-flips", ON_LISTS, PAGE_FLIP),
	PAGE("members-late", MEMBERS, PAGE_LATE),
	REPLY("total-small", ON_LISTS, reply_total, "1"),
	REPLY("total-large", ON_LISTS, reply_total, "1000000"),
	REPLY("list-empty", ON_LISTS, reply_value, "[]"),
	REPLY("list-null", ON_LISTS, reply_value, "null"),
	REPLY("list-object", ON_LISTS, reply_object, NULL),
	REPLY("list-nulls", ON_LISTS, reply_value, "[null, null]"),
	TEXT("list-html", ON_LISTS, text_raw, "text/html; charset=utf-8",
	    "<!DOCTYPE html><html><body>Log in</body></html>"),
	REPLY("campaigns-empty", CAMPAIGNS, reply_value, "[]"),
	REPLY("campaigns-renamed", CAMPAIGNS, reply_named, "Ny"),
	TEXT("campaigns-cut", CAMPAIGNS, text_half, NULL, NULL),
	TEXT("campaigns-real", CAMPAIGNS, text_numbers, NULL, ".0"),
	TEXT("campaigns-utf8", CAMPAIGNS, text_utf8, NULL, NULL),
	/* who it is */
	ITEM("id-text", ON_LISTS | PUSH, item_text, "id", NULL),
	ITEM("id-real", ON_LISTS | PUSH, item_real, "id", NULL),
	ITEM("id-null", ON_LISTS | PUSH, item_set, "id", "null"),
	ITEM("id-object", ON_LISTS | PUSH, item_set, "id", "{\"value\": 7}"),
	TEXT("id-huge", ON_LISTS | PUSH, text_huge, NULL, NULL),
	REPLY("id-same", ON_LISTS | PUSH, reply_same_id, NULL),
	ITEM("guid-gone", MEMBERS, item_drop, "guid", NULL),
	ITEM("guid-upper", MEMBERS, item_upper, "guid", NULL),
	ITEM("custom-gone", MEMBERS, item_drop, "custom", NULL),
	ITEM("external-gone", ON_LISTS, item_drop, "externalId", NULL),
	ITEM("external-upper", ON_LISTS, item_upper, "externalId", NULL),
	ITEM("refs-gone", ON_LISTS, item_refs, NULL, NULL),
	ITEM("person-null", ON_LISTS, item_set, "respondent", "null"),
	ITEM("person-gone", ON_LISTS, item_person, NULL, NULL),
	ITEM("active-number", ANSWERS, item_set, "active", "1"),
	ITEM("campaign-unknown", ON_LISTS, item_set, "campaignId", "1"),
	/* what was answered */
	ITEM("score-11", ANSWERS, item_set, "rating", "11"),
	ITEM("score-text", ANSWERS, item_text, "rating", NULL),
	ITEM("score-real", ANSWERS, item_real, "rating", NULL),
	ITEM("score-half", ANSWERS, item_set, "rating", "9.5"),
	ITEM("score-null", ANSWERS, item_set, "rating", "null"),
	ITEM("score-word", ANSWERS, item_set, "rating", "\"ten\""),
	ITEM("comment-null", ANSWERS, item_set, "userComment", "null"),
	ITEM("comment-nul", ANSWERS, item_nul, "userComment", NULL),
	ITEM("comment-long", ANSWERS, item_long, "userComment", NULL),
	ITEM("comment-list", ANSWERS, item_set, "userComment", "[\"a\"]"),
	REPLY("answers-twice", ANSWERS, reply_twice, NULL),
	ITEM("time-bare", ON_LISTS, item_times, NULL, "bare"),
	ITEM("time-offset", ON_LISTS, item_times, NULL, "offset"),
	ITEM("time-words", ON_LISTS, item_times, NULL, "words"),
	ITEM("time-unix", ON_LISTS, item_times, NULL, "unix"),
	ITEM("time-null", ON_LISTS, item_times, NULL, "null"),
	ITEM("time-future", ON_LISTS, item_times, NULL, "future"),
	/* bytes */
	TEXT("cut-json", ON_LISTS | PUSH, text_half, NULL, NULL),
	TEXT("keys-twice", ON_LISTS | PUSH, text_keys, NULL, NULL),
	TEXT("numbers-exponent", ON_LISTS | PUSH, text_numbers, NULL, "e0"),
	TEXT("numbers-real", ON_LISTS | PUSH, text_numbers, NULL, ".0"),
	TEXT("utf8-broken", ON_LISTS, text_utf8, NULL, NULL),
	TEXT("latin1", ON_LISTS, text_latin1,
	    "application/json; charset=iso-8859-1", NULL),
	TEXT("charset-wrong", ON_LISTS | PUSH, text_same,
	    "application/json; charset=utf-16", NULL),
	TEXT("type-text", ON_LISTS | PUSH, text_same, "text/plain", NULL),
	TEXT("type-html", ON_LISTS | PUSH, text_same, "text/html", NULL),
	TEXT("mark-first", ON_LISTS | PUSH, text_around, "\xef\xbb\xbf", NULL),
	TEXT("more-behind", ON_LISTS | PUSH, text_around, NULL, "<!-- 0.2 s -->"),
	TEXT("length-long", ON_LISTS | PUSH, text_short, NULL, "twelve bytes"),
	TEXT("gzip", ON_LISTS | PUSH, text_gzip, NULL, NULL),
	/* of a push */
	TEXT("push-empty", PUSH, text_raw, JSON_TYPE, ""),
	TEXT("push-html", PUSH, text_raw, "text/html; charset=utf-8",
	    "<!DOCTYPE html><html><body>Log in</body></html>"),
	TEXT("push-ok", PUSH, text_raw, "text/plain", "OK"),
	REPLY("push-list", PUSH, reply_array, NULL),
	BEFORE("push-lie", PUSH, before_lie, 201, NULL, NULL),
	BEFORE("push-429-one", PUSH, before_one, 429, NULL, NULL),
	BEFORE("push-400-one", PUSH, before_one, 400, NULL, NULL),
	BEFORE("push-500-one", PUSH, before_one, 500, NULL, NULL),
	BEFORE("push-301", PUSH, before_odd, 301, "http://127.0.0.1:9/", NULL),
	BEFORE("push-404", PUSH, before_odd, 404, NULL, NULL),
	/* asked to wait */
	BEFORE("retry-soon", ON_LISTS | PUSH, before_fifth, 429, NULL, "soon"),
	BEFORE("retry-minus", ON_LISTS | PUSH, before_fifth, 429, NULL, "-5"),
	BEFORE("retry-date", ON_LISTS | PUSH, before_fifth, 503, NULL,
	    "Wed, 99 Foo 2026 25:61:61 GMT"),
	BEFORE("retry-years", PUSH, before_fifth, 429, NULL,
	    "99999999999999999999"),
};
#define N_MUTANTS (sizeof(mutants) / sizeof(mutants[0]))

bool
mutant_set(struct sim *s, const char *name)
{
	for (size_t i = 0; i < N_MUTANTS; i++)
		if (strcmp(mutants[i].name, name) == 0) {
			s->mutant = &mutants[i];
			s->struck = s->mutant_seen = 0;
			s->mutant_person[0] = '\0';
			return true;
		}
	return false;
}

/* {"name"}: from now on; {"clear": true}: no more; else only what there is. */
void
sim_mutate(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = json_loadb(
	    r->in.body == NULL ? "{}" : r->in.body,
	    r->in.body == NULL ? 2 : r->in.len, 0, NULL);
	const char *name = str_of(in, "name");
	json_t *known = json_array();
	if (json_is_true(json_object_get(in, "clear")))
		s->mutant = NULL;
	for (size_t i = 0; i < N_MUTANTS; i++)
		json_array_append_new(known, json_string(mutants[i].name));
	if (name != NULL && !mutant_set(s, name))
		reply_error(out, 400, "No such mutant", NULL);
	else
		reply_json(out, 200,
		    json_pack("{s:s?, s:I, s:O}", "name",
			s->mutant == NULL ? NULL : s->mutant->name, "struck",
			J(s->struck), "known", known));
	json_decref(known);
	json_decref(in);
}

static const struct mutant *
mutant_of(const struct sim *s, enum endpoint ep)
{
	return s->mutant != NULL && (s->mutant->on & ON(ep)) != 0 ? s->mutant
								  : NULL;
}

bool
mutate_before(struct sim *s, struct request *r, struct reply *out)
{
	const struct mutant *m = mutant_of(s, r->ep);
	if (m == NULL || m->before == NULL || !m->before(s, r, out, m))
		return false;
	s->struck++;
	return true;
}

/* ---- pages */
static int64_t
page_first(enum page_trick trick, int64_t page, int64_t size)
{
	const int64_t first = (page - 1) * size;
	if (trick == PAGE_AGAIN && page == 2)
		return 0;
	if (trick == PAGE_HOLE)
		return first + page - 1;
	return trick == PAGE_OVERLAP && page > 1 ? first - page + 1 : first;
}

void
mutate_page(struct sim *s, enum endpoint ep, int64_t page, int64_t size,
    int64_t *first, bool *newest)
{
	const struct mutant *m = mutant_of(s, ep);
	const enum page_trick trick = m == NULL ? PAGE_NONE : m->page;
	*first = page_first(trick, page, size);
	if (trick == PAGE_NEWEST || (trick == PAGE_FLIP && page % 2 == 0)) {
		*newest = !*newest;
		s->struck++;
	}
	s->struck += *first != (page - 1) * size;
}

bool
mutate_hides(struct sim *s, enum endpoint ep, size_t i)
{
	const struct mutant *m = mutant_of(s, ep);
	if (m == NULL || m->page != PAGE_LATE || i % 2 == 0 ||
	    s->now - s->members[i].received > 5 * 3600)
		return false;
	s->struck++;
	return true;
}

/* ---- the answer */
static void
mutate_items(struct sim *s, struct reply *out, const struct mutant *m)
{
	json_t *item;
	size_t i;
	if (json_is_object(out->json)) {
		s->struck += m->item(out->json, m);
		return;
	}
	json_array_foreach(out->json, i, item) if (int_of(item, "id", 1) % 2 !=
						    0)
	    s->struck += m->item(item, m);
}

static void
mutate_text(struct sim *s, struct reply *out, const struct mutant *m)
{
	struct text body = { NULL, 0 };
	char *text = NULL;
	size_t len = 0;
	body.s = json_dumps(out->json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	FILE *f = open_memstream(&text, &len);
	if (body.s == NULL || f == NULL)
		die("memory");
	body.len = strlen(body.s);
	s->struck += m->text(f, &body, out, m);
	if (fclose(f) != 0)
		die("memory");
	free(body.s);
	out->raw = text;
	out->raw_len = len;
}

/* What the handler made and no fault has changed. */
void
mutate_reply(struct sim *s, const struct request *r, struct reply *out)
{
	const struct mutant *m = mutant_of(s, r->ep);
	if (m == NULL || out->status >= 300 || out->json == NULL || out->cut ||
	    out->raw != NULL || out->empty)
		return;
	if (m->item != NULL)
		mutate_items(s, out, m);
	if (m->reply != NULL)
		s->struck += m->reply(s, out, m);
	if (m->text != NULL)
		mutate_text(s, out, m);
}
