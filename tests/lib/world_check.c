/*
 * world_check.c - what must be true of a world when nothing is left to do,
 * whatever was done to it.
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../sim/simtime.h"
#include "ledger.h"

#define QUIET_NIGHTS 8
#define DAYS 30

DB_STMT(world_queue,
    "SELECT q.event_id, q.contact_id, q.state, coalesce(q.reason, ''), q.client_ref::text,"
    "       EXISTS (SELECT 1 FROM npsync.queue_history h WHERE h.tenant_id = $1"
    "               AND h.queue_id = q.queue_id AND h.from_state = 'unknown' AND h.to_state = 'sent'),"
    "       EXISTS (SELECT 1 FROM npsync.queue_history h WHERE h.tenant_id = $1"
    "               AND h.queue_id = q.queue_id AND h.from_state = 'unknown'"
    "               AND h.to_state = 'deferred')"
    "  FROM npsync.queue q WHERE q.tenant_id = $1");
DB_STMT(world_refs,
    "SELECT client_ref::text FROM npsync.queue WHERE tenant_id = $1 AND state = $2");
DB_STMT(world_open,
    "SELECT (SELECT count(*) FROM npsync.queue WHERE tenant_id = $1"
    "           AND (state IN ('queued', 'deferred', 'sending') OR ($2 AND state = 'unknown')))"
    "     + (SELECT count(*) FROM npsync.tag_want WHERE tenant_id = $1 AND state <> 'done')");
DB_STMT(world_run_count, "SELECT count(*) FROM npsync.run WHERE tenant_id = $1");
DB_STMT(world_lease_over,
    "UPDATE npsync.tenant SET lease_until = now() - interval '1 s' WHERE tenant_id = $1");
DB_STMT(world_tags,
    "SELECT contact_id, tag FROM npsync.tag_want WHERE tenant_id = $1 AND state = 'done'"
    "   AND applied_tag = tag");
/* I5, I6 in words. */
DB_STMT(world_wrong,
    "WITH h AS (SELECT queue_id, version, from_state, to_state,"
    "         lag(to_state) OVER w AS before, lead(version) OVER w AS next,"
    "         row_number() OVER w AS n"
    "    FROM npsync.queue_history WHERE tenant_id = $1"
    "  WINDOW w AS (PARTITION BY queue_id ORDER BY version))"
    " SELECT 'history of row ' || queue_id || ' has a gap at ' || version FROM h WHERE n <> version"
    " UNION ALL SELECT 'history of row ' || queue_id || ' is no chain at ' || version FROM h"
    "   WHERE from_state <> coalesce(before, 'queued')"
    " UNION ALL SELECT 'row ' || q.queue_id || ' is not where its history ends'"
    "   FROM npsync.queue q LEFT JOIN h ON h.queue_id = q.queue_id AND h.next IS NULL"
    "  WHERE q.tenant_id = $1 AND (q.version <> coalesce(h.version, 0)"
    "        OR q.state <> coalesce(h.to_state, 'queued'))"
    " UNION ALL SELECT 'run ' || run_id || ' ' || stage || ' ' || source || ': seen ' || seen ||"
    "        ', others ' || others FROM ("
    "  SELECT run_id, stage, source, coalesce(sum(n) FILTER (WHERE outcome = 'seen'), 0) AS seen,"
    "         coalesce(sum(n) FILTER (WHERE outcome <> 'seen'), 0) AS others"
    "    FROM npsync.run_count WHERE tenant_id = $1 GROUP BY run_id, stage, source) c"
    "  WHERE seen <> others"
    " UNION ALL SELECT 'run ' || run_id || ' has counts, but no end' FROM npsync.run r"
    "  WHERE r.tenant_id = $1 AND r.ended_at IS NULL"
    "    AND EXISTS (SELECT 1 FROM npsync.run_count c WHERE c.tenant_id = $1 AND c.run_id = r.run_id)"
    " UNION ALL SELECT 'no evidence for row ' || queue_id FROM npsync.queue q"
    "  WHERE q.tenant_id = $1 AND q.state IN ('sent', 'unknown') AND NOT EXISTS ("
    "        SELECT 1 FROM npsync.person_send s WHERE s.tenant_id = $1 AND s.source = 'own'"
    "           AND s.ref = q.client_ref::text AND s.person_key = q.person_key)"
    " UNION ALL SELECT 'evidence for what did not leave: ' || ref FROM npsync.person_send s"
    "  WHERE s.tenant_id = $1 AND s.source = 'own' AND NOT EXISTS ("
    "        SELECT 1 FROM npsync.queue q WHERE q.tenant_id = $1 AND q.client_ref::text = s.ref"
    "           AND q.state IN ('sent', 'unknown'))"
    " UNION ALL SELECT 'keys known: ' || n || ', fed: ' || $2::bigint"
    "   FROM (SELECT count(*) AS n FROM npsync.event_seen WHERE tenant_id = $1) e WHERE n <> $2"
    " UNION ALL SELECT 'the lease was left behind' FROM npsync.tenant"
    "  WHERE tenant_id = $1 AND (holder IS NOT NULL OR lease_until > now())"
    " UNION ALL SELECT 'taken for a restored backup' FROM npsync.tenant"
    "  WHERE tenant_id = $1 AND restored_at IS NOT NULL");
