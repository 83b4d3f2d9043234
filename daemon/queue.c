#include "queue.h"

#include <string.h>

#include "clock.h"
#include "rules.h"

static const char *const state_names[QUEUE_STATES] = {
	[QUEUE_QUEUED] = "queued", [QUEUE_SUPPRESSED] = "suppressed",
	[QUEUE_EXPIRED] = "expired", [QUEUE_EXCLUDED] = "excluded",
	[QUEUE_HELD] = "held", [QUEUE_SENDING] = "sending", [QUEUE_SENT] = "sent",
	[QUEUE_DEFERRED] = "deferred", [QUEUE_FAILED] = "failed",
	[QUEUE_UNKNOWN] = "unknown",
};

/* Design section 5; reliability section 3. Everything else is refused. */
static const struct {
	enum queue_actor actor;
	enum queue_state from, to;
} moves_allowed[] = {
	{ ACTOR_DECIDE, QUEUE_QUEUED, QUEUE_SUPPRESSED },
	{ ACTOR_DECIDE, QUEUE_DEFERRED, QUEUE_SUPPRESSED },
	{ ACTOR_DECIDE, QUEUE_QUEUED, QUEUE_EXPIRED },
	{ ACTOR_DECIDE, QUEUE_DEFERRED, QUEUE_EXPIRED },
	{ ACTOR_DECIDE, QUEUE_QUEUED, QUEUE_HELD },
	{ ACTOR_DECIDE, QUEUE_DEFERRED, QUEUE_HELD },
	{ ACTOR_DECIDE, QUEUE_QUEUED, QUEUE_DEFERRED },
	{ ACTOR_DECIDE, QUEUE_DEFERRED, QUEUE_DEFERRED },
	{ ACTOR_DECIDE, QUEUE_SUPPRESSED, QUEUE_QUEUED },
	{ ACTOR_PUSH, QUEUE_SENDING, QUEUE_SENT },
	{ ACTOR_PUSH, QUEUE_SENDING, QUEUE_DEFERRED },
	{ ACTOR_PUSH, QUEUE_SENDING, QUEUE_FAILED },
	{ ACTOR_PUSH, QUEUE_SENDING, QUEUE_UNKNOWN },
	{ ACTOR_PUSH, QUEUE_UNKNOWN, QUEUE_SENT },
	{ ACTOR_SETTLE, QUEUE_SENDING, QUEUE_UNKNOWN },
	{ ACTOR_SETTLE, QUEUE_UNKNOWN, QUEUE_SENT },
	{ ACTOR_SETTLE, QUEUE_UNKNOWN, QUEUE_DEFERRED },
	{ ACTOR_SETTLE, QUEUE_UNKNOWN, QUEUE_FAILED },
	{ ACTOR_SETTLE, QUEUE_QUEUED, QUEUE_HELD },
	{ ACTOR_SETTLE, QUEUE_DEFERRED, QUEUE_HELD },
	/* A restored backup, once the service has listed what was sent. */
	{ ACTOR_SETTLE, QUEUE_HELD, QUEUE_SENT },
	{ ACTOR_SETTLE, QUEUE_HELD, QUEUE_QUEUED },
	/* The card was merged into one that has the same event (contact_merge.c). */
	{ ACTOR_REFRESH, QUEUE_QUEUED, QUEUE_SUPPRESSED },
	{ ACTOR_REFRESH, QUEUE_DEFERRED, QUEUE_SUPPRESSED },
	{ ACTOR_REFRESH, QUEUE_HELD, QUEUE_SUPPRESSED },
	{ ACTOR_REFRESH, QUEUE_EXCLUDED, QUEUE_SUPPRESSED },
	{ ACTOR_ADMIN, QUEUE_QUEUED, QUEUE_EXCLUDED },
	{ ACTOR_ADMIN, QUEUE_DEFERRED, QUEUE_EXCLUDED },
	{ ACTOR_ADMIN, QUEUE_HELD, QUEUE_EXCLUDED },
	{ ACTOR_ADMIN, QUEUE_EXCLUDED, QUEUE_QUEUED },
	{ ACTOR_ADMIN, QUEUE_HELD, QUEUE_QUEUED },
	{ ACTOR_ADMIN, QUEUE_FAILED, QUEUE_QUEUED },
	{ ACTOR_ADMIN, QUEUE_UNKNOWN, QUEUE_SENT },
	{ ACTOR_ADMIN, QUEUE_UNKNOWN, QUEUE_FAILED },
	/* <prefix>.Skip on the card (stage_command.c). */
	{ ACTOR_TAG, QUEUE_QUEUED, QUEUE_EXCLUDED },
	{ ACTOR_TAG, QUEUE_DEFERRED, QUEUE_EXCLUDED },
	{ ACTOR_TAG, QUEUE_HELD, QUEUE_EXCLUDED },
};

