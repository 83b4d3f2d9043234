/*
 * nights_check.c - the ledger and the queue against the model.
 */
#include "nights_int.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

#define SETTLE_S 1800		/* members.settle_min */
#define SECOND_LOOK_S 900	/* reconcile.second_look_min */
#define LOOK_BACK_S (30 * DAY_S)

DB_STMT(nights_unknown,
    "SELECT client_ref::text FROM npsync.queue WHERE tenant_id = $1 AND state = 'unknown'");
DB_STMT(nights_rows,
    "SELECT trigger, event_id, contact_id, state, coalesce(reason, ''), client_ref::text"
    "  FROM npsync.queue WHERE tenant_id = $1");
DB_STMT(nights_there,
    "SELECT 1 FROM npsync.queue WHERE tenant_id = $1 AND connector = 'crm' AND trigger = $2"
    "   AND event_id = $3 AND contact_id = $4");
/* Stages and sources whose counts do not add up. */
DB_STMT(nights_counts,
    "SELECT stage || ' ' || source || ': seen ' || seen || ', others ' || others FROM ("
    "  SELECT stage, source, sum(n) FILTER (WHERE outcome = 'seen') AS seen,"
    "         coalesce(sum(n) FILTER (WHERE outcome <> 'seen'), 0) AS others"
    "    FROM npsync.run_count WHERE tenant_id = $1"
    "     AND run_id = (SELECT max(run_id) FROM npsync.run WHERE tenant_id = $1)"
    "   GROUP BY stage, source) c WHERE seen <> others"
    " UNION ALL SELECT 'a run without end' FROM npsync.run WHERE tenant_id = $1"
    "  AND ended_at IS NULL AND run_id = (SELECT max(run_id) FROM npsync.run WHERE tenant_id = $1)");
/* Every state change has one history row. */
DB_STMT(nights_history,
    "SELECT count(*) FROM npsync.queue q WHERE tenant_id = $1 AND version <>"
    " (SELECT count(*) FROM npsync.queue_history h WHERE h.tenant_id = $1"
    "     AND h.queue_id = q.queue_id)");

/* ---- settled by looking --------------------------------------------------------- */
static int64_t
newest_listed(void)
{
	size_t n;
	int64_t newest = -1;
	const struct simproc_line *line = simproc_ledger(scene.sim, &n);

	for (size_t i = 0; i < n; i++)
		if ((line[i].kind == SIMPROC_RESPONDENT ||
		        line[i].kind == SIMPROC_FOREIGN) &&
		    line[i].received > newest)
			newest = line[i].received;
	return newest;
}

/* Not at the service: proven only by two lists, apart in time, both with
 * somebody younger. */
static void
settle_row(struct oracle_row *row, int64_t now, int64_t newest)
{
	if (row->claimed_at < now - LOOK_BACK_S || newest <= row->claimed_at ||
	    now - row->claimed_at < SETTLE_S)
		return;
	if (row->absent_at == 0) {
		row->absent_at = now;
		return;
	}
	if (now - row->absent_at < SECOND_LOOK_S)
		return;
	if (row->retried)
		scene.got.settled_failed++;
	else
		scene.got.settled_again++;
	oracle_unsent(&scene.oracle, row,
	    row->retried ? ORACLE_FAILED : ORACLE_WAITING);
	row->retried = true;
	row->absent_at = 0;
}

/* Done, but the answer was lost: it must be found now. */
static void
count_found(void)
{
	AUTO(db_result) struct db_result *r = nights_ask(&nights_unknown, NULL,
	    NULL, NULL);

	for (int i = 0; i < db_rows(r); i++)
		for (size_t k = 0; k < scene.oracle.n; k++)
			if (strcmp(scene.oracle.rows[k].ref,
			        db_text(r, i, 0)) == 0)
				scene.got.settled_sent++;
}

void
nights_settle_model(int64_t now, bool listed)
{
	if (!scene.set->members || !listed)
		return;
	const int64_t newest = newest_listed();
	count_found();
	for (size_t i = 0; i < scene.oracle.n; i++) {
		struct oracle_row *row = &scene.oracle.rows[i];
		if (row->state == ORACLE_SENT)
			row->confirmed = true;
		else if (row->state == ORACLE_UNKNOWN)
			settle_row(row, NIGHTS_SKEW_OF(now), newest);
	}
}

void
nights_audit_model(void)
{
	size_t n;
	const struct simproc_line *line = simproc_ledger(scene.sim, &n);
	char address[96];

	scene.audited = true;
	if (!scene.set->members || !scene.set->count_foreign)
		return;
	for (; scene.n_audited < n; scene.n_audited++) {
		const struct simproc_line *l = &line[scene.n_audited];
		if (l->kind != SIMPROC_FOREIGN)
			continue;
		ledger_lower(l->email, address, sizeof(address));
		oracle_foreign(&scene.oracle, address,
		    fakecrm_day_of(l->send_at > l->received ? l->send_at
		                                            : l->received));
	}
}

