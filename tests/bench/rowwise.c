#include "rowwise.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "calendar.h"
#include "clock.h"
#include "fill.h"
#include "num.h"
#include "testdb.h"

struct seen {
	char key[64];		/* hex; "" = free */
	long long row;
	bool went;
};
struct rowwise {
	PGconn *conn;
	PGresult *order;	/* queue_id by rank */
	int next, rank;		/* of those that no rule of their own stops */
	char tenant[24], run[24];
	struct seen *seen;	/* open addressing */
	size_t n_seen;
	int *used, *placed;	/* by number of the company; tonight's */
	long long n_companies;
};

/* Everything a rule asks about one row. */
static const char look[] =
    "SELECT q.trigger, q.version, q.contact_id, q.category, c.contact_id IS NULL,"
    "       c.gone, c.anonymised, c.address_domain, c.employed, c.no_send,"
    "       c.company_no_send, c.company, c.opted_out OR o.hit IS NOT NULL,"
    "       c.address_state, c.language, c.company_id,"
    "       coalesce(q.transition_at, q.occurred_at)"
    "         < (CASE q.trigger WHEN 'sale' THEN $3 ELSE $4 END)::timestamptz,"
    "       (coalesce(q.transition_at, q.occurred_at) AT TIME ZONE $5)::date,"
    "       s.day, s.day + " FILL_TEXT(FILL_THROTTLE_DAYS) ", s.name,"
    "       encode(c.person[1], 'hex'), encode(c.person[2], 'hex')"
    "  FROM npsync.queue q"
    "  LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector"
    "       AND c.contact_id = q.contact_id"
    "  LEFT JOIN LATERAL (SELECT true AS hit FROM npsync.opt_out o"
    "        WHERE o.tenant_id = $1 AND o.person_key = ANY (c.person) LIMIT 1) o ON true"
    "  LEFT JOIN LATERAL (SELECT s.sent_on AS day, coalesce(g.name, s.campaign) AS name"
    "         FROM npsync.person_send s LEFT JOIN npsync.campaign g"
    "           ON g.tenant_id = $1 AND g.campaign_id = s.campaign"
    "        WHERE s.tenant_id = $1 AND s.person_key = ANY (c.person)"
    "          AND s.sent_on > $6::date - " FILL_TEXT(FILL_THROTTLE_DAYS)
    "        ORDER BY s.sent_on DESC, name LIMIT 1) s ON true"
    " WHERE q.tenant_id = $1 AND q.queue_id = $2";
enum { L_TRIGGER, L_VERSION, L_CONTACT, L_CATEGORY, L_UNSEEN, L_GONE,
	L_ANONYMISED, L_DOMAIN, L_EMPLOYED, L_NO_SEND, L_COMPANY_NO_SEND,
	L_COMPANY, L_OPTED_OUT, L_ADDRESS, L_LANGUAGE, L_COMPANY_ID, L_OLD,
	L_EVENT_DAY, L_ASKED, L_UNTIL, L_ASKED_BY, L_KEY_1, L_KEY_2 };

static const char put[] =
    "WITH h AS (INSERT INTO npsync.queue_history (tenant_id, queue_id, version,"
    "       at, actor, run_id, from_state, to_state, detail)"
    "  VALUES ($1, $2, $3::int + 1, $4::timestamptz, 'decide', $5, 'queued', $6, $7))"
    " UPDATE npsync.queue q SET state = $6, reason = $8::text, version = $3::int + 1,"
    "        campaign = $9, person = coalesce((SELECT c.person FROM npsync.contact c"
    "          WHERE c.tenant_id = $1 AND c.connector = q.connector"
    "            AND c.contact_id = q.contact_id), '{}'), decided_night = $10::date,"
    "        due_night = CASE WHEN $8::text IS NULL THEN $10::date END,"
    "        due_rank = CASE WHEN $8::text IS NULL THEN $11::int END,"
    "        deferred_until = CASE WHEN $6 = 'deferred' THEN $12::timestamptz"
    "                              ELSE deferred_until END"
    "  WHERE q.tenant_id = $1 AND q.queue_id = $2 AND q.version = $3::int";

