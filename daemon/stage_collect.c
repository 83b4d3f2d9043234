/*
 * How this stage can lose or double, and what stops it:
 *  - killed between pages: the watermark moves with the last page of a pass;
 *    answers are upserted by the service's id, so a repeat changes nothing;
 *  - a comment that comes later than its score: the connector asks with an
 *    overlap, the row is updated in place;
 *  - an older answer delivered after a newer one: the tag goes by time and id;
 *  - an answer nobody can be found for: kept, counted, listed by `status`.
 */
#include "stage_collect.h"

#include <string.h>

#include "answer.h"
#include "campaign.h"
#include "clock.h"
#include "log.h"
#include "optout.h"
#include "quarantine.h"

struct collector {
	struct stage *stage;
	struct cursor cursor;
	struct cursor_move move;
	struct answer_page answers;
	struct campaign_page campaigns;
	struct db_array opt_outs;
	long long emitted, faulty;
	/* Addresses, numbers, other keys: one person may decline by several. */
	long long n_opt_outs, n_phones, new_opt_outs;
	bool sweep;		/* a look back: the cursor stays where it is */
	struct cursor_swept swept;
	bool again;		/* a look back that a person wants */
	time_t from;
	struct err err;
};

static void
collector_init(struct collector *c, struct stage *stage)
{
	*c = (struct collector){ .stage = stage };
	answer_page_init(&c->answers);
	campaign_page_init(&c->campaigns);
	db_array_init(&c->opt_outs);
}

static void
collector_free(struct collector *c)
{
	answer_page_free(&c->answers);
	campaign_page_free(&c->campaigns);
	db_array_free(&c->opt_outs);
}

static bool
begin(struct collector *c, const char *stream, struct pull *pull,
    struct err *err)
{
	struct stage *stage = c->stage;
	const char *name = stage->survey->link.name;

	if (!cursor_read(stage->db, stage->tenant->id, name, stream,
	        stage->log->arena, &c->cursor, err))
		return false;
	c->move = (struct cursor_move){ .tenant_id = stage->tenant->id,
		.connector = name, .stream = stream, .pass = c->cursor.pass,
		.epoch = stage->tenant->epoch };
	*pull = c->sweep ? cursor_pull_sweep(&c->cursor, stage->conf, clock_now())
	                 : cursor_pull(&c->cursor, stage->conf, clock_now());
	/* Its pages belong to the pass before. */
	c->move.pass -= c->sweep && c->cursor.resume == NULL ? 1 : 0;
	if (c->again)
		pull->from = c->from;
	return true;
}

/* A look back leaves the watermark alone, and the place of a broken pass. */
static void
move_set(struct collector *c, const char *resume, const char *watermark)
{
	c->move.resume = c->sweep ? c->cursor.resume : resume;
	c->move.watermark = c->sweep ? NULL : watermark;
	c->move.complete = !c->sweep && watermark != NULL;
	c->move.now = clock_now();
}

static bool
add_key(struct collector *c, const char *key)
{
	db_array_text(&c->opt_outs, key);
	c->n_opt_outs++;
	return true;
}

static bool
add_opt_out_address(struct collector *c, const char *email)
{
	char key[IDENTITY_KEY_HEX];
	const char *address, *domain;

	if (identity_address(c->stage->scratch, email, &address, &domain) !=
	    ADDRESS_OK)
		return true;
	return identity_key_address(c->stage->tenant->secret, address, key,
	           &c->err) && add_key(c, key);
}

/* Kept even where identity.match leaves numbers out: it may be switched on. */
static bool
add_opt_out_phone(struct collector *c, const char *phone)
{
	const struct conf *conf = c->stage->conf;
	char key[IDENTITY_KEY_HEX];
	const char *e164 = identity_phone(c->stage->scratch, phone,
	    conf->identity.phone_prefix);

	if (e164 == NULL)
		return true;
	c->n_phones++;
	return identity_key_phone(c->stage->tenant->secret, e164, key, &c->err) &&
	    add_key(c, key);
}

