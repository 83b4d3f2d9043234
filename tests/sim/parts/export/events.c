/*
 * events.c - deals, cases and activities: history and fresh ones.
 */
#include "export.h"

const char *
contact_id(int who, char out[16])
{
	out[0] = '\0';
	if (who != NOBODY)
		snprintf(out, 16, "P-%d", 1001 + who);
	return out;
}

static const char *
company_id(const struct export *e, int who, char out[16])
{
	snprintf(out, 16, "F-%d",
	    101 + (who == NOBODY ? 0 : e->contacts[who].company));
	return out;
}

static void
deal(const struct export *e, const char *id, int who, const char *status,
    int64_t at, const char *title)
{
	char c[16], f[16], day[DATE];
	const int kam = who == NOBODY ? 0 : e->contacts[who].company % 5;
	ROW(e->deals, id, title, status, at == 0 ? "" : local(e, at, day),
	    contact_id(who, c), company_id(e, who, f), kams[kam][0]);
}

static void
incident(const struct export *e, const char *id, int who, const char *status,
    int64_t at)
{
	char c[16], f[16], day[DATE];
	ROW(e->cases, id, "Henvendelse", status,
	    at == 0 ? "" : local(e, at, day), "Support", contact_id(who, c),
	    company_id(e, who, f), kams[e->contacts[who].company % 5][0]);
}

static void
activity(const struct export *e, const char *id, int who, const char *type,
    const char *category, const char *status, int64_t at)
{
	char c[16], f[16], day[DATE];
	ROW(e->activities, id, type, category, status, local(e, at, day),
	    contact_id(who, c), company_id(e, who, f),
	    kams[e->contacts[who].company % 5][0], "Nej",
	    strcmp(category, "Statusmøde") == 0
		? "Status,\r\nså \"kort\" som muligt"
		: "Emne");
}

static void
meeting(const struct export *e, const char *id, int who, const char *category,
    int64_t at)
{
	activity(e, id, who, "Møde", category, "Afholdt", at);
}

/* What a contact has behind and before it, long enough ago to be silent about
 * and never so that the inactivity window is met by chance. */
static void
history(const struct export *e, int i)
{
	static const char *const types[] = { "Møde", "Telefon", "Mail",
		"Notat" };
	static const char *const categories[] = { "Kundepleje", "Statusmøde",
		"Salgsmøde" };
	char id[24];
	const uint64_t h = draw(e, "history", i);
	if (h % 10 < 6) {
		snprintf(id, sizeof(id), "S-%d", 1001 + i);
		deal(e, id, i, "Vundet",
		    days_ago(e, 150 + (int64_t)(h / 10 % 700), h),
		    "Rammeaftale");
	}
	if (h / 7 % 6 == 0) {
		snprintf(id, sizeof(id), "S-%d", 20001 + i);
		deal(e, id, i, i % 2 == 0 ? "Tabt" : "Åben",
		    i % 2 == 0 ? days_ago(e, 40 + (int64_t)(h / 10 % 260), h)
			       : 0,
		    "Udvidelse");
	}
	if (h / 11 % 5 == 0) {
		snprintf(id, sizeof(id), "C-%d", 1001 + i);
		incident(e, id, i, i % 4 == 0 ? "Åben" : "Lukket",
		    i % 4 == 0 ? 0
			       : days_ago(e, 10 + (int64_t)(h / 10 % 190), h));
	}
	int64_t day = 3 + (int64_t)(h / 13 % 72);
	for (int k = 0; k < 1 + (int)(h / 17 % 3); k++) {
		snprintf(id, sizeof(id), "A-%d", 10001 + i * 4 + k);
		activity(e, id, i, types[(h >> (8 + k)) % (k == 0 ? 3 : 4)],
		    categories[(h >> (12 + k)) % 3], "Afholdt",
		    days_ago(e, day, h >> k));
		day += 20 + (int64_t)(h / 19 % 40);
	}
	if (h / 23 % 9 == 0) {
		snprintf(id, sizeof(id), "A-%d", 10004 + i * 4);
		activity(e, id, i, "Møde", categories[h % 2],
		    h % 4 == 0 ? "Aflyst" : "Planlagt",
		    days_ago(e, -3 - (int64_t)(h % 17), h));
	}
}

static void
silences(const struct export *e)
{
	static const int who[] = { SILENT, SILENT_PLANNED, SILENT_NO_CONSENT,
		SILENT_AGAIN };
	char id[24];
	for (int k = 0; k < 4; k++) {
		snprintf(id, sizeof(id), "S-%d", 8001 + k);
		deal(e, id, who[k], "Vundet", days_ago(e, 200, 5),
		    "Serviceaftale");
		snprintf(id, sizeof(id), "A-%d", 8101 + k);
		meeting(e, id, who[k], "Kundepleje", days_ago(e, 112, 9));
		snprintf(id, sizeof(id), "A-%d", 8201 + k);
		activity(e, id, who[k], "Telefon", "", "Afholdt",
		    days_ago(e, 100, 12));
	}
	activity(e, "A-8001", SILENT_PLANNED, "Møde", "Kundepleje", "Planlagt",
	    days_ago(e, -6, 8));
}