static _Noreturn void
give_up(struct rowwise *w)
{
	(void)fprintf(stderr, "row by row: %s", PQerrorMessage(w->conn));
	exit(1);
}

static PGresult *
checked(struct rowwise *w, PGresult *r)
{
	if (PQresultStatus(r) != PGRES_COMMAND_OK &&
	    PQresultStatus(r) != PGRES_TUPLES_OK)
		give_up(w);
	return r;
}

static void
run(struct rowwise *w, const char *sql)
{
	PQclear(checked(w, PQexec(w->conn, sql)));
}

static void
prepare(struct rowwise *w, const char *name, const char *sql)
{
	PQclear(checked(w, PQprepare(w->conn, name, sql, 0, NULL)));
}

static PGresult *
prepared(struct rowwise *w, const char *name, int n, const char *const *args)
{
	return checked(w, PQexecPrepared(w->conn, name, n, args, NULL, NULL, 0));
}

/* ---- what it keeps in memory -------------------------------------------- */
static long long
number_of(const char *text)
{
	long long n;

	if (!num_parse(text, 0, 1LL << 60, &n))
		abort();
	return n;
}

/* The row whose turn the key is; new ones are put down. */
static struct seen *
key_find(struct rowwise *w, const char *key, long long row, bool *is_new)
{
	long long at = 0;

	for (int i = 0; i < 15; i++)
		at = at * 16 + (key[i] <= '9' ? key[i] - '0' : key[i] - 'a' + 10);
	for (size_t k = (size_t)at % w->n_seen;; k = (k + 1) % w->n_seen) {
		struct seen *s = &w->seen[k];
		*is_new = s->key[0] == '\0';
		if (*is_new) {
			memcpy(s->key, key, sizeof(s->key));
			s->row = row;
		}
		if (*is_new || memcmp(s->key, key, sizeof(s->key)) == 0)
			return s;
	}
}

static void
read_places(struct rowwise *w)
{
	PGresult *r = checked(w, PQexec(w->conn, "SELECT substr(company_id, 2),"
	    " count(*) FROM npsync.queue WHERE state IN ('sending', 'sent', 'unknown')"
	    " AND due_night > date '2026-05-06' - " FILL_TEXT(FILL_COMPANY_DAYS)
	    " GROUP BY 1"));

	for (int i = 0; i < PQntuples(r); i++)
		w->used[number_of(PQgetvalue(r, i, 0))] =
		    (int)number_of(PQgetvalue(r, i, 1));
	PQclear(r);
}

struct rowwise *
rowwise_open(struct bench *b)
{
	struct rowwise *w = calloc(1, sizeof(*w));

	if (w == NULL)
		abort();
	w->conn = PQconnectdb(testdb_conninfo());
	if (PQstatus(w->conn) != CONNECTION_OK)
		give_up(w);
	(void)snprintf(w->tenant, sizeof(w->tenant), "%lld", b->f->tenant.id);
	(void)snprintf(w->run, sizeof(w->run), "%lld", b->f->log.run_id);
	w->n_seen = (size_t)(b->sample * b->rounds) * 4 + 64;
	w->seen = calloc(w->n_seen, sizeof(*w->seen));
	w->n_companies = b->n / 3 + 1;
	w->used = calloc((size_t)w->n_companies, sizeof(*w->used));
	w->placed = calloc((size_t)w->n_companies, sizeof(*w->placed));
	if (w->seen == NULL || w->used == NULL || w->placed == NULL)
		abort();
	run(w, "SET search_path = npsync");
	prepare(w, "look", look);
	prepare(w, "put", put);
	w->order = checked(w, PQexec(w->conn, "SELECT queue_id FROM npsync.queue"
	    " WHERE state = 'queued' ORDER BY trigger <> 'sale', occurred_at,"
	    " connector, event_id, contact_id"));
	read_places(w);
	return w;
}