/* ---- who was asked --------------------------------------------------------------- */
/* Of a run that broke, an answer may be late: the row was in doubt until now. */
static struct oracle_row *
due_row(int contact, long long campaign, int night)
{
	for (size_t i = 0; i < scene.oracle.n; i++) {
		struct oracle_row *row = &scene.oracle.rows[i];
		if ((row->state == ORACLE_DUE ||
		        (row->state == ORACLE_UNKNOWN && scene.wounds > 0)) &&
		    row->due_night == night && row->contact == contact &&
		    row->campaign == campaign)
			return row;
	}
	return NULL;
}

static void
check_allowed(const struct simproc_line *l, int contact, int night)
{
	const struct fakecrm_contact *c = &scene.crm.contact[contact];
	const int64_t first = fakecrm_time(night, 9, 0);
	char address[64];

	fakecrm_address(c, address);
	if (!c->exists || c->left || c->no_send || fakecrm_is_own(c) ||
	    scene.crm.company_no_send[c->company] ||
	    oracle_is_opted_out(&scene.oracle, address))
		nights_violation("I3 %s was asked, %s", c->id,
		    nights_iso(l->received));
	if (!ledger_same_address(l->email, address))
		nights_violation("I3 %s was asked at another address", c->id);
	if (!fakecrm_is_working(night) ||
	    l->received < fakecrm_time(night - 1, 23, 0) ||
	    l->received >= fakecrm_time(night, 5, 55))
		nights_violation("I3 transferred at %s",
		    nights_iso(l->received));
	if (l->send_at < first || l->send_at >= first + 20 * 60)
		nights_violation("I3 a mail leaves at %s",
		    nights_iso(l->send_at));
}

static void
take_line(const struct simproc_line *l, int night)
{
	const int contact = strncmp(l->external, "crm:", 4) == 0
	    ? fakecrm_find(&scene.crm, l->external + 4) : -1;

	if (contact < 0) {
		nights_violation("a respondent of nobody: \"%s\"", l->external);
		return;
	}
	check_allowed(l, contact, night);
	struct oracle_row *row = due_row(contact, l->campaign, night);
	if (row == NULL) {
		nights_violation("I5 %s: %s was asked by %lld, which nothing "
		    "demands", nights_iso(l->received), l->external,
		    l->campaign);
		return;
	}
	if (row->state == ORACLE_UNKNOWN)
		oracle_unsent(&scene.oracle, row, ORACLE_DUE);
	(void)snprintf(row->ref, sizeof(row->ref), "%s", l->guid);
	row->confirmed = false;
	oracle_sent(&scene.oracle, row, ORACLE_SENT);
}

void
nights_take_lines(int night)
{
	size_t n;
	const struct simproc_line *line = simproc_ledger(scene.sim, &n);

	for (; scene.n_lines < n; scene.n_lines++)
		if (line[scene.n_lines].kind == SIMPROC_RESPONDENT &&
		    scene.set->judge)
			take_line(&line[scene.n_lines], night);
}

/* Killed before it had read what came in after the evening. */
static bool
is_unread(const struct oracle_row *row, const struct fault *fault)
{
	if (fault == NULL || !fault->kill ||
	    row->created_night != row->due_night)
		return false;
	AUTO(db_result) struct db_result *r = nights_ask(&nights_there,
	    oracle_event_name(row->event), row->event_id, row->contact_id);
	return db_rows(r) == 0;
}

/* Due, and not in the ledger: only a fault explains that.  False: this night did
 * not claim it; killed before it had looked for those in doubt. */
static bool
explain_due(struct oracle_row *row, const struct fault *fault)
{
	AUTO(db_result) struct db_result *r = nights_ask_row(row);
	const char *state = db_rows(r) == 1 ? db_text(r, 0, 2) : "";
	const int attempt = db_rows(r) == 1 ? (int)db_int(r, 0, 1) : 0;
	const bool claimed = attempt > row->attempt;

	row->attempt = attempt;

	/* Put off by an earlier run of the night, until later than this one. */
	if (fault == NULL && strcmp(state, "deferred") == 0 &&
	    strncmp(db_text(r, 0, 3), "HTTP 429", 8) == 0)
		return claimed;
	if (fault == NULL)
		nights_violation("I5 %s: %s %s of %s was not transferred; the queue"
		    " says %s %s", nights_iso(clock_now()),
		    oracle_event_name(row->event), row->event_id,
		    row->contact_id, state,
		    db_rows(r) == 1 ? db_text(r, 0, 3) : "");
	else if (strcmp(state, "unknown") == 0 ||
	    (fault->kill && strcmp(state, "sending") == 0))
		oracle_sent(&scene.oracle, row, ORACLE_UNKNOWN);
	else if (strcmp(state, "failed") == 0)
		oracle_sent(&scene.oracle, row, ORACLE_FAILED);
	else if (strcmp(state, "queued") != 0 && strcmp(state, "deferred") != 0)
		nights_violation("I5 %s %s is %s, but the ledger lacks it",
		    oracle_event_name(row->event), row->event_id, state);
	row->claimed_at = NIGHTS_SKEW_OF(scene.run_at);
	row->absent_at = 0;
	return claimed;
}

