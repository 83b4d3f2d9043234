/*
 * How this stage can lose, double or hang, and what stops it:
 *  - killed after a field or record was written, before the note: it is still
 *    wanted and is written again; these writes are idempotent;
 *  - killed after a post or task left, before the note: its row says 'doing'
 *    since before it left, the next run makes 'unknown' of it, and only a
 *    person settles that;
 *  - a value that changes while it is written: the row keeps the hash of what
 *    was written, the next run compares it with what is;
 *  - an answer whose comment comes later: its hash is another one, the record
 *    is written again; a post or task is not;
 *  - old answers, met for the first time: no post and no task is wanted;
 *  - a row that the CRM puts off: once a run, EFFECT_TRIES_MAX times;
 *  - a card that we may not write: put off, behind those that were not tried;
 *    three such cards one after the other end that kind's part of the run, if
 *    no earlier run says so of them: later they all stand together at the end;
 *    a run that may write none of three is told of each time;
 *  - a CRM that is away: its part of the run ends, all stays wanted; a post or
 *    task that was begun counts a try, as if it were put off.
 */
#include "stage_effects.h"

#include <string.h>

#include "clock.h"
#include "denials.h"
#include "effect_optout.h"
#include "log.h"
#include "tag_write.h"

#define LIST_MAX 500
#define LIST_BYTES ((size_t)64 << 20)	/* with comments of their longest */
#define DAY_S 86400

struct effects {
	struct stage *stage;
	struct crm *crm;
	struct panel_next *next;
	time_t started;		/* what was tried since waits for another run */
	struct arena *arena;	/* of what is listed */
	struct tag_writer tags;
	const char *source;	/* in the counts */
	struct denials row;	/* one after the other, of this kind */
	struct denials denied;	/* all of them, those of earlier runs too */
	bool any_good;		/* a card of this kind was not denied */
	bool gives_up;		/* this kind only */
};
struct wish {
	const char *subject, *hash;
	struct crm_effect write;
	bool told;		/* an earlier run says that the CRM denied it */
};
typedef bool put_fn(void *self, const struct crm_effect *, size_t n,
    struct put_result *, struct err *);
struct kind {
	const char *name;
	bool once;		/* at most */
	bool (*on)(const struct conf *conf);
	put_fn *(*put_of)(const struct crm_connector *c);
	bool (*want)(struct effects *e, long long *n, struct err *err);
	bool (*list)(struct effects *e, const struct kind *kind,
	    struct wish **wishes, size_t *n, struct err *err);
};

/* ---- what a kind wants ------------------------------------------------------- */
static struct panel
panel_of(const struct effects *e)
{
	return (struct panel){ .conf = e->stage->conf,
		.connector = e->crm->link.name, .next = e->next,
		.now = e->started, .today = e->stage->today };
}

static bool
want_fields(struct effects *e, long long *n, struct err *err)
{
	const struct panel panel = panel_of(e);

	return panel_want(e->stage->db, e->stage->tenant, &panel,
	    e->stage->scratch, n, err);
}

static bool
list_fields(struct effects *e, const struct kind *kind, struct wish **wishes,
    size_t *n, struct err *err)
{
	const struct panel panel = panel_of(e);
	struct arena *arena = e->arena;
	struct panel_row *rows = NULL;

	(void)kind;
	if (!panel_list(e->stage->db, e->stage->tenant->id, &panel, LIST_MAX,
	        arena, &rows, n, err))
		return false;
	*wishes = arena_array(arena, *n + 1, sizeof(**wishes));
	for (size_t i = 0; *wishes != NULL && i < *n; i++)
		(*wishes)[i] = (struct wish){ rows[i].contact_id, rows[i].hash,
			effects_fields(arena, e->stage->conf, &rows[i]),
			rows[i].told };
	return !arena_failed(arena) || err_nomem(err);
}

static struct answer_wish
answers_since(const struct effects *e, int days)
{
	return (struct answer_wish){ .connector = e->crm->link.name,
		.now = e->started, .since = e->started - (time_t)days * DAY_S,
		.at_most = e->stage->conf->writeback.task.at_most };
}

static bool
want_history(struct effects *e, long long *n, struct err *err)
{
	const struct answer_wish wish = answers_since(e,
	    e->stage->conf->retention.comment_days);

	return answer_want_history(e->stage->db, e->stage->tenant, &wish,
	    e->stage->scratch, n, err);
}