/*
 * One row per person: none of its keys belongs to a better row that is still
 * due, to a row being sent, or to sends that a frequency rule counts; no pause
 * that was made meanwhile means it, and it has not declined.  MATERIALIZED,
 * because `IN (SELECT .. LIMIT n FOR UPDATE)` may take far more than n.
 * unnest(q.person) in FROM keeps the look-ups a few index probes per row.
 */
DB_STMT(queue_claim_rows,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "     AND lease_until > now() AND NOT paused FOR SHARE"
    /* The throttle is the first of them, and stands for itself below. */
    "), freq AS MATERIALIZED ("
    "  SELECT * FROM unnest($11::text[], $12::int[], $13::int[], $14::text[]) WITH ORDINALITY"
    "         AS f(scope, most, days, source, ord) WHERE source = 'send' AND ord > 1"
    "), programme AS MATERIALIZED ("
    "  SELECT * FROM unnest($15::text[], $16::text[]) AS p(campaign, name)"
    "), pick AS MATERIALIZED ("
    "  SELECT q.queue_id, q.version, q.state, q.person, q.client_ref, q.campaign,"
    "         q.connector, q.contact_id"
    "    FROM npsync.queue q"
    "   WHERE q.tenant_id = $1 AND EXISTS (SELECT 1 FROM e)"
    "     AND q.due_night = $3::date AND q.state IN ('queued', 'deferred')"
    "     AND q.deferred_until <= $6::timestamptz"
    "     AND (q.test OR NOT EXISTS (SELECT 1 FROM unnest(q.person) k"
    "           JOIN npsync.person_send s ON s.tenant_id = $1 AND s.person_key = k"
    "            AND s.sent_on > $3::date - greatest($5::int, 1)"
    "            AND (s.source = 'own' OR $8)))"
    "     AND (q.test OR NOT EXISTS (SELECT 1 FROM freq f WHERE f.most <="
    "          (SELECT count(DISTINCT (s.sent_on, s.ref)) FROM unnest(q.person) k"
    "             JOIN npsync.person_send s ON s.tenant_id = $1 AND s.person_key = k"
    "              AND s.sent_on > $3::date - f.days AND (s.source = 'own' OR $8)"
    "              AND (f.scope = 'any' OR s.campaign = q.campaign"
    "                   OR (f.scope = 'programme' AND EXISTS (SELECT 1"
    "                         FROM programme x JOIN programme y USING (name)"
    "                        WHERE x.campaign = s.campaign AND y.campaign = q.campaign))))))"
    "     AND NOT EXISTS (SELECT 1 FROM npsync.pause p"
    "           LEFT JOIN npsync.contact h ON h.tenant_id = $1"
    "                AND h.connector = q.connector AND h.contact_id = q.contact_id"
    "          WHERE p.tenant_id = $1 AND (p.until IS NULL OR p.until > $6::timestamptz)"
    "            AND (p.trigger IS NULL OR p.trigger = q.trigger)"
    "            AND (p.campaign IS NULL OR p.campaign = q.campaign)"
    "            AND (p.company IS NULL OR p.company IN (h.company_id, h.company))"
    "            AND (p.country IS NULL OR p.country = upper(h.country)))"
    /* What came in since the night decided: the next one gives it its reason. */
    "     AND NOT EXISTS (SELECT 1 FROM npsync.contact h"
    "          WHERE h.tenant_id = $1 AND h.connector = q.connector AND h.contact_id = q.contact_id"
    "            AND (h.gone OR h.anonymised OR (NOT q.test AND (h.no_send OR h.company_no_send"
    "                 OR h.opted_out OR h.employed IS FALSE))))"
    "     AND (q.test OR NOT EXISTS (SELECT 1 FROM unnest(q.person) k"
    "           JOIN npsync.opt_out x ON x.tenant_id = $1 AND x.person_key = k"
    "            AND x.scope IN ('all', q.campaign)))"
    "     AND NOT EXISTS (SELECT 1 FROM unnest(q.person) k"
    "           JOIN npsync.queue o ON o.tenant_id = $1 AND o.person_key = k"
    "            AND o.state = 'sending')"
    "     AND NOT EXISTS (SELECT 1 FROM npsync.queue o WHERE o.tenant_id = $1"
    "            AND o.due_night = $3::date AND o.state IN ('queued', 'deferred')"
    "            AND o.due_rank <= q.due_rank"
    "            AND (o.due_rank, o.client_ref) < (q.due_rank, q.client_ref)"
    "            AND o.person && q.person OFFSET 0)"
    "   ORDER BY q.due_rank"
    "   LIMIT $4"
    "   FOR UPDATE OF q SKIP LOCKED"
    "), evidence AS ("
    "  INSERT INTO npsync.person_send (tenant_id, person_key, sent_on, ref, source, campaign)"
    "  SELECT $1, k, $3::date, p.client_ref::text, 'own', p.campaign"
    "    FROM pick p, unnest(p.person) k"
    "), hist AS ("
    "  INSERT INTO npsync.queue_history (tenant_id, queue_id, version, at, actor, run_id,"
    "         from_state, to_state)"
    "  SELECT $1, queue_id, version + 1, $6::timestamptz, 'push', $7, state, 'sending' FROM pick"
    ")"
    " UPDATE npsync.queue q SET state = 'sending', attempt = q.attempt + 1,"
    "        version = q.version + 1, epoch = $2, reason = NULL, deferred_until = '-infinity',"
    "        absent_at = NULL, listed_at = NULL,"
    /* Where decide put it among its company's; at once = no spread. */
    "        send_at = $9::timestamptz + make_interval(secs => least(q.send_offset_s, $10::int)),"
    "        owner = c.owner_name, department = c.department, company = c.company,"
    "        company_id = c.company_id,"
    "        segment = c.segment, country = c.country, consent = c.consent"
    "   FROM pick p LEFT JOIN npsync.contact c ON c.tenant_id = $1"
    "        AND c.connector = p.connector AND c.contact_id = p.contact_id"
    "  WHERE q.tenant_id = $1 AND q.queue_id = p.queue_id"
    " RETURNING q.queue_id, q.attempt, q.connector, q.contact_id, q.trigger, q.campaign,"
    "        q.client_ref, c.email, c.mobile, c.full_name, c.first_name, c.last_name,"
    "        c.language, c.country, c.company_id, c.company, c.segment, c.department,"
    "        c.owner_id, c.owner_name, c.owner_email, q.employee_id,"
    "        extract(epoch from q.send_at)::bigint, c.extra::text");
