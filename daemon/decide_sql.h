/*
 * decide_sql.h - the rules of a night as parts of SQL: stage_decide.c writes
 * what they say, stage_decide_ask.c shows it.
 *
 * $1 tenant, $2 night, $3 the moment it decides, $4 zone of its days, $5 others'
 * sends count; per trigger in the order of priority: $6 code, $7 on, $8 oldest
 * event that may go, $9 age from the transition, $10 consent needed,
 * $11 throttled rows wait, $12 newest event that is ripe (null = any);
 * $13-$15 filters (trigger, kind, value); $16-$23 campaigns (trigger, language,
 * country, relation, category, department, segment, id); $24 own domains;
 * $25-$26 connectors and the day they started; $27 all is paused; $28 connectors
 * whose rows wait; $29 role addresses are skipped; $30-$33 frequency (scope, at
 * most, days, from send or answer), the throttle first; $34-$35 campaigns and
 * their programmes; $36 countries whose law asks for consent, $37 and so where
 * no country is known; $38 oldest consent that counts (null = any); $39-$41 the
 * pilot's address keys, domains, companies; $42 limits, as named below;
 * $43 factor of a flood; $44 rows made since were not in sight on a working day.
 * Filled by rules.c.
 *
 * The order of judging: each row alone, by the first rule of ROW_RULES that
 * blocks it; of the free ones, the floods of a trigger; of the rest the first of
 * each person, then the company's places, the year's and the night's.
 */
#ifndef NPSYNC_DECIDE_SQL_H
#define NPSYNC_DECIDE_SQL_H

#define COMPANY_MAX "($42::int[])[1]"
#define COMPANY_DAYS "($42::int[])[2]"
#define FLOOD_FLOOR "($42::int[])[3]"
#define YEAR_MAX "($42::int[])[4]"
#define NIGHT_MAX "($42::int[])[5]"
#define LATE_WAIT "(($42::int[])[6] = 1)"
#define SPREAD_S "($42::int[])[7]"

#define RULES_CTE                                                            \
	"rule AS MATERIALIZED ("                                             \
	"  SELECT r.*,"                                                      \
	"         (SELECT array_agg(f.value) FROM unnest($13::text[], $14::text[], $15::text[])" \
	"             AS f(trigger, kind, value) WHERE f.trigger = r.code AND f.kind = 'category') AS categories," \
	"         (SELECT array_agg(f.value) FROM unnest($13::text[], $14::text[], $15::text[])" \
	"             AS f(trigger, kind, value) WHERE f.trigger = r.code AND f.kind = 'relation') AS relations,"  \
	"         (SELECT CASE WHEN num_nonnulls(m.language, m.country, m.relation, m.category, m.department, m.segment) = 0" \
	"                 THEN m.campaign END FROM unnest($16::text[], $17::text[], $18::text[], $19::text[],"      \
	"                       $20::text[], $21::text[], $22::text[], $23::text[]) WITH ORDINALITY AS m(trigger,"  \
	"                       language, country, relation, category, department, segment, campaign, ord)"         \
	"           WHERE m.trigger = r.code ORDER BY m.ord LIMIT 1) AS campaign"                                   \
	"    FROM unnest($6::text[], $7::boolean[], $8::timestamptz[], $9::boolean[], $10::boolean[],"             \
	"                $11::boolean[], $12::timestamptz[]) WITH ORDINALITY"                                       \
	"         AS r(code, enabled, oldest, by_transition, needs_consent, defers, ripe, prio)"                    \
	"), choice AS MATERIALIZED ("                                                                               \
	"  SELECT m.*, lower(m.language) AS tongue, upper(m.country) AS land"                                      \
	"    FROM unnest($16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[],"            \
	"                 $22::text[], $23::text[]) WITH ORDINALITY"                             \
	"         AS m(trigger, language, country, relation, category, department, segment, campaign, ord)"         \
	"), start AS MATERIALIZED ("                                                                                \
	"  SELECT * FROM unnest($25::text[], $26::timestamptz[]) AS s(connector, at)"                              \
	"), freq AS MATERIALIZED ("                                                                                 \
	"  SELECT * FROM unnest($30::text[], $31::int[], $32::int[], $33::text[]) WITH ORDINALITY"                 \
	"         AS f(scope, most, days, source, ord)"                                                             \
	"), programme AS MATERIALIZED ("                                                                            \
	"  SELECT * FROM unnest($34::text[], $35::text[]) AS p(campaign, name)"                                    \
	"), halt AS MATERIALIZED ("                                                                                 \
	"  SELECT p.trigger, p.campaign, p.company, p.country, p.until, p.reason FROM npsync.pause p"              \
	"   WHERE p.tenant_id = $1 AND (p.until IS NULL OR p.until > $3::timestamptz)"                              \
	")"