void
nights_settle_night(int night, const struct fault *fault)
{
	int lost = 0;

	nights_take_lines(night);
	for (size_t i = 0; scene.set->judge && i < scene.oracle.n; i++) {
		struct oracle_row *row = &scene.oracle.rows[i];
		if (row->state != ORACLE_DUE || row->due_night != night)
			continue;
		if (is_unread(row, fault))
			continue;
		const bool claimed = explain_due(row, fault);
		lost += claimed && (row->state == ORACLE_UNKNOWN ||
		    row->state == ORACLE_FAILED);
	}
	if (fault != NULL && lost > fault->lost)
		nights_violation("I5 %s: %s left %d people unasked",
		    nights_iso(clock_now()), fault->name, lost);
}

/* ---- the queue --------------------------------------------------------------------- */
static bool
state_fits(const struct oracle_row *row, const char *state, const char *reason)
{
	static const char *const names[ORACLE_STATES] = { "queued", "queued",
		"sent", "unknown", "failed", "suppressed", "expired",
		"excluded" };

	switch (row->state) {
	case ORACLE_WAITING:
	case ORACLE_DUE:
		return strcmp(state, "queued") == 0 ||
		    strcmp(state, "deferred") == 0;
	case ORACLE_SENT:
		/* Sent, but the answer was lost, and nobody looked yet. */
		return strcmp(state, "sent") == 0 ||
		    (!row->confirmed && strcmp(state, "unknown") == 0);
	case ORACLE_SUPPRESSED:
	case ORACLE_EXPIRED:
		return strcmp(state, names[row->state]) == 0 &&
		    strcmp(reason, row->reason) == 0;
	case ORACLE_UNKNOWN:
	case ORACLE_FAILED:
	case ORACLE_EXCLUDED:
	case ORACLE_STATES:
		break;
	}
	return strcmp(state, names[row->state]) == 0;
}

static const struct oracle_row *
model_of(const struct db_result *r, int i)
{
	for (size_t k = 0; k < scene.oracle.n; k++) {
		const struct oracle_row *row = &scene.oracle.rows[k];
		if (strcmp(db_text(r, i, 1), row->event_id) == 0 &&
		    strcmp(db_text(r, i, 2), row->contact_id) == 0 &&
		    strcmp(db_text(r, i, 0), oracle_event_name(row->event)) == 0)
			return row;
	}
	return NULL;
}

static void
check_row(const struct db_result *r, int i, int64_t now)
{
	const struct oracle_row *row = model_of(r, i);
	const char *state = db_text(r, i, 3), *reason = db_text(r, i, 4);

	if (row == NULL)
		nights_violation("I1 %s %s should not be there",
		    db_text(r, i, 0), db_text(r, i, 1));
	else if (!state_fits(row, state, reason))
		nights_violation("I1 %s: %s %s of %s is %s %s, expected %d %s",
		    nights_iso(now), db_text(r, i, 0), row->event_id,
		    row->contact_id, state, reason, (int)row->state,
		    row->reason);
	else if (row->ref[0] != '\0' &&
	    strcmp(row->ref, db_text(r, i, 5)) != 0)
		nights_violation("I2 %s went out under another reference",
		    row->event_id);
}

/* Each row has a model, and there are as many: so each event has its row. */
void
nights_check_queue(int64_t now)
{
	AUTO(db_result) struct db_result *r = nights_ask(&nights_rows, NULL,
	    NULL, NULL);

	if ((size_t)db_rows(r) != scene.oracle.n)
		nights_violation("I1 %s: %d rows, %zu events", nights_iso(now),
		    db_rows(r), scene.oracle.n);
	for (int i = 0; i < db_rows(r); i++)
		check_row(r, i, now);
}

/* ---- the rest ---------------------------------------------------------------------- */
void
nights_check_counts(int64_t now)
{
	AUTO(db_result) struct db_result *r = nights_ask(&nights_counts, NULL,
	    NULL, NULL);

	for (int i = 0; i < db_rows(r); i++)
		nights_violation("I1 %s: %s", nights_iso(now),
		    db_text(r, i, 0));
}

void
nights_check_tags(int64_t now)
{
	char first[160];

	scene.tag_checks++;
	if (ledger_wrong_tags(scene.sim, &scene.crm, scene.foreign,
	        scene.n_foreign, &scene.n_tags, first, sizeof(first)) > 0)
		nights_violation("I4 %s: %s", nights_iso(now), first);
}

void
nights_check_history(void)
{
	AUTO(db_result) struct db_result *r = nights_ask(&nights_history, NULL,
	    NULL, NULL);

	if (db_int(r, 0, 0) != 0)
		nights_violation("I6 %lld rows with another history",
		    db_int(r, 0, 0));
}
