/*
 * The webhook: JSON to one address, signed, at most once.  A refusal is tried
 * again by the next run; what may have arrived is not.
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "clock.h"
#include "http.h"
#include "json.h"
#include "stage_alarms_int.h"
#include "text.h"

#define ANSWER_MAX ((size_t)65536)	/* of its reply: nobody reads it */
#define SIGNATURE "sha256="

struct hook {
	struct stage *stage;
	const struct conf_webhook *conf;
	struct http *http;
	struct err *problem;
	int in_a_row;
	bool away;
};

/* ---- bodies -------------------------------------------------------------- */
static bool
put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value == NULL ? json_null()
	                                                      : value) == 0;
}

static bool
put_text(json_t *object, const char *key, const char *text)
{
	return put(object, key, text == NULL ? NULL : json_string(text));
}

static bool
put_time(json_t *object, const char *key, time_t t)
{
	char iso[32];

	return put_text(object, key, t == NO_TIME ? NULL : clock_iso(iso, t));
}

static bool
put_person(json_t *o, const struct answer_alarm *a)
{
	return put_text(o, "name", a->name) && put_text(o, "email", a->email) &&
	    put_text(o, "company", a->company) &&
	    put_text(o, "crm", a->connector) &&
	    put_text(o, "contact_id", a->contact_id) &&
	    put_text(o, "link", a->link);
}

static const char *
body_of(json_t *o, bool ok, struct arena *arena)
{
	const char *text = ok ? json_dump(arena, o) : NULL;

	json_decref(o);
	return text;
}

/* What every body begins with. */
static bool
put_head(json_t *o, const struct hook *h, const char *type, const char *key)
{
	return put_text(o, "type", type) && put_text(o, "id", key) &&
	    put_time(o, "sent_at", clock_now()) &&
	    put_text(o, "tenant", h->stage->conf->tenant);
}

static bool
put_score(json_t *o, int score)
{
	if (score < 0)
		return put(o, "score", NULL) && put(o, "band", NULL);
	return put(o, "score", json_integer(score)) &&
	    put_text(o, "band", template_band("en", score));
}

static bool
put_survey(json_t *o, const struct answer_alarm *a)
{
	return put_text(o, "campaign_id", a->campaign_id) &&
	    put_text(o, "campaign", a->campaign) &&
	    put_text(o, "trigger", a->trigger) &&
	    put_time(o, "answered_at", a->answered_at) &&
	    put(o, "test", json_boolean(a->test));
}

static const char *
answer_body(const struct hook *h, const struct answer_alarm *a,
    const char *key)
{
	json_t *o = json_object();
	bool ok = put_head(o, h, "answer", key) &&
	    put_text(o, "answer_id", a->id) && put_score(o, a->score) &&
	    put(o, "wants_contact", json_boolean(a->wants_contact)) &&
	    put_survey(o, a);

	if (h->conf->comment)
		ok = ok && put_text(o, "comment", a->comment);
	if (h->conf->person)
		ok = ok && put_person(o, a);
	return body_of(o, ok, h->stage->scratch);
}

static const char *
change_body(const struct hook *h, const struct alarms_change *c,
    const char *key)
{
	json_t *o = json_object();
	const bool ok = put_head(o, h, "health", key) &&
	    put_text(o, "kind", c->kind) && put_text(o, "subject", c->subject) &&
	    put_text(o, "state", c->raised ? "raised" : "over") &&
	    put_time(o, "since", c->since) && put_text(o, "detail", c->detail);

	return body_of(o, ok, h->stage->scratch);
}

/* ---- one post ------------------------------------------------------------ */
static const char *
signature_of(const struct hook *h, const char *body)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1];

	if (HMAC(EVP_sha256(), h->conf->secret, (int)strlen(h->conf->secret),
	    (const unsigned char *)body, strlen(body), md, &len) == NULL)
		return NULL;
	text_hex(hex, md, len);
	return arena_printf(h->stage->scratch, SIGNATURE "%s", hex);
}