/* Each key once: the evidence of a claim has one row for each. */
#define PERSON                                                               \
	"CASE WHEN c.merged_keys <> '{}' THEN c.person ||"                   \
	" ARRAY(SELECT m FROM unnest(c.merged_keys) m WHERE m <> ALL (c.person))"  \
	" ELSE coalesce(c.person, '{}') END"

/* An open row with what is known of its card.  A trigger's first campaign that
 * asks for nothing is every row's, the others are chosen row by row. */
#define FACTS                                                                \
	"  SELECT q.queue_id, q.version, q.state, q.reason AS kept, q.trigger, q.event_id, q.connector,"           \
	"         q.contact_id, q.category, q.created_at, q.created_night, q.occurred_at, q.transition_at,"        \
	"         q.released, q.test, q.deferred_until, q.created_at >= $44::timestamptz AS late,"                         \
	"         coalesce(q.due_night = $2::date AND q.state IN ('queued', 'deferred'), false) AS is_due,"         \
	"         c.contact_id IS NULL AS unseen, " PERSON " AS person,"            \
	"         c.company_id, c.company, c.country, c.company_since, c.gone, c.anonymised, c.employed,"          \
	"         c.no_send, c.company_no_send, c.opted_out, c.opted_out_by, c.address_state, c.address_domain,"   \
	"         c.role_address, c.consent, c.consent_at, c.relation, c.last_activity_on, r.prio,"                \
	"         r.enabled, r.needs_consent, r.defers, r.oldest, r.categories, r.relations,"                      \
	"         coalesce(CASE WHEN r.by_transition THEN q.transition_at END, q.occurred_at) AS event_at,"        \
	"         t.at AS started_at,"                                                                              \
	"         coalesce(q.campaign_wanted, r.campaign, ($23::text[])[(SELECT min(m.ord) FROM choice m"           \
	"           WHERE m.trigger = q.trigger"                                                                    \
	"             AND (m.language IS NULL OR m.tongue IN (lower(c.language), lower(split_part(c.language, '-', 1))))" \
	"             AND (m.country IS NULL OR m.land = upper(c.country))"                                         \
	"             AND (m.relation IS NULL OR m.relation = c.relation)"                                          \
	"             AND (m.category IS NULL OR m.category = q.category)"                                          \
	"             AND (m.department IS NULL OR m.department = c.department)"                                    \
	"             AND (m.segment IS NULL OR m.segment = c.segment))]) AS campaign"                              \
	"    FROM npsync.queue q"                                                                                   \
	"    LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector AND c.contact_id = q.contact_id" \
	"    LEFT JOIN rule r ON r.code = q.trigger"                                                                \
	"    LEFT JOIN start t ON t.connector = q.connector"                                                        \
	"   WHERE q.tenant_id = $1"                                                                                 \
	"     AND (q.trigger <> 'inact' OR q.created_night < $2::date)"                                             \
	"     AND q.connector <> ALL ($28::text[])"                                                                 \
	"     AND (r.ripe IS NULL OR coalesce(CASE WHEN r.by_transition THEN q.transition_at END, q.occurred_at) <= r.ripe)"

/* The same with the first rule that needs no set (own_ord), and without what
 * only those rules ask: of a million rows each column costs.  OFFSET 0: or
 * expressions would be worked out once for each place that names them. */
