/*
 * prefs.c - who left the mailings, by the subscriptions of each address
 * (optout_source = "preferences"), beside what the card says.
 *
 * How one who left could look as if he had not, and what stops it:
 *  - an address that a batch does not answer: it is asked for alone, where "no
 *    results" has a known meaning;
 *  - an answer of an unknown form: the reading ends, nobody is asked.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/hole.h"
#include "reading.h"
#include "url.h"

#define ANSWER_MAX_BYTES ((size_t)33554432)
#define BODY_MAX ((size_t)65536)
#define DEPTH_MAX 8
#define ALL "/unsubscribe-all"
#define CHANNEL "?channel=EMAIL"

struct prefs {
	struct hubspot *h;
	struct idmap *left, known;	/* known: answered in a batch */
	const char *emails[HS_BATCH_MAX];
	size_t n;
	const char *what;		/* ALL, or "": each subscription */
};

/* ---- an answer --------------------------------------------------------------------- */
static bool
is_ours(const struct prefs *p, json_t *node)
{
	const struct strlist *ids = &p->h->set->optout_subscriptions;
	json_t *id = json_object_get(node, "subscriptionId");
	char text[32];

	if (*p->what != '\0')
		return true;
	for (size_t i = 0; i < ids->n; i++)
		if (json_is_integer(id) ? (snprintf(text, sizeof(text), "%lld",
		    (long long)json_integer_value(id)),
		    strcmp(text, ids->v[i]) == 0) : json_is_string(id) &&
		    strcmp(json_string_value(id), ids->v[i]) == 0)
			return true;
	return false;
}

/* Somewhere below: {"status":"UNSUBSCRIBED"}, of what we ask about. */
static bool
says_left(const struct prefs *p, json_t *node, int depth)
{
	const char *status = json_string_value(json_object_get(node, "status"));
	const char *key;
	json_t *below;
	size_t i;

	if (depth == DEPTH_MAX)
		return true;
	if (status != NULL && strcasecmp(status, "UNSUBSCRIBED") == 0 &&
	    is_ours(p, node))
		return true;
	json_object_foreach(node, key, below)
		if (says_left(p, below, depth + 1))
			return true;
	json_array_foreach(node, i, below)
		if (says_left(p, below, depth + 1))
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
		    (says_left(p, result, 0) &&
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

static bool
ask_alone(struct prefs *p, const char *email, struct arena *arena,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const char *escaped = url_escape(arena, email);
	const struct hs_call call = { .label = "read the subscriptions of one",
		.path = escaped == NULL ? NULL : hs_path(p->h, arena,
		    HS_PREFERENCES, arena_printf(arena, "/statuses/%s%s" CHANNEL,
		        escaped, p->what)) };

	if (!hs_read(p->h, arena, &call, &res, err))
		return false;
	if (!json_is_array(json_object_get(api_root(&res), "results")))
		return err_set(err, ERR_PROTOCOL, "read subscriptions: expected "
		    "an array \"results\"");
	return !says_left(p, api_root(&res), 0) ||
	    idmap_put(p->left, email, NULL) || err_nomem(err);
}

static bool
ask_what(struct prefs *p, const char *what, struct arena *own,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(ANSWER_MAX_BYTES);

	p->what = what;
	idmap_init(&p->known, own);
	if (arena == NULL)
		return err_nomem(err);
	if (!ask_batch(p, arena, err))
		return false;
	for (size_t i = 0; i < p->n; i++) {
		arena_reset(arena);
		if (!idmap_has(&p->known, p->emails[i]) &&
		    !ask_alone(p, p->emails[i], arena, err))
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
		if (email != NULL)
			p.emails[p.n++] = email;
		if (p.n == HS_BATCH_MAX && !ask_some(&p, arena, err))
			return false;
	}
	return ask_some(&p, arena, err) &&
	    (!arena_failed(arena) || err_nomem(err));
}
