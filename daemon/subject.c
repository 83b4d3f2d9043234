#include "subject.h"

#include <string.h>

#include "clock.h"
#include "identity.h"

#define WORD_MIN 6	/* shorter ones stand in too many texts */
/* A mail of the last day, whatever the zone: who was written to then must not
 * be written to again. */
#define MAIL_KEPT_S (25 * 3600)
/* The end of a number, as it may be written in several ways. */
#define NUMBER(column) "right(regexp_replace(" column ", '[^0-9]', '', 'g'), 8)"

DB_STMT(subject_cards,
    "WITH RECURSIVE card AS ("
    "  SELECT c.connector, c.contact_id FROM npsync.contact c WHERE c.tenant_id = $1"
    "     AND (c.address_key = ANY ($2::bytea[]) OR (c.connector = $3 AND c.contact_id = $4)"
    "          OR c.address_key IN (SELECT g.address_key FROM npsync.contact g"
    "                WHERE g.tenant_id = $1 AND g.connector = $3 AND g.contact_id = $4))"
    "  UNION"
    "  SELECT c.connector, c.contact_id FROM card k"
    "    JOIN npsync.contact o ON o.tenant_id = $1 AND o.connector = k.connector"
    "         AND o.contact_id = k.contact_id"
    "    JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = k.connector"
    "         AND (c.moved_to = o.contact_id OR c.contact_id = o.moved_to)"
    "), own AS MATERIALIZED ("
    "  SELECT c.*, " NUMBER("c.mobile") " AS number"
    "    FROM card k JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = k.connector"
    "         AND c.contact_id = k.contact_id"
    "), shared AS MATERIALIZED ("
    "  SELECT DISTINCT o.connector, o.contact_id, x.number"
    "    FROM npsync.contact o, LATERAL (VALUES (" NUMBER("o.mobile") "), (" NUMBER("o.phone") ")) x(number)"
    "   WHERE o.tenant_id = $1 AND x.number IN (SELECT w.number FROM own w WHERE w.number <> '')"
    "     AND (o.connector, o.contact_id) NOT IN (SELECT k.connector, k.contact_id FROM card k)"
    ")"
    " SELECT c.connector, c.contact_id, c.email,"
    "        CASE WHEN c.number NOT IN (SELECT s.number FROM shared s) THEN c.mobile END,"
    "        (SELECT count(DISTINCT (s.connector, s.contact_id)) FROM shared s), lower(c.email),"
    "        lower(c.full_name), lower(c.first_name || ' ' || c.last_name), lower(c.mobile),"
    "        lower(c.phone)"
    "   FROM own c");
DB_STMT(subject_keys,
    "SELECT DISTINCT k FROM ("
    "  SELECT unnest(c.person || c.merged_keys) AS k FROM npsync.contact c WHERE c.tenant_id = $1"
    "     AND " SUBJECT_CARD("c")
    "  UNION ALL SELECT unnest($4::bytea[])) x"
    /* A switchboard's number is no person. */
    " WHERE NOT EXISTS (SELECT 1 FROM npsync.contact c WHERE c.tenant_id = $1"
    "          AND x.k = ANY (c.person) AND NOT " SUBJECT_CARD("c") ")");
DB_STMT(subject_counts,
    "SELECT 'contacts', count(*) FROM npsync.contact c WHERE c.tenant_id = $1 AND NOT c.erased"
    "   AND " SUBJECT_CARD("c")
    " UNION ALL SELECT 'queue, open', count(*) FROM npsync.queue q WHERE q.tenant_id = $1"
    "   AND q.state IN ('queued', 'deferred', 'held', 'excluded', 'sending', 'unknown')"
    "   AND " SUBJECT_ROW("q")
    " UNION ALL SELECT 'queue, ended', count(*) FROM npsync.queue q WHERE q.tenant_id = $1"
    "   AND q.state IN ('suppressed', 'expired', 'sent', 'failed') AND " SUBJECT_ROW("q")
    " UNION ALL SELECT 'answers', count(*) FROM npsync.answer a WHERE a.tenant_id = $1"
    "   AND " SUBJECT_ANSWER("a")
    " UNION ALL SELECT 'tags', count(*) FROM npsync.tag_want t WHERE t.tenant_id = $1"
    "   AND " SUBJECT_CARD("t")
    " UNION ALL SELECT 'commands', count(*) FROM npsync.tag_command t WHERE t.tenant_id = $1"
    "   AND " SUBJECT_CARD("t")
    " UNION ALL SELECT 'searches', count(*) FROM npsync.answer_search t WHERE t.tenant_id = $1"
    "   AND t.address_key = ANY ($4::bytea[])"
    " UNION ALL SELECT 'plans', count(*) FROM npsync.planned_activity a WHERE a.tenant_id = $1"
    "   AND " SUBJECT_CARD("a")
    " UNION ALL SELECT 'effects', count(*) FROM npsync.effect f WHERE f.tenant_id = $1"
    "   AND " SUBJECT_OLD_EFFECT("f")
    " UNION ALL SELECT 'unreadable records', count(*) FROM npsync.quarantine x"
    "  WHERE x.tenant_id = $1 AND " SUBJECT_RECORD("x")
    " UNION ALL SELECT 'texts', (SELECT count(*) FROM npsync.audit u WHERE u.tenant_id = $1"
    "          AND " SUBJECT_TEXT("concat_ws(' ', u.subject, u.detail)") ")"
    "       + (SELECT count(*) FROM npsync.run r WHERE r.tenant_id = $1"
    "          AND " SUBJECT_TEXT("r.detail") ")"
    "       + (SELECT count(*) FROM npsync.alarm m WHERE m.tenant_id = $1"
    "          AND " SUBJECT_TEXT("concat_ws(' ', m.subject, m.detail)") ")"
    "       + (SELECT count(*) FROM npsync.pause p WHERE p.tenant_id = $1"
    "          AND " SUBJECT_TEXT("p.reason") ")"
    "       + (SELECT count(*) FROM npsync.queue q WHERE q.tenant_id = $1"
    "          AND " SUBJECT_TEXT("q.reason") " AND NOT " SUBJECT_ROW("q") ")"
    "       + (SELECT count(*) FROM npsync.queue_history h WHERE h.tenant_id = $1"
    "          AND " SUBJECT_TEXT("h.detail")
    "          AND NOT EXISTS (SELECT 1 FROM npsync.queue q WHERE q.tenant_id = $1"
    "                 AND q.queue_id = h.queue_id AND " SUBJECT_ROW("q") "))");

