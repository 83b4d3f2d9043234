/*
 * prefs.c - who left the mailings, by the subscriptions of each address
 * (optout_source = "preferences"), beside what the card says.
 *
 * How one who left could look as if he had not, and what stops it:
 *  - an address that a batch does not answer: it is asked for alone, where "no
 *    results" has a known meaning;
 *  - a word that is not known, a list that is not where it should be, a
 *    subscription of ours that is not in it: he counts as one who left;
 *  - an address that the service does not take: so does he, and is told; the
 *    others are asked for alone, so that he does not stop them;
 *  - an answer without results: the reading ends, nobody is asked.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/hole.h"
#include "reading.h"
#include "url.h"

#define ANSWER_MAX_BYTES ((size_t)33554432)
#define BODY_MAX ((size_t)65536)
#define ALL "/unsubscribe-all"
#define CHANNEL "?channel=EMAIL"

struct prefs {
	struct hubspot *h;
	struct idmap *left, known;	/* known: answered in a batch */
	const char *emails[HS_BATCH_MAX], *ids[HS_BATCH_MAX];
	size_t n;
	const char *what;		/* ALL, or "": each subscription */
};

/* ---- an answer --------------------------------------------------------------------- */
static bool
is_subscription(json_t *entry, const char *is)
{
	json_t *id = json_object_get(entry, "subscriptionId");
	char text[32];

	if (!json_is_integer(id))
		return json_is_string(id) &&
		    strcmp(json_string_value(id), is) == 0;
	(void)snprintf(text, sizeof(text), "%lld",
	    (long long)json_integer_value(id));
	return strcmp(text, is) == 0;
}

/* A word that is not known speaks against asking. */
static bool
may_be_asked(json_t *entry)
{
	static const char *const good[] = { "SUBSCRIBED", "NOT_SPECIFIED" };
	const char *status = json_string_value(json_object_get(entry,
	    "status"));

	for (size_t i = 0; status != NULL && i < ARRAY_LEN(good); i++)
		if (strcasecmp(status, good[i]) == 0)
			return true;
	return false;
}

/* Each of our subscriptions must be there: one that is not is not known. */
static bool
left_one(const struct prefs *p, json_t *list)
{
	const struct strlist *ids = &p->h->set->optout_subscriptions;
	json_t *entry;
	size_t k;

	for (size_t i = 0; i < ids->n; i++) {
		bool found = false;
		json_array_foreach(list, k, entry) {
			if (!is_subscription(entry, ids->v[i]))
				continue;
			found = true;
			if (!may_be_asked(entry))
				return true;
		}
		if (!found)
			return true;
	}
	return false;
}

/* Of all mailings: an empty list is documented to say that nobody left. */
static bool
says_left(const struct prefs *p, json_t *list)
{
	json_t *entry;
	size_t i;

	if (!json_is_array(list))
		return true;
	if (*p->what == '\0')
		return left_one(p, list);
	json_array_foreach(list, i, entry)
		if (!may_be_asked(entry))
			return true;
	return false;
}

/* The address that a result is about, as it was asked for. */
static const char *
whose(const struct prefs *p, json_t *result)
{
	static const char *const keys[] = { "subscriberIdString", "email",
		"subscriberId" };

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		const char *is = json_string_value(json_object_get(result,
		    keys[k]));
		for (size_t i = 0; is != NULL && i < p->n; i++)
			if (strcasecmp(is, p->emails[i]) == 0)
				return p->emails[i];
	}
	return NULL;
}

static bool
take_results(struct prefs *p, json_t *root, struct err *err)
{
	json_t *results = json_object_get(root, "results"), *result;
	size_t i;

	if (!json_is_array(results))
		return err_set(err, ERR_PROTOCOL, "read subscriptions: expected "
		    "an array \"results\"");
	json_array_foreach(results, i, result) {
		const char *email = whose(p, result);
		if (email == NULL)
			continue;
		if (!idmap_put(&p->known, email, NULL) ||
		    (says_left(p, json_object_get(result, *p->what == '\0' ?
		        "statuses" : "wideStatuses")) &&
		        !idmap_put(p->left, email, NULL)))
			return err_nomem(err);
	}
	return true;
}

/* ---- requests --------------------------------------------------------------------------- */
static bool
ask_batch(struct prefs *p, struct arena *arena, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	AUTO(buf) struct buf body;

	buf_init(&body, BODY_MAX);
	buf_str(&body, "{\"inputs\":[");
	for (size_t i = 0; i < p->n; i++) {
		if (i > 0)
			buf_char(&body, ',');
		hole_json_text(&body, p->emails[i], strlen(p->emails[i]));
	}
	if (!buf_str(&body, "]}"))
		return err_nomem(err);
	const struct hs_call call = { .label = "read subscriptions",
		.path = hs_path(p->h, arena, HS_PREFERENCES, arena_printf(arena,
		    "/statuses/batch%s/read" CHANNEL, p->what)),
		.body = buf_text(&body) };
	return hs_read(p->h, arena, &call, &res, err) &&
	    take_results(p, api_root(&res), err);
}