#define CAND_COLUMNS                                                         \
	"  SELECT c.queue_id, c.version, c.state, c.kept, c.trigger, c.event_id, c.connector, c.contact_id,"       \
	"         c.created_night, c.occurred_at, c.released, c.deferred_until, c.late, c.is_due, c.person,"       \
	"         c.company_id, c.opted_out, c.opted_out_by, c.prio, c.defers, c.campaign, c.test, c.own_ord,"                     \
	"         CASE c.own_ord" ROW_RULES(R_FACT, R_NONE) " END AS own_fact"                                      \
	"    FROM (SELECT c.*, CASE" ROW_RULES(R_FIRST, R_NONE) " END AS own_ord FROM ("                            \
	FACTS
#define CAND_END " OFFSET 0) c OFFSET 0) c"

/* What a whole set says about a row: refusals, sends and answers of the person,
 * sends to the company, a row of the person that is due already.  A send that
 * several keys tell of counts once.  Needs cand and due. */
#define SETS_CTE                                                             \
	"own AS NOT MATERIALIZED ("                                          \
	"  SELECT c.queue_id, c.campaign, unnest(c.person) AS k FROM cand c"  \
	"), declined AS MATERIALIZED ("                                      \
	"  SELECT o.queue_id, min(x.at) FILTER (WHERE x.source = 'erased') AS erased_at"                           \
	"    FROM own o JOIN npsync.opt_out x"                               \
	"      ON x.tenant_id = $1 AND x.person_key = o.k AND x.scope IN ('all', o.campaign) GROUP BY 1"           \
	"), asked AS MATERIALIZED ("                                         \
	"  SELECT o.queue_id, 'send' AS source, s.sent_on AS day, s.ref, s.campaign, o.campaign AS of"    \
	"    FROM own o JOIN npsync.person_send s ON s.tenant_id = $1 AND s.person_key = o.k"                      \
	"         AND s.sent_on > $2::date - (SELECT max(days) FROM freq WHERE source = 'send')"                   \
	"         AND (s.source = 'own' OR $5)"                              \
	"  UNION"                                                            \
	"  SELECT o.queue_id, 'answer', (a.answered_at AT TIME ZONE $4::text)::date, a.answer_id, a.campaign_id, o.campaign" \
	"    FROM own o JOIN npsync.answer a ON a.tenant_id = $1 AND a.address_key = o.k"                          \
	"   WHERE EXISTS (SELECT 1 FROM freq WHERE source = 'answer')"       \
	"  UNION"                                                            \
	"  SELECT c.queue_id, 'answer', (a.answered_at AT TIME ZONE $4::text)::date, a.answer_id, a.campaign_id, c.campaign" \
	"    FROM cand c JOIN npsync.answer a ON a.tenant_id = $1 AND a.connector = c.connector AND a.contact_id = c.contact_id" \
	"   WHERE EXISTS (SELECT 1 FROM freq WHERE source = 'answer')"       \
	"), counted AS ("                                                    \
	"  SELECT a.queue_id, a.source, a.day, a.campaign, a.day + f.days AS until, f.most,"                       \
	"         row_number() OVER (PARTITION BY a.queue_id, f.ord ORDER BY a.day DESC, a.ref) AS nth"            \
	"    FROM asked a JOIN freq f ON f.source = a.source AND a.day > $2::date - f.days"                        \
	"         AND (f.scope = 'any' OR a.campaign = a.of OR (f.scope = 'programme' AND EXISTS"                   \
	"               (SELECT 1 FROM programme x JOIN programme y USING (name)"                                   \
	"                 WHERE x.campaign = a.campaign AND y.campaign = a.of)))"                                   \
	"), often AS MATERIALIZED ("         /* the limit that ends last */ \
	"  SELECT DISTINCT ON (n.queue_id) n.queue_id, n.until, n.day, n.source, coalesce(g.name, n.campaign) AS name" \
	"    FROM counted n LEFT JOIN npsync.campaign g ON g.tenant_id = $1 AND g.campaign_id = n.campaign"        \
	"   WHERE n.nth = n.most ORDER BY n.queue_id, n.until DESC, n.day DESC, g.name"                            \
	"), visited AS ("                                                    \
	"  SELECT q.connector, q.company_id, q.due_night AS day FROM npsync.queue q"                               \
	"   WHERE q.tenant_id = $1 AND q.state IN ('sending', 'sent', 'unknown') AND q.company_id IS NOT NULL"     \
	"     AND q.due_night > $2::date - " COMPANY_DAYS " AND " COMPANY_MAX " > 0"                               \
	"  UNION ALL SELECT d.connector, d.company_id, $2::date FROM due d WHERE d.company_id IS NOT NULL"         \
	"), house AS MATERIALIZED ("                                         \
	"  SELECT connector, company_id, count(*) AS used,"                  \
	"         max(day) FILTER (WHERE nth = " COMPANY_MAX ") + " COMPANY_DAYS " AS until"                       \
	"    FROM (SELECT v.*, row_number() OVER (PARTITION BY connector, company_id ORDER BY day DESC) AS nth"    \
	"            FROM visited v) v GROUP BY connector, company_id"       \
	"), taken AS MATERIALIZED ("         /* due already, by an earlier decide of this night */ \
	"  SELECT DISTINCT o.queue_id FROM (SELECT * FROM own WHERE EXISTS (SELECT 1 FROM due)) o"                 \
	"    FULL JOIN (SELECT DISTINCT k FROM due d, unnest(d.person) k) t ON t.k = o.k" \
	"   WHERE coalesce(o.queue_id, 0) > 0 AND coalesce(t.k, '') <> ''"   \
	")"
