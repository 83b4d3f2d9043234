/*
 * How this stage can double, lose or hang, and what stops it:
 *  - killed between claim and outcome: the row says 'sending' in a committed
 *    transaction; the next run's settle makes it 'unknown', never 'queued';
 *  - a reply lost after the request arrived: HTTP_UNKNOWN, the row is 'unknown'
 *    and counts as sent;
 *  - libcurl repeating a POST: refused by the seek callback (http.c);
 *  - two processes: lease and epoch in the claim, and the lease must outlast a
 *    request and its longest wait, before each claim and before each request:
 *    who was frozen in between puts the row back unsent;
 *  - the outcome's COMMIT reply lost: the run ends, the row is 'sending' or done;
 *  - an opt-out that may be none is looked at before it is kept: who dies in
 *    between leaves the row 'sending', and whoever declined is on the service's
 *    list; a look that fails is made again, and keeps nobody out for good: the
 *    row, which was not sent, waits for the next night, that asks and looks anew,
 *    and it is told;
 *  - looks that fail for everybody: they are no part of the breaker, and after
 *    three in a row none is made in this run, so that the others are asked and
 *    what people answered is read;
 *  - a session that ends in the middle: the row goes back unsent, one new session
 *    a run, with nothing in flight;
 *  - a service that answers nonsense to everybody: three equal refusals, or
 *    five proven failures in a row, end the transfer for this run;
 *  - a night longer than the window: nothing is claimed stop_before_s before
 *    its end;
 *  - a service that keeps no mail: rows are claimed in the hour of send.at of
 *    their night and at no other time; what is left then keeps its state, and
 *    the next night decides anew.
 */
#include "stage_push.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "failpoint.h"
#include "log.h"
#include "optout.h"

#define TRIES_A_NIGHT 4
#define SAME_REFUSALS_MAX 3
#define FAILURES_MAX 5
#define LOOKS_FAILED_MAX 3	/* in a row */
#define LONGEST_WAIT_S 300
#define OUTCOMES_MAX 256
/* Claimed rows are kept until nothing is in flight; above this none is claimed
 * before that. */
#define BATCH_BYTES_HIGH ((size_t)1 << 20)
#define BATCH_BYTES_MAX ((size_t)8 << 20)

struct flight {
	struct queue_claimed row;
	bool busy;
	bool confirms;	/* a read on its way: did the person decline? */
	int looks;	/* such reads so far */
};

struct pusher {
	struct stage *stage;
	struct http_multi *multi;
	struct arena *batch;	/* claimed rows: reset when nothing is in flight */
	struct flight *flights;
	int n_flights, running;
	int night;		/* whose rows may leave now */
	time_t claimed_at;
	struct queue_move moves[OUTCOMES_MAX];
	char texts[OUTCOMES_MAX][2][128];	/* reason, remote id of a move */
	size_t n_moves;
	long opted_out_rows[OUTCOMES_MAX];
	size_t n_opted_out;
	int refusals, failures, looks_failed;
	long refusal_status;
	long long unsure;	/* declined, perhaps, and could not be looked at */
	char unsure_why[128];
	bool wants_renewal, renewed, stopped, no_memory;
	char stop_reason[160];
};

/* ---- outcomes ------------------------------------------------------------------------ */
static bool
keep_opted_out(struct pusher *p, struct err *err)
{
	struct stage *stage = p->stage;
	struct db_array ids;

	if (p->n_opted_out == 0)
		return true;
	db_array_init(&ids);
	for (size_t i = 0; i < p->n_opted_out; i++)
		db_array_int(&ids, p->opted_out_rows[i]);
	const bool ok = optout_put_rows(stage->db, stage->tenant->id, &ids,
	    "survey", clock_now(), stage->scratch, err);
	db_array_free(&ids);
	return ok;
}

static bool
flush(struct pusher *p, struct err *err)
{
	struct stage *stage = p->stage;
	size_t moved;

	if (p->n_moves == 0)
		return true;
	arena_reset(stage->scratch);
	/* First: a row that is closed is looked at by nobody, and if this run
	 * is killed here, one that is not says "unknown" and asks nobody. */
	if (!keep_opted_out(p, err) ||
	    !queue_move(stage->db, stage->tenant, ACTOR_PUSH, "push",
	        stage->log->run_id, clock_now(), p->moves, p->n_moves,
	        stage->scratch, &moved, err))
		return false;
	if (moved != p->n_moves)
		log_ev(LOG_LEVEL_WARNING, "push",
		    "outcomes=%zu recorded=%zu hint=%s", p->n_moves, moved,
		    log_quote("the others were settled by another run"));
	p->n_moves = p->n_opted_out = 0;
	return true;
}

