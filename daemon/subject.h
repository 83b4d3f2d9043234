/*
 * subject.h - one person over all tables: the cards, keys and words by which
 * rows are known as theirs, for `npsync erase` and `npsync export-subject`.
 */
#ifndef NPSYNC_SUBJECT_H
#define NPSYNC_SUBJECT_H

#include "db.h"
#include "tenant.h"

/* Who is meant: an address, or a card of a CRM. */
struct subject_given {
	const char *address;			/* NULL = by card */
	const char *connector, *contact_id;	/* NULL = by address */
};
struct subject {
	struct subject_given given;
	long long tenant_id;
	struct db_array connectors, contacts;	/* cards, side by side */
	struct db_array keys;
	struct db_array words;	/* address, name, numbers; lower case */
	struct db_array emails;	/* as the CRM has them */
	struct db_array mobiles;	/* that no card of others carries */
	size_t n_cards;		/* that are known here */
	long long n_sharing;	/* others' cards that carry a mobile of theirs */
	time_t mail_kept;	/* a mail since then is kept as sent */
};
void subject_init(struct subject *s);
void subject_free(struct subject *s);
/* Every card with the address (of the card that is given), and cards that were
 * merged into one of them, or they into it.  A number that other cards carry
 * too is no key.
 * ERR_USAGE: the address cannot be one. */
NPS_MUSTCHECK bool subject_find(struct db *db, const struct tenant *tenant,
    const struct subject_given *given, struct arena *arena, struct subject *s,
    struct err *err);

/*
 * How a statement tells a row of the subject, by alias of the table.  Arguments:
 * $1 tenant, $2 connectors, $3 contacts, $4 keys, $5 words, $6 mails kept.
 */
#define SUBJECT_CARD(a)                                                      \
	"EXISTS (SELECT 1 FROM unnest($2::text[], $3::text[]) AS p(connector, id)" \
	" WHERE p.connector = " a ".connector AND p.id = " a ".contact_id)"
#define SUBJECT_ROW(a)                                                       \
	"(" SUBJECT_CARD(a) " OR " a ".person && $4::bytea[])"
#define SUBJECT_ANSWER(a)                                                    \
	"(" a ".address_key = ANY ($4::bytea[]) OR " SUBJECT_CARD(a)         \
	" OR " a ".queue_id IN (SELECT x.queue_id FROM npsync.queue x"       \
	" WHERE x.tenant_id = $1 AND " SUBJECT_ROW("x") "))"
/* A mail to the person; a write to a card of theirs, or about their answer. */
#define SUBJECT_EFFECT(a)                                                    \
	"(lower(" a ".target) = ANY ($5::text[])"                            \
	" OR " a ".kind IN ('field', 'opt_out') AND EXISTS (SELECT 1"        \
	" FROM unnest($2::text[], $3::text[]) AS p(connector, id)"           \
	" WHERE p.connector = " a ".target AND p.id = " a ".subject)"        \
	" OR " a ".kind IN ('history', 'feed', 'task', 'webhook') AND " a ".subject IN (" \
	"SELECT y.answer_id FROM npsync.answer y WHERE y.tenant_id = $1"     \
	" AND " SUBJECT_ANSWER("y") "))"
/* Not one of today: without it, it would go out twice. */
#define SUBJECT_OLD_EFFECT(a)                                                \
	"(" SUBJECT_EFFECT(a) " AND (" a ".kind <> 'mail'"                   \
	" OR " a ".updated_at < $6::timestamptz))"
#define SUBJECT_TEXT(text)                                                   \
	"EXISTS (SELECT 1 FROM unnest($5::text[]) AS w(word)"                \
	" WHERE strpos(lower(" text "), w.word) > 0)"
#define SUBJECT_RECORD(a)                                                    \
	"(" SUBJECT_TEXT("concat_ws(' ', " a ".record_key, " a ".source, " a ".reason)") \
	" OR EXISTS (SELECT 1 FROM unnest($2::text[], $3::text[]) AS p(connector, id)" \
	" WHERE p.connector = " a ".connector AND p.id = " a ".record_key))"
/* Adds $1 to $3, $4, $5 or $6. */
void subject_args(struct db_args *args, struct subject *s, int until);

/* How many of each place there are: place, count. */
NPS_MUSTCHECK bool subject_count(struct db *db, struct subject *s,
    struct arena *arena, struct db_result **result, struct err *err);

/* Every record of the person, section by section, a JSON object each; a
 * section without any is named once with NULL. */
typedef bool subject_emit_fn(void *arg, const char *section, const char *json,
    struct err *err);
NPS_MUSTCHECK bool subject_export(struct db *db, struct subject *s,
    subject_emit_fn *emit, void *arg, struct arena *arena, struct err *err);

#endif