/* Rows that are due in this night by an earlier decide: they have their places.
 * Only a preview meets them among its candidates as well. */
#define DUE_CTE                                                              \
	"due AS MATERIALIZED ("                                              \
	"  SELECT q.queue_id, q.connector, c.company_id, q.person FROM npsync.queue q"                             \
	"    LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector AND c.contact_id = q.contact_id" \
	"   WHERE q.tenant_id = $1 AND q.due_night = $2::date AND q.state IN ('queued', 'deferred')"               \
	")"

/* JOIN is FULL for a set of rows, where LEFT would say the same: it is never a
 * nested loop, however few rows the planner expects of a set it knows nothing
 * about.  coalesce in the conditions: or it would be made a LEFT JOIN. */
#define KNOWN(source, join)                                                  \
	"(SELECT c.*, d.queue_id IS NOT NULL AS declined, d.erased_at, o.until AS often_until, o.day AS often_on,"              \
	"        o.source AS often_by, o.name AS often_name,"                \
	"        CASE WHEN NOT c.is_due THEN h.used END AS house_used, h.until AS house_until,"                    \
	"        t.queue_id IS NOT NULL AND NOT c.is_due AND c.state IN ('queued', 'deferred')"                    \
	"          AND c.deferred_until <= $3::timestamptz AND NOT (c.late AND " LATE_WAIT ") AS taken"            \
	"   FROM " source " c " join " declined d ON d.queue_id = c.queue_id" \
	"   " join " often o ON o.queue_id = c.queue_id"                     \
	"   " join " house h ON h.connector = c.connector AND h.company_id = c.company_id"                         \
	"   " join " taken t ON t.queue_id = c.queue_id"                     \
	"  WHERE coalesce(c.queue_id, 0) > 0)"

#define LOCAL_DAY(at) "(" at " AT TIME ZONE $4::text)::date"
#define NEEDS_CONSENT                                                        \
	"(coalesce(c.needs_consent, false) OR CASE WHEN coalesce(length(c.country), 0) <> 2"                       \
	"  THEN $37::boolean ELSE upper(c.country) = ANY ($36::text[]) END)"
#define HAS_CONSENT                                                          \
	"(c.consent IS TRUE AND ($38::timestamptz IS NULL OR coalesce(c.consent_at >= $38::timestamptz, false)))"

#define HALT                                                                 \
	" FROM halt p WHERE (p.trigger IS NULL OR p.trigger = c.trigger)"    \
	"   AND (p.campaign IS NULL OR p.campaign = c.campaign)"             \
	"   AND (p.company IS NULL OR p.company IN (c.company_id, c.company))" \
	"   AND (p.country IS NULL OR p.country = upper(c.country))"
#define HALT_LAST HALT " ORDER BY p.until DESC NULLS FIRST LIMIT 1"

/* R(number, reason, blocks, fact, the day from which it would not): in the order
 * in which the first is kept; S where a set has to be asked. */