void
subject_init(struct subject *s)
{
	*s = (struct subject){ .n_cards = 0 };
	db_array_init(&s->connectors);
	db_array_init(&s->contacts);
	db_array_init(&s->keys);
	db_array_init(&s->words);
	db_array_init(&s->emails);
	db_array_init(&s->mobiles);
}

void
subject_free(struct subject *s)
{
	db_array_free(&s->connectors);
	db_array_free(&s->contacts);
	db_array_free(&s->keys);
	db_array_free(&s->words);
	db_array_free(&s->emails);
	db_array_free(&s->mobiles);
}

void
subject_args(struct db_args *args, struct subject *s, int until)
{
	db_arg_int(args, s->tenant_id);
	db_arg_array(args, &s->connectors);
	db_arg_array(args, &s->contacts);
	if (until >= 4)
		db_arg_array(args, &s->keys);
	if (until >= 5)
		db_arg_array(args, &s->words);
	if (until >= 6)
		db_arg_time(args, s->mail_kept);
}

static void
add_word(struct subject *s, const char *word)
{
	if (word != NULL && strlen(word) >= WORD_MIN)
		db_array_text(&s->words, word);
}

/* Texts and keys that follow from what was given alone. */
static bool
add_given(struct subject *s, const struct tenant *tenant, struct arena *arena,
    struct err *err)
{
	const struct subject_given *g = &s->given;
	const char *address, *domain;
	char key[IDENTITY_KEY_HEX];

	if (g->address != NULL) {
		if (identity_address(arena, g->address, &address, &domain) !=
		    ADDRESS_OK)
			return arena_failed(arena) ? err_nomem(err) : err_set(err,
			    ERR_USAGE, "expected a mail address");
		if (!identity_key_address(tenant->secret, address, key, err))
			return false;
		add_word(s, address);
		db_array_text(&s->emails, g->address);
	} else if (!identity_key_card(tenant->secret, g->connector, g->contact_id,
	    key, err)) {
		return false;
	}
	db_array_text(&s->keys, key);
	return true;
}

static void
add_card(struct subject *s, const struct db_result *r, int row, bool *given)
{
	const char *connector = db_text(r, row, 0), *id = db_text(r, row, 1);
	const struct subject_given *g = &s->given;

	db_array_text(&s->connectors, connector);
	db_array_text(&s->contacts, id);
	if (!db_is_null(r, row, 2))
		db_array_text(&s->emails, db_text(r, row, 2));
	if (!db_is_null(r, row, 3))
		db_array_text(&s->mobiles, db_text(r, row, 3));
	s->n_sharing = db_int(r, row, 4);
	for (int col = 5; col <= 9; col++)
		add_word(s, db_text(r, row, col));
	s->n_cards++;
	if (g->connector != NULL && strcmp(g->connector, connector) == 0 &&
	    strcmp(g->contact_id, id) == 0)
		*given = true;
}

static bool
find_cards(struct db *db, struct subject *s, struct arena *arena,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;
	bool given = s->given.connector == NULL;

	db_args_init(&args, arena);
	db_arg_int(&args, s->tenant_id);
	db_arg_array(&args, &s->keys);
	db_arg_text(&args, s->given.connector);
	db_arg_text(&args, s->given.contact_id);
	if (!db_query(db, &subject_cards, &args, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++)
		add_card(s, r, i, &given);
	/* Rows may know a card of which no fact was ever read. */
	if (!given) {
		db_array_text(&s->connectors, s->given.connector);
		db_array_text(&s->contacts, s->given.contact_id);
	}
	return true;
}

static bool
find_keys(struct db *db, struct subject *s, struct arena *arena,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	subject_args(&args, s, 4);
	if (!db_query(db, &subject_keys, &args, &r, err))
		return false;
	db_array_reset(&s->keys);
	for (int i = 0; i < db_rows(r); i++)
		db_array_text(&s->keys, db_text(r, i, 0));
	return true;
}

bool
subject_find(struct db *db, const struct tenant *tenant,
    const struct subject_given *given, struct arena *arena, struct subject *s,
    struct err *err)
{
	s->given = *given;
	s->tenant_id = tenant->id;
	s->mail_kept = clock_now() - MAIL_KEPT_S;
	return add_given(s, tenant, arena, err) &&
	    find_cards(db, s, arena, err) && find_keys(db, s, arena, err);
}

bool
subject_count(struct db *db, struct subject *s, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	subject_args(&args, s, 6);
	return db_query(db, &subject_counts, &args, result, err);
}
