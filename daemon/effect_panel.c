/*
 * The panel of a card, as one statement over all of them.
 *
 * $1 tenant, $2 connector, $3 now, $4 today, $5 start of the last 30 days,
 * $6 zone of its days, $7 others' sends count, $8-$11 frequency (scope, at most,
 * days, from send or answer), $12 characters of a comment, $13-$15 who would be
 * asked next (connector, card, campaign), $16 on which day, $17 values that are
 * wanted (numbers of enum conf_value), $18 their fields.
 */
#include "effect_panel.h"

#include "clock.h"
#include "denials.h"
#include "rules.h"

#define AVERAGE_DAYS 30

/* A card that can be written to. */
#define CARD_IS_THERE(c)                                                     \
	"NOT " c ".gone AND NOT " c ".anonymised AND NOT " c ".erased AND " c ".moved_to IS NULL"
#define SCORED(a)                                                            \
	a ".score IS NOT NULL AND " a ".matched NOT IN ('anonymised', 'erased')"

/* Needs who(contact_id).  Of equal times the answer with the greater id is the
 * newer one, as for tags. */
#define PANEL_CTE                                                            \
	"card AS MATERIALIZED ("                                             \
	"  SELECT c.contact_id, c.facts_at, c.pass, c.person || c.merged_keys AS person FROM who w"                \
	"    JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = $2 AND c.contact_id = w.contact_id"       \
	"   WHERE " CARD_IS_THERE("c")                                       \
	"), own AS MATERIALIZED ("                                           \
	"  SELECT c.contact_id, k FROM card c, unnest(c.person) k"           \
	"), scored AS MATERIALIZED ("                                        \
	"  SELECT a.contact_id, a.answer_id, a.score, a.comment, a.answered_at"                                    \
	"    FROM card c JOIN npsync.answer a ON a.tenant_id = $1 AND a.connector = $2"                            \
	"         AND a.contact_id = c.contact_id WHERE " SCORED("a")        \
	"), mean AS MATERIALIZED ("                                          \
	"  SELECT contact_id, round(avg(score), 1)::text AS total,"          \
	"         round(avg(score) FILTER (WHERE answered_at >= $5::timestamptz), 1)::text AS lately"              \
	"    FROM scored GROUP BY contact_id"                                \
	"), newest AS MATERIALIZED ("                                        \
	"  SELECT DISTINCT ON (contact_id) contact_id, score, (answered_at AT TIME ZONE $6::text)::date AS day,"   \
	"         left(comment, $12::int) AS comment FROM scored"                 \
	"   ORDER BY contact_id, answered_at DESC NULLS LAST, length(answer_id) DESC, answer_id COLLATE \"C\" DESC" \
	"), freq AS MATERIALIZED ("                                          \
	"  SELECT * FROM unnest($8::text[], $9::int[], $10::int[], $11::text[]) WITH ORDINALITY"                   \
	"         AS f(scope, most, days, source, ord) WHERE f.scope = 'any'" \
	"), asked AS MATERIALIZED ("                                         \
	"  SELECT o.contact_id, 'send' AS source, s.sent_on AS day, s.ref"   \
	"    FROM own o JOIN npsync.person_send s ON s.tenant_id = $1 AND s.person_key = o.k"                      \
	"         AND (s.source = 'own' OR $7::boolean)"                              \
	"  UNION"                                                            \
	"  SELECT s.contact_id, 'answer', (s.answered_at AT TIME ZONE $6::text)::date, s.answer_id FROM scored s"  \
	"   WHERE s.answered_at IS NOT NULL"                                 \
	"), last AS MATERIALIZED ("                                          \
	"  SELECT contact_id, max(day) AS day, count(DISTINCT ref) AS n FROM asked WHERE source = 'send'"          \
	"   GROUP BY contact_id"                                             \
	"), counted AS ("                                                    \
	"  SELECT a.contact_id, a.day + f.days AS until, f.most,"            \
	"         row_number() OVER (PARTITION BY a.contact_id, f.ord ORDER BY a.day DESC, a.ref) AS nth"          \
	"    FROM asked a JOIN freq f ON f.source = a.source AND a.day > $4::date - f.days"                        \
	"), free AS MATERIALIZED ("                                          \
	"  SELECT contact_id, max(until) AS day FROM counted WHERE nth = most GROUP BY contact_id"                 \
	/* A mail that waits at the service comes before one of a coming night. */ \
	"), next AS MATERIALIZED ("                                          \
	"  SELECT DISTINCT ON (contact_id) contact_id, campaign, day FROM (" \
	"    SELECT n.contact_id, n.campaign, $16::date AS day"              \
	"      FROM unnest($13::text[], $14::text[], $15::text[]) AS n(connector, contact_id, campaign)"           \
	"     WHERE n.connector = $2"                                        \
	"    UNION ALL"                                                      \
	"    SELECT q.contact_id, coalesce(g.name, q.campaign), (q.send_at AT TIME ZONE $6::text)::date"           \
	"      FROM card c JOIN npsync.queue q ON q.tenant_id = $1 AND q.connector = $2"                           \
	"           AND q.contact_id = c.contact_id AND q.state IN ('sending', 'sent', 'unknown')"                 \
	"           AND q.send_at > $3::timestamptz"                         \
	"      LEFT JOIN npsync.campaign g ON g.tenant_id = $1 AND g.campaign_id = q.campaign) n"                  \
	"   ORDER BY contact_id, day, campaign"                              \
	"), declined AS MATERIALIZED ("                                      \
	"  SELECT o.contact_id, min(x.at) AS at FROM own o"                  \
	"    JOIN npsync.opt_out x ON x.tenant_id = $1 AND x.person_key = o.k AND x.scope = 'all'"                 \
	"         AND x.source <> 'erased' GROUP BY o.contact_id"            \
	"), panel AS MATERIALIZED ("                                         \
	"  SELECT p.contact_id, p.facts_at, p.pass, p.vals,"                 \
	"         encode(sha256(convert_to(to_json($18::text[])::text || to_json(p.vals)::text, 'UTF8')), 'hex') AS hash,"  \
	"         (SELECT count(v) FROM unnest(p.vals) v) AS filled FROM ("  \
	"    SELECT c.contact_id, c.facts_at, c.pass, ARRAY(SELECT (ARRAY[m.total, m.lately, r.day::text,"         \
	"             r.score::text, CASE WHEN r.score >= 9 THEN '9-10 promoter' WHEN r.score >= 7 THEN '7-8 passive'" \
	"             WHEN r.score >= 0 THEN '0-6 detractor' END, nullif(r.comment, ''), x.campaign, x.day::text,"                 \
	"             l.day::text, f.day::text, l.n::text, (d.at AT TIME ZONE $6::text)::date::text])[w.i + 1]"    \
	"             FROM unnest($17::int[]) WITH ORDINALITY AS w(i, ord) ORDER BY w.ord) AS vals"                \
	"      FROM card c LEFT JOIN mean m ON m.contact_id = c.contact_id"                                                \
	"      LEFT JOIN newest r ON r.contact_id = c.contact_id LEFT JOIN next x ON x.contact_id = c.contact_id"                               \
	"      LEFT JOIN last l ON l.contact_id = c.contact_id LEFT JOIN free f ON f.contact_id = c.contact_id"                                 \
	"      LEFT JOIN declined d ON d.contact_id = c.contact_id) p)"

