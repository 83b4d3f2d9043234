/*
 * cli_try_rows.c - the streams of a CRM on trial, and what is shown of their rows.
 */
#include <stdio.h>
#include <string.h>

#include "cli_try_int.h"
#include "clock.h"

static bool
on_page(void *arg, const char *resume, const char *watermark)
{
	(void)arg;
	(void)resume;
	(void)watermark;
	return true;
}

static struct pull
since(const struct try *t)
{
	const char *zone = t->cli->conf->timezone;
	const int from = day_add(clock_day(zone, clock_now()), -t->days);

	return (struct pull){ .from = clock_day_start(zone, from),
		.until = clock_now() };
}

static const char *
moment(struct try *t, time_t at)
{
	return at == NO_TIME ? NULL
	    : cli_when(t->cli->arena, t->cli->conf->timezone, at);
}

static const char *
flag(enum tri value)
{
	static const char *const words[] = { [TRI_UNKNOWN] = NULL,
		[TRI_NO] = "no", [TRI_YES] = "yes" };

	return words[value];
}

static const char *
joined(struct arena *arena, const char *const *list)
{
	const char *text = NULL;

	for (size_t i = 0; list != NULL && list[i] != NULL && i < 20; i++)
		text = arena_printf(arena, "%s%s%s", text == NULL ? "" : text,
		    text == NULL ? "" : ", ", list[i]);
	return text;
}

/* ---- events ------------------------------------------------------------ */
static void
keep_id(struct try *t, const char *id)
{
	if (id == NULL || t->n_ids >= (size_t)t->rows)
		return;
	for (size_t i = 0; i < t->n_ids; i++)
		if (strcmp(t->ids[i], id) == 0)
			return;
	t->ids[t->n_ids] = arena_strdup(t->cli->arena, id);
	t->n_ids += t->ids[t->n_ids] != NULL;
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	struct try *t = arg;
	const char *const cells[] = { ev->trigger, ev->event_id, ev->contact_id,
		moment(t, ev->occurred_at), moment(t, ev->transition_at),
		ev->category, ev->stage, ev->employee_id,
		ev->automatic ? "yes" : NULL };

	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		cli_try_fill(t, i, cells[i] != NULL);
	cli_try_take(t, ev->trigger != NULL ? ev->trigger : "", cells,
	    connect_event_fault(ev));
	keep_id(t, ev->contact_id);
	return t->read < READ_MAX;
}

static bool
try_events(struct try *t, struct err *err)
{
	static const struct table_column columns[] = { { "trigger", false, 0 },
		{ "event", false, CELL_MAX }, { "contact", false, CELL_MAX },
		{ "occurred", false, 0 }, { "closed", false, 0 },
		{ "category", false, 20 }, { "stage", false, 20 },
		{ "employee", false, 20 }, { "automatic", false, 0 } };
	static const char *const facts[] = { "trigger", "event", "contact",
		"occurred", "closed", "category", "stage", "employee",
		"automatic", NULL };
	const struct crm_connector *c = t->crm->connector;
	const struct pull pull = since(t);
	struct err why = { .kind = ERR_NONE };

	if ((c->info.caps & CRM_CAP_EVENTS) == 0)
		return true;
	if (!cli_try_begin(t, "events", columns, ARRAY_LEN(columns), facts))
		return err_nomem(err);
	const bool ok = c->pull_events(t->crm->link.self, &pull, on_event,
	    on_page, t, &why);
	return cli_try_end(t, ok, &why, err);
}

/* ---- cards ------------------------------------------------------------- */
static const struct table_column card_columns[] = { { "contact", false, 20 },
	{ "name", false, 24 }, { "email", false, CELL_MAX },
	{ "mobile", false, 20 }, { "language", false, 0 },
	{ "country", false, 0 }, { "company", false, 24 },
	{ "relation", false, 20 }, { "owner", false, 24 },
	{ "employed", false, 0 }, { "consent", false, 0 },
	{ "tags", false, CELL_MAX }, { "note", false, 0 } };
static const char *const card_facts[] = { "contact", "name", "email", "mobile",
	"language", "country", "company", "relation", "owner", "employed",
	"consent", "tags", "gone, merged or opted out", NULL };

static const char *
name_of(struct try *t, const struct person_name *name)
{
	if (name->full != NULL)
		return name->full;
	if (name->first == NULL || name->last == NULL)
		return name->first != NULL ? name->first : name->last;
	return arena_printf(t->cli->arena, "%s %s", name->first, name->last);
}

static const char *
note_of(struct try *t, const struct crm_contact *c)
{
	if (c->moved_to != NULL)
		return arena_printf(t->cli->arena, "merged into %s",
		    c->moved_to);
	if (c->gone || c->anonymised || !c->opted_out)
		return c->gone ? "gone" : c->anonymised ? "anonymised" : NULL;
	return c->opted_out_by == NULL ? "opted out" : arena_printf(
	    t->cli->arena, "opted out: %s", c->opted_out_by);
}