/* When it was last listed is news each night. */
DB_STMT(world_hash,
    "SELECT md5(string_agg(t, '|' ORDER BY t)) FROM ("
    "  SELECT (to_jsonb(q) - 'listed_at')::text AS t FROM npsync.queue q WHERE tenant_id = $1"
    "  UNION ALL SELECT h::text FROM npsync.queue_history h WHERE tenant_id = $1"
    "  UNION ALL SELECT s::text FROM npsync.person_send s WHERE tenant_id = $1"
    "  UNION ALL SELECT a::text FROM npsync.answer a WHERE tenant_id = $1"
    "  UNION ALL SELECT e::text FROM npsync.event_seen e WHERE tenant_id = $1"
    "  UNION ALL SELECT o::text FROM npsync.opt_out o WHERE tenant_id = $1"
    "  UNION ALL SELECT w::text FROM npsync.tag_want w WHERE tenant_id = $1) x");

/* ---- questions --------------------------------------------------------------- */
/* text or number: what $2 is; neither = there is none. */
static struct db_result *
ask(struct world *w, const struct db_stmt *stmt, const char *text,
    const long long *number)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	struct db_result *r = NULL;
	struct err err = { 0 };
	struct db_args args;

	assert_non_null(arena);
	db_args_init(&args, arena);
	db_arg_int(&args, 1);
	if (text != NULL)
		db_arg_text(&args, text);
	if (number != NULL)
		db_arg_int(&args, *number);
	if (!db_query(w->db, stmt, &args, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

static bool
is_respondent(const struct simproc_line *l, const char *ref)
{
	return l->kind == SIMPROC_RESPONDENT && (strcmp(l->guid, ref) == 0 ||
	    strcmp(l->ref, ref) == 0);
}

/* How often a reference is in the ledger. */
static int
there(struct world *w, const char *ref)
{
	size_t n;
	int found = 0;
	const struct simproc_line *line = simproc_ledger(w->sim, &n);

	for (size_t i = 0; i < n; i++)
		found += is_respondent(&line[i], ref);
	return found;
}

int
world_rows(struct world *w, const char *state)
{
	AUTO(db_result) struct db_result *r = ask(w, &world_refs, state, NULL);

	return db_rows(r);
}

int
world_rows_there(struct world *w, const char *state)
{
	AUTO(db_result) struct db_result *r = ask(w, &world_refs, state, NULL);
	int n = 0;

	for (int i = 0; i < db_rows(r); i++) {
		const int found = there(w, db_text(r, i, 0));
		assert_in_range(found, 0, 1);
		n += found;
	}
	return n;
}

void
world_expire_lease(struct world *w)
{
	db_result_free(ask(w, &world_lease_over, NULL, NULL));
}

long long
world_runs(struct world *w)
{
	AUTO(db_result) struct db_result *r = ask(w, &world_run_count, NULL,
	    NULL);

	return db_int(r, 0, 0);
}

static bool
is_quiet(struct world *w)
{
	AUTO(db_result) struct db_result *r = ask(w, &world_open,
	    w->options.members ? "true" : "false", NULL);

	return db_int(r, 0, 0) == 0;
}

static void
hash(struct world *w, char out[40])
{
	AUTO(db_result) struct db_result *r = ask(w, &world_hash, NULL, NULL);

	(void)snprintf(out, 40, "%s", db_text(r, 0, 0));
}

/* ---- I1 --------------------------------------------------------------------------- */
struct seen {
	char rows[2][WORLD_EVENTS_MAX];	/* by kind of event, how many */
	int known;			/* respondents that a row accounts for */
};

static void
check_row(struct world *w, const struct db_result *r, int i, struct seen *seen,
    struct world_fate *fate)
{
	static const char *const states[] = { "sent", "unknown", "suppressed",
		"expired", "failed" };
	int *const counts[] = { &fate->sent, &fate->unknown,
		&fate->suppressed, &fate->expired, &fate->failed };
	const char *event = db_text(r, i, 0), *state = db_text(r, i, 2);
	const int n = there(w, db_text(r, i, 4));
	int64_t number = -1;
	char digits[16];
	size_t s = 0;

	while (s < ARRAY_LEN(states) && strcmp(states[s], state) != 0)
		s++;
	/* "A15/K15" */
	(void)snprintf(digits, sizeof(digits), "%.*s",
	    (int)strcspn(event + 1, "/"), event + 1);
	assert_true(sim_num(digits, &number));
	if (s == ARRAY_LEN(states))
		fail_msg("%s is %s (%s), and nothing is left to do", event,
		    state, db_text(r, i, 3));
	(*counts[s])++;
	if (n > 1 || (s == 0 && n != 1) || (s > 1 && n != 0))
		fail_msg("%s is %s (%s), %d times at the service", event,
		    state, db_text(r, i, 3), n);
	if (s > 1 && db_text(r, i, 3)[0] == '\0')
		fail_msg("%s is %s without a reason", event, state);
	assert_in_range(number, 0, WORLD_EVENTS_MAX - 1);
	seen->rows[event[0] == 'B'][number]++;
	seen->known += n;
	fate->unknown_there += s == 1 ? n : 0;
	fate->found += db_bool(r, i, 5);
	fate->resent += db_bool(r, i, 6);
}

static void
check_rows(struct world *w, struct world_fate *fate)
{
	AUTO(db_result) struct db_result *r = ask(w, &world_queue, NULL, NULL);
	static struct seen seen;
	const int respondents = ledger_respondents(w->sim);

	memset(&seen, 0, sizeof(seen));
	for (int i = 0; i < db_rows(r); i++)
		check_row(w, r, i, &seen, fate);
	for (int i = 0; i < w->people; i++)
		if (seen.rows[0][i] != 1)
			fail_msg("event A%d is in %d rows", i, seen.rows[0][i]);
	for (int i = 0; i < w->n_again; i++)
		if (seen.rows[1][i] != 1)
			fail_msg("event B%d is in %d rows", i, seen.rows[1][i]);
	assert_int_equal(db_rows(r), w->people + w->n_again);
	/* Nobody is there of whom we know nothing. */
	assert_int_equal(seen.known, respondents);
	fate->respondents += respondents;
	fate->accepted += w->people + w->n_again;
}

/* ---- I2, I3, I4 -------------------------------------------------------------------- */
static void
check_ledger(struct world *w)
{
	char first[200];
	size_t n;
	const int doubles = ledger_doubles(w->sim, DAYS, first, sizeof(first));

	if (doubles > 0)
		fail_msg("%d doubled: %s", doubles, first);
	const struct simproc_line *line = simproc_ledger(w->sim, &n);
	for (size_t i = 0; i < n; i++)
		if (strstr(line[i].email, "@egen.") != NULL)
			fail_msg("one of our own house was asked");
}

/* The newest answer of that address; -1 = none. */
static int
rating_of(const struct simproc_line *line, size_t n, const char *address)
{
	const struct simproc_line *newest = NULL;

	for (size_t i = 0; i < n; i++)
		if (line[i].kind == SIMPROC_ANSWER &&
		    strcmp(line[i].email, address) == 0 &&
		    (newest == NULL || line[i].at >= newest->at))
			newest = &line[i];
	return newest == NULL ? -1 : newest->rating;
}

static int
check_tags(struct world *w)
{
	AUTO(db_result) struct db_result *r = ask(w, &world_tags, NULL, NULL);
	char address[64], tag[64];
	size_t n;
	int tags = 0, answered = 0;
	const struct simproc_line *line = simproc_ledger(w->sim, &n);

	for (int i = 0; i < db_rows(r); i++, tags++) {
		(void)snprintf(address, sizeof(address), "k%s@kunde.example",
		    db_text(r, i, 0) + 1);
		const int rating = rating_of(line, n, address);
		(void)snprintf(tag, sizeof(tag), "NPSToday.Møde.%d", rating);
		if (strcmp(tag, db_text(r, i, 1)) != 0)
			fail_msg("%s has %s, the answer says %d",
			    db_text(r, i, 0), db_text(r, i, 1), rating);
	}
	for (int i = 0; i < w->people; i++) {
		(void)snprintf(address, sizeof(address), "k%d@kunde.example",
		    i);
		answered += rating_of(line, n, address) >= 0;
	}
	assert_int_equal(tags, answered);
	return tags;
}

/* ---- all of it ------------------------------------------------------------------------ */
static void
check_database(struct world *w)
{
	const long long fed = w->people + w->n_again;
	AUTO(db_result) struct db_result *r = ask(w, &world_wrong, NULL, &fed);

	if (db_rows(r) > 0)
		fail_msg("%d things are wrong, the first: %s", db_rows(r),
		    db_text(r, 0, 0));
}

void
world_check(struct world *w, struct world_fate *fate)
{
	char before[40], after[40];
	int nights = 0;

	do {
		if (nights++ == QUIET_NIGHTS)
			fail_msg("no quiet after %d nights", QUIET_NIGHTS);
		/* Somebody new, so that lists show somebody younger. */
		world_next_night(w, 1);
		world_night(w);
	} while (nights < 2 || !is_quiet(w));
	hash(w, before);
	world_night(w);
	hash(w, after);
	assert_string_equal(before, after);
	check_database(w);
	check_rows(w, fate);
	check_ledger(w);
	fate->tags += check_tags(w);
	fate->worlds++;
	fate->runs_ended += (int)world_runs(w);
}

void
world_say(const char *what, const struct world_fate *f)
{
	print_message("# %s: %d worlds, %d runs, %d events = %d sent + %d "
	    "unknown (%d of them there) + %d suppressed + %d expired + %d "
	    "failed; %d at the service, %d found by listing, %d sent after "
	    "proven absence, %d tags; 0 doubled, 0 lost\n", what, f->worlds,
	    f->runs_ended, f->accepted, f->sent, f->unknown, f->unknown_there,
	    f->suppressed, f->expired, f->failed, f->respondents, f->found,
	    f->resent, f->tags);
	assert_int_equal(f->accepted, f->sent + f->unknown + f->suppressed +
	    f->expired + f->failed);
}
