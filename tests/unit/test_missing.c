/*
 * A tool that is missing: skipped with the reason, and with CI=true a failure,
 * of one test, of a program and of a script.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "missing.h"
#include "npsync.h"
#include "runproc.h"

static const char *self;

static void
needs_a_tool(void **state)
{
	(void)state;
	missing("the tool");
}

static int
child(const char *how)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(needs_a_tool) };

	return strcmp(how, "all") == 0 ? missing_all("the tool")
	    : cmocka_run_group_tests(tests, NULL, NULL);
}

static void
expect(const char *program, const char *const *args, const char *ci, int code,
    const char *says)
{
	const char *const env[] = { "CMOCKA_MESSAGE_OUTPUT=TAP", ci, NULL };
	struct runproc r;

	runproc_start(&r, program, args, env, NULL);
	runproc_wait(&r, 60);
	if (r.code != code || (strstr(r.out, says) == NULL &&
	        strstr(r.err, says) == NULL))
		fail_msg("%s %s, %s: exit %d: %s%s", program, args[0],
		    ci == NULL ? "" : ci, r.code, r.out, r.err);
	runproc_free(&r);
}

static void
test_each_way(void **state)
{
	static const struct {
		const char *ci;
		int code;
		const char *one, *all;
	} ways[] = {
		{ NULL, 0, "# SKIP", "ok 1 # SKIP the tool is not here" },
		{ "CI=false", 0, "# SKIP", "ok 1 # SKIP the tool is not here" },
		{ "CI=true", 1, "the tool is not here; with CI=true it must be",
		    "not ok 1 - the tool is not here" },
	};
	const char *const one[] = { "one", NULL }, *const all[] = { "all", NULL };
	const char *const script[] = { "-c", ". tests/lib/missing.sh; "
	    "missing 'the tool'; exit 7", NULL };
	const char *const a_case[] = { "-c", ". tests/lib/missing.sh; missing "
	    "'the tool' 1 || exit 1; exit 0", NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		expect(self, one, ways[i].ci, ways[i].code, ways[i].one);
		expect(self, all, ways[i].ci, ways[i].code, ways[i].all);
		expect("/bin/bash", script, ways[i].ci, ways[i].code,
		    ways[i].all);
		expect("/bin/bash", a_case, ways[i].ci, ways[i].code,
		    ways[i].all);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_way) };

	if (argc == 2)
		return child(argv[1]);
	self = argv[0];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