static bool
want_feed(struct effects *e, long long *n, struct err *err)
{
	const struct answer_wish wish = answers_since(e, EFFECT_FRESH_DAYS);

	return answer_want_feed(e->stage->db, e->stage->tenant, &wish,
	    e->stage->scratch, n, err);
}

static bool
want_task(struct effects *e, long long *n, struct err *err)
{
	const struct answer_wish wish = answers_since(e, EFFECT_FRESH_DAYS);

	return answer_want_task(e->stage->db, e->stage->tenant, &wish,
	    e->stage->scratch, n, err);
}

static struct crm_effect
write_of(const struct effects *e, const struct kind *kind,
    const struct answer_row *row)
{
	struct arena *arena = e->arena;
	const struct conf *conf = e->stage->conf;

	if (kind->want == want_history)
		return effects_history(arena, conf, row);
	if (kind->want == want_feed)
		return effects_feed(arena, conf, row);
	return effects_task(arena, conf, e->stage->today, row);
}

static bool
list_answers(struct effects *e, const struct kind *kind, struct wish **wishes,
    size_t *n, struct err *err)
{
	const struct answer_wish wish = answers_since(e, 0);
	struct arena *arena = e->arena;
	struct answer_row *rows = NULL;

	if (!answer_wish_list(e->stage->db, e->stage->tenant->id, kind->name,
	        &wish, LIST_MAX, arena, &rows, n, err))
		return false;
	*wishes = arena_array(arena, *n + 1, sizeof(**wishes));
	for (size_t i = 0; *wishes != NULL && i < *n; i++)
		(*wishes)[i] = (struct wish){ rows[i].answer_id, rows[i].hash,
			write_of(e, kind, &rows[i]), rows[i].told };
	return !arena_failed(arena) || err_nomem(err);
}

static bool
want_opt_outs(struct effects *e, long long *n, struct err *err)
{
	return optout_want(e->stage->db, e->stage->tenant, e->crm->link.name,
	    e->started, e->stage->scratch, n, err);
}

static bool
list_opt_outs(struct effects *e, const struct kind *kind,
    struct wish **wishes, size_t *n, struct err *err)
{
	struct arena *arena = e->arena;
	struct optout_wish *rows = NULL;

	(void)kind;
	if (!optout_wish_list(e->stage->db, e->stage->tenant->id,
	        e->crm->link.name, e->started, LIST_MAX, arena, &rows, n, err))
		return false;
	*wishes = arena_array(arena, *n + 1, sizeof(**wishes));
	for (size_t i = 0; *wishes != NULL && i < *n; i++)
		(*wishes)[i] = (struct wish){ .subject = rows[i].contact_id,
			.write = { .contact_id = rows[i].contact_id },
			.told = rows[i].told };
	return !arena_failed(arena) || err_nomem(err);
}

/* ---- the kinds ------------------------------------------------------------------ */
static bool
fields_on(const struct conf *conf)
{
	return conf->writeback.fields.n > 0;
}

static bool
history_on(const struct conf *conf)
{
	return conf->writeback.history;
}

static bool
feed_on(const struct conf *conf)
{
	return conf->writeback.feed;
}

static bool
task_on(const struct conf *conf)
{
	return conf->writeback.task.at_most >= 0;
}

static bool
opt_outs_on(const struct conf *conf)
{
	return conf->writeback.opt_outs;
}

static put_fn *
put_fields_of(const struct crm_connector *c)
{
	return c->put_fields;
}

static put_fn *
put_answer_of(const struct crm_connector *c)
{
	return c->put_answer;
}

static put_fn *
post_feed_of(const struct crm_connector *c)
{
	return c->post_feed;
}

static put_fn *
put_task_of(const struct crm_connector *c)
{
	return c->put_task;
}

/* Written as a tag. */
static put_fn *
no_put(const struct crm_connector *c)
{
	(void)c;
	return NULL;
}

static const struct kind kinds[] = {
	{ "opt_out", false, opt_outs_on, no_put, want_opt_outs, list_opt_outs },
	{ "field", false, fields_on, put_fields_of, want_fields, list_fields },
	{ "history", false, history_on, put_answer_of, want_history,
	    list_answers },
	{ "feed", true, feed_on, post_feed_of, want_feed, list_answers },
	{ "task", true, task_on, put_task_of, want_task, list_answers },
};