#define ROW_RULES(R, S)                                                         \
	R(1, "gone", "c.gone IS TRUE", "NULL", "NULL")                       \
	R(2, "anonymised", "c.anonymised IS TRUE", "NULL", "NULL")           \
	R(3, "excluded", "c.state = 'excluded'", "c.kept", "NULL")           \
	R(4, "paused", "($27::boolean OR (SELECT count(*) FROM halt) > 0 AND EXISTS (SELECT 1" HALT "))",          \
	    "CASE WHEN $27::boolean THEN 'until `npsync activate`' ELSE"     \
	    " (SELECT concat_ws(': ', 'until ' || " LOCAL_DAY("p.until") ", p.reason)" HALT_LAST ") END",          \
	    "CASE WHEN NOT $27::boolean THEN (SELECT " LOCAL_DAY("p.until") HALT_LAST ") END")                     \
	R(5, "trigger_off", "c.enabled IS NOT TRUE", "c.trigger", "NULL")    \
	R(6, "internal", "(coalesce(c.address_domain = ANY ($24::text[]), false) <> c.test)",                                  \
	    "c.address_domain", "NULL")                                      \
	R(7, "left_company", "(c.employed IS FALSE OR coalesce(c.company_since > c.created_at, false))",           \
	    "CASE WHEN c.employed IS NOT FALSE AND c.company_since > c.created_at"                                  \
	    " THEN 'another company since ' || " LOCAL_DAY("c.company_since") " END", "NULL")                      \
	R(8, "no_send", "c.no_send IS TRUE", "NULL", "NULL")                 \
	R(9, "company_no_send", "c.company_no_send IS TRUE", "c.company", "NULL")                                  \
	S(10, "opted_out", "(c.opted_out IS TRUE OR c.declined)",            \
	    "coalesce('erased ' || " LOCAL_DAY("c.erased_at") ", c.opted_out_by)", "NULL")                         \
	R(11, "no_contact", "(c.contact_id = '' OR c.unseen)", "nullif(c.contact_id, '')", "NULL")                 \
	R(12, "no_address", "coalesce(c.address_state = 'none', false)", "NULL", "NULL")                           \
	R(13, "bad_address", "coalesce(c.address_state = 'bad', false)", "NULL", "NULL")                           \
	R(14, "role_address", "($29::boolean AND c.role_address IS TRUE)", "NULL", "NULL")                         \
	R(15, "no_consent", "(NOT c.test AND " NEEDS_CONSENT " AND NOT " HAS_CONSENT ")",   \
	    "CASE WHEN c.consent IS NULL THEN 'unknown' WHEN NOT c.consent THEN 'no'"                              \
	    " WHEN c.consent_at IS NULL THEN 'yes, without a date'"          \
	    " ELSE 'yes, of ' || " LOCAL_DAY("c.consent_at") " END", "NULL") \
	R(16, "no_campaign", "c.campaign IS NULL", "c.campaign", "NULL")     \
	R(17, "filtered", "(NOT c.test AND ((c.categories IS NOT NULL AND (c.category = ANY (c.categories)) IS NOT TRUE)"         \
	    " OR (c.relations IS NOT NULL AND (c.relation = ANY (c.relations)) IS NOT TRUE)))",                    \
	    "'category ' || coalesce(c.category, 'none') || ', relation ' || coalesce(c.relation, 'none')",        \
	    "NULL")                                                          \
	R(18, "before_start", "coalesce(c.transition_at < c.started_at, false)",                                   \
	    LOCAL_DAY("c.started_at") "::text", "NULL")                      \
	R(19, "too_old", "coalesce(c.event_at < c.oldest, false)", LOCAL_DAY("c.event_at") "::text", "NULL")       \
	R(20, "active_again", "(c.trigger = 'inact'"                         \
	    " AND coalesce(to_char(c.last_activity_on, 'YYYY-MM-DD') > left(c.event_id, 10), false))",             \
	    "c.last_activity_on::text", "NULL")                              \
	R(21, "planned", "(c.trigger = 'inact' AND EXISTS (SELECT 1 FROM npsync.planned_activity a"                \
	    " WHERE a.tenant_id = $1 AND a.connector = c.connector AND a.contact_id = c.contact_id"                \
	    "   AND a.planned_on >= $2::date))",                             \
	    "CASE WHEN c.trigger = 'inact' THEN (SELECT min(a.planned_on)::text FROM npsync.planned_activity a"    \
	    " WHERE a.tenant_id = $1 AND a.connector = c.connector AND a.contact_id = c.contact_id"                \
	    "   AND a.planned_on >= $2::date) END",                          \
	    "CASE WHEN c.trigger = 'inact' THEN (SELECT max(a.planned_on) + 1 FROM npsync.planned_activity a"      \
	    " WHERE a.tenant_id = $1 AND a.connector = c.connector AND a.contact_id = c.contact_id"                \
	    "   AND a.planned_on >= $2::date) END")                          \
	S(22, "throttled", "(c.often_until IS NOT NULL AND NOT c.test)",                      \
	    "'until ' || c.often_until || CASE c.often_by WHEN 'send' THEN ', asked ' ELSE ', answered ' END"      \
	    " || c.often_on || coalesce(' ''' || c.often_name || '''', '')", "c.often_until")                      \
	S(23, "company_cap", "(" COMPANY_MAX " > 0 AND coalesce(c.house_used >= " COMPANY_MAX ", false))",         \
	    "c.house_used || ' in ' || " COMPANY_DAYS " || ' days'", "c.house_until")                              \
	S(24, "duplicate_person", "c.taken", "NULL", "NULL")                 \
	R(25, "pilot", "(NOT c.test AND cardinality($39::bytea[]) + cardinality($40::text[]) + cardinality($41::text[]) > 0"      \
	    " AND NOT (c.person && $39::bytea[] OR coalesce(c.address_domain = ANY ($40::text[]), false)"          \
	    "   OR coalesce(c.company_id = ANY ($41::text[]), false) OR coalesce(c.company = ANY ($41::text[]), false)))", \
	    "NULL", "NULL")
