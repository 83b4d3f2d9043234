/*
 * cells.c - what a single cell says: words, dates, lists of tags.
 */
#include "map.h"

#include <stdio.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

#include "text.h"

/* ---- words ---------------------------------------------------------- */

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool
files_same(const char *a, const char *b)
{
	const char *x = a, *y = b;
	int order;

	while (*x != '\0' && lower(*x) == lower(*y)) {
		x++;
		y++;
	}
	if (*x == '\0' && *y == '\0')
		return true;
	/* Only letters beyond ASCII have more than one form. */
	if (text_is_ascii(a) || text_is_ascii(b))
		return false;
	return u8_casecmp((const uint8_t *)a, strlen(a), (const uint8_t *)b,
	    strlen(b), NULL, UNINORM_NFC, &order) == 0 && order == 0;
}

size_t
files_name_len(const char *spec)
{
	const size_t len = strlen(spec);

	return len > 1 && spec[len - 1] == '?' ? len - 1 : len;
}

bool
files_has_word(const struct strlist *words, const char *text)
{
	for (size_t i = 0; text != NULL && i < words->n; i++)
		if (files_same(words->v[i], text))
			return true;
	return false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
files_each_tag(const char *cell, const char *separator, files_tag_fn *fn,
    void *arg)
{
	const size_t sep = strlen(separator);

	for (const char *end; *cell != '\0'; cell = end) {
		const char *at = sep == 0 ? NULL : strstr(cell, separator);
		size_t len = at == NULL ? strlen(cell) : (size_t)(at - cell);

		end = cell + len + (at == NULL ? 0 : sep);
		for (; len > 0 && is_blank(*cell); cell++)
			len--;
		while (len > 0 && is_blank(cell[len - 1]))
			len--;
		if (len > 0 && !fn(arg, cell, len))
			return false;
	}
	return true;
}

/* ---- cells ---------------------------------------------------------- */

static bool
parse_date(const struct files *f, const char *s, time_t *at, bool *has_time)
{
	const struct strlist *formats = &f->set->date_format;
	const char *zone = f->zone;

	for (size_t i = 0; i < formats->n; i++) {
		if (strcmp(formats->v[i], "iso") != 0) {
			if (clock_parse_format(s, formats->v[i], zone, at,
			    has_time))
				return true;
		} else if (clock_parse_iso(s, zone, at)) {
			*has_time = strlen(s) > strlen("2026-11-25");
			return true;
		}
	}
	return false;
}

bool
files_take_date(struct files_sheet *sheet, int column, time_t *at,
    bool *has_time)
{
	const struct strlist *formats = &sheet->f->set->date_format;
	const char *s = files_cell(sheet, column);
	char expected[128];

	*at = NO_TIME;
	*has_time = false;
	if (s == NULL || parse_date(sheet->f, s, at, has_time))
		return true;
	(void)snprintf(expected, sizeof(expected), "a date as %s%s",
	    formats->n == 0 ? "(date_format is empty)" : formats->v[0],
	    formats->n > 1 ? " or one of the further date_format" : "");
	files_bad_cell(sheet, column, expected);
	return false;
}

bool
files_need_date(struct files_sheet *sheet, int column, time_t *at,
    bool *has_time)
{
	if (!files_take_date(sheet, column, at, has_time))
		return false;
	if (*at != NO_TIME)
		return true;
	files_bad_cell(sheet, column, "a date, it is empty");
	return false;
}

bool
files_take_tri(struct files_sheet *sheet, int column, enum tri empty,
    enum tri *out)
{
	const char *s = files_cell(sheet, column);

	*out = empty;
	if (s == NULL)
		return true;
	if (files_has_word(&sheet->f->set->yes, s))
		*out = TRI_YES;
	else if (files_has_word(&sheet->f->set->no, s))
		*out = TRI_NO;
	else {
		files_bad_cell(sheet, column, "a word of yes or no");
		return false;
	}
	return true;
}
