#include "preview.h"

#include <string.h>

#include "clock.h"
#include "rules.h"
#include "table.h"

enum preview_group
preview_group(const struct preview_row *row)
{
	if (strcmp(row->state, "held") == 0)
		return PREVIEW_GROUP_HELD;
	if (strcmp(row->verdict, "go") == 0)
		return PREVIEW_GROUP_GO;
	return strcmp(row->verdict, "wait") == 0 ? PREVIEW_GROUP_WAIT
	                                         : PREVIEW_GROUP_NOT;
}

size_t
preview_count(const struct preview *p, enum preview_group group)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_rows; i++)
		n += preview_group(&p->rows[i]) == group;
	return n;
}

bool
preview_is_empty(const struct preview *p)
{
	return p->n_rows + p->n_held + p->n_alarms + p->n_notes +
	    p->n_differences == 0;
}

/* ---- words --------------------------------------------------------------- */
static const char *
when(struct arena *arena, const char *zone, time_t t)
{
	char words[32];

	return arena_strdup(arena, clock_words(words, zone, t));
}

const char *
preview_words(struct arena *arena, const char *zone, const char *verdict,
    const char *fact, time_t until, time_t send_at)
{
	if (strcmp(verdict, "go") == 0)
		return arena_printf(arena, "would go %s",
		    when(arena, zone, send_at));
	if (strcmp(verdict, "wait") == 0)
		return until == NO_TIME ? "waits a night" : arena_printf(arena,
		    "waits until %s", when(arena, zone, until));
	if (strcmp(verdict, "throttled") == 0 && fact != NULL)
		return arena_printf(arena, "would not: throttled %s", fact);
	return arena_printf(arena, "would not: %s%s%s%s", rules_words(verdict),
	    fact != NULL ? " (" : "", fact != NULL ? fact : "",
	    fact != NULL ? ")" : "");
}

const char *
preview_difference_words(struct arena *arena,
    const struct preview_difference *d)
{
	const bool gives_reason = d->reason != NULL && *d->reason != '\0' &&
	    strcmp(d->reason, d->state) != 0;

	if (d->said == NULL)
		return "came in after the preview and went";
	if (strcmp(d->said, "wait") == 0)
		return "was to wait, and went";
	if (strcmp(d->said, "go") != 0)
		return arena_printf(arena, "was not to go (%s), and went",
		    rules_words(d->said));
	return arena_printf(arena, "was to go, but is %s%s%s", d->state,
	    gives_reason ? ": " : "", gives_reason ? rules_words(d->reason) : "");
}

const char *
preview_release(struct arena *arena, const char *reason)
{
	if (strcmp(reason, "restore") == 0)
		return "npsync resolve --after-restore TIME";
	/* The service has them: there is nothing to send. */
	if (strcmp(reason, "at_service") == 0)
		return "npsync exclude ID";
	return arena_printf(arena, "npsync release --reason %s", reason);
}

const char *
preview_day(struct arena *arena, const char *zone, int day)
{
	char words[32];

	return arena_printf(arena, "%.14s",
	    clock_words(words, zone, clock_day_start(zone, day)));
}

const char *
preview_heading(struct arena *arena, const struct preview *p,
    enum preview_group group)
{
	switch (group) {
	case PREVIEW_GROUP_GO:
		return arena_printf(arena, "Would be asked; the mails leave %s",
		    when(arena, p->zone, p->send_at));
	case PREVIEW_GROUP_WAIT:
		return "Wait for a later night";
	case PREVIEW_GROUP_HELD:
		return "Held: they wait for you";
	case PREVIEW_GROUP_NOT:
		return "Would not be asked";
	case PREVIEW_GROUPS:
		break;
	}
	return "";
}

const char *
preview_counts(struct arena *arena, const struct preview *p)
{
	static const char *const words[PREVIEW_GROUPS] = {
		[PREVIEW_GROUP_GO] = "would be asked",
		[PREVIEW_GROUP_WAIT] = "wait",
		[PREVIEW_GROUP_HELD] = "are held",
		[PREVIEW_GROUP_NOT] = "would not" };
	const char *text = "";

	for (int g = 0; g < PREVIEW_GROUPS; g++) {
		const size_t n = preview_count(p, (enum preview_group)g);
		/* The first two numbers that people look for always stand. */
		if (n == 0 && g != PREVIEW_GROUP_GO && g != PREVIEW_GROUP_NOT)
			continue;
		text = arena_printf(arena, "%s%s%zu %s", text,
		    *text == '\0' ? "" : ", ", n, words[g]);
		if (text == NULL)
			return "";
	}
	return text;
}

const char *
preview_subject(struct arena *arena, const struct preview *p)
{
	const char *day = preview_day(arena, p->zone, p->night);
	const char *alarms = "";
	size_t raised = 0;

	if (preview_is_empty(p))
		return arena_printf(arena, "npsync %s: nothing waits for %s",
		    p->tenant, day);
	for (size_t i = 0; i < p->n_alarms; i++)
		raised += p->alarms[i].raised;
	if (raised > 0)
		alarms = arena_printf(arena, ", %zu alarm%s", raised,
		    raised == 1 ? "" : "s");
	return arena_printf(arena, "npsync %s, night to %s: %s%s", p->tenant,
	    day, preview_counts(arena, p), alarms);
}

/* ---- CSV ----------------------------------------------------------------- */
bool
preview_csv(FILE *out, const struct preview *p, struct arena *scratch,
    struct err *err)
{
	static const struct table_column columns[] = { { "id", true, 0 },
		{ "created", false, 0 }, { "trigger", false, 0 },
		{ "contact", false, 0 }, { "mail", false, 0 },
		{ "company", false, 0 }, { "employee", false, 0 },
		{ "campaign", false, 0 }, { "verdict", false, 0 },
		{ "reason", false, 0 }, { "crm", false, 0 },
		{ "name", false, 0 } };
	struct table *t = table_open(out, TABLE_CSV, columns,
	    ARRAY_LEN(columns));

	for (size_t i = 0; i < p->n_rows; i++) {
		const struct preview_row *row = &p->rows[i];
		const char *cells[] = { row->id,
			when(scratch, p->zone, row->created), row->trigger,
			row->card, row->mail, row->company, row->employee,
			row->campaign, preview_words(scratch, p->zone,
			    row->verdict, row->fact, row->until, p->send_at),
			row->verdict, row->crm, row->name };
		table_row(t, cells);
		arena_reset(scratch);
	}
	return table_close(t, err);
}