static void
add_move(struct pusher *p, const struct queue_claimed *row, enum queue_state to,
    const struct push_verdict *v, time_t until)
{
	const size_t i = p->n_moves++;
	char own[sizeof(v->reason)];

	(void)snprintf(p->texts[i][0], sizeof(p->texts[i][0]), "%s", v->reason);
	(void)snprintf(p->texts[i][1], sizeof(p->texts[i][1]), "%s", v->remote_id);
	p->moves[i] = (struct queue_move){ row->queue_id, row->attempt, to,
		v->reason[0] != '\0' ? p->texts[i][0] : NULL,
		v->remote_id[0] != '\0' ? p->texts[i][1] : NULL, until };
	runlog_count(p->stage->log, "push", p->stage->survey->link.name,
	    queue_state_name(to), v->outcome == PUSH_SUPPRESSED
	    ? PUSH_SUPPRESSED_REASON : v->outcome == PUSH_UNKNOWN &&
	    to == QUEUE_DEFERRED ? PUSH_UNSURE_REASON : NULL, 1);
	/* Behind the colon may stand what the service said, and it may name
	 * people: that is for the history. */
	(void)snprintf(own, sizeof(own), "%.*s", (int)strcspn(v->reason, ":"),
	    v->reason);
	log_ev(to == QUEUE_SENT ? LOG_LEVEL_DEBUG : LOG_LEVEL_NOTICE, "push",
	    "queue=%lld state=%s reason=%s", row->queue_id, queue_state_name(to),
	    log_quote(own));
}

static void
stop(struct pusher *p, const char *why)
{
	if (p->stopped)
		return;
	p->stopped = true;
	(void)snprintf(p->stop_reason, sizeof(p->stop_reason), "%.159s", why);
}

/* What follows the colon are the service's words, which may name people. */
static void
stop_for(struct pusher *p, const struct push_verdict *v)
{
	char why[80];

	(void)snprintf(why, sizeof(why), "%.*s", (int)strcspn(v->reason, ":"),
	    v->reason);
	stop(p, why);
}

/* Not asked, and nobody knows whether for good: another night asks anew. */
static void
put_off(struct pusher *p, const struct queue_claimed *row,
    const struct push_verdict *v)
{
	struct push_verdict told = *v;

	if (p->unsure++ == 0)
		(void)snprintf(p->unsure_why, sizeof(p->unsure_why), "%.*s",
		    (int)strcspn(v->reason, ":"), v->reason);
	(void)snprintf(told.reason, sizeof(told.reason), "%s: %.100s",
	    PUSH_UNSURE_REASON, v->reason);
	add_move(p, row, QUEUE_DEFERRED, &told,
	    calendar_push_end(&p->stage->conf->calendar, p->night));
	if (v->retry_after_s > 0)
		http_multi_hold(p->multi, v->retry_after_s);
}

static double
backoff_s(const struct pusher *p, int attempt)
{
	const struct conf_survey *conf = p->stage->survey->conf;
	unsigned char random = 128;
	struct err ignored;

	if (!identity_random(&random, sizeof(random), &ignored))
		random = 128;
	return http_backoff_s(conf->http.backoff_s, conf->http.backoff_max_s,
	    attempt, (double)random / 255.0);
}

/* Proven not applied: tried again this night, at most TRIES_A_NIGHT times. */
static void
again(struct pusher *p, const struct queue_claimed *row,
    const struct push_verdict *v)
{
	const int attempt = (row->attempt - 1) % TRIES_A_NIGHT;
	const double wait_s = v->retry_after_s > 0 ? (double)v->retry_after_s
	    : backoff_s(p, attempt);
	time_t until = clock_now() + (time_t)wait_s + 1;
	if (attempt == TRIES_A_NIGHT - 1)
		until = calendar_push_end(&p->stage->conf->calendar,
		    p->night);
	add_move(p, row, QUEUE_DEFERRED, v, until);
	if (v->retry_after_s > 0)
		http_multi_hold(p->multi, v->retry_after_s);
	if (++p->failures >= FAILURES_MAX)
		stop_for(p, v);
}

