/*
 * nights_day.c - what people do by day: answers, opt-outs, an administrator,
 * others who ask the same customers.
 */
#include "nights_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"

/* ---- answers ------------------------------------------------------------------ */
/* A collect that went well knows who opted out, if they ever answered. */
void
nights_learn_opt_outs(int64_t now)
{
	char address[96];

	for (int i = 0; i < scene.n_opted_out; i++)
		if (ledger_has_answered(scene.sim, scene.opted_out[i], now)) {
			ledger_lower(scene.opted_out[i], address,
			    sizeof(address));
			oracle_opted_out(&scene.oracle, address);
		}
}

static bool
is_shared(const struct fakecrm_contact *c)
{
	for (int i = 0; i < scene.crm.n_contacts; i++)
		if (c != &scene.crm.contact[i] &&
		    ledger_same_address(c->email, scene.crm.contact[i].email))
			return true;
	return false;
}

/* Asked by others while our own send is in doubt: nobody could tell the two
 * apart. */
static bool
is_in_doubt(const struct fakecrm_contact *c)
{
	for (size_t i = 0; i < scene.oracle.n; i++) {
		const struct oracle_row *row = &scene.oracle.rows[i];
		if ((row->state == ORACLE_UNKNOWN ||
		        (row->state == ORACLE_SENT && !row->confirmed)) &&
		    ledger_same_address(row->address, c->email))
			return true;
	}
	return false;
}

static const struct fakecrm_contact *
somebody_elses(void)
{
	const struct fakecrm_contact *c =
	    &scene.crm.contact[nights_luck(scene.crm.n_contacts)];

	if (!c->exists || strchr(c->email, '@') == NULL || is_shared(c) ||
	    scene.n_foreign == (int)ARRAY_LEN(scene.foreign) ||
	    (scene.set->members && is_in_doubt(c)))
		return NULL;
	return c;
}

static void
remember(const struct fakecrm_contact *c)
{
	struct ledger_foreign *p = &scene.foreign[scene.n_foreign++];

	memcpy(p->address, c->email, sizeof(c->email));
	p->contact = (int)(c - scene.crm.contact);
	scene.crm.contact[p->contact].stays = true;
}

/* Answers a survey that somebody else sent. */
static void
answer_foreign(int64_t now)
{
	static const int campaigns[] = { 7749, 7750, 7751, 7754 };
	const struct fakecrm_contact *c = somebody_elses();

	if (c == NULL)
		return;
	remember(c);
	simproc_tell(scene.sim, "answer", "{\"email\": \"%s\", \"campaignId\": %d,"
	    " \"rating\": %d, \"at\": \"%s\"}", c->email,
	    campaigns[nights_luck(4)], nights_luck(11), nights_iso(now));
}

/* Is asked by somebody else, and may answer. */
void
nights_ask_foreign(int64_t now)
{
	static const int campaigns[] = { 7749, 7751, 7752, 7753 };
	const struct fakecrm_contact *c = somebody_elses();

	if (c == NULL)
		return;
	remember(c);
	scene.got.foreign++;
	simproc_tell(scene.sim, "foreign", "{\"email\": \"%s\","
	    " \"campaignId\": %d, \"at\": \"%s\"}", c->email,
	    campaigns[nights_luck(4)], nights_iso(now));
}

/* The newest respondent, or answer, of somebody; NULL = not this time.  By the
 * person, since respondents of one night come in any order. */
static const struct simproc_line *
some_respondent(int64_t now, bool answered)
{
	const char *id =
	    scene.crm.contact[nights_luck(scene.crm.n_contacts)].id;
	size_t n;
	const struct simproc_line *line = simproc_ledger(scene.sim, &n);

	for (size_t i = n; i-- > 0;) {
		const struct simproc_line *l = &line[i];
		if (l->kind != SIMPROC_RESPONDENT ||
		    strcmp(l->external + strcspn(l->external, "K"), id) != 0)
			continue;
		for (size_t k = n; answered && k-- > i;)
			if (line[k].kind == SIMPROC_ANSWER &&
			    line[k].member == l->id && line[k].at < now)
				return &line[k];
		return answered ? NULL : l;
	}
	return NULL;
}

