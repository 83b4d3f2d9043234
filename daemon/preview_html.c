/*
 * The preview as HTML: tables without images, scripts or colours of their own,
 * so that a dark reader may turn them.
 */
#include "preview.h"

#include <string.h>

#include "clock.h"
#include "html.h"

#define CELL " style=\"padding:2px 10px 2px 0;text-align:left;" \
    "vertical-align:top\""

static void
put_in(FILE *out, const char *tag, const char *text)
{
	(void)fprintf(out, "<%s>", tag);
	html_put(out, text);
	(void)fprintf(out, "</%s>\n", tag);
}

static void
put_line(FILE *out, const char *tag, const char *const *cells, size_t n)
{
	(void)fputs("<tr>", out);
	for (size_t i = 0; i < n; i++) {
		(void)fprintf(out, "<%s" CELL ">", tag);
		html_put(out, cells[i]);
		(void)fprintf(out, "</%s>", tag);
	}
	(void)fputs("</tr>\n", out);
}

static void
table_begin(FILE *out, const char *const *names, size_t n)
{
	(void)fputs("<table style=\"border-collapse:collapse\">\n", out);
	put_line(out, "th", names, n);
}

static void
table_end(FILE *out, size_t n, const char *where)
{
	(void)fputs("</table>\n", out);
	if (n > PREVIEW_ROWS_MAX)
		(void)fprintf(out, "<p>and %zu more%s</p>\n",
		    n - PREVIEW_ROWS_MAX, where);
}

/* ---- the queue ----------------------------------------------------------- */
static void
put_group(FILE *out, const struct preview *p, enum preview_group group,
    struct arena *scratch)
{
	static const char *const names[] = { "id", "trigger", "contact", "mail",
		"company", "employee", "campaign", "verdict" };
	const size_t n = preview_count(p, group);
	size_t shown = 0;

	if (n == 0)
		return;
	(void)fputs("<h3>", out);
	html_put(out, preview_heading(scratch, p, group));
	(void)fprintf(out, ": %zu</h3>\n", n);
	table_begin(out, names, ARRAY_LEN(names));
	for (size_t i = 0; i < p->n_rows && shown < PREVIEW_ROWS_MAX; i++) {
		const struct preview_row *row = &p->rows[i];
		if (preview_group(row) != group)
			continue;
		const char *cells[] = { row->id, row->trigger, row->contact,
			row->mail, row->company, row->employee, row->campaign,
			preview_words(scratch, p->zone, row->verdict,
			    row->fact, row->until, p->send_at) };
		put_line(out, "td", cells, ARRAY_LEN(cells));
		arena_reset(scratch);
		shown++;
	}
	table_end(out, n, ": all of them stand in the attached file");
}

static void
put_queue(FILE *out, const struct preview *p, struct arena *scratch)
{
	(void)fputs("<h2>npsync ", out);
	html_put(out, p->tenant);
	(void)fprintf(out, ", the night to %s</h2>\n<p>%s.</p>\n",
	    preview_day(scratch, p->zone, p->night),
	    preview_counts(scratch, p));
	if (p->paused)
		(void)fputs("<p>Sending is paused: nobody is asked before "
		    "<code>npsync activate</code>.</p>\n", out);
	if (p->restored)
		(void)fputs("<p>The database is a restored backup: nobody is "
		    "asked before that is settled.</p>\n", out);
	for (int g = 0; g < PREVIEW_GROUPS; g++)
		put_group(out, p, (enum preview_group)g, scratch);
	if (p->n_rows > 0)
		(void)fputs("<p>To take somebody out: <code>npsync exclude ID"
		    "</code><br>\nWhy, rule by rule: <code>npsync explain ID"
		    "</code></p>\n", out);
}

/* ---- what waits for a person --------------------------------------------- */
static void
put_held(FILE *out, const struct preview *p, struct arena *scratch)
{
	for (size_t i = 0; i < p->n_held; i++) {
		(void)fprintf(out, "<p>%lld held (", p->held[i].n);
		html_put(out, p->held[i].reason);
		(void)fputs("): <code>", out);
		html_put(out, preview_release(scratch, p->held[i].reason));
		(void)fputs("</code></p>\n", out);
	}
	arena_reset(scratch);
}

static void
put_alarms(FILE *out, const struct preview *p)
{
	static const char *const names[] = { "", "", "alarm", "about",
		"detail" };
	char words[32];

	if (p->n_alarms == 0)
		return;
	put_in(out, "h3", "Alarms");
	table_begin(out, names, ARRAY_LEN(names));
	for (size_t i = 0; i < p->n_alarms; i++) {
		const struct preview_alarm *a = &p->alarms[i];
		const char *cells[] = { a->raised ? "since" : "over",
			clock_words(words, p->zone, a->since),
			a->kind, a->subject, a->detail };
		put_line(out, "td", cells, ARRAY_LEN(cells));
	}
	table_end(out, 0, "");
}

static void
put_notes(FILE *out, const struct preview *p)
{
	if (p->n_notes > 0)
		put_in(out, "h3", "Note");
	for (size_t i = 0; i < p->n_notes; i++)
		put_in(out, "p", p->notes[i]);
}

/* ---- what has become of the last one ------------------------------------- */
static void
put_differences(FILE *out, const struct preview *p, struct arena *scratch)
{
	static const char *const names[] = { "id", "trigger", "contact",
		"company", "difference" };

	if (p->n_differences == 0)
		return;
	(void)fprintf(out, "<h3>Other than the preview of the night to %s "
	    "said: %zu</h3>\n", preview_day(scratch, p->zone, p->said_night),
	    p->n_differences);
	table_begin(out, names, ARRAY_LEN(names));
	for (size_t i = 0; i < p->n_differences && i < PREVIEW_ROWS_MAX; i++) {
		const struct preview_difference *d = &p->differences[i];
		const char *cells[] = { d->id, d->trigger, d->contact,
			d->company, preview_difference_words(scratch, d) };
		put_line(out, "td", cells, ARRAY_LEN(cells));
		arena_reset(scratch);
	}
	table_end(out, p->n_differences, "");
}

static void
put_last_night(FILE *out, const struct preview *p, struct arena *scratch)
{
	if (p->last_night == NO_DAY) {
		put_in(out, "p", "No night has run yet.");
		return;
	}
	(void)fprintf(out, "<h3>The night to %s: ",
	    preview_day(scratch, p->zone, p->last_night));
	html_put(out, p->last_result);
	(void)fputs("</h3>\n<pre>", out);
	for (size_t i = 0; i < p->n_last_lines; i++) {
		html_put(out, p->last_lines[i]);
		(void)fputc('\n', out);
	}
	(void)fputs("</pre>\n", out);
}

bool
preview_html(FILE *out, const struct preview *p, struct arena *scratch,
    struct err *err)
{
	arena_reset(scratch);
	(void)fputs("<!DOCTYPE html>\n<html lang=\"en\"><head>"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<title>npsync</title></head>\n"
	    "<body style=\"font-family:sans-serif;font-size:14px\">\n", out);
	put_queue(out, p, scratch);
	put_held(out, p, scratch);
	put_alarms(out, p);
	put_notes(out, p);
	put_last_night(out, p, scratch);
	put_differences(out, p, scratch);
	(void)fputs("</body></html>\n", out);
	return !ferror(out) || err_errno(err, ERR_SYSTEM, "preview");
}