DB_STMT(queue_fence,
    "SELECT paused FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "   AND lease_until > now()");

/*
 * Every other move, many at once.  Moves that prove "not sent" take the
 * evidence with them; 'sent' and 'unknown' keep it.  Outcomes and people need
 * no epoch; settle does, and rescues by epoch, never by age.
 */
DB_STMT(queue_move_rows,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $3"
    "     AND lease_until > now() FOR SHARE"
    "), allowed AS ("
    "  SELECT * FROM unnest($13::text[], $14::text[]) AS a(f, t)"
    "), r AS MATERIALIZED ("
    "  SELECT * FROM unnest($7::bigint[], $8::int[], $9::text[], $10::text[], $11::text[],"
    "                       $12::timestamptz[]) AS r(queue_id, attempt, t, reason, remote_id, until)"
    "), pick AS MATERIALIZED ("
    "  SELECT q.queue_id, q.version, q.state AS f, q.reason AS was, q.person, q.client_ref,"
    "         r.t, r.reason, r.remote_id, r.until"
    "    FROM npsync.queue q JOIN r ON r.queue_id = q.queue_id AND r.attempt = q.attempt"
    "   WHERE q.tenant_id = $1"
    "     AND (q.state, r.t) IN (SELECT a.f, a.t FROM allowed a)"
    "     AND ($15 OR EXISTS (SELECT 1 FROM e))"
    "     AND ($15 OR q.state <> 'sending' OR q.epoch < $3)"
    "   ORDER BY q.client_ref"
    "   FOR UPDATE OF q"
    "), undo AS ("
    "  DELETE FROM npsync.person_send s"
    "   USING (SELECT k, p.client_ref FROM pick p, unnest(p.person) k"
    "           WHERE p.f IN ('sending', 'unknown') AND p.t IN ('deferred', 'failed')) d"
    "   WHERE s.tenant_id = $1 AND s.person_key = d.k AND s.ref = d.client_ref::text"
    "), hist AS ("
    "  INSERT INTO npsync.queue_history (tenant_id, queue_id, version, at, actor, run_id,"
    "         from_state, to_state, detail)"
    "  SELECT $1, queue_id, version + 1, $5::timestamptz, $2, nullif($4::bigint, 0), f, t,"
    "         coalesce(reason, $6) FROM pick"
    ")"
    " UPDATE npsync.queue q"
    "    SET state = p.t, reason = p.reason, remote_id = coalesce(p.remote_id, q.remote_id),"
    "        version = q.version + 1, deferred_until = coalesce(p.until, '-infinity'),"
    "        due_night = CASE WHEN p.t = 'queued' THEN NULL ELSE q.due_night END,"
    "        listed_at = CASE WHEN p.t = 'queued' THEN NULL ELSE q.listed_at END,"
    /* Looked at by a person: never held as a flood again. */
    "        released = q.released OR ($15 AND p.f = 'held' AND p.t = 'queued' AND coalesce(p.was = 'flood', false))"
    "   FROM pick p WHERE q.tenant_id = $1 AND q.queue_id = p.queue_id"
    " RETURNING q.queue_id");

const char *
queue_state_name(enum queue_state state)
{
	return state_names[state];
}

bool
queue_move_allowed(enum queue_actor actor, enum queue_state from,
    enum queue_state to)
{
	for (size_t i = 0; i < ARRAY_LEN(moves_allowed); i++)
		if (moves_allowed[i].actor == actor && moves_allowed[i].from == from &&
		    moves_allowed[i].to == to)
			return true;
	return false;
}

/* ---- claim ------------------------------------------------------------- */
static void
claimed_fill(struct queue_claimed *c, const struct db_result *r, int row,
    struct arena *arena)
{
	const char **const texts[] = { &c->connector, &c->contact_id, &c->trigger,
		&c->campaign, &c->client_ref, &c->email, &c->mobile, &c->full_name,
		&c->first_name, &c->last_name, &c->language, &c->country,
		&c->company_id, &c->company, &c->segment, &c->department,
		&c->owner_id, &c->owner_name, &c->owner_email, &c->employee_id };

	c->queue_id = db_int(r, row, 0);
	c->attempt = (int)db_int(r, row, 1);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = arena_strdup(arena, db_text(r, row, (int)i + 2));
	c->send_at = db_time(r, row, 22);
	c->extra = arena_strdup(arena, db_text(r, row, 23));
}

/* Nothing claimed: is there nothing, or may we not? */
static bool
fence_check(struct db *db, const struct tenant *tenant, struct arena *arena,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	if (!db_query(db, &queue_fence, &args, &r, err))
		return false;
	if (db_rows(r) == 0)
		return tenant_lost(tenant, err);
	if (db_bool(r, 0, 0))
		return err_set(err, ERR_CANCELLED, "sending was paused");
	return true;
}

static bool
claim_query(struct db *db, const struct tenant *tenant,
    const struct queue_claim *claim, struct arena *arena,
    struct db_result **r, struct err *err)
{
	struct db_array col[RULES_FREQUENCY + RULES_PROGRAMME];
	struct db_args args;

	db_arrays_init(col, ARRAY_LEN(col));
	if (claim->conf != NULL)
		rules_frequency(claim->conf, col, col + RULES_FREQUENCY);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	db_arg_day(&args, claim->night);
	db_arg_int(&args, claim->at_most);
	db_arg_int(&args, claim->throttle_days);
	db_arg_time(&args, claim->now);
	db_arg_int(&args, claim->run_id);
	db_arg_bool(&args, claim->count_foreign);
	db_arg_time(&args, claim->send_at);
	db_arg_int(&args, claim->spread_s);
	db_arg_arrays(&args, col, ARRAY_LEN(col));
	const bool ok = db_query(db, &queue_claim_rows, &args, r, err);
	db_arrays_free(col, ARRAY_LEN(col));
	return ok;
}

bool
queue_claim(struct db *db, const struct tenant *tenant,
    const struct queue_claim *claim, struct arena *arena,
    struct queue_claimed **rows, size_t *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	*n = 0;
	if (!claim_query(db, tenant, claim, arena, &r, err))
		return false;
	const int got = db_rows(r);
	if (got > claim->at_most)
		return err_set(err, ERR_BUG, "claimed %d rows, asked for %d", got,
		    claim->at_most);
	if (got == 0)
		return fence_check(db, tenant, arena, err);
	*rows = arena_array(arena, (size_t)got, sizeof(**rows));
	if (*rows == NULL)
		return err_nomem(err);
	for (int i = 0; i < got; i++)
		claimed_fill(&(*rows)[i], r, i, arena);
	*n = (size_t)got;
	return arena_failed(arena) ? err_nomem(err) : true;
}

/* ---- moves --------------------------------------------------------------- */
enum { M_ID, M_ATTEMPT, M_TO, M_REASON, M_REMOTE, M_UNTIL, M_FROM_OK, M_TO_OK,
	M_COLS };

static void
move_columns(struct db_array col[M_COLS], enum queue_actor actor,
    const struct queue_move *moves, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		db_array_int(&col[M_ID], moves[i].queue_id);
		db_array_int(&col[M_ATTEMPT], moves[i].attempt);
		db_array_text(&col[M_TO], state_names[moves[i].to]);
		db_array_text(&col[M_REASON], moves[i].reason);
		db_array_text(&col[M_REMOTE], moves[i].remote_id);
		db_array_time(&col[M_UNTIL], moves[i].until);
	}
	for (size_t i = 0; i < ARRAY_LEN(moves_allowed); i++) {
		if (moves_allowed[i].actor != actor)
			continue;
		db_array_text(&col[M_FROM_OK], state_names[moves_allowed[i].from]);
		db_array_text(&col[M_TO_OK], state_names[moves_allowed[i].to]);
	}
}

bool
queue_move(struct db *db, const struct tenant *tenant, enum queue_actor actor,
    const char *actor_name, long long run_id, time_t now,
    const struct queue_move *moves, size_t n, struct arena *arena,
    size_t *moved, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_array col[M_COLS];
	struct db_args args;

	*moved = 0;
	if (n == 0)
		return true;
	db_arrays_init(col, M_COLS);
	move_columns(col, actor, moves, n);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_text(&args, actor_name);
	db_arg_int(&args, tenant->epoch);
	db_arg_int(&args, run_id);
	db_arg_time(&args, now);
	db_arg_text(&args, NULL);
	db_arg_arrays(&args, col, M_COLS);
	db_arg_bool(&args, actor == ACTOR_PUSH || actor == ACTOR_ADMIN);
	const bool ok = db_query(db, &queue_move_rows, &args, &r, err);
	if (ok)
		*moved = (size_t)db_rows(r);
	db_arrays_free(col, M_COLS);
	return ok;
}