/* A company's place is judged twice: history above, tonight's rivals below. */
#define R_THROTTLED "22"
#define R_COMPANY "23"
#define R_DUPLICATE "24"
#define R_PAUSED "4"
#define R_BUDGET "26"
#define R_CAP "27"
#define R_FLOOD "28"
#define R_NONE(n, name, hit, fact, change)
#define R_NAMES(n, name, hit, fact, change) "'" name "',"
#define R_FIRST(n, name, hit, fact, change) " WHEN " hit " THEN " #n
#define R_FACT(n, name, hit, fact, change) " WHEN " #n " THEN " fact
#define R_VALUES(n, name, hit, fact, change) "(" #n ", '" name "', " hit ", " fact ", " change "),"
#define REASONS "(ARRAY[" ROW_RULES(R_NAMES, R_NAMES) "'over_budget','over_cap','flood'])"

/* The first rule that blocks a row by itself, and its fact. */
#define JUDGED_CTE                                                           \
	"judged AS MATERIALIZED ("                                           \
	"  SELECT c.queue_id, c.version, c.state, c.trigger, c.event_id, c.connector, c.contact_id, c.company_id," \
	"         c.campaign, c.person, c.prio, c.occurred_at, c.created_night, c.deferred_until, c.released,"     \
	"         c.late, c.is_due, c.defers, c.kept, c.ord,"                \
	"         CASE WHEN c.ord = c.own_ord THEN c.own_fact"               \
	"              ELSE CASE c.ord" ROW_RULES(R_NONE, R_FACT) " END END AS fact"                               \
	"    FROM (SELECT c.*, coalesce(least(c.own_ord, CASE" ROW_RULES(R_NONE, R_FIRST) " END),"                 \
	"                 CASE WHEN c.state = 'held' THEN " R_FLOOD " END) AS ord"                                 \
	"            FROM " KNOWN("cand", "FULL JOIN") " c OFFSET 0) c"      \
	")"

/* The order of turns.  By bytes: the same in every database. */
#define TURNS "f.prio NULLS LAST, f.occurred_at, f.connector COLLATE \"C\", f.event_id COLLATE \"C\","             \
	" f.contact_id COLLATE \"C\""

/* What becomes of the free rows.  A trigger whose free rows are more than usual
 * is held as a whole; released rows never are.  The same person may have several
 * rows: one goes if it is first for each of its keys.  A row that loses its
 * place to company, budget or cap does not pass it on in this night.  Most keys
 * have one row and most companies places enough: only the others are ranked.
 * (x IN (SELECT ..)) IS TRUE, where the set is grouped and so expected to be
 * small: a hash table, never a join. */
