#include "verdict_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"

#define COLUMNS 32

/* Columns of one INSERT. */
struct columns {
	struct db_array v[COLUMNS];
	size_t n;		/* used in the row at hand */
};

static void
text(struct columns *c, const char *value)
{
	db_array_text(&c->v[c->n++], value);
}

static void
flag(struct columns *c, bool value)
{
	db_array_bool(&c->v[c->n++], value);
}

static void
fact(struct columns *c, enum verdict_fact value)
{
	text(c, value == FACT_UNKNOWN ? NULL : value == FACT_YES ? "t" : "f");
}

static void
moment(struct columns *c, time_t t)
{
	db_array_time(&c->v[c->n++], t);
}

static void
day(struct columns *c, int value)
{
	db_array_day(&c->v[c->n++], value);
}

static void
number(struct columns *c, long long value)
{
	db_array_int(&c->v[c->n++], value);
}

/* "h12", or "House 12"; nothing for none. */
static void
house(struct columns *c, int value, const char *fmt)
{
	char name[24];

	(void)snprintf(name, sizeof(name), "%s%d", fmt, value);
	text(c, value == HOUSE_NONE ? NULL : name);
}

static void
insert(struct fixture *f, struct columns *c, const char *sql)
{
	const struct db_stmt stmt = { "verdict_load", sql };
	struct db_args args;
	struct err err = { 0 };

	db_args_init(&args, f->arena);
	db_arg_int(&args, f->tenant.id);
	db_arg_arrays(&args, c->v, c->n);
	if (!db_query(f->db, &stmt, &args, NULL, &err))
		fail_msg("%s", err.msg);
	db_arrays_free(c->v, COLUMNS);
	arena_reset(f->arena);
}

/* ---- keys -------------------------------------------------------------- */
const char *
verdict_pilot_address(int key, char buf[32])
{
	(void)snprintf(buf, 32, "p%d@kunde.dk", key);
	return buf;
}

/* bytea text of a key: an address of the pilot list has its real one. */
static const char *
key_text(const struct fixture *f, int key, char buf[IDENTITY_KEY_HEX])
{
	char address[32];
	struct err err = { 0 };
	size_t len = 0;

	if (key < VERDICT_PILOT) {
		if (!identity_key_address(f->tenant.secret,
		        verdict_pilot_address(key, address), buf, &err))
			fail_msg("%s", err.msg);
		return buf;
	}
	(void)snprintf(address, sizeof(address), "k%d", key);
	len = (size_t)snprintf(buf, IDENTITY_KEY_HEX, "\\x");
	for (const char *p = address; *p != '\0'; p++)
		len += (size_t)snprintf(buf + len, IDENTITY_KEY_HEX - len, "%02x",
		    (unsigned)*p);
	return buf;
}

/* The text of a bytea[]. */
static void
keys(struct columns *c, const struct fixture *f, const int *key, int n)
{
	char list[VERDICT_KEYS * (IDENTITY_KEY_HEX + 4) + 3] = "{";
	char one[IDENTITY_KEY_HEX];
	size_t len = 1;

	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len,
		    "%s\"\\%s\"", i > 0 ? "," : "", key_text(f, key[i], one));
	(void)snprintf(list + len, sizeof(list) - len, "}");
	text(c, list);
}

/* ---- tables ------------------------------------------------------------ */
static void
add_card(struct columns *c, const struct fixture *f,
    const struct verdict_world *w, size_t i)
{
	static const char *const states[] = { "ok", "none", "bad" };
	const struct verdict_card *k = &w->cards[i];
	char id[24];

	c->n = 0;
	(void)snprintf(id, sizeof(id), "c%zu", i);
	text(c, k->connector);
	text(c, id);
	keys(c, f, k->keys, k->n_keys);
	keys(c, f, &k->merged, k->merged >= 0);
	flag(c, k->gone);
	flag(c, k->anonymised);
	flag(c, k->no_send);
	flag(c, k->company_no_send);
	flag(c, k->opted_out);
	flag(c, k->role);
	fact(c, k->employed);
	fact(c, k->consent);
	moment(c, k->consent_at);
	moment(c, k->company_since);
	text(c, states[k->address]);
	text(c, k->domain);
	text(c, k->language);
	text(c, k->country);
	text(c, k->relation);
	text(c, k->segment);
	text(c, k->department);
	house(c, k->house, "h");
	house(c, k->house, "House ");
	day(c, k->last_activity_on);
}