static bool
on_card(void *arg, const struct crm_contact *c)
{
	struct try *t = arg;
	const char *owner = c->owner_name != NULL ? c->owner_name :
	    c->owner_email != NULL ? c->owner_email : c->owner_id;
	const char *const cells[] = { c->contact_id, name_of(t, &c->name),
		c->email, c->mobile != NULL ? c->mobile : c->phone,
		c->language, c->country,
		c->company != NULL ? c->company : c->company_id, c->relation,
		owner, flag(c->employed), flag(c->consent),
		joined(t->cli->arena, c->tags), note_of(t, c) };

	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		cli_try_fill(t, i, cells[i] != NULL);
	cli_try_take(t, "", cells, connect_contact_fault(c));
	return t->read < READ_MAX;
}

static bool
try_cards(struct try *t, struct err *err)
{
	const struct crm_connector *c = t->crm->connector;
	const struct pull pull = since(t);
	struct err why = { .kind = ERR_NONE };

	if ((c->info.caps & CRM_CAP_CONTACTS) == 0)
		return true;
	if (!cli_try_begin(t, "cards that changed", card_columns,
	        ARRAY_LEN(card_columns), card_facts))
		return err_nomem(err);
	const bool ok = c->pull_contacts(t->crm->link.self, &pull, on_card,
	    on_page, t, &why);
	return cli_try_end(t, ok, &why, err);
}

/* As the night looks before it asks. */
static bool
try_load(struct try *t, struct err *err)
{
	const struct crm_connector *c = t->crm->connector;
	struct err why = { .kind = ERR_NONE };

	if (c->load_contacts == NULL || t->n_ids == 0)
		return true;
	if (!cli_try_begin(t, "cards of these events, by id", card_columns,
	        ARRAY_LEN(card_columns), card_facts))
		return err_nomem(err);
	const bool ok = c->load_contacts(t->crm->link.self, t->ids, t->n_ids,
	    on_card, t, &why);
	return cli_try_end(t, ok, &why, err);
}

/* ---- activities, values ------------------------------------------------ */
static bool
on_activity(void *arg, const struct crm_activity *a)
{
	static const char *const kinds[] = { [ACT_MEETING] = "meeting",
		[ACT_PHONE] = "phone", [ACT_MAIL] = "mail",
		[ACT_OTHER] = "other" };
	struct try *t = arg;
	char day[16];
	const char *const cells[] = { kinds[a->kind], a->activity_id,
		a->contact_id, a->day == NO_DAY ? NULL : day_iso(day, a->day),
		a->cancelled ? "cancelled" : a->done ? "done" : "planned" };

	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		cli_try_fill(t, i, cells[i] != NULL);
	cli_try_take(t, cells[0], cells, connect_activity_fault(a));
	return t->read < READ_MAX;
}

static bool
try_activities(struct try *t, struct err *err)
{
	static const struct table_column columns[] = { { "kind", false, 0 },
		{ "activity", false, CELL_MAX }, { "contact", false, CELL_MAX },
		{ "day", false, 0 }, { "state", false, 0 } };
	static const char *const facts[] = { "kind", "activity", "contact", "day",
		"state", NULL };
	const struct crm_connector *c = t->crm->connector;
	const struct pull pull = since(t);
	struct err why = { .kind = ERR_NONE };

	if ((c->info.caps & CRM_CAP_ACTIVITIES) == 0)
		return true;
	if (!cli_try_begin(t, "activities", columns, ARRAY_LEN(columns), facts))
		return err_nomem(err);
	const bool ok = c->pull_activities(t->crm->link.self, &pull, on_activity,
	    on_page, t, &why);
	return cli_try_end(t, ok, &why, err);
}

struct value_row {
	struct try *t;
	const char *kind;
};

static bool
on_value(void *arg, const char *id, const char *label, long count)
{
	const struct value_row *v = arg;
	char number[24];

	(void)snprintf(number, sizeof(number), "%ld", count);
	const char *const cells[] = { v->kind, id, label,
		count < 0 ? NULL : number };
	cli_try_take(v->t, v->kind, cells, NULL);
	return v->t->read < READ_MAX;
}

static bool
try_values(struct try *t, struct err *err)
{
	static const struct table_column columns[] = { { "list", false, 0 },
		{ "id", false, CELL_MAX }, { "label", false, CELL_MAX },
		{ "count", true, 0 } };
	static const char *const kinds[] = { [VAL_CATEGORY] = "category",
		[VAL_RELATION] = "relation", [VAL_STAGE] = "stage",
		[VAL_OWNER] = "owner", [VAL_TAG] = "tag",
		[VAL_FIELD] = "field" };
	const struct crm_connector *c = t->crm->connector;
	struct err why = { .kind = ERR_NONE };
	bool ok = true;

	if ((c->info.caps & CRM_CAP_VALUES) == 0)
		return true;
	if (!cli_try_begin(t, "values", columns, ARRAY_LEN(columns), NULL))
		return err_nomem(err);
	for (size_t i = 0; ok && i < ARRAY_LEN(kinds); i++) {
		struct value_row v = { t, kinds[i] };
		ok = c->list_values(t->crm->link.self, (enum value_kind)i,
		    on_value, &v, &why);
	}
	return cli_try_end(t, ok, &why, err);
}

bool
cli_try_streams(struct try *t, struct err *err)
{
	return try_events(t, err) && try_load(t, err) && try_cards(t, err) &&
	    try_activities(t, err) && try_values(t, err);
}
