/*
 * Tags as commands through the CRM's files: the export carries them, the sheets
 * of the import folder take them away again.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "npsync.h"
#include "place.h"

#define DAY "2026-12-01T08:00"
#define EVENING "2026-12-01T20:07"
#define LATER "2026-12-01T21:07"
#define LAST "2026-12-01T22:07"
#define TEXT_MAX 65536

static char tags_before[TEXT_MAX];

/* ---- files -------------------------------------------------------------------- */
static void
read_all(const char *path, char out[TEXT_MAX])
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : read(fd, out, TEXT_MAX - 1);

	if (n < 0)
		fail_msg("%s", path);
	out[n] = '\0';
	assert_int_equal(close(fd), 0);
}

static void
tags_path(const struct place *p, char path[500])
{
	(void)snprintf(path, 500, "%s/export/tags.csv", p->dir);
}

/* The export as it was, and these lines more. */
static void
export_tags(const struct place *p, const char *lines)
{
	char path[500];

	tags_path(p, path);
	const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, tags_before, strlen(tags_before)),
	    (ssize_t)strlen(tags_before));
	assert_int_equal(write(fd, lines, strlen(lines)),
	    (ssize_t)strlen(lines));
	assert_int_equal(close(fd), 0);
}

/* How often a text stands in the lists of what is to be removed. */
static int
removals(const struct place *p, const char *text)
{
	static char sheet[TEXT_MAX];
	char path[700];
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/import", p->dir);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (strncmp(e->d_name, "remove-", 7) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/import/%.200s", p->dir,
		    e->d_name);
		read_all(path, sheet);
		for (const char *hit = sheet; (hit = strstr(hit, text)) != NULL;
		     hit++)
			n++;
	}
	(void)closedir(dir);
	return n;
}

/* ---- the queue ------------------------------------------------------------------ */
/* The row of that card, or of the first one that would go with it NULL; SIZE_MAX. */
static size_t
find(const json_t *queue, const char *contact, const char *trigger)
{
	for (size_t i = 0; i < json_array_size(queue); i++) {
		const char *verdict = place_cell(queue, i, "verdict");
		if (contact != NULL
		        ? strcmp(place_cell(queue, i, "contact"), contact) == 0 &&
		            strcmp(place_cell(queue, i, "trigger"), trigger) == 0
		        : strncmp(verdict, "would go", 8) == 0)
			return i;
	}
	return SIZE_MAX;
}

static void
verdict_is(const struct place *p, const char *now, const char *contact,
    const char *trigger, const char *words)
{
	json_t *queue = place_json(p, now, "queue");
	const size_t i = find(queue, contact, trigger);

	if (i == SIZE_MAX)
		fail_msg("%s has no row of %s", contact, trigger);
	says(place_cell(queue, i, "verdict"), words);
	json_decref(queue);
}

static void
begin(struct place *p)
{
	char path[500];

	place_make(p, "commands", "commands1", true);
	place_edit(p, "inact = {", "manual = { campaign = 7749; };\n\tinact = {");
	place_export(p, 1);
	place_clock(p, "2026-12-01T07:00:00Z");
	(void)place_run(p, DAY, 0, "run hourly --quiet");
	(void)place_run(p, DAY, 0, "activate");
	place_export(p, 2);
	(void)place_run(p, EVENING, 0, "run hourly --quiet");
	tags_path(p, path);
	read_all(path, tags_before);
}

static void
test_commands(void **state)
{
	char contact[64], trigger[32], lines[400];
	struct place p;

	(void)state;
	begin(&p);
	json_t *queue = place_json(&p, EVENING, "queue");
	const size_t i = find(queue, NULL, NULL);
	assert_true(i != SIZE_MAX);
	(void)snprintf(contact, sizeof(contact), "%s",
	    place_cell(queue, i, "contact"));
	(void)snprintf(trigger, sizeof(trigger), "%s",
	    place_cell(queue, i, "trigger"));
	json_decref(queue);
	(void)snprintf(lines, sizeof(lines), "%s;NPSToday.Skip\r\n"
	    "P-1003;NPSToday.Ask.salg\r\nP-1004;NPSToday.Ask.Findes ikke\r\n",
	    contact);
	export_tags(&p, lines);
	/* A dry run says what will be, and leaves no trace. */
	says(place_run(&p, LATER, 0, "run --dry-run")->out,
	    "taken out by hand (by tag: NPSToday.Skip)");
	verdict_is(&p, LATER, contact, trigger, "would go");

	says(place_run(&p, LATER, 0, "run hourly")->out,
	    "command    1 enqueued, 1 skipped, 1 open");
	verdict_is(&p, LATER, contact, trigger, "by tag: NPSToday.Skip");
	verdict_is(&p, LATER, "P-1003", "manual", "would");
	says(place_run(&p, LATER, 0, "status")->out, "crm/P-1004 "
	    "\"NPSToday.Ask.Findes ikke\" since Tue 2026-12-01 21:07: the survey "
	    "service has no campaign of that name");
	assert_int_equal(removals(&p, ";NPSToday.Skip\r\n"), 1);
	assert_int_equal(removals(&p, ";NPSToday.Ask.salg\r\n"), 1);
	assert_int_equal(removals(&p, "Findes"), 0);

	/* The list lies there still, and an administrator lets the row go. */
	queue = place_json(&p, LATER, "queue");
	(void)snprintf(lines, sizeof(lines), "include %s --yes",
	    place_cell(queue, find(queue, contact, trigger), "id"));
	json_decref(queue);
	(void)place_run(&p, LATER, 0, lines);
	(void)place_run(&p, LAST, 0, "run hourly --quiet");
	verdict_is(&p, LAST, contact, trigger, "would go");
	assert_int_equal(removals(&p, ";NPSToday.Skip\r\n"), 1);

	/* Imported; then the seller sets it again. */
	export_tags(&p, "");
	(void)place_run(&p, "2026-12-01T22:17", 0, "run hourly --quiet");
	assert_null(strstr(place_run(&p, LAST, 0, "status")->out, "Findes"));
	(void)snprintf(lines, sizeof(lines), "%s;NPSToday.Skip\r\n", contact);
	export_tags(&p, lines);
	(void)place_run(&p, "2026-12-01T22:27", 0, "run hourly --quiet");
	verdict_is(&p, "2026-12-01T22:27", contact, trigger,
	    "by tag: NPSToday.Skip");
	place_free(&p);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
	};

	if (argc < 1 || !place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests(tests, places_begin, places_end);
}