static void
rejected(struct pusher *p, const struct queue_claimed *row,
    const struct push_verdict *v, long status)
{
	add_move(p, row, QUEUE_FAILED, v, NO_TIME);
	p->refusals = status == p->refusal_status ? p->refusals + 1 : 1;
	p->refusal_status = status;
	if (p->refusals >= SAME_REFUSALS_MAX)
		stop(p, "the service refused three people in a row with the same "
		    "status: check campaign and configuration");
}

/* Nothing was taken: the row goes back, and a new session is asked for once. */
static void
session_over(struct pusher *p, const struct queue_claimed *row,
    const struct push_verdict *v)
{
	add_move(p, row, QUEUE_DEFERRED, v, clock_now());
	if (p->stage->survey->connector->renew == NULL || p->renewed)
		stop_for(p, v);
	else
		p->wants_renewal = true;
}

static void
record(struct pusher *p, const struct queue_claimed *row,
    const struct push_verdict *v, long status)
{
	struct push_verdict plain = *v;

	if (v->outcome != PUSH_REJECTED)
		p->refusals = 0;
	if (v->outcome != PUSH_AGAIN)
		p->failures = 0;
	switch (v->outcome) {
	case PUSH_ACCEPTED:
	case PUSH_ACCEPTED_NO_ID:
		plain.reason[0] = '\0';
		add_move(p, row, QUEUE_SENT, &plain, NO_TIME);
		break;
	case PUSH_DUPLICATE:
		add_move(p, row, QUEUE_SENT, v, NO_TIME);
		break;
	case PUSH_SUPPRESSED:
		add_move(p, row, QUEUE_FAILED, v, NO_TIME);
		break;
	case PUSH_OPTED_OUT:
		p->opted_out_rows[p->n_opted_out++] = (long)row->queue_id;
		(void)snprintf(plain.reason, sizeof(plain.reason), "opted_out");
		add_move(p, row, QUEUE_FAILED, &plain, NO_TIME);
		break;
	case PUSH_REJECTED:
		rejected(p, row, v, status);
		break;
	case PUSH_AGAIN:
		again(p, row, v);
		break;
	case PUSH_UNKNOWN:
		add_move(p, row, QUEUE_UNKNOWN, v, NO_TIME);
		break;
	case PUSH_SESSION:
		session_over(p, row, v);
		break;
	case PUSH_STOP:
		add_move(p, row, QUEUE_DEFERRED, v, clock_now());
		stop_for(p, v);
		break;
	}
}

/* ---- requests ----------------------------------------------------------------------------- */
/* The wire may keep a request for LONGEST_WAIT_S before it begins.  A renewed
 * lease is enough for every timeout_s that is allowed. */
static bool
lease_lasts(const struct pusher *p)
{
	const struct stage *stage = p->stage;

	return tenant_lease_left_s(stage->tenant) >
	    stage->survey->conf->http.timeout_s + LONGEST_WAIT_S;
}

/* Nothing was sent: claimed again, by whoever holds the lease now. */
static void
put_back(struct pusher *p, struct flight *f, const char *why)
{
	struct push_verdict v = { .outcome = PUSH_AGAIN };

	(void)snprintf(v.reason, sizeof(v.reason), "%s", why);
	f->busy = false;
	add_move(p, &f->row, QUEUE_DEFERRED, &v, clock_now());
}

/* No matter of this person, nor of the service: it ends the run. */
static void
short_of_memory(struct pusher *p, struct flight *f)
{
	p->no_memory = true;
	stop(p, "out of memory");
	put_back(p, f, "out of memory");
}

/* As the connector knows a person, of its scratch. */
static void
respondent_make(struct pusher *p, const struct flight *f,
    struct respondent *r)
{
	push_respondent(r, &f->row, p->stage->conf->identity.phone_prefix,
	    p->stage->survey->link.scratch);
	if (p->stage->conf->calendar.by_hour)
		r->send_at = NO_TIME;	/* its time has come */
}

static bool
look_begin(struct pusher *p, struct flight *f, struct err *err)
{
	struct survey *survey = p->stage->survey;
	struct http_req req = { 0 };
	struct respondent r;

	arena_reset(survey->link.scratch);
	respondent_make(p, f, &r);
	if (arena_failed(survey->link.scratch))
		return err_nomem(err);
	if (!survey->connector->confirm_request(survey->link.self, &r, &req,
	        err))
		return false;
	/* What the looks come to is counted here. */
	req.aside = true;
	return http_multi_add(p->multi, &req, f, err);
}

