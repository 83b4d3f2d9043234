#include "fakecrm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/simtime.h"

/* ---- days and chance ------------------------------------------------------------ */
/* 02:00 by standard time on the last Sunday of a month, as the Union has it. */
static int64_t
change_of(int year, int month)
{
	int64_t day = sim_days(year, month, 31);

	while ((day + 3) % 7 != 6)
		day--;
	return day * DAY_S + 3600;
}

static int64_t
offset_of(int64_t t)
{
	/* Asked of by the thousand, mostly for the same year. */
	static int64_t from, until, summer, winter;
	int y, m, d;

	if (t < from || t >= until) {
		sim_civil(sim_floor_div(t, DAY_S), &y, &m, &d);
		from = sim_days(y, 1, 1) * DAY_S;
		until = sim_days(y + 1, 1, 1) * DAY_S;
		summer = change_of(y, 3);
		winter = change_of(y, 10);
	}
	return t >= summer && t < winter ? 7200 : 3600;
}

int
fakecrm_day_of(int64_t t)
{
	return (int)sim_floor_div(t + offset_of(t), DAY_S);
}

int64_t
fakecrm_time(int day, int hour, int minute)
{
	const int64_t local = (int64_t)day * DAY_S + hour * 3600 + minute * 60;
	const int64_t winter = local - 3600;

	return offset_of(winter) == 3600 ? winter : local - 7200;
}

/* Easter Sunday of these years, from an almanac. */
static int64_t
easter_of(int year)
{
	static const int days[][2] = { { 4, 20 }, { 4, 5 }, { 3, 28 }, { 4, 16 },
		{ 4, 1 }, { 4, 21 } };

	if (year < 2025 || year > 2030)
		abort();
	return sim_days(year, days[year - 2025][0], days[year - 2025][1]);
}

bool
fakecrm_is_working(int day)
{
	/* Maundy Thursday, Good Friday, Easter Monday, Ascension, Whit Monday */
	static const int after_easter[] = { -3, -2, 1, 39, 50 };
	int y, m, d;

	if ((day + 3) % 7 >= 5)
		return false;
	sim_civil(day, &y, &m, &d);
	if ((m == 1 && d == 1) || (m == 12 && (d == 25 || d == 26)))
		return false;
	for (size_t i = 0; i < sizeof(after_easter) / sizeof(int); i++)
		if (day - easter_of(y) == after_easter[i])
			return false;
	return true;
}

const char *
fakecrm_iso(int day, char out[40])
{
	int y, m, d;

	sim_civil(day, &y, &m, &d);
	(void)snprintf(out, 40, "%04d-%02d-%02d", y, m, d);
	return out;
}

int
fakecrm_random(uint64_t *rng, int n)
{
	*rng += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = *rng;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (int)((z ^ (z >> 31)) % (uint64_t)n);
}

static int
chance(struct fakecrm *crm, int n)
{
	return fakecrm_random(&crm->rng, n);
}

/* ---- tags ------------------------------------------------------------------------ */
bool
fakecrm_tag_has(const struct fakecrm_tags *tags, const char *tag)
{
	for (int i = 0; i < tags->n; i++)
		if (strcmp(tags->v[i], tag) == 0)
			return true;
	return false;
}

void
fakecrm_tag_put(struct fakecrm_tags *tags, const char *tag)
{
	if (fakecrm_tag_has(tags, tag))
		return;
	if (tags->n == FAKECRM_TAGS)
		abort();
	(void)snprintf(tags->v[tags->n++], sizeof(fakecrm_tag), "%s", tag);
}

void
fakecrm_tag_drop(struct fakecrm_tags *tags, const char *tag)
{
	for (int i = 0; i < tags->n; i++)
		if (strcmp(tags->v[i], tag) == 0) {
			tags->n--;
			if (i < tags->n)
				memcpy(tags->v[i], tags->v[tags->n],
				    sizeof(fakecrm_tag));
			return;
		}
}

static void
tag_both(struct fakecrm_contact *c, const char *tag)
{
	fakecrm_tag_put(&c->tags, tag);
	fakecrm_tag_put(&c->own, tag);
}

