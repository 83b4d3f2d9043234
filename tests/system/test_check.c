/*
 * npsync check: the ends of keys, told while there is still time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "npsync.h"
#include "place.h"

static void
put(const struct place *p, const char *folder, const char *text)
{
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, folder);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof(path), "%s/%s/npstoday", p->dir, folder);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
test_expiry(void **state)
{
	static const struct { const char *day, *line; } cases[] = {
		{ "2027-01-01", NULL },
		{ "2026-12-31", "warn  credential npstoday: it ends on "
		    "2026-12-31: get a new key, then `npsync secret set "
		    "npstoday --expires DAY`\n" },
		{ "2026-12-01", "warn  credential npstoday: it ends on "
		    "2026-12-01: " },
		{ "2026-11-30", "FAIL  credential npstoday: it ended on "
		    "2026-11-30: get a new key, then `npsync secret set "
		    "npstoday --expires DAY`\n" } };
	struct place p;
	char from[500];

	(void)state;
	place_make(&p, "expiry", "expiry", true);
	place_export(&p, 1);
	(void)snprintf(from, sizeof(from), "file:%s", p.key);
	place_edit(&p, from, "credential:npstoday");
	char key[200] = "";
	FILE *f = fopen(p.key, "re");
	assert_non_null(f);
	assert_non_null(fgets(key, sizeof(key), f));
	(void)fclose(f);
	put(&p, "credentials", key);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		put(&p, "expires", cases[i].day);
		const struct runproc *r = place_run(&p, "2026-12-01T08:00",
		    i == ARRAY_LEN(cases) - 1 ? 78 : 0, "check");
		if (cases[i].line != NULL)
			says(r->out, cases[i].line);
		else
			assert_null(strstr(r->out, "credential npstoday"));
	}
	place_free(&p);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expiry),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("check", tests, places_begin,
	    places_end);
}