/* $19 epoch.  A card that the CRM did not have and that was read again since is
 * tried once more. */
DB_STMT(panel_wanted,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $19"
    "     AND lease_until > now() FOR SHARE"
    "), who AS MATERIALIZED ("
    "  SELECT a.contact_id FROM npsync.answer a WHERE a.tenant_id = $1 AND a.connector = $2 AND a.contact_id IS NOT NULL"
    "  UNION SELECT f.subject FROM npsync.effect f WHERE f.tenant_id = $1 AND f.kind = 'field' AND f.target = $2"
    "  UNION SELECT c.contact_id FROM npsync.person_send s JOIN npsync.contact c ON c.tenant_id = $1"
    "         AND c.address_key = s.person_key AND c.connector = $2 WHERE s.tenant_id = $1"
    "  UNION SELECT c.contact_id FROM npsync.opt_out o JOIN npsync.contact c ON c.tenant_id = $1"
    "         AND c.address_key = o.person_key AND c.connector = $2 WHERE o.tenant_id = $1"
    "  UNION SELECT n.contact_id FROM unnest($13::text[], $14::text[]) AS n(connector, contact_id) WHERE n.connector = $2"
    "), " PANEL_CTE ", put AS ("
    "  INSERT INTO npsync.effect AS f (tenant_id, kind, target, subject, state, payload_hash, updated_at)"
    "  SELECT $1::bigint, 'field', $2, p.contact_id, 'wanted', p.hash, $3::timestamptz FROM panel p"
    "   WHERE EXISTS (SELECT 1 FROM e) AND (p.filled > 0 OR EXISTS (SELECT 1 FROM npsync.effect o"
    "         WHERE o.tenant_id = $1 AND o.kind = 'field' AND o.target = $2 AND o.subject = p.contact_id))"
    "     AND NOT EXISTS (SELECT 1 FROM npsync.effect o WHERE o.tenant_id = $1 AND o.kind = 'field'"
    "         AND o.target = $2 AND o.subject = p.contact_id AND o.payload_hash = p.hash"
    "         AND NOT (o.state = 'failed' AND o.reason IS NOT DISTINCT FROM 'gone' AND (p.facts_at > o.updated_at"
    "              OR EXISTS (SELECT 1 FROM npsync.cursor k WHERE k.tenant_id = $1 AND k.connector = $2"
    "                    AND k.stream = 'contacts' AND k.pass = p.pass AND k.completed_at > o.updated_at))))"
    "  ON CONFLICT (tenant_id, kind, target, subject) DO UPDATE"
    "     SET state = 'wanted', payload_hash = excluded.payload_hash, reason = NULL, tries = 0,"
    "         updated_at = excluded.updated_at"
    "  RETURNING 1)"
    " SELECT (SELECT count(*) FROM e), (SELECT count(*) FROM put)");