static void
load_cards(struct fixture *f, const struct verdict_world *w)
{
	struct columns c;

	db_arrays_init(c.v, COLUMNS);
	for (size_t i = 0; i < w->n_cards; i++)
		add_card(&c, f, w, i);
	if (w->n_cards == 0)
		return;
	insert(f, &c, "INSERT INTO npsync.contact (tenant_id, connector,"
	    " contact_id, person, merged_keys, gone, anonymised, no_send,"
	    " company_no_send, opted_out, role_address, employed, consent,"
	    " consent_at, company_since, address_state, address_domain,"
	    " language, country, relation, segment, department, company_id,"
	    " company, last_activity_on, email, facts_at) SELECT $1, t.a, t.b,"
	    " t.c::bytea[], t.d::bytea[], t.e, t.f, t.g, t.h, t.i, t.j, t.k,"
	    " t.l, t.m, t.n, t.o, t.p, t.q, t.r, t.s, t.t, t.u, t.v, t.w, t.x,"
	    " t.b || '@' || t.p, 'infinity' FROM unnest($2::text[], $3::text[],"
	    " $4::text[], $5::text[], $6::boolean[], $7::boolean[],"
	    " $8::boolean[], $9::boolean[], $10::boolean[], $11::boolean[],"
	    " $12::boolean[], $13::boolean[], $14::timestamptz[],"
	    " $15::timestamptz[], $16::text[], $17::text[], $18::text[],"
	    " $19::text[], $20::text[], $21::text[], $22::text[], $23::text[],"
	    " $24::text[], $25::date[]) AS t (a, b, c, d, e, f, g, h, i, j, k,"
	    " l, m, n, o, p, q, r, s, t, u, v, w, x)");
}

static void
load_plans(struct fixture *f, const struct verdict_world *w)
{
	struct columns c;
	size_t n = 0;

	db_arrays_init(c.v, COLUMNS);
	for (size_t i = 0; i < w->n_cards; i++) {
		if (w->cards[i].planned_on == NO_DAY)
			continue;
		c.n = 0;
		text(&c, w->cards[i].connector);
		number(&c, (long long)i);
		day(&c, w->cards[i].planned_on);
		n++;
	}
	if (n == 0)
		return;
	insert(f, &c, "INSERT INTO npsync.planned_activity (tenant_id,"
	    " connector, contact_id, activity_id, planned_on, pass)"
	    " SELECT $1, a, 'c' || b, 'a', c, 1 FROM unnest($2::text[],"
	    " $3::bigint[], $4::date[]) AS t (a, b, c)");
}

/* A row that was decided before carries the keys its card had then. */
static void
row_keys(struct columns *c, const struct fixture *f,
    const struct verdict_world *w, size_t i, int send)
{
	const struct verdict_row *r = &w->rows[i];

	if (send >= 0)
		keys(c, f, w->sends[send].keys, w->sends[send].n_keys);
	else if (r->due_night != NO_DAY && r->card >= 0)
		keys(c, f, w->cards[r->card].keys, w->cards[r->card].n_keys);
	else
		text(c, "{}");
}

static void
add_row(struct columns *c, const struct verdict_world *w, size_t i)
{
	const struct verdict_row *r = &w->rows[i];
	char id[32], card[24];

	c->n = 0;
	(void)snprintf(card, sizeof(card), "c%d", r->card);
	text(c, r->connector);
	text(c, r->trigger);
	text(c, verdict_event_id(w, i, id));
	text(c, r->card == CARD_NONE ? "" : r->card == CARD_UNSEEN ? "ghost" : card);
	text(c, r->category);
	moment(c, r->occurred_at);
	moment(c, r->transition_at);
	moment(c, r->created_at);
	day(c, r->created_night);
	text(c, queue_state_name(r->state));
	moment(c, r->deferred_until);
	day(c, r->due_night);
	text(c, r->campaign);
	flag(c, r->released);
	number(c, (long long)i);
}

/* By row: the send it became; -1 = none. */
static int *
sends_by_row(const struct verdict_world *w)
{
	int *by_row = calloc(w->n_rows + 1, sizeof(*by_row));

	assert_non_null(by_row);
	for (size_t i = 0; i < w->n_rows; i++)
		by_row[i] = -1;
	for (size_t i = 0; i < w->n_sends; i++)
		if (w->sends[i].row >= 0)
			by_row[w->sends[i].row] = (int)i;
	return by_row;
}

static void
load_rows(struct fixture *f, const struct verdict_world *w)
{
	int *send = sends_by_row(w);
	struct columns c;

	db_arrays_init(c.v, COLUMNS);
	for (size_t i = 0; i < w->n_rows; i++) {
		add_row(&c, w, i);
		row_keys(&c, f, w, i, send[i]);
		flag(&c, w->rows[i].test);
	}
	free(send);
	insert(f, &c, "INSERT INTO npsync.queue (tenant_id, connector, trigger,"
	    " event_id, contact_id, category, occurred_at, transition_at,"
	    " created_at, created_night, state, deferred_until, due_night,"
	    " due_rank, campaign, released, client_ref, person, test, company_id,"
	    " company) SELECT $1, t.a, t.b, t.c, t.d, t.e, t.f, t.g, t.h, t.i,"
	    " t.j, coalesce(t.k, '-infinity'), t.l, t.o, t.m, t.n,"
	    " ('00000000-0000-4000-8000-' || lpad(t.o::text, 12, '0'))::uuid,"
	    " t.p::bytea[], t.q,"
	    " CASE WHEN t.l IS NOT NULL THEN c.company_id END,"
	    " CASE WHEN t.l IS NOT NULL THEN c.company END"
	    " FROM unnest($2::text[], $3::text[], $4::text[],"
	    " $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],"
	    " $9::timestamptz[], $10::date[], $11::text[], $12::timestamptz[],"
	    " $13::date[], $14::text[], $15::boolean[], $16::bigint[], $17::text[],"
	    " $18::boolean[]) AS t (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o,"
	    " p, q)"
	    " LEFT JOIN npsync.contact c ON c.tenant_id = $1"
	    " AND c.connector = t.a AND c.contact_id = t.d");
}

