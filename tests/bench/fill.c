#include "fill.h"

/* One of `of` values for each number, another one for each salt. */
#define DRAW(g, salt, of) "abs(hashint8extended(" g "::bigint, " salt ") %% " of ")"
/* So many of a thousand. */
#define MILLE(g, salt, n) DRAW(g, salt, "1000") " < " n

static const char *const categories[] = { FILL_CATEGORY, "Besøg" };
static const char *const own_domains[] = { FILL_OWN_DOMAIN };
static const struct conf_campaign campaigns[] = {
	{ .language = "da", .id = "4" },
	{ .language = "sv", .id = "40" },
	{ .id = "41" },
};

void
fill_rules(struct bench *b)
{
	struct fixture *f = b->f;

	f->conf.rules.throttle_days = FILL_THROTTLE_DAYS;
	f->conf.rules.company_max = FILL_COMPANY_MAX;
	f->conf.rules.company_days = FILL_COMPANY_DAYS;
	f->conf.rules.own_domains = (struct strlist){ own_domains,
		ARRAY_LEN(own_domains) };
	f->trigger[T_MEET].categories = (struct strlist){ categories,
		ARRAY_LEN(categories) };
	f->trigger[T_MEET].campaigns = campaigns;
	f->trigger[T_MEET].n_campaigns = ARRAY_LEN(campaigns);
}

/* Every hundredth card has the address of the one before it. */
static void
fill_contacts(struct bench *b)
{
	bench_say("%lld cards", b->n);
	bench_script(b, "INSERT INTO npsync.contact (tenant_id, connector,"
	    " contact_id, full_name, first_name, last_name, email, address_state,"
	    " address_domain, language, country, company_id, company, relation,"
	    " owner_id, owner_name, owner_email, employed, opted_out, no_send,"
	    " company_no_send, gone, person, last_activity_on, last_won_on, facts_at)"
	    " SELECT %lld, 'crm', 'k' || g, 'Anne ' || g, 'Anne', g,"
	    "  'anne.' || a || '@' || d, CASE WHEN " MILLE("a", "1", "10")
	    "    THEN 'bad' WHEN " MILLE("a", "2", "20") " THEN 'none' ELSE 'ok' END,"
	    "  d, CASE WHEN " MILLE("g", "3", "700") " THEN 'da'"
	    "    WHEN " MILLE("g", "4", "600") " THEN 'sv' ELSE 'en' END, 'DK',"
	    "  'c' || c, 'Kunde ' || c || ' A/S', 'Kunde', 'o' || g %% 50,"
	    "  'Ole ' || g %% 50, 'ole.' || g %% 50 || '@" FILL_OWN_DOMAIN "',"
	    "  NOT " MILLE("g", "5", "10") ", " MILLE("g", "6", "10") ", "
	    MILLE("g", "7", "10") ", " MILLE("c", "8", "5") ", "
	    MILLE("g", "9", "10") ", ARRAY[sha256(('a' || a)::bytea),"
	    "    sha256(('k' || g)::bytea)],"
	    "  date '2026-05-05' - " DRAW("g", "10", "1800") "::int,"
	    "  CASE WHEN g %% 10 = 0 THEN date '2025-06-01' END,"
	    "  timestamptz '2026-05-06 01:00Z'"
	    "   FROM (SELECT g, c, CASE WHEN g %% 100 = 0 THEN g - 1 ELSE g END AS a,"
	    "           CASE WHEN " MILLE("c", "11", "5") " THEN '" FILL_OWN_DOMAIN "'"
	    "                ELSE 'kunde' || c || '.dk' END AS d"
	    "     FROM (SELECT g, " DRAW("g", "12", "%lld") " AS c"
	    "             FROM generate_series(1, %lld) g) g) g",
	    b->f->tenant.id, b->n / 3 + 1, b->n);
}

/* In the order of days, as they come.  Each index is made when the rows are
 * there: that takes a third of the time. */
static void
fill_sends(struct bench *b)
{
	bench_say("%lld sends, two keys each", 3 * b->n);
	bench_script(b, "DO $$ DECLARE i record; key record; BEGIN"
	    " SELECT conname, pg_get_constraintdef(oid) AS def INTO key"
	    "   FROM pg_constraint WHERE conrelid = 'npsync.person_send'::regclass"
	    "    AND contype = 'p';"
	    " EXECUTE 'ALTER TABLE npsync.person_send DROP CONSTRAINT ' || key.conname;"
	    " CREATE TEMP TABLE saved AS SELECT indexrelid::regclass::text AS name,"
	    "        pg_get_indexdef(indexrelid) AS def FROM pg_index"
	    "   WHERE indrelid = 'npsync.person_send'::regclass;"
	    " FOR i IN SELECT * FROM saved LOOP EXECUTE 'DROP INDEX ' || i.name;"
	    " END LOOP;"
	    " INSERT INTO npsync.person_send (tenant_id, person_key, sent_on, ref,"
	    "        source, campaign)"
	    " SELECT %lld, k, date '2026-05-05' - " DRAW("g", "21", "500") "::int,"
	    "   md5(g::text)::uuid::text, CASE WHEN " MILLE("g", "22", "50")
	    "     THEN 'foreign' ELSE 'own' END, '4'"
	    "   FROM (SELECT g, 1 + " DRAW("g", "23", "%lld") " AS c"
	    "           FROM generate_series(1, %lld) g) g,"
	    "        unnest(ARRAY[sha256(('a' || c - CASE WHEN c %% 100 = 0 THEN 1"
	    "                            ELSE 0 END)::bytea),"
	    "                     sha256(('k' || c)::bytea)]) k ORDER BY 3;"
	    " EXECUTE format('ALTER TABLE npsync.person_send ADD CONSTRAINT %%s %%s',"
	    "    key.conname, key.def);"
	    " FOR i IN SELECT * FROM saved LOOP EXECUTE i.def; END LOOP;"
	    " DROP TABLE saved; END $$", b->f->tenant.id, b->n, 3 * b->n);
	bench_script(b, "INSERT INTO npsync.opt_out (tenant_id, person_key, source, at)"
	    " SELECT %lld, person[1], 'survey', '2026-01-01Z' FROM npsync.contact"
	    "  WHERE tenant_id = %lld AND " DRAW("left(substr(contact_id, 2), 18)",
	        "24", "100") " = 0 ON CONFLICT DO NOTHING",
	    b->f->tenant.id, b->f->tenant.id);
}