/* The person declined, or is but deactivated: a read that leaves now says it. */
static void
confirm(struct pusher *p, struct flight *f)
{
	struct push_verdict v = { .outcome = PUSH_UNKNOWN };
	struct err why = { .kind = ERR_NONE };

	if (!lease_lasts(p)) {
		put_back(p, f, "the lease ran out before the look");
		return;
	}
	if (p->looks_failed >= LOOKS_FAILED_MAX) {
		(void)snprintf(v.reason, sizeof(v.reason), "not looked at, for "
		    "those at %d people in a row failed", LOOKS_FAILED_MAX);
		put_off(p, &f->row, &v);
		return;
	}
	if (look_begin(p, f, &why)) {
		f->busy = f->confirms = true;
		f->looks++;
		p->running++;
		return;
	}
	(void)snprintf(v.reason, sizeof(v.reason), "%.127s", why.msg);
	if (why.kind == ERR_NOMEM) {
		short_of_memory(p, f);
	} else if (why.kind == ERR_REJECTED || why.kind == ERR_CONFIG) {
		put_off(p, &f->row, &v);
	} else {
		v.outcome = PUSH_STOP;
		record(p, &f->row, &v, 0);
	}
}

/* With *why where nothing is on its way. */
static bool
hand_over(struct pusher *p, struct flight *f, struct err *why)
{
	struct survey *survey = p->stage->survey;
	struct http_req req = { 0 };
	struct respondent r;

	arena_reset(survey->link.scratch);
	respondent_make(p, f, &r);
	/* What was not there for want of memory would be left out. */
	if (arena_failed(survey->link.scratch))
		return err_nomem(why);
	return survey->connector->push_request(survey->link.self, &r, &req,
	           why) && http_multi_add(p->multi, &req, f, why);
}

static void
start(struct pusher *p, struct flight *f)
{
	struct push_verdict v = { .outcome = PUSH_STOP };
	struct err why = { .kind = ERR_NONE };

	if (!FAILPOINT("push.before", "request") || !lease_lasts(p)) {
		put_back(p, f, "the lease ran out before the request");
		return;
	}
	if (hand_over(p, f, &why)) {
		p->running++;
		return;
	}
	if (why.kind == ERR_NOMEM) {
		short_of_memory(p, f);
		return;
	}
	/* Nothing left the house: this row is bad, the others go on. */
	if (why.kind == ERR_REJECTED)
		v.outcome = PUSH_REJECTED;
	(void)snprintf(v.reason, sizeof(v.reason), "%.127s", why.msg);
	f->busy = false;
	record(p, &f->row, &v, 0);
}

static bool
may_claim(struct pusher *p)
{
	const struct stage *stage = p->stage;

	return !p->stopped && !p->wants_renewal && !stage->cancelled() &&
	    calendar_push_night(&stage->conf->calendar, clock_now(),
	        stage->conf->send.stop_before_s) == p->night &&
	    lease_lasts(p);
}

static struct flight *
free_flight(struct pusher *p)
{
	for (int i = 0; i < p->n_flights; i++)
		if (!p->flights[i].busy)
			return &p->flights[i];
	return NULL;
}

/* Claims as many rows as there is room for. *got = how many. */
static bool
claim(struct pusher *p, size_t *got, struct err *err)
{
	struct stage *stage = p->stage;
	const struct conf *conf = stage->conf;
	struct queue_claimed *rows = NULL;
	const struct calendar *cal = &conf->calendar;
	const struct queue_claim want = { .night = p->night,
		.at_most = p->n_flights - p->running,
		.throttle_days = conf->rules.throttle_days,
		.count_foreign = conf->rules.count_foreign, .now = clock_now(),
		.run_id = stage->log->run_id,
		.send_at = cal->by_hour ? clock_now()
		                        : calendar_send_at(cal, p->night),
		.spread_s = cal->by_hour ? 0 : conf->send.spread_min * 60,
		.conf = conf };

	*got = 0;
	p->claimed_at = want.now;
	if (p->running == 0)
		arena_reset(p->batch);
	/* Before the claim: a full disk leaves nobody in doubt. */
	if (!stage_mark_if_due(stage, err))
		return false;
	if (!queue_claim(stage->db, stage->tenant, &want, p->batch, &rows, got,
	        err))
		return false;
	stage->tenant->sends += (long long)*got;
	for (size_t i = 0; i < *got; i++) {
		struct flight *f = free_flight(p);
		if (f == NULL)
			return err_set(err, ERR_BUG, "push: more rows than flights");
		*f = (struct flight){ .row = rows[i], .busy = true };
		start(p, f);
	}
	runlog_count(stage->log, "push", stage->survey->link.name, "seen", NULL,
	    (long long)*got);
	return flush(p, err);
}

