/*
 * npsync check, what must stand in a CRM: what the connector is told will be
 * written, and how each thing it names becomes a line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli_crm.h"
#include "fake_connectors.h"
#include "tmpdir.h"

#define ALL "tenant = \"acme\";\n" \
	"crm = ( { name = \"main\"; driver = \"fake\"; } );\n" \
	"survey = { api_key = \"credential:npstoday\"; };\n" \
	"rules = { own_domains = [ \"own.dk\" ]; };\n"

static struct arena *arena;
static struct buf said, wanted;

/* ---- a CRM that has one column and not the other ------------------------ */
static struct {
	bool column, ends, fails;
	int tags;
} there;

static bool
setup(void *self, const struct crm_setup *wants, crm_setup_fn *emit, void *arg,
    struct err *err)
{
	char text[40];

	(void)self;
	buf_reset(&wanted);
	(void)buf_printf(&wanted, "%d%d%d%d%d %zu", wants->fix, wants->tags,
	    wants->answers, wants->feed, wants->tasks, wants->comment_max);
	for (size_t i = 0; i < wants->n_fields; i++)
		(void)buf_printf(&wanted, " %s=%d", wants->fields[i].name,
		    (int)wants->fields[i].kind);
	if (there.fails)
		return err_set(err, ERR_AUTH, "HTTP 403");
	/* Texts are the connector's, and end with the call. */
	(void)snprintf(text, sizeof(text), "column a");
	there.ends = !emit(arg, text, SETUP_OK, NULL);
	(void)snprintf(text, sizeof(text), "column b");
	there.ends |= !emit(arg, text, there.column ? SETUP_OK :
	    wants->fix ? SETUP_MADE : SETUP_MISSING,
	    there.column ? NULL : "type text");
	there.column |= wants->fix;
	(void)snprintf(text, sizeof(text), "key k");
	there.ends |= !emit(arg, text, SETUP_MISSING, "only by hand");
	(void)snprintf(text, sizeof(text), "right r");
	there.ends |= !emit(arg, text, SETUP_CANNOT_SAY, "try a write");
	return true;
}

static bool
ensure(void *self, const char *const *tags, size_t n, struct err *err)
{
	(void)self;
	(void)tags;
	(void)err;
	there.tags += (int)n;
	return true;
}

/* ---- the list ----------------------------------------------------------- */
static void
on_ok(void *arg, const char *what, const char *detail)
{
	(void)arg;
	assert_true(buf_printf(&said, "ok %s: %s\n", what, detail));
}

static void
on_warn(void *arg, const char *what, const char *detail)
{
	(void)arg;
	assert_true(buf_printf(&said, "warn %s: %s\n", what, detail));
}

static void
on_fail(void *arg, const char *what, const struct err *err)
{
	(void)arg;
	assert_true(buf_printf(&said, "FAIL %d %s: %s\n",
	    err_exit_code(err->kind), what, err->msg));
}

static const struct cli_say say = { on_ok, on_warn, on_fail, NULL };
static const struct cli_opt opts[] = { { "fix", NULL, "" },
	{ NULL, NULL, NULL } };
static const struct cli_command command = { .name = "check", .opts = opts };

static struct conf *
load(const char *text)
{
	struct conf *conf = NULL;
	struct err err;

	if (!conf_load_with(tmpdir_write("npsync.conf", text, 0600), fake_crms,
	    fake_surveys, arena, &conf, &err))
		fail_msg("%s", err.msg);
	return conf;
}

static const char *
check(const char *text, const struct crm_connector *connector, bool fix)
{
	struct cli cli = { .command = &command, .arena = arena,
		.conf = load(text), .given = { fix ? "" : NULL } };
	struct crm crm = { .link = { .scratch = arena_new(1 << 16) },
		.connector = connector };

	buf_reset(&said);
	cli_crm_check(&cli, &crm, "crm main (fake)", &say);
	arena_free(crm.link.scratch);
	return buf_text(&said);
}

static int
set_up(void **state)
{
	arena = arena_new((size_t)1 << 22);
	buf_init(&said, 1 << 16);
	buf_init(&wanted, 1 << 16);
	return arena == NULL ? -1 : tmpdir_make(state);
}

static int
tear_down(void **state)
{
	arena_free(arena);
	buf_free(&said);
	buf_free(&wanted);
	return tmpdir_remove(state);
}

/* ---- cases -------------------------------------------------------------- */
#define HAS_A "ok crm main (fake): has column a\n"
#define REST "FAIL 78 crm main (fake): missing: key k: only by hand\n" \
	"warn crm main (fake): not known: right r: try a write\n"
static void
test_things(void **state)
{
	struct crm_connector c = fake_crm;

	(void)state;
	c.setup = setup;
	there.column = false;
	assert_string_equal(check(ALL, &c, false), HAS_A
	    "FAIL 78 crm main (fake): missing: column b: type text\n" REST);
	assert_false(there.column || there.ends);
	assert_string_equal(check(ALL, &c, true), HAS_A
	    "ok crm main (fake): made column b; type text\n" REST);
	assert_string_equal(check(ALL, &c, false), HAS_A
	    "ok crm main (fake): has column b\n" REST);
	there.fails = true;
	assert_string_equal(check(ALL, &c, false),
	    "FAIL 1 crm main (fake): HTTP 403\n");
	there.fails = false;
}

/* Whatever is written there must have its place. */
static void
test_wants(void **state)
{
	struct crm_connector c = fake_crm;

	(void)state;
	c.setup = setup;
	(void)check(ALL, &c, false);
	assert_string_equal(buf_text(&wanted), "01000 255");
	(void)check(ALL "writeback = { history = true; feed = true; "
	    "comment_max = 90; task = { at_most = 6; }; fields = ( "
	    "{ value = \"average_30d\"; field = \"a\"; }, "
	    "{ value = \"recent_score\"; field = \"b\"; }, "
	    "{ value = \"not_before\"; field = \"c\"; }, "
	    "{ value = \"recent_comment\"; field = \"d\"; }, "
	    "{ value = \"next_campaign\"; field = \"e\"; } ); };", &c, true);
	assert_int_equal(FIELD_DATE, 4);
	assert_string_equal(buf_text(&wanted),
	    "11111 90 a=3 b=2 c=4 d=1 e=0");
}

/* Tags to choose are made beside; what has neither says so. */
static void
test_tags(void **state)
{
	struct crm_connector c = fake_crm;

	(void)state;
	there.tags = 0;
	assert_string_equal(check(ALL, &c, false), "");
	assert_non_null(strstr(check(ALL, &c, true), "warn crm main (fake): "
	    "its tags are free text, or cannot be written from here"));
	c.ensure_tags = ensure;
	assert_string_equal(check(ALL, &c, false), "");
	assert_int_equal(there.tags, 0);
	assert_string_equal(check(ALL, &c, true),
	    "ok crm main (fake): has the tag NPSToday.NoSend\n"
	    "ok crm main (fake): has the tag NPSToday.Skip\n");
	c.ensure_tags = NULL;
	c.setup = setup;
	assert_null(strstr(check(ALL, &c, true), "free text"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_things),
		cmocka_unit_test(test_wants),
		cmocka_unit_test(test_tags),
	};

	return cmocka_run_group_tests_name("cli_crm", tests, set_up, tear_down);
}