/* The service takes no such address: that one is not asked, others are. */
static bool
is_of_addresses(const struct err *why)
{
	return why->kind == ERR_REJECTED || why->kind == ERR_GONE;
}

static bool
count_as_left(struct prefs *p, size_t i, struct err *err)
{
	struct hubspot *h = p->h;

	if (h->env.quarantine != NULL && p->ids[i] != NULL)
		h->env.quarantine(h->env.quarantine_arg, "contacts", 0,
		    p->ids[i], "the subscriptions of its address cannot be "
		    "read: it counts as opted out");
	return idmap_put(p->left, p->emails[i], NULL) || err_nomem(err);
}

static bool
ask_alone(struct prefs *p, size_t i, struct arena *arena, struct err *err)
{
	const char *email = p->emails[i];
	AUTO(api_res) struct api_res res = { 0 };
	struct err unwanted, *why = err == NULL ? &unwanted : err;
	const char *escaped = url_escape(arena, email);
	const struct hs_call call = { .label = "read the subscriptions of one",
		.path = escaped == NULL ? NULL : hs_path(p->h, arena,
		    HS_PREFERENCES, arena_printf(arena, "/statuses/%s%s" CHANNEL,
		        escaped, p->what)) };

	if (!hs_read(p->h, arena, &call, &res, why))
		return is_of_addresses(why) && count_as_left(p, i, err);
	json_t *list = json_object_get(api_root(&res), "results");
	if (!json_is_array(list))
		return err_set(err, ERR_PROTOCOL, "read subscriptions: expected "
		    "an array \"results\"");
	return !says_left(p, list) || idmap_put(p->left, email, NULL) ||
	    err_nomem(err);
}

static bool
ask_what(struct prefs *p, const char *what, struct arena *own,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(ANSWER_MAX_BYTES);
	struct err unwanted, *why = err == NULL ? &unwanted : err;

	p->what = what;
	idmap_init(&p->known, own);
	if (arena == NULL)
		return err_nomem(err);
	if (!ask_batch(p, arena, why) && !is_of_addresses(why))
		return false;
	for (size_t i = 0; i < p->n; i++) {
		arena_reset(arena);
		if (!idmap_has(&p->known, p->emails[i]) &&
		    !idmap_has(p->left, p->emails[i]) &&
		    !ask_alone(p, i, arena, err))
			return false;
	}
	return true;
}

static bool
ask_some(struct prefs *p, struct arena *arena, struct err *err)
{
	if (p->n == 0)
		return true;
	const bool ok = ask_what(p, ALL, arena, err) &&
	    (p->h->set->optout_subscriptions.n == 0 ||
	        ask_what(p, "", arena, err));
	p->n = 0;
	return ok;
}

bool
hs_prefs_load(struct hubspot *h, json_t *rows, struct arena *arena,
    struct idmap *left, struct err *err)
{
	struct prefs p = { .h = h, .left = left };
	json_t *row;
	size_t i;

	idmap_init(left, arena);
	if (h->set->optout_source != HS_OPTOUT_PREFERENCES)
		return true;
	json_array_foreach(rows, i, row) {
		const char *email = hs_property(row, "email", arena);
		if (email != NULL) {
			p.ids[p.n] = hs_id(row, "id", arena);
			p.emails[p.n++] = email;
		}
		if (p.n == HS_BATCH_MAX && !ask_some(&p, arena, err))
			return false;
	}
	return ask_some(&p, arena, err) &&
	    (!arena_failed(arena) || err_nomem(err));
}

bool
hs_prefs_try(struct hubspot *h, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(ANSWER_MAX_BYTES);
	struct err unwanted, *why = err == NULL ? &unwanted : err;
	struct idmap left;
	struct prefs p = { .h = h, .left = &left, .n = 1, .what = ALL,
		.emails = { "nobody@example.com" } };

	if (h->set->optout_source != HS_OPTOUT_PREFERENCES)
		return true;
	if (arena == NULL)
		return err_nomem(err);
	idmap_init(&left, arena);
	idmap_init(&p.known, arena);
	/* The batch and one alone have scopes of their own. */
	return (ask_batch(&p, arena, why) || is_of_addresses(why)) &&
	    ask_alone(&p, 0, arena, err);
}
