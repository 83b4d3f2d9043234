/*
 * The preview for a mail reader without HTML, and for a terminal.
 */
#include "preview.h"

#include <string.h>

#include "clock.h"
#include "rules.h"
#include "table.h"
#include "text.h"

/* What others wrote, on one line. */
static void
put(FILE *out, const char *s)
{
	char piece[TEXT_PIECE];
	size_t took;

	for (; (took = text_piece(s, piece)) > 0; s += took)
		(void)fputs(piece, out);
}

static void
put_others(FILE *out, size_t n, const char *where)
{
	if (n > PREVIEW_ROWS_MAX)
		(void)fprintf(out, "and %zu more%s\n", n - PREVIEW_ROWS_MAX,
		    where);
}

/* ---- the queue ----------------------------------------------------------- */
static bool
put_group(FILE *out, const struct preview *p, enum preview_group group,
    struct arena *scratch, struct err *err)
{
	static const struct table_column columns[] = { { "id", true, 0 },
		{ "trigger", false, 0 }, { "contact", false, 24 },
		{ "company", false, 24 }, { "verdict", false, 0 } };
	static const struct table_column going[] = { { "id", true, 0 },
		{ "trigger", false, 0 }, { "contact", false, 24 },
		{ "company", false, 24 }, { "campaign", false, 24 } };
	const bool go = group == PREVIEW_GROUP_GO;
	const size_t n = preview_count(p, group);
	size_t shown = 0;

	if (n == 0)
		return true;
	(void)fprintf(out, "\n%s: %zu\n", preview_heading(scratch, p, group), n);
	struct table *t = table_open(out, TABLE_TEXT, go ? going : columns, 5);
	for (size_t i = 0; i < p->n_rows && shown < PREVIEW_ROWS_MAX; i++) {
		const struct preview_row *row = &p->rows[i];
		if (preview_group(row) != group)
			continue;
		const char *cells[] = { row->id, row->trigger, row->contact,
			row->company, go ? row->campaign : preview_words(scratch,
			    p->zone, row->verdict, row->fact, row->until,
			    p->send_at) };
		table_row(t, cells);
		shown++;
	}
	arena_reset(scratch);
	if (!table_close(t, err))
		return false;
	put_others(out, n, ": all of them stand in the attached file");
	return true;
}

static bool
put_queue(FILE *out, const struct preview *p, struct arena *scratch,
    struct err *err)
{
	(void)fprintf(out, "npsync %s, the night to %s: %s.\n", p->tenant,
	    preview_day(scratch, p->zone, p->night),
	    preview_counts(scratch, p));
	if (p->paused)
		(void)fputs("Sending is paused: nobody is asked before "
		    "`npsync activate`.\n", out);
	if (p->restored)
		(void)fputs("The database is a restored backup: nobody is "
		    "asked before that is settled.\n", out);
	for (int g = 0; g < PREVIEW_GROUPS; g++)
		if (!put_group(out, p, (enum preview_group)g, scratch, err))
			return false;
	if (p->n_rows > 0)
		(void)fputs("\nTo take somebody out:  npsync exclude ID\n"
		    "Why, rule by rule:     npsync explain ID\n", out);
	return true;
}

/* ---- what waits for a person --------------------------------------------- */
static void
put_held(FILE *out, const struct preview *p, struct arena *scratch)
{
	for (size_t i = 0; i < p->n_held; i++)
		(void)fprintf(out, "%s%lld held (%s):  %s\n", i == 0 ? "\n" : "",
		    p->held[i].n, p->held[i].reason,
		    preview_release(scratch, p->held[i].reason));
	arena_reset(scratch);
}

static void
put_alarms(FILE *out, const struct preview *p)
{
	char words[32];

	if (p->n_alarms > 0)
		(void)fputs("\nAlarms\n", out);
	for (size_t i = 0; i < p->n_alarms; i++) {
		const struct preview_alarm *a = &p->alarms[i];
		(void)fprintf(out, "  %s %s  %s ", a->raised ? "since" : "over",
		    clock_words(words, p->zone, a->since), a->kind);
		put(out, a->subject);
		(void)fputs(*a->detail != '\0' ? ": " : "", out);
		put(out, a->detail);
		(void)fputc('\n', out);
	}
}

static void
put_notes(FILE *out, const struct preview *p)
{
	for (size_t i = 0; i < p->n_notes; i++) {
		(void)fputs(i == 0 ? "\nNote\n  " : "  ", out);
		put(out, p->notes[i]);
		(void)fputc('\n', out);
	}
}

/* ---- what has become of the last one ------------------------------------- */
static bool
put_differences(FILE *out, const struct preview *p, struct arena *scratch,
    struct err *err)
{
	static const struct table_column columns[] = { { "id", true, 0 },
		{ "trigger", false, 0 }, { "contact", false, 24 },
		{ "company", false, 24 }, { "difference", false, 0 } };

	if (p->n_differences == 0)
		return true;
	(void)fprintf(out, "\nOther than the preview of the night to %s said: "
	    "%zu\n", preview_day(scratch, p->zone, p->said_night),
	    p->n_differences);
	struct table *t = table_open(out, TABLE_TEXT, columns,
	    ARRAY_LEN(columns));
	for (size_t i = 0; i < p->n_differences && i < PREVIEW_ROWS_MAX; i++) {
		const struct preview_difference *d = &p->differences[i];
		const char *cells[] = { d->id, d->trigger, d->contact,
			d->company, preview_difference_words(scratch, d) };
		table_row(t, cells);
	}
	arena_reset(scratch);
	if (!table_close(t, err))
		return false;
	put_others(out, p->n_differences, "");
	return true;
}

static bool
put_last_night(FILE *out, const struct preview *p, struct arena *scratch,
    struct err *err)
{
	if (p->last_night == NO_DAY)
		(void)fputs("\nNo night has run yet.\n", out);
	else
		(void)fprintf(out, "\nThe night to %s: %s\n",
		    preview_day(scratch, p->zone, p->last_night),
		    p->last_result);
	for (size_t i = 0; i < p->n_last_lines; i++)
		(void)fprintf(out, "%s\n", p->last_lines[i]);
	arena_reset(scratch);
	return put_differences(out, p, scratch, err);
}

bool
preview_text(FILE *out, const struct preview *p, struct arena *scratch,
    struct err *err)
{
	arena_reset(scratch);
	if (preview_is_empty(p)) {
		(void)fprintf(out, "Nothing waits for %s.\n",
		    preview_day(scratch, p->zone, p->night));
		return !ferror(out) || err_errno(err, ERR_SYSTEM, "preview");
	}
	if (!put_queue(out, p, scratch, err))
		return false;
	arena_reset(scratch);
	put_held(out, p, scratch);
	put_alarms(out, p);
	put_notes(out, p);
	if (!put_last_night(out, p, scratch, err))
		return false;
	return !ferror(out) || err_errno(err, ERR_SYSTEM, "preview");
}