/* Who was asked by a text message has no address there.  Of an answer that names
 * a row or a card the statement knows all keys (answer.c). */
static bool
add_opt_out(struct collector *c, const struct survey_answer *a)
{
	const long long before = c->n_opt_outs;

	if (a->email != NULL && !add_opt_out_address(c, a->email))
		return false;
	return c->n_opt_outs > before || a->phone == NULL ||
	    add_opt_out_phone(c, a->phone);
}

static void
count_new_opt_outs(struct collector *c, long long new)
{
	struct stage *stage = c->stage;

	if (!c->sweep)
		runlog_count(stage->log, "optouts", stage->survey->link.name,
		    "new", NULL, new);
	c->new_opt_outs += new;
}

static bool
put_opt_outs(struct collector *c)
{
	struct stage *stage = c->stage;
	long long new = 0;

	if (c->opt_outs.n == 0)
		return true;
	if (!optout_put(stage->db, stage->tenant->id, &c->opt_outs, "survey",
	        clock_now(), stage->scratch, &new, &c->err))
		return false;
	count_new_opt_outs(c, new);
	db_array_reset(&c->opt_outs);
	return true;
}

/* seen = what the others add up to.  A page that failed is met again. */
static void
count_opt_outs(struct collector *c, long long seen)
{
	struct runlog *log = c->stage->log;
	const char *source = c->stage->survey->link.name;

	if (seen == 0)
		return;
	runlog_count(log, "optouts", source, "seen", NULL, seen);
	runlog_count(log, "optouts", source, "known", NULL,
	    c->n_opt_outs - c->new_opt_outs);
	if (seen > c->n_opt_outs)
		runlog_count(log, "optouts", source, "unusable", NULL,
		    seen - c->n_opt_outs);
}

/* ---- one stream --------------------------------------------------------------- */
typedef bool stream_fn(struct collector *c, const struct pull *pull,
    struct err *err);

static bool
read_stream(struct collector *c, const char *stream, stream_fn *pull_stream,
    struct err *err)
{
	struct pull pull;

	if (!begin(c, stream, &pull, err))
		return false;
	bool ok = pull_stream(c, &pull, err);
	/* The place of the broken pass is no more: the pass begins again. */
	if (!ok && c->err.kind == ERR_NONE && err->kind == ERR_GONE &&
	    pull.resume != NULL) {
		pull.resume = NULL;
		ok = pull_stream(c, &pull, err);
	}
	if (!ok && c->err.kind != ERR_NONE)
		*err = c->err;
	return ok;
}

static bool
sweep_read(struct collector *c, const char *stream, stream_fn *pull_stream,
    struct err *err)
{
	struct stage *stage = c->stage;
	const struct link *link = &stage->survey->link;

	if (!read_stream(c, stream, pull_stream, err))
		return false;
	c->swept.bad = link->n_quarantined - link->n_noted;
	c->swept.seen = c->emitted + c->swept.bad - c->faulty;
	/* An answer that declines is counted as the answer. */
	if (strcmp(stream, "optouts") == 0)
		c->swept.late = c->new_opt_outs;
	return quarantine_put(stage->db, stage->tenant->id, stage->log->run_id,
	           link, stage->scratch, err) &&
	    cursor_sweep_end(stage->db, stage->log, &c->move, &c->swept,
	        stage->scratch, err);
}

/* After a complete pass.  One that fails is tried again next night. */
static bool
sweep_stream(const struct collector *ended, stream_fn *pull_stream,
    struct err *err)
{
	struct stage *stage = ended->stage;
	struct collector c;