/* $19 at most. */
DB_STMT(panel_rows,
    "WITH who AS MATERIALIZED ("
    "  SELECT f.subject AS contact_id, " WAS_DENIED("f.reason") " AS told,"
    "         row_number() OVER (ORDER BY f.tries, f.updated_at, f.subject) AS nth"
    "    FROM npsync.effect f"
    "    JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = $2 AND c.contact_id = f.subject"
    "   WHERE f.tenant_id = $1 AND f.kind = 'field' AND f.target = $2 AND f.state = 'wanted'"
    "     AND (f.tries = 0 OR f.updated_at < $3::timestamptz) AND " CARD_IS_THERE("c")
    "   ORDER BY f.tries, f.updated_at, f.subject LIMIT $19"
    "), " PANEL_CTE
    " SELECT p.contact_id, p.hash, v.text, w.told FROM panel p JOIN who w ON w.contact_id = p.contact_id,"
    "        unnest(p.vals) WITH ORDINALITY AS v(text, ord) ORDER BY w.nth, v.ord");

/* What lives as long as the query. */
struct values {
	struct db_array frequency[RULES_FREQUENCY], programme[RULES_PROGRAMME],
	    number, field;
};

static void
values_init(struct values *v, const struct conf *conf)
{
	const struct conf_field *f = conf->writeback.fields.v;

	db_arrays_init(v->frequency, RULES_FREQUENCY);
	db_arrays_init(v->programme, RULES_PROGRAMME);
	db_array_init(&v->number);
	db_array_init(&v->field);
	rules_frequency(conf, v->frequency, v->programme);
	for (size_t i = 0; i < conf->writeback.fields.n; i++) {
		db_array_int(&v->number, f[i].value);
		db_array_text(&v->field, f[i].field);
	}
}

static void
values_free(struct values *v)
{
	db_arrays_free(v->frequency, RULES_FREQUENCY);
	db_arrays_free(v->programme, RULES_PROGRAMME);
	db_array_free(&v->number);
	db_array_free(&v->field);
}

static void
put_args(struct db_args *args, long long tenant_id, const struct panel *panel,
    struct values *v)
{
	const struct conf *conf = panel->conf;
	struct panel_next *next = panel->next;

	db_arg_int(args, tenant_id);
	db_arg_text(args, panel->connector);
	db_arg_time(args, panel->now);
	db_arg_day(args, panel->today);
	db_arg_time(args, clock_day_start(conf->timezone,
	    day_add(panel->today, 1 - AVERAGE_DAYS)));
	db_arg_text(args, conf->timezone);
	db_arg_bool(args, conf->rules.count_foreign);
	db_arg_arrays(args, v->frequency, RULES_FREQUENCY);
	db_arg_int(args, conf->writeback.comment_max);
	db_arg_array(args, &next->connector);
	db_arg_array(args, &next->contact);
	db_arg_array(args, &next->campaign);
	db_arg_day(args, next->day);
	db_arg_array(args, &v->number);
	db_arg_array(args, &v->field);
}

static bool
ask(struct db *db, const struct db_stmt *stmt, long long tenant_id,
    const struct panel *panel, long long last, struct arena *arena,
    struct db_result **r, struct err *err)
{
	struct values values;
	struct db_args args;

	values_init(&values, panel->conf);
	db_args_init(&args, arena);
	put_args(&args, tenant_id, panel, &values);
	db_arg_int(&args, last);
	const bool ok = db_query(db, stmt, &args, r, err);
	values_free(&values);
	return ok;
}

bool
panel_want(struct db *db, const struct tenant *tenant,
    const struct panel *panel, struct arena *arena, long long *n,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!ask(db, &panel_wanted, tenant->id, panel, tenant->epoch, arena, &r,
	        err))
		return false;
	if (db_int(r, 0, 0) == 0)
		return tenant_lost(tenant, err);
	*n = db_int(r, 0, 1);
	return true;
}

static bool
take_row(const struct db_result *r, int first, size_t n_fields,
    struct arena *arena, struct panel_row *row)
{
	row->values = arena_array(arena, n_fields, sizeof(*row->values));
	row->contact_id = arena_strdup(arena, db_text(r, first, 0));
	row->hash = arena_strdup(arena, db_text(r, first, 1));
	row->told = db_bool(r, first, 3);
	for (size_t i = 0; row->values != NULL && i < n_fields; i++) {
		const char *text = db_text(r, first + (int)i, 2);
		row->values[i] = text == NULL ? "" : arena_strdup(arena, text);
	}
	return !arena_failed(arena);
}

bool
panel_list(struct db *db, long long tenant_id, const struct panel *panel,
    int max, struct arena *arena, struct panel_row **rows, size_t *n,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	const size_t n_fields = panel->conf->writeback.fields.n;

	if (!ask(db, &panel_rows, tenant_id, panel, max, arena, &r, err))
		return false;
	*n = (size_t)db_rows(r) / n_fields;
	*rows = arena_array(arena, *n + 1, sizeof(**rows));
	if (*rows == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < *n; i++)
		if (!take_row(r, (int)(i * n_fields), n_fields, arena,
		        &(*rows)[i]))
			return err_nomem(err);
	return true;
}