int
rowwise_pid(const struct rowwise *w)
{
	return PQbackendPID(w->conn);
}

void
rowwise_close(struct rowwise *w)
{
	PQclear(w->order);
	PQfinish(w->conn);
	free(w->seen);
	free(w->used);
	free(w->placed);
	free(w);
}

/* ---- verdict -------------------------------------------------------------- */
struct verdict {
	const char *state, *reason, *campaign;
	char fact[200];
};

static const char *
cell(const PGresult *r, int col)
{
	return PQgetisnull(r, 0, col) ? NULL : PQgetvalue(r, 0, col);
}

static bool
holds(const PGresult *r, int col, const char *value)
{
	return strcmp(PQgetvalue(r, 0, col), value) == 0;
}

static void fact(struct verdict *v, const char *fmt, ...) NPS_PRINTF(2, 3);

static void
fact(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(v->fact, sizeof(v->fact), fmt, ap);
	va_end(ap);
}

static const char *
campaign_of(const PGresult *r)
{
	if (holds(r, L_TRIGGER, "sale"))
		return "1";
	return holds(r, L_LANGUAGE, "da") ? "4" :
	    holds(r, L_LANGUAGE, "sv") ? "40" : "41";
}

static const char *
rule_of_card(const PGresult *r, struct verdict *v)
{
	if (holds(r, L_GONE, "t"))
		return "gone";
	if (holds(r, L_ANONYMISED, "t"))
		return "anonymised";
	if (holds(r, L_DOMAIN, FILL_OWN_DOMAIN)) {
		fact(v, "%s", FILL_OWN_DOMAIN);
		return "internal";
	}
	if (holds(r, L_EMPLOYED, "f"))
		return "left_company";
	if (holds(r, L_NO_SEND, "t"))
		return "no_send";
	if (holds(r, L_COMPANY_NO_SEND, "t")) {
		fact(v, "%s", PQgetvalue(r, 0, L_COMPANY));
		return "company_no_send";
	}
	if (holds(r, L_OPTED_OUT, "t"))
		return "opted_out";
	if (holds(r, L_UNSEEN, "t")) {
		fact(v, "%s", PQgetvalue(r, 0, L_CONTACT));
		return "no_contact";
	}
	return holds(r, L_ADDRESS, "none") ? "no_address" :
	    holds(r, L_ADDRESS, "bad") ? "bad_address" : NULL;
}

static const char *
rule_of_row(struct rowwise *w, const PGresult *r, struct verdict *v)
{
	const char *company = cell(r, L_COMPANY_ID);

	if (holds(r, L_TRIGGER, "meet") && !holds(r, L_CATEGORY, FILL_CATEGORY)) {
		fact(v, "category %s, relation Kunde", PQgetvalue(r, 0, L_CATEGORY));
		return "filtered";
	}
	if (holds(r, L_OLD, "t")) {
		fact(v, "%s", PQgetvalue(r, 0, L_EVENT_DAY));
		return "too_old";
	}
	if (cell(r, L_ASKED) != NULL) {
		fact(v, "until %s, asked %s '%s'", PQgetvalue(r, 0, L_UNTIL),
		    PQgetvalue(r, 0, L_ASKED), PQgetvalue(r, 0, L_ASKED_BY));
		return "throttled";
	}
	if (company == NULL || w->used[number_of(company + 1)] < FILL_COMPANY_MAX)
		return NULL;
	fact(v, "%d in %d days", w->used[number_of(company + 1)],
	    FILL_COMPANY_DAYS);
	return "company_cap";
}

/* The first of a person goes, if its company has a place. */
static const char *
rule_of_turn(struct rowwise *w, const PGresult *r, long long row,
    struct verdict *v)
{
	static const int keys[] = { L_KEY_1, L_KEY_2 };
	struct seen *own[2] = { NULL, NULL };
	long long winner = 0;
	bool first = true;

