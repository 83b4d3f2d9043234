/*
 * world.c - the account as it is drawn from a number: people, firms, and the
 * events of the days before the world's time.  It stands in no ledger.
 */
#include <stdlib.h>

#include "sim.h"

/* Above 31 bits, and of 10 and 11 digits. */
#define CONTACT_FIRST 9999999950
#define COMPANY_FIRST 7000000001
/* Of 3 and more digits: as text they have another order. */
#define EVENT_FIRST 512

static uint64_t
draw(const struct sim *s, const char *what, int64_t n, uint64_t below)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %lld", what, (long long)n);
	return sim_hash((uint64_t)s->opt.seed, text) % below;
}

static void
put(struct sim *s, enum obj obj, int64_t id, int64_t ms, json_t *set)
{
	(void)change_apply(s, &(struct change){ .obj = obj, .id = id, .ms = ms,
	    .set = set });
	json_decref(set);
}

/* ---- people -------------------------------------------------------------- */

static const char *
foreign_tags(const struct sim *s, int64_t n)
{
	static const char *const some[] = { "VIP", "Kursus", "VIP;Kursus" };
	const uint64_t at = draw(s, "tags", n, 10);

	return at < LEN(some) ? some[at] : NULL;
}

static void
contact_draw(struct sim *s, int64_t n)
{
	static const char *const first[] = { "Åse", "Jørgen", "Mette", "Sören",
		"Zoë", "Anna" };
	static const char *const last[] = { "Sørensen", "Nielsen", "Ærø",
		"O'Brien", "Müller" };
	const int64_t id = CONTACT_FIRST + n;
	const bool tags = prop_find(&s->kinds[OBJ_CONTACTS],
	    "npstoday_tags") >= 0;
	const uint64_t out = draw(s, "optout", n, 20);
	json_t *set = json_pack("{s:o, s:s, s:s, s:o, s:s, s:s, s:s, s:s?}",
	    "email", json_sprintf("kontakt%lld@example.test", (long long)n),
	    "firstname", first[draw(s, "first", n, LEN(first))], "lastname",
	    last[draw(s, "last", n, LEN(last))], "phone",
	    json_sprintf("+4520%06lld", (long long)n), "hs_language", "da",
	    "country", "Denmark", "hubspot_owner_id", "778899",
	    "hs_email_optout", out == 0 ? "true" : out < 8 ? "false" : NULL);

	if (draw(s, "bounce", n, 40) == 0)
		json_object_set_new(set, "hs_email_bounce", json_string("1"));
	if (tags && foreign_tags(s, n) != NULL)
		json_object_set_new(set, "npstoday_tags",
		    json_string(foreign_tags(s, n)));
	put(s, OBJ_CONTACTS, id, 1000 * s->world_at - 90 * DAY_MS + 7 * n,
	    set);
	link_put(s, OBJ_CONTACTS, id, OBJ_COMPANIES, COMPANY_FIRST + n / 4,
	    NULL);
}

static void
company_draw(struct sim *s, int64_t n)
{
	put(s, OBJ_COMPANIES, COMPANY_FIRST + n,
	    1000 * s->world_at - 100 * DAY_MS, json_pack("{s:o, s:o}", "name",
	    json_sprintf("Firma %lld A/S", (long long)n), "domain",
	    json_sprintf("firma%lld.example", (long long)n)));
}

/* ---- events -------------------------------------------------------------- */

static void
meeting_draw(struct sim *s, int64_t n, int64_t id, int64_t ms)
{
	static const char *const other[] = { "NO_SHOW", "CANCELED", NULL,
		"RESCHEDULED" };
	/* One in nine did not take place. */
	const bool held = draw(s, "held", n, 9) != 0;
	const char *outcome = held ? "COMPLETED" : other[draw(s, "other", n,
	    LEN(other))];
	const int64_t end = ms - 60000 * (int64_t)draw(s, "written", n, 30);

	put(s, OBJ_MEETINGS, id, ms - 5 * DAY_MS, json_pack(
	    "{s:s, s:s, s:s, s:s, s:s}", "hs_meeting_title", "Statusmøde",
	    "hs_timestamp", ms_iso(end - 3600000), "hs_meeting_start_time",
	    ms_iso(end - 3600000), "hs_meeting_end_time", ms_iso(end),
	    "hubspot_owner_id", "778899"));
	put(s, OBJ_MEETINGS, id, ms, json_pack("{s:s?}", "hs_meeting_outcome",
	    outcome));
}