/* Of a hundred rows one is a second event of the person before it. */
static void
fill_rows(struct bench *b, long long rows)
{
	bench_say("%lld open rows", rows);
	bench_script(b, "INSERT INTO npsync.cursor (tenant_id, connector, stream,"
	    "  first_completed_at, completed_at) VALUES (%lld, 'crm', 'events',"
	    "  '2025-01-01Z', '2026-05-06 01:00Z');"
	    " INSERT INTO npsync.campaign (tenant_id, campaign_id, name, listed, seen_at)"
	    " SELECT %lld, id, 'Campaign ' || id, true, '2026-05-01Z'"
	    "   FROM unnest(ARRAY['1', '4', '40', '41']) id",
	    b->f->tenant.id, b->f->tenant.id);
	bench_script(b, "INSERT INTO npsync.queue (tenant_id, connector, trigger,"
	    " event_id, contact_id, category, occurred_at, transition_at, created_at,"
	    " created_night, client_ref)"
	    " SELECT %lld, 'crm', CASE WHEN sale THEN 'sale' ELSE 'meet' END, 'e' || g,"
	    "  CASE WHEN " MILLE("g", "31", "3") " THEN '' ELSE 'k' || 1 +"
	    "    (CASE WHEN g %% 100 = 50 THEN g - 1 ELSE g END::bigint * 7368787 %% %lld) END,"
	    "  CASE WHEN sale THEN NULL WHEN " MILLE("g", "32", "50") " THEN 'Internt'"
	    "    ELSE '" FILL_CATEGORY "' END, at, CASE WHEN sale THEN at END,"
	    "  timestamptz '2026-05-05 13:00Z', date '2026-05-05', md5('q' || g)::uuid"
	    "   FROM (SELECT g, " MILLE("g", "33", "300") " AS sale,"
	    "           timestamptz '2026-05-05 12:00Z' - interval '1 s' *"
	    "             (" DRAW("g", "34", "400000") " + CASE WHEN " MILLE("g", "35", "10")
	    "              THEN 3000000 ELSE 0 END) AS at"
	    "     FROM generate_series(1, %lld) g) g",
	    b->f->tenant.id, b->n, rows);
}

/* They take places of their companies. */
static void
fill_sent(struct bench *b)
{
	bench_script(b, "INSERT INTO npsync.queue (tenant_id, connector, trigger,"
	    " event_id, contact_id, category, occurred_at, created_at, created_night,"
	    " client_ref, state, due_night, campaign, company_id)"
	    " SELECT %lld, 'crm', 'meet', 's' || g, 'k' || g, '" FILL_CATEGORY "',"
	    "  timestamptz '2026-04-20Z', timestamptz '2026-04-21Z', date '2026-04-21',"
	    "  md5('s' || g)::uuid, 'sent', date '2026-05-05' - " DRAW("g", "41", "10")
	    "::int, '4', 'c' || " DRAW("g", "42", "%lld")
	    "   FROM generate_series(1, %lld) g",
	    b->f->tenant.id, b->n / 3 + 1, b->n / 20);
}

void
fill_queue(struct bench *b, long long rows)
{
	fill_contacts(b);
	fill_sends(b);
	fill_sent(b);
	fill_rows(b, rows);
	fill_settle(b);
}

void
fill_activities(struct bench *b)
{
	fill_contacts(b);
	bench_say("%lld activities", 10 * b->n);
	bench_script(b, "CREATE SCHEMA bench;"
	    " CREATE TABLE bench.activity (tenant_id bigint NOT NULL,"
	    "   connector text NOT NULL, contact_id text NOT NULL, day date NOT NULL);"
	    " INSERT INTO bench.activity SELECT tenant_id, connector, contact_id,"
	    "   last_activity_on - 40 * i"
	    "   FROM npsync.contact, generate_series(0, 9) i;"
	    " CREATE INDEX ON bench.activity (tenant_id, connector, contact_id, day DESC)");
	fill_settle(b);
}

void
fill_settle(struct bench *b)
{
	bench_say("vacuum analyze");
	bench_script(b, "VACUUM ANALYZE");
}