static void
load_sends(struct fixture *f, const struct verdict_world *w)
{
	char one[IDENTITY_KEY_HEX], ref[40];
	struct columns c;

	db_arrays_init(c.v, COLUMNS);
	for (size_t i = 0; i < w->n_sends; i++) {
		const struct verdict_send *s = &w->sends[i];
		if (s->row < 0)
			(void)snprintf(ref, sizeof(ref), "f%zu", i);
		else
			(void)snprintf(ref, sizeof(ref),
			    "00000000-0000-4000-8000-%012d", s->row);
		for (int k = 0; k < s->n_keys; k++) {
			c.n = 0;
			text(&c, key_text(f, s->keys[k], one));
			day(&c, s->day);
			text(&c, ref);
			text(&c, s->row < 0 ? "foreign" : "own");
			text(&c, s->campaign);
		}
	}
	if (w->n_sends == 0)
		return;
	insert(f, &c, "INSERT INTO npsync.person_send (tenant_id, person_key,"
	    " sent_on, ref, source, campaign) SELECT $1, a::bytea, b, c, d, e"
	    " FROM unnest($2::text[], $3::date[], $4::text[], $5::text[],"
	    " $6::text[]) AS t (a, b, c, d, e)");
}

static void
load_answers(struct fixture *f, const struct verdict_world *w)
{
	char one[IDENTITY_KEY_HEX];
	struct columns c;

	db_arrays_init(c.v, COLUMNS);
	for (size_t i = 0; i < w->n_answers; i++) {
		const struct verdict_answer *a = &w->answers[i];
		const struct verdict_card *card = &w->cards[a->card];
		c.n = 0;
		number(&c, (long long)i);
		text(&c, a->campaign);
		moment(&c, a->at);
		text(&c, key_text(f, card->keys[0], one));
		text(&c, card->connector);
		number(&c, a->card);
	}
	if (w->n_answers == 0)
		return;
	insert(f, &c, "INSERT INTO npsync.answer (tenant_id, answer_id,"
	    " campaign_id, score, answered_at, address_key, matched, connector,"
	    " contact_id, first_seen_at) SELECT $1, 'a' || a, b, 9, c,"
	    " d::bytea, 'card', e, 'c' || f, c FROM unnest($2::bigint[],"
	    " $3::text[], $4::timestamptz[], $5::text[], $6::text[],"
	    " $7::bigint[]) AS t (a, b, c, d, e, f)");
}

static void
load_opt_outs(struct fixture *f, const struct verdict_world *w)
{
	char one[IDENTITY_KEY_HEX];
	struct columns c;

	db_arrays_init(c.v, COLUMNS);
	for (size_t i = 0; i < w->n_opt_outs; i++) {
		c.n = 0;
		text(&c, key_text(f, w->opt_outs[i].key, one));
		text(&c, w->opt_outs[i].scope);
	}
	if (w->n_opt_outs == 0)
		return;
	insert(f, &c, "INSERT INTO npsync.opt_out (tenant_id, person_key,"
	    " source, scope, at) SELECT $1, a::bytea, 'survey', b,"
	    " '2026-01-01Z' FROM unnest($2::text[], $3::text[]) AS t (a, b)"
	    " ON CONFLICT DO NOTHING");
}

static void
load_pauses(struct fixture *f, const struct verdict_world *w)
{
	struct columns c;

	db_arrays_init(c.v, COLUMNS);
	for (size_t i = 0; i < w->n_pauses; i++) {
		const struct verdict_pause *p = &w->pauses[i];
		c.n = 0;
		text(&c, p->trigger);
		text(&c, p->campaign);
		house(&c, p->house, p->by_name ? "House " : "h");
		text(&c, p->country);
		moment(&c, p->until);
	}
	if (w->n_pauses == 0)
		return;
	insert(f, &c, "INSERT INTO npsync.pause (tenant_id, trigger, campaign,"
	    " company, country, until, actor, at) SELECT $1, a, b, c, d, e,"
	    " 'admin', '2026-01-01Z' FROM unnest($2::text[], $3::text[],"
	    " $4::text[], $5::text[], $6::timestamptz[]) AS t (a, b, c, d, e)");
}

void
verdict_load(struct fixture *f, const struct verdict_world *w)
{
	char now[32];

	load_cards(f, w);
	load_plans(f, w);
	load_rows(f, w);
	load_sends(f, w);
	load_answers(f, w);
	load_opt_outs(f, w);
	load_pauses(f, w);
	if (w->started != NO_TIME)
		fixture_exec(f, "INSERT INTO npsync.cursor (tenant_id, connector,"
		    " stream, first_completed_at) VALUES ($1, 'crm', 'events',"
		    " '%s')", clock_iso(now, w->started));
}