/* The k-th of the day's events, counted back from its end. */
static int64_t
fresh(const struct export *e, int k)
{
	return e->now - 15 * 60 - (int64_t)k * 20 * 60;
}

static void
today_deals(const struct export *e)
{
	static const struct {
		int who;
		const char *status;
	} deals[] = { { PAIR, "Vundet" }, { CARD_A, "Vundet" },
		{ LEFT, "Vundet" }, { COMPANY_NO_SEND, "Tabt" },
		{ NO_MAIL, "Vundet" }, { NOBODY, "Vundet" },
		{ LANGUAGE, "Vundet" }, { CAP_1, "Vundet" },
		{ CAP_2, "Vundet" }, { WIN_1, "Vundet" }, { WIN_2, "Vundet" },
		{ WIN_3, "Vundet" }, { LOSS_1, "Tabt" }, { LOSS_2, "Tabt" } };
	char id[24], c[16], f[16];
	for (int k = 0; k < 14; k++) {
		snprintf(id, sizeof(id), "S-%d", 9001 + k);
		deal(e, id, deals[k].who, deals[k].status, fresh(e, k),
		    deals[k].who == WIN_1 ? "Ny aftale; \"stor\"\r\n2 år"
					  : "Tilbud");
	}
	/* Unreadable: there is no such day. */
	ROW(e->deals, "S-9015", "Tilbud", "Vundet", "31-02-2026 10:00",
	    contact_id(WIN_2, c), company_id(e, WIN_2, f), kams[0][0]);
}

static void
today(const struct export *e)
{
	static const int cases[] = { NO_SEND, BAD_MAIL, ROLE, CAP_3, CASE_1,
		CASE_2, CASE_3 };
	static const struct {
		int id, who;
		const char *category;
	} meetings[] = { { 9001, PAIR, "Kundepleje" },
		{ 9002, CARD_B, "Kundepleje" },
		{ 9003, INTERNAL, "Kundepleje" },
		{ 9005, CATEGORY, "Salgsmøde" },
		{ 9006, RELATION, "Kundepleje" }, { 9007, CAP_4, "Kundepleje" },
		{ 9008, MEET_1, "Kundepleje" }, { 9009, MEET_2, "Kundepleje" },
		{ 9010, MEET_3, "Statusmøde" }, { 9011, MEET_4, "Statusmøde" },
		{ 9012, TWO, "Kundepleje" }, { 9012, NO_SEND, "Kundepleje" } };
	char id[24];
	today_deals(e);
	for (int k = 0; k < 7; k++) {
		snprintf(id, sizeof(id), "C-%d", 9001 + k);
		incident(e, id, cases[k], "Lukket", fresh(e, 14 + k));
	}
	for (int k = 0; k < 12; k++) {
		snprintf(id, sizeof(id), "A-%d", meetings[k].id);
		meeting(e, id, meetings[k].who, meetings[k].category,
		    fresh(e, 21 + (k < 11 ? k : 10)));
	}
}

static void
tomorrow(const struct export *e)
{
	const int64_t end = e->now + e->next_h * HOUR_S;
	deal(e, "S-9101", MEET_1, "Vundet", end - 2 * HOUR_S, "Tilbud");
	deal(e, "S-9102", NEW_3, "Tabt", end - 3 * HOUR_S, "Tilbud");
	incident(e, "C-9101", NEW_2, "Lukket", end - 4 * HOUR_S);
	meeting(e, "A-9101", NEW_1, "Kundepleje", end - 5 * HOUR_S);
	activity(e, "A-9102", SILENT_AGAIN, "Telefon", "", "Afholdt",
	    end - 6 * HOUR_S);
}

void
events_open(struct export *e)
{
	e->deals = csv_open(e->dir, "deals.csv");
	e->cases = csv_open(e->dir, "cases.csv");
	e->activities = csv_open(e->dir, "activities.csv");
	ROW(e->deals, "SalgsmulighedId", "Emne", "Status", "Lukket",
	    "KontaktId", "FirmaId", "Sælger");
	ROW(e->cases, "SagId", "Emne", "Status", "Lukket", "Kategori",
	    "KontaktId", "FirmaId", "Sagsbehandler");
	ROW(e->activities, "AktivitetId", "Type", "Kategori", "Status",
	    "Tidspunkt", "KontaktId", "FirmaId", "Medarbejder", "Automatisk",
	    "Emne");
}

void
events_close(struct export *e)
{
	csv_close(e->deals, e->dir, "deals.csv");
	csv_close(e->cases, e->dir, "cases.csv");
	csv_close(e->activities, e->dir, "activities.csv");
}

void
events_write(struct export *e)
{
	events_open(e);
	for (int i = 0; i < e->n; i++)
		if (i < SILENT || i > SILENT_AGAIN)
			history(e, i);
	silences(e);
	/* Held long ago, marked as held only today. */
	activity(e, "A-9004", OLD_MEETING, "Møde", "Kundepleje",
	    e->step < 2 ? "Planlagt" : "Afholdt", days_ago(e, 20, 10));
	if (e->step >= 2)
		today(e);
	if (e->step >= 3)
		tomorrow(e);
	events_close(e);
}