/* ---- writing --------------------------------------------------------------------- */
/* The tag stands beside the others and replaces none. */
static bool
put_no_send(struct effects *e, const struct wish *wishes, size_t n,
    struct put_result *results, struct err *err)
{
	const char *tag = e->stage->conf->rules.no_send_tag;
	struct crm_tag_write *writes =
	    arena_array(e->stage->scratch, n + 1, sizeof(*writes));

	bool *told = arena_array(e->stage->scratch, n + 1, sizeof(*told));

	if (writes == NULL || told == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		writes[i] = (struct crm_tag_write){ .value = tag,
			.contact_id = wishes[i].write.contact_id };
		told[i] = wishes[i].told;
	}
	e->tags.told = told;
	if (n == 0 || tag_write(&e->tags, writes, n, results, err))
		return true;
	e->gives_up = e->tags.gives_up;
	return false;
}

static bool
put(struct effects *e, const struct kind *kind, const struct wish *wishes,
    size_t n, struct put_result *results, struct err *err)
{
	put_fn *fn = kind->put_of(e->crm->connector);
	struct crm_effect *writes =
	    arena_array(e->stage->scratch, n + 1, sizeof(*writes));

	for (size_t i = 0; i < n; i++)
		results[i] = (struct put_result){ .outcome = PUT_UNKNOWN };
	if (writes == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		writes[i] = wishes[i].write;
	const bool ok = fn == NULL ? put_no_send(e, wishes, n, results, err)
	    : fn(e->crm->link.self, writes, n, results, err);
	arena_reset(e->crm->link.scratch);
	return ok;
}

static struct effect_outcome
outcome_of(const struct effects *e, const struct kind *kind,
    const struct wish *wish, const struct put_result *result)
{
	const char *reason = result->reason[0] != '\0' ? result->reason : NULL;

	switch (result->outcome) {
	case PUT_DONE:
	case PUT_UNCHANGED:
		return (struct effect_outcome){ EFFECT_DONE, NULL, wish->hash };
	case PUT_GONE:
		return (struct effect_outcome){ EFFECT_FAILED, "gone",
			wish->hash };
	case PUT_REJECTED:
		return (struct effect_outcome){ EFFECT_FAILED,
			reason != NULL ? reason : "rejected", wish->hash };
	case PUT_CONFLICT:
	case PUT_AGAIN:
		return (struct effect_outcome){ EFFECT_WANTED, reason, NULL };
	case PUT_DENIED:
		return (struct effect_outcome){ EFFECT_WANTED, denials_reason(
		    e->stage->scratch, result->reason), NULL };
	case PUT_UNKNOWN:
		break;
	}
	return (struct effect_outcome){ kind->once ? EFFECT_UNKNOWN
	    : EFFECT_WANTED, reason, NULL };
}

static const char *
outcome_word(const struct kind *kind, enum put_outcome outcome)
{
	static const char *const words[] = { [PUT_DONE] = "written",
		[PUT_UNCHANGED] = "unchanged", [PUT_GONE] = "gone",
		[PUT_REJECTED] = "rejected", [PUT_CONFLICT] = "later",
		[PUT_AGAIN] = "later", [PUT_UNKNOWN] = "later",
		[PUT_DENIED] = "later" };

	return outcome == PUT_UNKNOWN && kind->once ? "unknown"
	                                            : words[outcome];
}

static bool
is_ended(enum put_outcome outcome)
{
	return outcome != PUT_UNKNOWN && outcome != PUT_AGAIN &&
	    outcome != PUT_CONFLICT && outcome != PUT_DENIED;
}

/* all = false: the call failed; of what may be repeated only that counts which
 * came to an end or was denied, for a CRM that is away is no refusal. */
static bool
note(struct effects *e, const struct kind *kind, const struct wish *wishes,
    const struct put_result *results, size_t n, bool all, struct err *err)
{
	struct stage *stage = e->stage;
	const char **subject = arena_array(stage->scratch, n + 1,
	    sizeof(*subject));
	struct effect_outcome *out = arena_array(stage->scratch, n + 1,
	    sizeof(*out));
	size_t k = 0;

	if (subject == NULL || out == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		if (!all && !kind->once && !is_ended(results[i].outcome) &&
		    results[i].outcome != PUT_DENIED)
			continue;
		subject[k] = wishes[i].subject;
		out[k++] = outcome_of(e, kind, &wishes[i], &results[i]);
		runlog_count(stage->log, "effects", e->source,
		    outcome_word(kind, results[i].outcome), NULL, 1);
	}
	runlog_count(stage->log, "effects", e->source, "seen", NULL,
	    (long long)k);
	const struct effect_set set = { kind->name, e->crm->link.name, subject,
		k };
	if (arena_failed(stage->scratch))
		return err_nomem(err);
	return k == 0 || effect_end_all(stage->db, stage->tenant->id, &set,
	    kind->once ? EFFECT_DOING : EFFECT_WANTED, out, clock_now(),
	    stage->scratch, err);
}

static bool
count_denied(struct effects *e, const char *card, bool is_new, struct err *err)
{
	if (denials_are_full(&e->denied) && !is_new)
		return true;
	card = arena_strdup(e->stage->log->arena, card);
	if (card == NULL)
		return err_nomem(err);
	denials_add(&e->denied, card);
	if (is_new)
		denials_add(&e->row, card);
	return true;
}

/* What a CRM denies for one card is the card's; for one card after the other it
 * is ours.  Those denied before say nothing new. */
static bool
judge_denied(struct effects *e, const struct kind *kind,
    const struct wish *wishes, const struct put_result *results, size_t n,
    struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *card = wishes[i].write.contact_id;
		if (is_ended(results[i].outcome)) {
			e->row.n = 0;
			e->any_good = true;
		}
		if (results[i].outcome == PUT_DENIED &&
		    !count_denied(e, card, !wishes[i].told, err))
			return false;
	}
	e->gives_up = denials_are_full(&e->row);
	return !e->gives_up || err_set(err, ERR_AUTH, "%s: the CRM denies three "
	    "cards one after the other: may the user of npsync write this?",
	    kind->name);
}