/* ---- people ----------------------------------------------------------------------- */
static void
contact_address(struct fakecrm_contact *c, int i)
{
	(void)snprintf(c->email, sizeof(c->email), "p%03d@firma%02d.example",
	    i, c->company);
	if (i % 25 == 7)
		c->email[0] = '\0';
	else if (i % 50 == 9)
		(void)snprintf(c->email, sizeof(c->email), "ikke oplyst");
	else if (i % 30 == 11)
		(void)snprintf(c->email, sizeof(c->email),
		    "p%03d@egen.example", i);
	else if (i % 60 == 13)
		(void)snprintf(c->email, sizeof(c->email),
		    "info@firma%02d.example", c->company);
	/* A second card of a person, typed by somebody else. */
	else if (i >= 130 && i < 150)
		(void)snprintf(c->email, sizeof(c->email),
		    "P%03d@Firma%02d.Example", i - 130,
		    (i - 130) % FAKECRM_COMPANIES);
}

static void
contact_add(struct fakecrm *crm)
{
	static const char *const languages[] = { "da", "da", "da", "da", "da",
		"da", "sv", "da", "sv", "is" };
	const int i = crm->n_contacts++;
	struct fakecrm_contact *c = &crm->contact[i];

	*c = (struct fakecrm_contact){ .exists = true,
		.language = languages[chance(crm, 10)],
		.company = i % FAKECRM_COMPANIES, .quiet = i % 3 == 1,
		.consent = chance(crm, 10) < 6 ? 1 : chance(crm, 2) - 1 };
	(void)snprintf(c->id, sizeof(c->id), "K%03d", i);
	(void)snprintf(c->key, sizeof(c->key), "CK-%05d", 7 * i + 100);
	contact_address(c, i);
	if (chance(crm, 20) == 0) {
		c->no_send = true;
		tag_both(c, "NPSToday.NoSend");
	}
	if (chance(crm, 5) == 0)
		tag_both(c, "VIP");
	if (chance(crm, 6) == 0)
		tag_both(c, "Nyhedsbrev; æøå");
	/* From an earlier survey; and what only looks like it. */
	if (chance(crm, 6) == 0)
		tag_both(c, "NPSToday.Møde.6");
	if (chance(crm, 12) == 0)
		tag_both(c, "NPSToday.Møde.2.9");
	if (chance(crm, 12) == 0)
		tag_both(c, "NPSToday.Salgsmøde.3");
}