	w->rank++;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		bool is_new;
		struct seen *s = key_find(w, cell(r, keys[i]), row, &is_new);
		first = first && is_new;
		if (is_new)
			own[i] = s;
		else if (s->went && (winner == 0 || s->row < winner))
			winner = s->row;
	}
	if (!first) {
		if (winner != 0)
			fact(v, "row %lld goes", winner);
		else
			v->state = "deferred";
		return "duplicate_person";
	}
	const long long company = number_of(cell(r, L_COMPANY_ID) + 1);
	const int place = w->used[company] + ++w->placed[company];
	if (place > FILL_COMPANY_MAX) {
		fact(v, "%d in %d days, at most %d", place, FILL_COMPANY_DAYS,
		    FILL_COMPANY_MAX);
		return "company_cap";
	}
	own[0]->went = own[1]->went = true;
	return NULL;
}

static struct verdict
judge(struct rowwise *w, const PGresult *r, long long row)
{
	struct verdict v = { .state = "suppressed", .campaign = campaign_of(r) };

	v.reason = rule_of_card(r, &v);
	if (v.reason == NULL)
		v.reason = rule_of_row(w, r, &v);
	if (v.reason == NULL)
		v.reason = rule_of_turn(w, r, row, &v);
	if (v.reason == NULL)
		v.state = "queued";
	return v;
}

void
rowwise_night(const struct bench *b, struct rowwise_night *night)
{
	const struct calendar *cal = &b->f->conf.calendar;
	const int day = b->f->stage.night;

	(void)day_iso(night->day, day);
	(void)clock_iso(night->now, clock_now());
	(void)clock_iso(night->end, calendar_window_end(cal, day));
	(void)clock_iso(night->oldest_sale, clock_day_start(FIXTURE_ZONE,
	    calendar_oldest_day(cal, day, b->f->trigger[T_SALE].max_age_days)));
	(void)clock_iso(night->oldest_meet, clock_day_start(FIXTURE_ZONE,
	    calendar_oldest_day(cal, day, b->f->trigger[T_MEET].max_age_days)));
}

/* ---- a row ------------------------------------------------------------------ */
static void
write_row(struct rowwise *w, const struct rowwise_night *night, const char *row,
    const char *version, const struct verdict *v)
{
	char detail[256], rank_text[16];

	if (v->reason == NULL)
		(void)snprintf(detail, sizeof(detail), "due %s", night->day);
	else
		(void)snprintf(detail, sizeof(detail), "%s%s%s", v->reason,
		    *v->fact != '\0' ? ": " : "", v->fact);
	(void)snprintf(rank_text, sizeof(rank_text), "%d", w->rank);
	const char *const args[] = { w->tenant, row, version, night->now, w->run,
		v->state, detail, v->reason, v->campaign, night->day, rank_text,
		night->end };
	PQclear(prepared(w, "put", ARRAY_LEN(args), args));
}

void
rowwise_run(struct rowwise *w, const struct rowwise_night *night,
    long long rows)
{
	for (long long i = 0; i < rows && w->next < PQntuples(w->order); i++) {
		const char *row = PQgetvalue(w->order, w->next, 0);
		const char *const args[] = { w->tenant, row, night->oldest_sale,
			night->oldest_meet, FIXTURE_ZONE, night->day };

		if (i % ROWWISE_BATCH == 0)
			run(w, i == 0 ? "BEGIN" : "COMMIT; BEGIN");
		PGresult *r = prepared(w, "look", ARRAY_LEN(args), args);
		const struct verdict v = judge(w, r, number_of(row));
		w->next++;
		write_row(w, night, row, PQgetvalue(r, 0, L_VERSION), &v);
		PQclear(r);
	}
	run(w, "COMMIT");
}