/* Those denied before count for nothing in a row: a right that is still lost
 * would show by none of them. */
static bool
judge_run(struct effects *e, const struct kind *kind, struct err *err)
{
	e->gives_up = !e->any_good && denials_are_full(&e->denied);
	return !e->gives_up || err_set(err, ERR_AUTH, "%s: the CRM denies every "
	    "card: may the user of npsync write this?", kind->name);
}

/* The intent, committed; *n = those that are ours to do. */
static bool
begin(struct effects *e, const struct kind *kind, struct wish *wishes,
    size_t *n, struct err *err)
{
	struct arena *scratch = e->stage->scratch;
	const char **subject = arena_array(scratch, *n + 1, sizeof(*subject));
	bool *begun = arena_array(scratch, *n + 1, sizeof(*begun));
	size_t kept = 0;

	if (subject == NULL || begun == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < *n; i++)
		subject[i] = wishes[i].subject;
	const struct effect_set set = { kind->name, e->crm->link.name, subject,
		*n };
	if (!effect_begin_all(e->stage->db, e->stage->tenant, &set, clock_now(),
	        scratch, begun, err))
		return false;
	for (size_t i = 0; i < *n; i++)
		if (begun[i])
			wishes[kept++] = wishes[i];
	*n = kept;
	return true;
}

static bool
write_some(struct effects *e, const struct kind *kind, struct wish *wishes,
    size_t n, struct err *err)
{
	struct err late;

	arena_reset(e->stage->scratch);
	struct put_result *results = arena_array(e->stage->scratch, n + 1,
	    sizeof(*results));
	if (results == NULL)
		return err_nomem(err);
	if (kind->once && !begin(e, kind, wishes, &n, err))
		return false;
	if (n == 0)
		return true;
	const bool ok = put(e, kind, wishes, n, results, err);
	if (!note(e, kind, wishes, results, n, ok, ok ? err : &late)) {
		if (!ok && err_ends_run(late.kind))
			*err = late;
		return false;
	}
	return ok && judge_denied(e, kind, wishes, results, n, err);
}