void
fakecrm_address(const struct fakecrm_contact *c, char out[64])
{
	size_t n = 0;

	for (const char *p = c->email; *p != '\0' && n < 63; p++)
		out[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	out[strchr(c->email, '@') != NULL ? n : 0] = '\0';
}

bool
fakecrm_is_own(const struct fakecrm_contact *c)
{
	return strstr(c->email, "@egen.example") != NULL;
}

int
fakecrm_find(const struct fakecrm *crm, const char *id)
{
	for (int i = 0; i < crm->n_contacts; i++)
		if (strcmp(crm->contact[i].id, id) == 0)
			return i;
	return -1;
}

static void
set_no_send(struct fakecrm_contact *c, bool no_send)
{
	c->no_send = no_send;
	if (no_send) {
		tag_both(c, "NPSToday.NoSend");
		return;
	}
	fakecrm_tag_drop(&c->tags, "NPSToday.NoSend");
	fakecrm_tag_drop(&c->own, "NPSToday.NoSend");
}

static void
move(struct fakecrm_contact *c)
{
	char number[8];

	if (strchr(c->email, '@') == NULL || c->stays)
		return;
	(void)snprintf(number, sizeof(number), "%s", c->id + 1);
	(void)snprintf(c->email, sizeof(c->email), "p%s.%d@firma%02d.example",
	    number, ++c->moves, c->company);
}

void
fakecrm_refuse(struct fakecrm *crm, int contact)
{
	struct fakecrm_contact *c = &crm->contact[contact];

	if (chance(crm, 2) != 0)
		c->left = true;
	else
		set_no_send(c, true);
}

void
fakecrm_merge(struct fakecrm *crm)
{
	struct fakecrm_contact *a = &crm->contact[chance(crm, crm->n_contacts)];
	struct fakecrm_contact *b = &crm->contact[chance(crm, crm->n_contacts)];

	if (a == b || !a->exists || !b->exists || a->stays || b->stays ||
	    strchr(b->email, '@') == NULL)
		return;
	memcpy(a->email, b->email, sizeof(a->email));
	b->exists = false;
}

void
fakecrm_change(struct fakecrm *crm)
{
	struct fakecrm_contact *c = &crm->contact[chance(crm, crm->n_contacts)];
	const int what = chance(crm, 20);
	const bool worse = chance(crm, 4) == 0;

	if (what < 6)
		set_no_send(c, worse);
	else if (what < 11)
		c->left = worse;
	else if (what < 14)
		c->consent = chance(crm, 3) - 1;
	else if (what < 16)
		move(c);
	else if (what < 17)
		c->exists = false;	/* for good */
	else if (what < 18)
		crm->company_no_send[c->company] = worse;
	else if (crm->n_contacts < FAKECRM_CONTACTS_MAX)
		contact_add(crm);
}

/* ---- what happens -------------------------------------------------------------------- */
static struct fakecrm_row *
row_add(struct fakecrm *crm, enum fakecrm_table table, int contact, int64_t at)
{
	static const char letter[] = "ADS";
	const char *who = contact >= 0 ? crm->contact[contact].id
	    : contact == FAKECRM_STRANGER ? "K999" : "";

	if (crm->n == crm->room) {
		crm->room = crm->room == 0 ? 256 : 2 * crm->room;
		crm->rows = realloc(crm->rows,
		    crm->room * sizeof(*crm->rows));
		if (crm->rows == NULL)
			abort();
	}
	struct fakecrm_row *row = &crm->rows[crm->n++];
	*row = (struct fakecrm_row){ .table = table, .number = crm->numbers,
		.contact = contact, .at = at, .shown_at = at, .ends_at = at,
		.category = chance(crm, 8) == 0 ? FAKECRM_INTERNAL
		                : (enum fakecrm_category)chance(crm, 2) };
	(void)snprintf(row->event_id, sizeof(row->event_id), "%c%d%s%s",
	    letter[table], row->number, table == FAKECRM_ACTIVITY ? "/" : "",
	    table == FAKECRM_ACTIVITY ? who : "");
	return row;
}

static int
somebody(struct fakecrm *crm)
{
	int i, tries = 0;

	/* One third is left in peace, but for a rare call. */
	do
		i = chance(crm, crm->n_contacts);
	while (!crm->contact[i].exists ||
	    (crm->contact[i].quiet && chance(crm, 25) != 0 && ++tries < 50));
	return i;
}

static int
somebody_or_nobody(struct fakecrm *crm)
{
	const int luck = chance(crm, 25);

	return luck == 0 ? FAKECRM_NOBODY : luck == 1 ? FAKECRM_STRANGER
	                                             : somebody(crm);
}

/* Held earlier, put down now: "somebody tidies up". */
static void
backdate(struct fakecrm *crm, struct fakecrm_row *row, int day)
{
	if (chance(crm, 7) != 0)
		return;
	const int back = 1 + chance(crm, 20);
	row->at = fakecrm_time(day - back, 8 + chance(crm, 10),
	    chance(crm, 60));
}

static void
meeting(struct fakecrm *crm, int day, int64_t at)
{
	const int first = somebody(crm), guests = chance(crm, 3) == 0 ? 2 : 1;

	crm->numbers++;
	for (int i = 0; i < guests; i++) {
		const int who = i == 0 ? first : somebody(crm);
		if (i > 0 && who == first)
			continue;
		struct fakecrm_row *row = row_add(crm, FAKECRM_ACTIVITY, who,
		    at);
		row->status = FAKECRM_HELD;
		if (i == 0)
			backdate(crm, row, day);
	}
}

/* Ahead of us; it is held, falls out, or is forgotten. */
static void
appointment(struct fakecrm *crm, int who, int day, int64_t now)
{
	const int ahead = 1 + chance(crm, 14), luck = chance(crm, 10);

	crm->numbers++;
	struct fakecrm_row *row = row_add(crm, FAKECRM_ACTIVITY, who,
	    fakecrm_time(day + ahead, 9 + chance(crm, 8), 0));
	row->kind = chance(crm, 4) == 0 ? FAKECRM_PHONE : FAKECRM_MEETING;
	row->shown_at = now;
	row->status = luck < 6 ? FAKECRM_HELD : FAKECRM_CANCELLED;
	row->ends_at = luck == 9 ? FAKECRM_NEVER : row->at + 3600;
}

static void
contacted(struct fakecrm *crm, int who, int64_t at)
{
	crm->numbers++;
	struct fakecrm_row *row = row_add(crm, FAKECRM_ACTIVITY, who, at);
	row->kind = FAKECRM_PHONE + (enum fakecrm_kind)chance(crm, 3);
	row->status = FAKECRM_HELD;
}

void
fakecrm_call(struct fakecrm *crm, int contact, int day)
{
	contacted(crm, contact, fakecrm_time(day, 16, 5));
}

void
fakecrm_appoint(struct fakecrm *crm, int contact, int day)
{
	appointment(crm, contact, day, fakecrm_time(day, 16, 10));
}

static void
closed(struct fakecrm *crm, int day, int64_t at)
{
	const int luck = chance(crm, 3);

	crm->numbers++;
	struct fakecrm_row *row = row_add(crm,
	    luck == 2 ? FAKECRM_TICKET : FAKECRM_DEAL, somebody_or_nobody(crm),
	    at);
	row->status = luck == 0 ? FAKECRM_WON : luck == 1 ? FAKECRM_LOST
	                                                  : FAKECRM_CLOSED;
	backdate(crm, row, day);
}

void
fakecrm_day(struct fakecrm *crm, int day)
{
	const int n = fakecrm_is_working(day) ? 14 + chance(crm, 12)
	                                      : chance(crm, 5);

	for (int i = 0; i < n; i++) {
		const int64_t at = fakecrm_time(day, 8 + chance(crm, 11),
		    chance(crm, 60));
		const int luck = chance(crm, 20);
		if (luck < 7)
			meeting(crm, day, at);
		else if (luck < 9)
			/* The quiet ones have some too. */
			appointment(crm, chance(crm, 3) == 0
			    ? chance(crm, crm->n_contacts) : somebody(crm),
			    day, at);
		else if (luck < 14)
			contacted(crm, somebody(crm), at);
		else
			closed(crm, day, at);
	}
}

/* The quiet third: a deal won long ago, and silence since some day. */
static void
silence(struct fakecrm *crm, int contact, int day)
{
	crm->numbers++;
	row_add(crm, FAKECRM_DEAL, contact, fakecrm_time(day - 60 -
	    chance(crm, 40), 10, chance(crm, 60)))->status = FAKECRM_WON;
	crm->numbers++;
	struct fakecrm_row *row = row_add(crm, FAKECRM_ACTIVITY, contact,
	    fakecrm_time(day - chance(crm, 55), 11, 0));
	row->status = FAKECRM_HELD;
	row->kind = (enum fakecrm_kind)chance(crm, 3);
}

void
fakecrm_open(struct fakecrm *crm, uint64_t seed, int64_t start,
    const char *dir, const char *sheets)
{
	const int today = fakecrm_day_of(start);

	*crm = (struct fakecrm){ .rng = seed, .start = start, .numbers = 1000 };
	(void)snprintf(crm->dir, sizeof(crm->dir), "%s", dir);
	(void)snprintf(crm->sheets, sizeof(crm->sheets), "%s", sheets);
	for (int i = 0; i < FAKECRM_CONTACTS; i++)
		contact_add(crm);
	for (int i = 0; i < 2; i++)
		crm->company_no_send[chance(crm, FAKECRM_COMPANIES)] = true;
	for (int i = 0; i < FAKECRM_CONTACTS; i++)
		if (crm->contact[i].quiet)
			silence(crm, i, today);
	for (int day = today - 40; day < today; day++)
		fakecrm_day(crm, day);
}

void
fakecrm_close(struct fakecrm *crm)
{
	free(crm->rows);
	crm->rows = NULL;
}

bool
fakecrm_is_event(const struct fakecrm_row *row, int64_t now,
    enum fakecrm_event *event)
{
	if (row->shown_at > now || row->ends_at > now)
		return false;
	switch (row->status) {
	case FAKECRM_HELD:
		*event = FAKECRM_MEET;
		return row->kind == FAKECRM_MEETING;
	case FAKECRM_WON:
		*event = FAKECRM_SALE;
		return true;
	case FAKECRM_LOST:
		*event = FAKECRM_LOSS;
		return true;
	case FAKECRM_CLOSED:
		*event = FAKECRM_CASE;
		return true;
	case FAKECRM_PLANNED:
	case FAKECRM_CANCELLED:
		break;
	}
	return false;
}