	if (stage->may_yield ||
	    !cursor_sweep_due(&ended->cursor, stage->conf, stage->today))
		return true;
	collector_init(&c, stage);
	c.sweep = true;
	c.answers.may_search = ended->answers.may_search;
	const bool ok = sweep_read(&c, ended->move.stream, pull_stream, err);
	link_quarantine_clear(&stage->survey->link);
	collector_free(&c);
	if (!ok && !err_ends_run(err->kind))
		log_ev(LOG_LEVEL_WARNING, "sweep", "connector=%s stream=%s "
		    "error=%s", stage->survey->link.name, ended->move.stream,
		    log_quote(err->msg));
	return ok || !err_ends_run(err->kind);
}

/* ---- answers ----------------------------------------------------------------- */
static bool
take_answer(struct collector *c, const struct survey_answer *a)
{
	struct arena *scratch = c->stage->scratch;
	const char *fault = connect_answer_fault(a);

	c->emitted++;
	if (fault != NULL) {
		c->faulty++;
		link_quarantine(&c->stage->survey->link, "answers", 0, a->answer_id,
		    fault);
		return true;
	}
	if (a->campaign_id != NULL && a->campaign != NULL &&
	    !campaign_page_add(&c->campaigns, a->campaign_id, a->campaign, scratch,
	        &c->err))
		return false;
	if (a->opted_out && !a->anonymised && !add_opt_out(c, a))
		return false;
	link_came_up(&c->stage->survey->link, a->answer_id);
	return answer_page_add(&c->answers, a, c->stage->tenant->secret, scratch,
	    &c->err);
}

/* What the connector made for one answer is given back after it. */
static bool
on_answer(void *arg, const struct survey_answer *a)
{
	struct collector *c = arg;
	const bool ok = take_answer(c, a);

	arena_reset(c->stage->survey->link.scratch);
	return ok;
}

/* Late is what only the sweep brought: an answer, or its newer text. */
static void
count_placed(struct collector *c, const char *outcome, const char *matched,
    long long n)
{
	struct stage *stage = c->stage;

	if (!c->sweep || c->again)
		runlog_count(stage->log, c->again ? "resync" : "collect",
		    stage->survey->link.name, outcome, matched, n);
	else if (strcmp(outcome, "same") != 0)
		c->swept.late += n;
}

/* Of another kind of question, or not to be read: nobody's figure holds them, and
 * they bring no tag.  Each once, when it is new. */
static void
count_unscored(struct collector *c, const struct db_result *r)
{
	long long n = 0;

	for (int i = 0; i < db_rows(r); i++)
		n += db_int(r, i, 5);
	if (n == 0)
		return;
	runlog_count(c->stage->log, "scores", c->stage->survey->link.name,
	    "seen", NULL, n);
	runlog_count(c->stage->log, "scores", c->stage->survey->link.name,
	    "no_score", NULL, n);
}

static bool
on_answers_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct collector *c = arg;
	struct stage *stage = c->stage;
	AUTO(db_result) struct db_result *r = NULL;

	move_set(c, resume, watermark);
	if (!campaign_put(stage->db, stage->tenant->id, &c->campaigns, false,
	        clock_now(), stage->scratch, &c->err) || !put_opt_outs(c) ||
	    !answer_page_put(&c->answers, stage->db, &c->move,
	        stage->conf->writeback.tag_prefix, stage->scratch, &r, &c->err))
		return false;
	campaign_page_free(&c->campaigns);
	campaign_page_init(&c->campaigns);
	for (int i = 0; i < db_rows(r); i++)
		count_placed(c, db_text(r, i, 0), db_text(r, i, 1),
		    db_int(r, i, 2));
	count_unscored(c, r);
	const long long declined = db_rows(r) > 0 ? db_int(r, 0, 4) : 0;
	c->n_opt_outs += declined;
	count_new_opt_outs(c, declined);
	arena_reset(stage->scratch);
	return stage_breathe(stage, &c->err);
}