/* 4xx: it was there and said no; the next run asks again. */
static enum effect_state
state_of(enum http_class class)
{
	switch (class) {
	case HTTP_DONE:
	case HTTP_DONE_NO_BODY:
		return EFFECT_DONE;
	case HTTP_SAFE:
	case HTTP_PERMANENT:
	case HTTP_AUTH:
	case HTTP_MISCONFIGURED:
		return EFFECT_FAILED;
	case HTTP_UNKNOWN:
		break;
	}
	return EFFECT_UNKNOWN;
}

static enum effect_state
post(struct hook *h, const char *body, struct err *why)
{
	const char *const headers[][2] = {
		{ "Content-Type", "application/json" },
		{ "X-Npsync-Signature", signature_of(h, body) },
		{ NULL, NULL } };
	const struct http_req req = { .method = "POST", .url = h->conf->url,
		.headers = headers, .body = body, .body_len = strlen(body),
		.answer_max = ANSWER_MAX };
	struct http_res res;

	if (headers[1][1] == NULL) {
		(void)err_nomem(why);
		return EFFECT_FAILED;
	}
	const bool whole = http_do(h->http, &req, h->stage->scratch, &res, why);
	/* Its path may be a key, so it is named nowhere. */
	if (whole)
		(void)err_set(why, ERR_RETRY, "HTTP %ld", res.status);
	else
		(void)err_set(why, why->kind, "%s%s%.140s",
		    http_phase_name(res.phase), *res.problem != '\0' ? ": " :
		    "", res.problem);
	const enum effect_state state = state_of(http_classify(&res));
	arena_reset(h->stage->scratch);
	return state;
}

static bool
post_once(struct hook *h, const char *key, const char *body,
    enum effect_state *state, struct err *err)
{
	struct stage *s = h->stage;
	const struct effect e = { .kind = "webhook", .target = h->conf->name,
		.subject = key };
	struct err why = { .kind = ERR_NONE };
	bool begun;

	if (body == NULL)
		return err_nomem(err);
	if (!stage_breathe(s, err) || !effect_begin(s->db, s->tenant, &e,
	        clock_now(), s->arena, &begun, err))
		return false;
	*state = EFFECT_DONE;
	if (!begun)
		return true;
	*state = post(h, body, &why);
	h->away |= !alarms_note(s, strncmp(key, "health ", 7) == 0 ? "health" :
	    "alarms", "webhook", *state, &why, &h->in_a_row, h->problem);
	return effect_end(s->db, s->tenant->id, &e, *state,
	    *state == EFFECT_DONE ? NULL : why.msg, clock_now(), s->arena, err);
}

static bool
hook_open(struct hook *h, struct stage *stage, struct err *problem,
    struct err *err)
{
	struct http_settings settings = http_defaults;
	const struct conf_webhook *conf = &stage->conf->alarm.webhook;

	*h = (struct hook){ .stage = stage, .conf = conf, .problem = problem };
	settings.rate_per_second = 5;
	settings.allow_http = conf->allow_http;
	settings.allow_private = conf->allow_private;
	settings.ca_file = *conf->ca_file == '\0' ? NULL : conf->ca_file;
	return http_open(&settings, stage->cancelled, &h->http, err);
}

/* ---- answers ------------------------------------------------------------- */
/* "ID", or "ID/contact" for a wish that came later. */
static const struct answer_alarm *
find(const struct answer_alarm *rows, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++) {
		const size_t len = strlen(rows[i].id);
		if (strncmp(rows[i].id, key, len) == 0 && (key[len] == '\0' ||
		    strcmp(key + len, "/contact") == 0))
			return &rows[i];
	}
	return NULL;
}