static void
judge(struct pusher *p, const struct flight *f, const struct http_res *res,
    struct push_verdict *v)
{
	struct survey *survey = p->stage->survey;
	struct respondent r;
	struct err odd;

	arena_reset(survey->link.scratch);
	if (f->confirms) {
		respondent_make(p, f, &r);
		push_judge_confirm(survey->connector, survey->link.self, &r, res,
		    v);
	} else if (!push_judge(survey->connector, survey->link.self, res, v,
	    &odd)) {
		*v = (struct push_verdict){ .outcome = PUSH_UNKNOWN };
		(void)snprintf(v->reason, sizeof(v->reason), "%.127s", odd.msg);
	}
}

/* A look that says nothing: only a run that goes on may call that unsure, and
 * what passes is looked at again, not asked again. */
static void
look_failed(struct pusher *p, struct flight *f, const struct push_verdict *v)
{
	const bool is_to_wait = v->retry_after_s > 0;

	/* People, not tries: one who cannot be looked at is not all of them. */
	if (!v->passes)
		p->looks_failed = 0;
	else if (f->looks == 1 && !is_to_wait)
		p->looks_failed++;
	if (v->passes && p->stage->cancelled()) {
		put_back(p, f, "the run ended before the look");
	} else if (v->passes && p->looks_failed < LOOKS_FAILED_MAX &&
	    f->looks < p->stage->survey->conf->http.retries) {
		/* With Retry-After the wire waits by itself. */
		if (!is_to_wait)
			http_multi_hold(p->multi,
			    (long)(backoff_s(p, f->looks - 1) + 0.5));
		confirm(p, f);
	} else {
		p->looks_failed += v->passes && is_to_wait;
		put_off(p, &f->row, v);
	}
}

static void
conclude(struct pusher *p, struct flight *f, const struct push_verdict *v,
    long status)
{
	const bool looked = f->confirms;

	f->busy = f->confirms = false;
	if (!looked && v->outcome == PUSH_OPTED_OUT &&
	    p->stage->survey->connector->confirm_request != NULL) {
		/* The service did answer who was to be asked. */
		p->refusals = p->failures = 0;
		confirm(p, f);
	} else if (looked && v->outcome == PUSH_UNKNOWN) {
		look_failed(p, f, v);
	} else {
		if (looked)
			p->looks_failed = 0;
		p->stage->survey->looked += looked;
		record(p, &f->row, v, status);
	}
}

/* One round of the wire: every finished transfer's outcome, one statement. */
static bool
poll_round(struct pusher *p, int wait_ms, struct err *err)
{
	struct http_res res;
	void *tag;

	while (p->n_moves < OUTCOMES_MAX &&
	    http_multi_poll(p->multi, wait_ms, &tag, &res)) {
		struct flight *f = tag;
		struct push_verdict v;
		wait_ms = 0;
		p->running--;
		judge(p, f, &res, &v);
		conclude(p, f, &v, res.status);
	}
	return flush(p, err);
}

/* Nothing to claim and nothing in flight: is something deferred for a short
 * while only?  *wait_ms = how long to wait before the next claim, 0 = done. */
static bool
wait_for_deferred(struct pusher *p, int *wait_ms, struct err *err)
{
	struct stage *stage = p->stage;
	long long ready;
	time_t next;

	arena_reset(stage->scratch);
	/* As of the last claim: what became ready since then is next. */
	if (!queue_due(stage->db, stage->tenant->id, p->night, p->claimed_at,
	        stage->scratch, &ready, &next, err))
		return false;
	const time_t wait_s = next - clock_now();
	*wait_ms = next == NO_TIME || wait_s > LONGEST_WAIT_S ? 0
	    : wait_s > 0 ? (int)wait_s * 1000 : 1;
	return true;
}

static bool
sleep_breathing(struct pusher *p, int wait_ms, struct err *err)
{
	const struct timespec pause = { 0, 200000000 };
	const int64_t until = clock_boottime_ms() + wait_ms;

	while (clock_boottime_ms() < until && may_claim(p)) {
		(void)nanosleep(&pause, NULL);
		if (!stage_breathe(p->stage, err))
			return false;
	}
	return true;
}