static void
count_answers(struct collector *c)
{
	struct runlog *log = c->stage->log;
	const char *source = c->stage->survey->link.name;
	const char *as = c->again ? "resync" : "collect";
	/* What came up without a part of it is counted as what it became. */
	const long bad = c->stage->survey->link.n_quarantined -
	    c->stage->survey->link.n_noted;
	const long long placed = runlog_source(log, as, source, "new") +
	    runlog_source(log, as, source, "updated") +
	    runlog_source(log, as, source, "same");

	runlog_count(log, as, source, "seen", NULL,
	    c->emitted + bad - c->faulty);
	if (bad > 0)
		runlog_count(log, as, source, "quarantined", NULL, bad);
	/* The same answer on two pages of one pass. */
	runlog_count(log, as, source, "repeated", NULL,
	    c->emitted - c->faulty - placed);
}

static bool
pull_answers(struct collector *c, const struct pull *pull, struct err *err)
{
	const struct survey *survey = c->stage->survey;

	return survey->connector->pull_answers(survey->link.self, pull,
	    on_answer, on_answers_checkpoint, c, err);
}

/* For whom an answer fits that no known card does (stage_place.c). */
static bool
crm_can_be_asked(const struct stage *stage)
{
	for (size_t i = 0; i < stage->n_crm; i++)
		if (stage->crm[i].connector->find_contact != NULL &&
		    (stage->crm[i].connector->info.whole & CRM_CAP_CONTACTS) == 0)
			return true;
	return false;
}

static bool
collect_answers(struct stage *stage, struct err *err)
{
	struct collector c;

	if (stage->survey->connector->pull_answers == NULL)
		return true;
	collector_init(&c, stage);
	c.answers.may_search = crm_can_be_asked(stage);
	bool ok = read_stream(&c, "answers", pull_answers, err);
	count_answers(&c);
	count_opt_outs(&c, c.n_opt_outs);
	if (ok && !quarantine_put(stage->db, stage->tenant->id,
	        stage->log->run_id, &stage->survey->link, stage->scratch, err))
		ok = false;
	link_quarantine_clear(&stage->survey->link);
	if (ok)
		ok = sweep_stream(&c, pull_answers, err);
	collector_free(&c);
	return ok || err_wrap(err, "%s answers", stage->survey->link.name);
}

/* ---- opt-outs ------------------------------------------------------------------- */
static bool
on_optout(void *arg, const char *email, const char *phone, time_t at)
{
	struct collector *c = arg;

	(void)at;
	c->emitted += (email != NULL) + (phone != NULL);
	return (email == NULL || add_opt_out_address(c, email)) &&
	    (phone == NULL || add_opt_out_phone(c, phone));
}

DB_STMT(collect_cursor,
    "WITH " CURSOR_CTE " SELECT EXISTS (SELECT 1 FROM e), (SELECT count(*) FROM cur)");

static bool
on_optouts_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct collector *c = arg;
	struct stage *stage = c->stage;
	struct db_args args;

	if (!put_opt_outs(c))
		return false;
	move_set(c, resume, watermark);
	db_args_init(&args, stage->scratch);
	cursor_args(&args, &c->move);
	if (!db_query(stage->db, &collect_cursor, &args, NULL, &c->err))
		return false;
	arena_reset(stage->scratch);
	return stage_breathe(stage, &c->err);
}

static bool
pull_optouts(struct collector *c, const struct pull *pull, struct err *err)
{
	const struct survey *survey = c->stage->survey;

	return survey->connector->pull_optouts(survey->link.self, pull,
	    on_optout, on_optouts_checkpoint, c, err);
}

static bool
collect_optouts(struct stage *stage, struct err *err)
{
	struct collector c;

	if (stage->survey->connector->pull_optouts == NULL)
		return true;
	collector_init(&c, stage);
	bool ok = read_stream(&c, "optouts", pull_optouts, err);
	count_opt_outs(&c, c.emitted);
	if (c.n_phones > 0 && !stage_matches_phone(stage->conf))
		log_ev(LOG_LEVEL_WARNING, "optouts", "numbers=%lld hint=%s",
		    c.n_phones, log_quote("kept, but nobody is known by number: "
		    "add \"phone\" to identity.match"));
	if (ok)
		ok = sweep_stream(&c, pull_optouts, err);
	collector_free(&c);
	/* Not offered under this configuration. */
	if (!ok && err->kind == ERR_DONE)
		return true;
	return ok || err_wrap(err, "%s opt-outs", stage->survey->link.name);
}

