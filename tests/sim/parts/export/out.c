/*
 * out.c - CSV as a Danish spreadsheet writes it, and local time.
 */
#include <errno.h>
#include <stdlib.h>

#include "export.h"

_Noreturn void
die(const char *what)
{
	fprintf(stderr, "export: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- files */
FILE *
csv_open(const char *dir, const char *name)
{
	char path[4200];
	snprintf(path, sizeof(path), "%s/.%s.tmp", dir, name);
	FILE *f = fopen(path, "we");
	if (f == NULL)
		die(path);
	fputs("\xef\xbb\xbf", f);
	return f;
}

/* A reader never sees half a file. */
void
csv_close(FILE *f, const char *dir, const char *name)
{
	char tmp[4200], path[4200];
	snprintf(tmp, sizeof(tmp), "%s/.%s.tmp", dir, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (fflush(f) != 0 || ferror(f) || fclose(f) != 0 ||
	    rename(tmp, path) != 0)
		die(path);
}

void
csv_row(FILE *f, const char *const *cells)
{
	for (size_t i = 0; cells[i] != NULL; i++) {
		if (i > 0)
			fputc(';', f);
		if (strpbrk(cells[i], ";\"\r\n") == NULL) {
			fputs(cells[i], f);
			continue;
		}
		fputc('"', f);
		for (const char *p = cells[i]; *p != '\0'; p++) {
			if (*p == '"')
				fputc('"', f);
			fputc(*p, f);
		}
		fputc('"', f);
	}
	fputs("\r\n", f);
}

/* One row in place, at most max cells; quotes as csv_row writes them. */
size_t
csv_split(char *line, char **cells, size_t max)
{
	size_t n = 0;
	line[strcspn(line, "\r\n")] = '\0';
	if (strncmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3;
	while (n < max) {
		char *out = line;
		bool quoted = *line == '"';
		cells[n++] = out;
		for (line += quoted; *line != '\0'; line++) {
			if (quoted && *line == '"' && *++line != '"')
				quoted = false;
			if (*line == '\0' || (!quoted && *line == ';'))
				break;
			*out++ = *line;
		}
		const bool last = *line == '\0';
		*out = '\0';
		if (last)
			break;
		line++;
	}
	return n;
}

/* ---- local time: the rule of the European Union */
static const struct {
	const char *name;
	int minutes;
	bool dst;
} zones[] = { { "Europe/Copenhagen", 60, true },
	{ "Europe/Stockholm", 60, true }, { "Europe/Oslo", 60, true },
	{ "Europe/Berlin", 60, true }, { "Europe/Helsinki", 120, true },
	{ "Atlantic/Reykjavik", 0, false }, { "UTC", 0, false } };

/* 01:00 UTC on the last Sunday of a month of 31 days. */
static int64_t
last_sunday(int year, int month)
{
	const int64_t day = sim_days(year, month, 31);
	return (day - (day + 4) % 7) * DAY_S + HOUR_S;
}

const char *
local(const struct export *e, int64_t t, char out[DATE])
{
	int y, m, d;
	sim_civil(sim_floor_div(t, DAY_S), &y, &m, &d);
	const bool summer =
	    e->zone_dst && t >= last_sunday(y, 3) && t < last_sunday(y, 10);
	t += 60 * (e->zone_min + (summer ? 60 : 0));
	const int64_t day = sim_floor_div(t, DAY_S);
	const int s = (int)(t - day * DAY_S);
	sim_civil(day, &y, &m, &d);
	snprintf(out, DATE, "%02d-%02d-%04d %02d:%02d", d, m, y, s / 3600,
	    s / 60 % 60);
	return out;
}

/* An office hour so many days ago (negative: ahead). */
int64_t
days_ago(const struct export *e, int64_t days, uint64_t h)
{
	return (sim_floor_div(e->now, DAY_S) - days) * DAY_S + 8 * HOUR_S +
	       (int64_t)(h % 28) * 900;
}

uint64_t
draw(const struct export *e, const char *what, int64_t i)
{
	char key[64];
	snprintf(key, sizeof(key), "%s/%lld", what, (long long)i);
	return sim_hash((uint64_t)e->seed, key) >> 8;
}

bool
zone_set(struct export *e)
{
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (strcmp(zones[i].name, e->zone) == 0) {
			e->zone_min = zones[i].minutes;
			e->zone_dst = zones[i].dst;
			return true;
		}
	return false;
}