#define FATE_CTE                                                             \
	"free AS NOT MATERIALIZED ("                                         \
	"  SELECT * FROM judged j WHERE j.ord IS NULL AND j.deferred_until <= $3::timestamptz"                     \
	"     AND NOT (j.late AND " LATE_WAIT ") AND NOT j.is_due"           \
	"), heavy AS MATERIALIZED ("                                         \
	"  SELECT trigger, count(*) AS n FROM free WHERE NOT released AND " FLOOD_FLOOR " > 0"                     \
	"   GROUP BY trigger HAVING count(*) > " FLOOD_FLOOR                 \
	"), usual AS ("                                                      \
	"  SELECT trigger, percentile_cont(0.5) WITHIN GROUP (ORDER BY n) AS median"                               \
	"    FROM (SELECT q.trigger, count(*) AS n,"                         \
	"                 row_number() OVER (PARTITION BY q.trigger ORDER BY q.due_night DESC) AS nth"             \
	"            FROM npsync.queue q JOIN heavy h ON h.trigger = q.trigger"                                    \
	"           WHERE q.tenant_id = $1 AND q.state IN ('sending', 'sent', 'unknown') AND q.due_night < $2::date" \
	"           GROUP BY q.trigger, q.due_night) z WHERE nth <= 14 GROUP BY trigger"                           \
	"), flood AS MATERIALIZED ("                                         \
	"  SELECT h.trigger, h.n, l.most FROM heavy h LEFT JOIN usual u USING (trigger)"                           \
	"   CROSS JOIN LATERAL (SELECT greatest(" FLOOD_FLOOR ", $43::float8 * u.median) AS most) l"               \
	"   WHERE h.n > l.most"                                              \
	"), rival AS MATERIALIZED ("                                         \
	"  SELECT f.queue_id, f.connector, f.company_id, f.person, row_number() OVER (ORDER BY " TURNS ") AS rnk"  \
	"    FROM free f WHERE f.released"                                   \
	"      OR NOT EXISTS (SELECT 1 FROM flood x WHERE x.trigger = f.trigger)"                                  \
	"), shared AS MATERIALIZED ("                                        \
	"  SELECT k FROM (SELECT unnest(r.person) AS k FROM rival r) u GROUP BY k HAVING count(*) > 1"             \
	"), best AS MATERIALIZED ("          /* head: the row whose turn a key is */ \
	"  SELECT u.queue_id, first_value(u.queue_id) OVER (PARTITION BY u.k ORDER BY u.rnk) AS head"              \
	"    FROM (SELECT r.queue_id, r.rnk, unnest(r.person) AS k FROM rival r) u"                                \
	"   WHERE (u.k IN (SELECT s.k FROM shared s)) IS TRUE"               \
	"), later AS MATERIALIZED ("         /* another row's turn comes before */ \
	"  SELECT DISTINCT b.queue_id FROM best b WHERE b.head <> b.queue_id" \
	"), turn AS NOT MATERIALIZED ("                                      \
	"  SELECT r.queue_id, r.rnk, r.connector, r.company_id,"             \
	"         r.person <> '{}' AND (r.queue_id IN (SELECT l.queue_id FROM later l)) IS NOT TRUE AS first"      \
	"    FROM rival r"                                                   \
	"), crowd AS MATERIALIZED ("         /* companies with more rows than places */ \
	"  SELECT t.connector, t.company_id, coalesce(h.used, 0) AS used"    \
	"    FROM (SELECT connector, company_id, count(*) AS n FROM turn"    \
	"           WHERE first AND company_id IS NOT NULL AND " COMPANY_MAX " > 0 GROUP BY 1, 2) t"               \
	"    FULL JOIN house h ON h.connector = t.connector AND h.company_id = t.company_id"                       \
	"   WHERE coalesce(t.n, 0) > 0 AND coalesce(t.n, 0) + coalesce(h.used, 0) > " COMPANY_MAX                  \
	"), seat AS MATERIALIZED ("                                          \
	"  SELECT z.queue_id, z.used + row_number() OVER (PARTITION BY z.connector, z.company_id ORDER BY z.rnk) AS place" \
	"    FROM (SELECT t.*, c.used FROM turn t"                           \
	"            FULL JOIN crowd c ON c.connector = t.connector AND c.company_id = t.company_id"               \
	"           WHERE coalesce(c.used, -1) >= 0 AND coalesce(t.first, false)) z"                               \
	"), spent AS MATERIALIZED ("                                         \
	"  SELECT (SELECT count(*) FROM due) + CASE WHEN " YEAR_MAX " > 0 THEN"                                    \
	"           (SELECT count(DISTINCT s.ref) FROM npsync.person_send s WHERE s.tenant_id = $1"                \
	"               AND s.sent_on BETWEEN date_trunc('year', $2::date)::date AND $2::date"                     \
	"               AND (s.source = 'own' OR $5)) ELSE 0 END AS year,"   \
	"         (SELECT count(*) FROM due) + CASE WHEN " NIGHT_MAX " > 0 THEN"                                   \
	"           (SELECT count(DISTINCT s.ref) FROM npsync.person_send s WHERE s.tenant_id = $1"                \
	"               AND s.sent_on = $2::date AND s.source = 'own') ELSE 0 END AS night"                        \
	"), refused AS MATERIALIZED ("       /* first, but there is no place */ \
	"  SELECT s.queue_id, s.place, " R_COMPANY " AS ord FROM seat s WHERE s.place > " COMPANY_MAX              \
	"  UNION ALL"                                                        \
	"  SELECT z.queue_id, NULL, CASE WHEN " YEAR_MAX " > 0 AND s.year + z.n > " YEAR_MAX " THEN " R_BUDGET     \
	"           ELSE " R_CAP " END"                                      \
	"    FROM (SELECT t.queue_id, row_number() OVER (ORDER BY t.rnk) AS n FROM turn t"                         \
	"            FULL JOIN (SELECT queue_id FROM seat WHERE place > " COMPANY_MAX ") s ON s.queue_id = t.queue_id" \
	"           WHERE coalesce(t.first, false) AND coalesce(s.queue_id, 0) = 0"                                \
	"             AND (" YEAR_MAX " > 0 OR " NIGHT_MAX " > 0)) z, spent s" \
	"   WHERE " YEAR_MAX " > 0 AND s.year + z.n > " YEAR_MAX             \
	"      OR " NIGHT_MAX " > 0 AND s.night + z.n > " NIGHT_MAX          \
	"), dup AS MATERIALIZED ("                                           \
	"  SELECT b.queue_id, min(b.head) AS winner FROM (SELECT * FROM best WHERE head <> queue_id"               \
	"           AND (head IN (SELECT l.queue_id FROM later l)) IS NOT TRUE) b"                                 \
	"    FULL JOIN refused f ON f.queue_id = b.head"                     \
	"   WHERE coalesce(b.queue_id, 0) > 0 AND coalesce(f.queue_id, 0) = 0 GROUP BY b.queue_id"                 \
	"), fate AS MATERIALIZED ("                                          \
	"  SELECT f.queue_id, NULL::bigint AS rnk, " R_FLOOD " AS ord, NULL::bigint AS winner,"                    \
	"         x.n || ' rows, at most ' || round(x.most::numeric, 1)::float8 || ' a night' AS fact"             \
	"    FROM free f JOIN flood x USING (trigger) WHERE NOT f.released"  \
	"  UNION ALL"                                                        \
	"  SELECT t.queue_id, t.rnk, CASE WHEN t.first THEN p.ord ELSE " R_DUPLICATE " END, d.winner,"             \
	"         CASE WHEN NOT t.first THEN 'row ' || d.winner || ' goes'"  \
	"              WHEN p.ord = " R_COMPANY " THEN p.place || ' in ' || " COMPANY_DAYS " || ' days, at most ' || " COMPANY_MAX \
	"              WHEN p.ord = " R_BUDGET " THEN " YEAR_MAX " || ' a year'"                                   \
	"              WHEN p.ord = " R_CAP " THEN " NIGHT_MAX " || ' a night' END"                                \
	"    FROM turn t FULL JOIN refused p ON p.queue_id = t.queue_id"     \
	"    FULL JOIN dup d ON d.queue_id = t.queue_id"                     \
	")"

#endif