/* At most one claim per half of the flights, so that claims stay few. */
static bool
has_room(const struct pusher *p)
{
	const int batch = p->n_flights > 1 ? p->n_flights / 2 : 1;

	return p->n_flights - p->running >= batch &&
	    (p->running == 0 || arena_used(p->batch) < BATCH_BYTES_HIGH);
}

/* Nothing is due and nothing in flight: the end, or a short wait for rows that
 * were put off. */
static bool
rest(struct pusher *p, bool *done, struct err *err)
{
	int wait_ms = 0;

	if (!wait_for_deferred(p, &wait_ms, err))
		return false;
	*done = wait_ms == 0;
	return *done || sleep_breathing(p, wait_ms, err);
}

/* Nothing else is in flight. */
static void
renew(struct pusher *p)
{
	struct survey *survey = p->stage->survey;
	struct err why = { .kind = ERR_NONE };

	p->wants_renewal = false;
	p->renewed = true;
	if (!survey->connector->renew(survey->link.self, &why))
		stop(p, why.msg);
}

/* A new session, more rows; drained: there are none. */
static bool
take_up(struct pusher *p, bool *drained, struct err *err)
{
	size_t got = 0;

	if (p->wants_renewal && p->running == 0) {
		renew(p);
		/* What went back is due again, in this second. */
		*drained = false;
	}
	if (*drained || !may_claim(p) || !has_room(p))
		return true;
	if (!claim(p, &got, err))
		return false;
	*drained = got == 0;
	return true;
}

static bool
transfer(struct pusher *p, struct err *err)
{
	bool drained = false, done = false;

	while (!done) {
		if (!stage_breathe(p->stage, err) ||
		    !take_up(p, &drained, err))
			return false;
		if (p->running > 0) {
			if (!poll_round(p, 200, err))
				return false;
		} else if (!may_claim(p)) {
			done = true;
		} else if (drained) {
			if (!rest(p, &done, err))
				return false;
			drained = false;
		}
	}
	return true;
}

/* The requests in flight are finished, whatever ended the loop. */
static bool
drain(struct pusher *p, struct err *err)
{
	bool ok = true;

	while (p->running > 0 && ok)
		ok = poll_round(p, 1000, err);
	return ok;
}

static void
tell_unsure(const struct pusher *p)
{
	struct survey *survey = p->stage->survey;

	if (p->unsure == 0)
		return;
	/* No number: it would be another each night. */
	err_set(&survey->unsure, ERR_PROTOCOL, "%s: of some people nobody knows "
	    "whether they declined for good (%s): not asked, and looked at again "
	    "in the next night", survey->link.name, p->unsure_why);
	log_ev(LOG_LEVEL_ERROR, "push", "connector=%s unsure=%lld error=%s",
	    survey->link.name, p->unsure, log_quote(survey->unsure.msg));
}

static bool
push(struct pusher *p, struct err *err)
{
	struct survey *survey = p->stage->survey;
	struct err late = { .kind = ERR_NONE };

	bool ok = transfer(p, err);
	if (!drain(p, &late)) {
		if (ok)
			*err = late;
		ok = false;
	}
	tell_unsure(p);
	if (p->no_memory) {
		ok = ok && err_nomem(err);
	} else if (p->stopped) {
		survey->link.failed = true;
		err_set(&survey->link.problem, ERR_PROTOCOL, "%s: %s",
		    survey->link.name, p->stop_reason);
		log_ev(LOG_LEVEL_ERROR, "push", "connector=%s stopped=%s",
		    survey->link.name, log_quote(p->stop_reason));
	}
	/* Paused by a person in the middle: not an error. */
	return ok || (err->kind == ERR_CANCELLED && !p->stage->cancelled());
}

bool
stage_push(struct stage *stage, struct err *err)
{
	struct pusher p = { .stage = stage,
		.n_flights = stage->survey->conf->concurrency,
		.night = calendar_push_night(&stage->conf->calendar, clock_now(),
		    stage->conf->send.stop_before_s) };
	AUTO(arena) struct arena *batch = NULL;

	if (p.night == NO_DAY)
		return true;
	batch = arena_new(BATCH_BYTES_MAX);
	if (batch == NULL)
		return err_nomem(err);
	p.batch = batch;
	p.flights = arena_array(stage->log->arena, (size_t)p.n_flights,
	    sizeof(*p.flights));
	if (p.flights == NULL)
		return err_nomem(err);
	if (!http_multi_open(stage->survey->link.http, p.n_flights, &p.multi, err))
		return false;
	const bool ok = push(&p, err);
	http_multi_close(p.multi);
	return ok;
}