static bool
post_rows(struct hook *h, const struct db_result *r,
    const struct answer_alarm *rows, size_t n, struct err *err)
{
	struct stage *s = h->stage;
	struct db_array targets, subjects;
	enum effect_state state;
	bool ok = true;

	db_array_init(&targets);
	db_array_init(&subjects);
	for (int i = 0; ok && i < db_rows(r) && !h->away; i++) {
		const char *key = db_text(r, i, 1);
		const struct answer_alarm *a = find(rows, n, key);
		if (a == NULL || strcmp(db_text(r, i, 0), h->conf->name) != 0) {
			db_array_text(&targets, db_text(r, i, 0));
			db_array_text(&subjects, key);
			continue;
		}
		ok = post_once(h, key, answer_body(h, a, key), &state, err);
	}
	if (ok && targets.n > 0) {
		runlog_count(s->log, "alarms", "webhook", "seen", NULL,
		    (long long)targets.n);
		runlog_count(s->log, "alarms", "webhook", "given_up", NULL,
		    (long long)targets.n);
		ok = effect_give_up(s->db, s->tenant, "webhook", &targets,
		    &subjects, "the answer is too old, nobody's any more, or "
		    "the webhook has another name", clock_now(), s->arena,
		    err);
	}
	db_array_free(&targets);
	db_array_free(&subjects);
	return ok;
}

static bool
read_answers(struct stage *s, const struct db_result *r,
    struct answer_alarm **rows, size_t *n, struct err *err)
{
	static const char late[] = "/contact";
	const time_t since = clock_now() -
	    ((time_t)s->conf->alarm.max_age_days + 1) * 86400;
	struct db_array ids;

	db_array_init(&ids);
	for (int i = 0; i < db_rows(r); i++) {
		const char *key = db_text(r, i, 1);
		const size_t len = strlen(key), tail = sizeof(late) - 1;
		db_array_text(&ids, key);
		if (len > tail && strcmp(key + len - tail, late) == 0)
			db_array_text(&ids, arena_strndup(s->arena, key,
			    len - tail));
	}
	const bool ok = answer_alarm_read(s->db, s->tenant->id, &ids, since,
	    s->arena, rows, n, err);
	db_array_free(&ids);
	return ok;
}

bool
alarms_post_answers(struct stage *stage, struct err *problem, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct answer_alarm *rows = NULL;
	struct hook h;
	size_t n = 0;

	if (*stage->conf->alarm.webhook.url == '\0')
		return true;
	if (!effect_list_open(stage->db, stage->tenant->id, "webhook",
	        ALARMS_OPEN_MAX, stage->arena, &r, err))
		return false;
	if (db_rows(r) == 0)
		return true;
	if (!read_answers(stage, r, &rows, &n, err) ||
	    !hook_open(&h, stage, problem, err))
		return false;
	const bool ok = post_rows(&h, r, rows, n, err);
	http_close(h.http);
	return ok;
}

/* ---- health -------------------------------------------------------------- */
const char *
alarms_change_key(struct arena *arena, const struct alarms_change *change)
{
	return arena_printf(arena, "health %s/%s/%lld", change->kind,
	    change->subject, (long long)change->since);
}

bool
alarms_post_changes(struct stage *stage, const struct alarms_change *changes,
    size_t n, bool *all_told, struct err *problem, struct err *err)
{
	struct hook h;
	bool ok = true;

	if (*stage->conf->alarm.webhook.url == '\0' || n == 0)
		return true;
	if (!hook_open(&h, stage, problem, err))
		return false;
	for (size_t i = 0; ok && i < n; i++) {
		enum effect_state state = EFFECT_FAILED;
		const char *key = alarms_change_key(stage->arena, &changes[i]);
		if (key == NULL)
			ok = err_nomem(err);
		else if (!h.away)
			ok = post_once(&h, key, change_body(&h, &changes[i],
			    key), &state, err);
		*all_told &= state != EFFECT_FAILED;
	}
	http_close(h.http);
	return ok;
}