bool
stage_collect(struct stage *stage, struct err *err)
{
	arena_reset(stage->scratch);
	if (collect_optouts(stage, err) && collect_answers(stage, err))
		return true;
	if (err_ends_run(err->kind))
		return false;
	stage->survey->link.failed = true;
	stage->survey->link.problem = *err;
	log_ev(LOG_LEVEL_ERROR, "collect", "error=%s", log_quote(err->msg));
	return true;
}

bool
stage_collect_again(struct stage *stage, time_t from, struct err *err)
{
	struct collector c;

	if (stage->survey->connector->pull_answers == NULL)
		return err_set(err, ERR_CONFIG, "%s lists no answers",
		    stage->survey->link.name);
	collector_init(&c, stage);
	c.sweep = c.again = true;
	c.from = from;
	bool ok = read_stream(&c, "answers", pull_answers, err);
	count_answers(&c);
	if (ok && !quarantine_put(stage->db, stage->tenant->id,
	        stage->log->run_id, &stage->survey->link, stage->scratch, err))
		ok = false;
	link_quarantine_clear(&stage->survey->link);
	collector_free(&c);
	return ok || err_wrap(err, "%s answers", stage->survey->link.name);
}

bool
stage_collect_first(struct stage *stage, bool *first, struct err *err)
{
	struct cursor cursor;

	*first = false;
	if (stage->survey->connector->pull_answers == NULL)
		return true;
	if (!cursor_read(stage->db, stage->tenant->id, stage->survey->link.name,
	        "answers", stage->log->arena, &cursor, err))
		return false;
	*first = cursor.baseline;
	return true;
}

/* ---- campaigns --------------------------------------------------------------------- */
static bool
on_campaign(void *arg, const char *id, const char *name)
{
	struct collector *c = arg;

	return campaign_page_add(&c->campaigns, id, name, c->stage->scratch,
	    &c->err);
}

static bool
check_configured(struct stage *stage, struct err *err)
{
	const struct conf *conf = stage->conf;
	struct db_array ids;
	const char *unlisted = NULL;

	db_array_init(&ids);
	for (size_t t = 0; t < conf->n_triggers; t++)
		for (size_t i = 0; conf->triggers[t].enabled &&
		     i < conf->triggers[t].n_campaigns; i++)
			db_array_text(&ids, conf->triggers[t].campaigns[i].id);
	const bool ok = campaign_find_unlisted(stage->db, stage->tenant->id, &ids,
	    stage->scratch, &unlisted, err);
	db_array_free(&ids);
	if (!ok)
		return false;
	if (unlisted != NULL)
		return err_set(err, ERR_CONFIG, "%s: trigger: campaign %s does not "
		    "exist at the survey service (`npsync campaigns` lists them); "
		    "nothing is transferred", conf->file, unlisted);
	return true;
}

bool
stage_campaigns(struct stage *stage, struct err *err)
{
	struct survey *survey = stage->survey;
	struct collector c;

	if (survey->connector->list_campaigns == NULL)
		return true;
	arena_reset(stage->scratch);
	collector_init(&c, stage);
	bool ok = survey->connector->list_campaigns(survey->link.self,
	    on_campaign, &c, err);
	if (!ok && c.err.kind != ERR_NONE)
		*err = c.err;
	ok = ok && campaign_put(stage->db, stage->tenant->id, &c.campaigns, true,
	    clock_now(), stage->scratch, err);
	collector_free(&c);
	return ok && check_configured(stage, err);
}