static void
deal_draw(struct sim *s, int64_t n, int64_t id, int64_t ms)
{
	static const char *const ends[] = { "closedwon", "closedlost",
		"98765432", "98765431" };
	/* The day of closing is the salesman's, and may lie ahead. */
	const int64_t closes = ms + DAY_MS * (int64_t)draw(s, "closes", n, 9);

	put(s, OBJ_DEALS, id, ms - 20 * DAY_MS, json_pack(
	    "{s:o, s:s, s:s, s:s, s:s}", "dealname", json_sprintf("Aftale %lld",
	    (long long)n), "amount", "12500.50", "dealstage", "contractsent",
	    "dealtype", "newbusiness", "hubspot_owner_id", "778899"));
	put(s, OBJ_DEALS, id, ms, json_pack("{s:s, s:s}", "dealstage",
	    ends[draw(s, "end", n, LEN(ends))], "closedate", ms_iso(closes)));
}

static void
ticket_draw(struct sim *s, int64_t n, int64_t id, int64_t ms)
{
	static const char *const ends[] = { "4", "141", "142" };

	put(s, OBJ_TICKETS, id, ms - 2 * DAY_MS, json_pack(
	    "{s:o, s:s, s:s, s:s}", "subject", json_sprintf("Sag %lld",
	    (long long)n), "hs_pipeline_stage", "1", "hs_ticket_category",
	    "PRODUCT_ISSUE", "hubspot_owner_id", "778899"));
	put(s, OBJ_TICKETS, id, ms, json_pack("{s:s}", "hs_pipeline_stage",
	    ends[draw(s, "end", n, LEN(ends))]));
}

/* One in twenty names nobody, one in ten two people. */
static void
people_link(struct sim *s, enum obj obj, int64_t n, int64_t id)
{
	const uint64_t many = draw(s, "people", n, 20);

	for (uint64_t i = 0; s->opt.contacts > 0 && many > 0 &&
	     i < (many < 3 ? 2u : 1u); i++)
		link_put(s, obj, id, OBJ_CONTACTS, CONTACT_FIRST +
		    (int64_t)draw(s, i == 0 ? "who" : "who else", n,
			(uint64_t)s->opt.contacts), i == 0 ? NULL : "Billing");
}

static void
event_draw(struct sim *s, int64_t n)
{
	static void (*const makers[])(struct sim *, int64_t, int64_t,
	    int64_t) = { [OBJ_MEETINGS] = meeting_draw,
		[OBJ_DEALS] = deal_draw, [OBJ_TICKETS] = ticket_draw };
	static const enum obj kinds[] = { OBJ_MEETINGS, OBJ_MEETINGS,
		OBJ_MEETINGS, OBJ_DEALS, OBJ_TICKETS };
	const enum obj obj = kinds[n % (int64_t)LEN(kinds)];
	const uint64_t span = (uint64_t)(s->opt.days * DAY_MS);
	const int64_t id = EVENT_FIRST + n;
	const int64_t ms = 1000 * s->world_at - (int64_t)draw(s, "when", n,
	    span);

	makers[obj](s, n, id, ms);
	people_link(s, obj, n, id);
}

/* Nothing here is finished. */
static void
open_draw(struct sim *s, int64_t n)
{
	const int64_t id = EVENT_FIRST + s->opt.events + n;
	const int64_t ms = 1000 * s->world_at - DAY_MS - 1000 * n;

	if (n % 2 == 0)
		put(s, OBJ_DEALS, id, ms, json_pack("{s:s, s:s}", "dealname",
		    "Åben", "dealstage", n % 4 == 0 ? "98765429"
		    : "appointmentscheduled"));
	else
		put(s, OBJ_TICKETS, id, ms, json_pack("{s:s, s:s}", "subject",
		    "Åben", "hs_pipeline_stage", "2"));
	people_link(s, n % 2 == 0 ? OBJ_DEALS : OBJ_TICKETS, n, id);
}

void
world_draw(struct sim *s)
{
	for (int64_t n = 0; n <= s->opt.contacts / 4; n++)
		company_draw(s, n);
	for (int64_t n = 0; n < s->opt.contacts; n++)
		contact_draw(s, n);
	for (int64_t n = 0; n < s->opt.events; n++)
		event_draw(s, n);
	for (int64_t n = 0; n < s->opt.events / 10; n++)
		open_draw(s, n);
}