static bool
write_all(struct effects *e, const struct kind *kind, struct wish *wishes,
    size_t n, struct err *err)
{
	const struct crm_connector *c = e->crm->connector;
	const size_t max = kind->once && c->once_max > 0 ? c->once_max
	    : c->effects_max;
	/* The writer of tags makes its own portions. */
	const size_t most = kind->put_of == no_put ? LIST_MAX
	    : max == 0 ? 1 : max;

	for (size_t i = 0; i < n; i += most) {
		const size_t left = n - i;
		if (!write_some(e, kind, wishes + i, left < most ? left : most,
		        err) || !stage_breathe(e->stage, err))
			return false;
	}
	return true;
}

/* ERR_DONE: the connector's configuration asks for none of it. */
static bool
write_kind(struct effects *e, const struct kind *kind, struct err *err)
{
	struct stage *stage = e->stage;
	struct wish *wishes = NULL;
	long long wanted = 0;
	size_t n = 1;

	e->source = arena_printf(stage->log->arena, "%s %s", e->crm->link.name,
	    kind->name);
	if (e->source == NULL)
		return err_nomem(err);
	e->row.n = e->denied.n = 0;
	e->any_good = e->gives_up = false;
	arena_reset(stage->scratch);
	if (!put(e, kind, NULL, 0, NULL, err) || !kind->want(e, &wanted, err))
		return false;
	while (n > 0) {
		arena_reset(e->arena);
		arena_reset(stage->scratch);
		if (!kind->list(e, kind, &wishes, &n, err) ||
		    !write_all(e, kind, wishes, n, err))
			return false;
	}
	return judge_run(e, kind, err);
}

static bool
can(const struct effects *e, const struct kind *kind)
{
	const struct crm_connector *c = e->crm->connector;

	return kind->on(e->stage->conf) && (kind->put_of == no_put
	    ? tag_write_can(e->crm) : kind->put_of(c) != NULL);
}

/* kind_only: the others go on. */
static void
fail(struct link *link, bool kind_only, const struct err *why)
{
	if (!kind_only) {
		link->failed = true;
		link->problem = *why;
	} else if (link->aside.kind == ERR_NONE) {
		link->aside = *why;
	}
}

static bool
write_crm(struct effects *e, struct err *err)
{
	struct link *link = &e->crm->link;

	for (size_t i = 0; i < ARRAY_LEN(kinds) && !link->failed; i++) {
		if (!can(e, &kinds[i]) || write_kind(e, &kinds[i], err) ||
		    err->kind == ERR_DONE)
			continue;
		if (err_ends_run(err->kind))
			return false;
		fail(link, e->gives_up, err);
		log_ev(LOG_LEVEL_ERROR, "effects", "connector=%s kind=%s "
		    "error=%s", link->name, kinds[i].name, log_quote(err->msg));
	}
	return true;
}

static bool
breathe(void *arg, struct err *err)
{
	return stage_breathe(arg, err);
}

/* Posts and tasks of a run that died are shown, never repeated. */
static bool
settle(struct stage *stage, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		long long n = 0;
		if (!kinds[i].once)
			continue;
		arena_reset(stage->scratch);
		if (!effect_settle(stage->db, stage->tenant, kinds[i].name,
		        clock_now(), stage->scratch, &n, err))
			return false;
		if (n > 0)
			log_ev(LOG_LEVEL_WARNING, "effects", "kind=%s "
			    "unknown=%lld hint=%s", kinds[i].name, n,
			    log_quote("`npsync status` names them, `npsync "
			    "resolve --effect` settles them"));
	}
	return true;
}

bool
stage_effects(struct stage *stage, struct panel_next *next, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(LIST_BYTES);

	if (arena == NULL)
		return err_nomem(err);
	if (!settle(stage, err))
		return false;
	for (size_t i = 0; i < stage->n_crm; i++) {
		struct effects e = { .stage = stage, .crm = &stage->crm[i],
			.next = next, .started = clock_now(), .arena = arena };
		if (e.crm->link.self == NULL || e.crm->link.failed)
			continue;
		tag_writer_init(&e.tags, e.crm, stage->log->arena, breathe,
		    stage);
		if (!write_crm(&e, err))
			return false;
	}
	return true;
}

bool
stage_effects_need_next(const struct conf *conf)
{
	const struct conf_field *f = conf->writeback.fields.v;

	for (size_t i = 0; i < conf->writeback.fields.n; i++)
		if (f[i].value == VALUE_NEXT_CAMPAIGN ||
		    f[i].value == VALUE_NEXT_DATE)
			return true;
	return false;
}
