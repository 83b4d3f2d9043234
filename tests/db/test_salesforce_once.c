/*
 * SF-21: a run that dies after the Chatter post reached Salesforce, before that
 * was noted.  The stage of effects, the real driver, and a server that counts.
 */
#include "../exchange/salesforce/writerig.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fixture.h"
#include "stage_effects.h"

#define CARD "003RM0000068xVCYAY"

static const struct crm_connector *real;
static size_t posts, others;

static void
serve(const char *request, const char *body, struct sim_reply *reply)
{
	static const char want[] = "POST " V "/chatter/feed-elements ";
	const bool post = strncmp(request, want, strlen(want)) == 0;

	(void)body;
	posts += post;
	others += !post;
	*reply = (struct sim_reply){ .status = 201,
		.body = "{\"id\":\"0D5000000000001AAA\"}" };
}

/* The answer came, and nobody heard of it. */
static bool
post_and_die(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	const bool ok = real->post_feed(self, e, n, results, err);

	if (n > 0)
		(void)kill(getpid(), SIGKILL);
	return ok;
}

static void
run(struct fixture *f)
{
	struct panel_next next = { .day = NO_DAY };
	struct err err = { .kind = ERR_NONE };

	clock_set(clock_now() + 60);
	if (!stage_effects(&f->stage, &next, &err))
		fail_msg("%s", err.msg);
}

static void
run_killed(struct fixture *f)
{
	struct crm_connector dying = *real;
	int status = 0;
	const pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		dying.post_feed = post_and_die;
		rig.crm.connector = &dying;
		run(f);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
begin(struct fixture *f)
{
	char iso[32];

	fixture_tenant(f);
	rig_open("chatter_post = true;", NULL, 0);
	rig.serve = serve;
	posts = others = 0;
	real = rig.crm.connector;
	f->stage.crm = &rig.crm;
	f->stage.n_crm = 1;
	f->conf.writeback.feed = true;
	f->conf.writeback.task.at_most = -1;
	f->conf.writeback.comment_max = 255;
	f->conf.retention.comment_days = 365;
	f->conf.retention.queue_days = 400;
	fixture_pull_card(f, "sf", CARD, "a@kunde.dk");
	(void)clock_iso(iso, clock_now() - 3600);
	for (int i = 1; i <= 3; i++)
		fixture_exec(f, "INSERT INTO npsync.answer (tenant_id, answer_id,"
		    " campaign_id, score, answered_at, changed_at, matched,"
		    " connector, contact_id, first_seen_at) VALUES ($1, '%d',"
		    " '4', 9, '%s', '%s', 'card', 'sf', '" CARD "', '%s')", i,
		    iso, iso, iso);
}

static long long
in_state(struct fixture *f, const char *state)
{
	return fixture_int(f, "SELECT count(*) FROM npsync.effect WHERE tenant_id"
	    " = $1 AND kind = 'feed' AND target = 'sf' AND state = '%s'", state);
}

/* One is unknown, and stays; the others go once. */
static void
test_killed_after_the_post(void **state)
{
	struct fixture *f = *state;

	begin(f);
	run_killed(f);
	assert_int_equal(posts, 1);
	assert_int_equal(in_state(f, "doing"), 1);
	run(f);
	assert_int_equal(posts, 3);
	assert_int_equal(in_state(f, "unknown"), 1);
	assert_int_equal(in_state(f, "done"), 2);
	run(f);
	assert_int_equal(posts, 3);
	assert_int_equal(in_state(f, "unknown"), 1);
	assert_int_equal(others, 0);
	rig_close();
}

/* The cluster's user, which the fixture becomes, owns the folder too. */
static int
start(void **state)
{
	return fixture_start(state) != 0 ? -1 : tmpdir_make(state);
}

static int
stop(void **state)
{
	const int removed = tmpdir_remove(state);

	return fixture_stop(state) != 0 ? -1 : removed;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_after_the_post),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