static void
rate_again(int64_t now)
{
	const struct simproc_line *l = NULL;

	for (int tries = 0; l == NULL && tries < 10; tries++)
		l = some_respondent(now, true);
	if (l != NULL)
		simproc_tell(scene.sim, "answer", "{\"guid\": \"%s\", \"rating\": %d,"
		    " \"comment\": \"efter omtanke\", \"at\": \"%s\"}", l->guid,
		    nights_luck(11), nights_iso(now));
}

static void
opt_out(int64_t now)
{
	const bool answered = nights_luck(3) != 0;
	const struct simproc_line *l = NULL;

	for (int tries = 0; l == NULL && tries < 10; tries++)
		l = some_respondent(now, answered);
	if (l == NULL || scene.n_opted_out == (int)ARRAY_LEN(scene.opted_out))
		return;
	memcpy(scene.opted_out[scene.n_opted_out++], l->email,
	    sizeof(l->email));
	simproc_tell(scene.sim, "optout", "{\"email\": \"%s\"}", l->email);
}

void
nights_noon(int64_t now)
{
	simproc_tell(scene.sim, "auto", "{\"seed\": 5, \"percent\": 45, \"now\":"
	    " \"%s\"}", nights_iso(now));
	if (nights_luck(3) == 0)
		rate_again(now);
	if (nights_luck(4) == 0)
		answer_foreign(now);
	if (nights_luck(10) == 0)
		simproc_tell(scene.sim, "answer", "{\"email\": \"fremmed%d@andet."
		    "example\", \"campaignId\": 7749, \"rating\": 4}",
		    nights_luck(50));
	if (nights_luck(6) == 0)
		opt_out(now);
	if (scene.set->troubles && nights_luck(2) == 0)
		nights_ask_foreign(now);
}

/* ---- the CRM's side ------------------------------------------------------------ */
void
nights_import(void)
{
	int n;

	if (!fakecrm_import(&scene.crm, &n))
		nights_violation("I4 a sheet that cannot be imported");
	scene.imported += n;
}

/* Somebody thinks of a silent customer: a call, or an appointment. */
void
nights_break_silence(int day)
{
	for (size_t i = scene.oracle.n; i-- > 0;) {
		const struct oracle_row *row = &scene.oracle.rows[i];
		if (row->event != FAKECRM_INACT ||
		    row->state != ORACLE_WAITING)
			continue;
		if (nights_luck(2) == 0)
			fakecrm_call(&scene.crm, row->contact, day);
		else
			fakecrm_appoint(&scene.crm, row->contact, day);
		return;
	}
}

void
nights_late_change(void)
{
	for (size_t i = scene.oracle.n; i-- > 0;) {
		const struct oracle_row *row = &scene.oracle.rows[i];
		if (row->state != ORACLE_WAITING || row->contact < 0 ||
		    nights_luck(3) != 0)
			continue;
		fakecrm_refuse(&scene.crm, row->contact);
		return;
	}
}

/* ---- the administrator ---------------------------------------------------------- */
static void
move_row(struct oracle_row *row, enum queue_state to, const char *why)
{
	AUTO(db_result) struct db_result *r = nights_ask_row(row);
	AUTO(arena) struct arena *arena = arena_new(65536);
	struct err err = { 0 };
	size_t moved = 0;

	if (db_rows(r) != 1)
		return;
	const struct queue_move move = { db_int(r, 0, 0),
		(int)db_int(r, 0, 1), to, why, NULL, NO_TIME };
	if (!queue_move(scene.db, &scene.tenant, ACTOR_ADMIN, "admin", 0,
	        clock_now(), &move, 1, arena, &moved, &err))
		fail_msg("%s", err.msg);
	if (moved != 1)
		nights_violation("I1 %s could not be moved", row->event_id);
	row->not_before = row->due_night = 0;
	row->state = to == QUEUE_EXCLUDED ? ORACLE_EXCLUDED : ORACLE_WAITING;
	row->reason = "";
}

/* Takes some row out, or puts one back. */
void
nights_administrator(void)
{
	const bool back = nights_luck(4) == 0;

	for (int tries = 0; scene.oracle.n > 0 && tries < 400; tries++) {
		struct oracle_row *row =
		    &scene.oracle.rows[nights_luck((int)scene.oracle.n)];
		if (back && row->state == ORACLE_EXCLUDED) {
			move_row(row, QUEUE_QUEUED, NULL);
			scene.included++;
			return;
		}
		if (!back && row->state == ORACLE_WAITING) {
			move_row(row, QUEUE_EXCLUDED, "by admin: holiday");
			scene.excluded++;
			return;
		}
	}
}
