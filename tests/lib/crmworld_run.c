#include "crmworld_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "child.h"
#include "clock.h"
#include "conf.h"
#include "crmworld_int.h"
#include "erasure.h"
#include "night.h"
#include "textfile.h"

static struct crmworld *const w = &crmworld;

/* ---- the configuration ------------------------------------------------------------ */
static const char conf_text[] =
    "tenant = \"" CRMWORLD_TENANT "\";\n"
    "state_dir = \"%s/state\";\n"
    "rules = { own_domains = [ \"egen.example\" ]; company_max = 0; flood_floor = 0; };\n"
    "trigger = { meet = { campaign = 7749; }; };\n"
    "crm = ( { name = \"sf\"; driver = \"salesforce\"; login_url = \"%s\";\n"
    "  client_id = \"cid\"; client_secret = \"file:%s/secret\";\n"
    "  retries = 2; backoff_s = 0.0; backoff_max_s = 0.0;\n"
    "  deals = false; cases = false; chatter_post = true;\n"
    "  response_object = \"NPSToday_Response__c\"; } );\n"
    "survey = { driver = \"npstoday\"; base_url = \"http://127.0.0.1:%d\";\n"
    "  api_key = \"file:%s/service/key\"; retries = 2; backoff_s = 0.0; backoff_max_s = 0.0;\n"
    "  members = { enabled = true; }; erase = { enabled = true; }; };\n"
    "writeback = { history = true; feed = true; task = { at_most = 6; };\n"
    "  fields = ( { value = \"recent_score\"; field = \"NPS_Score__c\"; } ); };\n"
    "mail = { smtp_url = \"smtp://127.0.0.1:%d\"; from = \"npsync@egen.example\"; };\n"
    "preview = { to = [ \"salg@egen.example\", \"chef@egen.example\" ]; };\n"
    "alarm = { fallback = \"rest@egen.example\";\n"
    "  rules = ( { when = \"low\"; to = [ \"kam@egen.example\" ]; language = \"en\"; } );\n"
    "  health = { to = [ \"it@egen.example\" ]; };\n"
    "  webhook = { url = \"%s/hook\"; secret = \"file:%s/secret\"; }; };\n";

void
crmworld_configure(void)
{
	char text[4096];

	assert_in_range(snprintf(text, sizeof(text), conf_text, w->dir,
	    crmsim_url(w->crm), w->dir, simproc_port(w->service), w->dir,
	    w->mail.port, simhttpd_url(w->hook), w->dir), 1,
	    sizeof(text) - 1);
	textfile_write(w->conf, text);
}

/* ---- a run, in its process --------------------------------------------------------- */
struct order {
	enum crmworld_kind kind;
	int64_t now;
	const char *address;
	void (*before)(const char *);
	const char *arg;
	struct arena *arena;
	struct conf *conf;
	struct db *db;
	struct tenant tenant;
};

static bool
never(void)
{
	return false;
}

static bool
run_open(struct order *o, struct err *err)
{
	if ((o->arena = arena_new((size_t)16 << 20)) == NULL)
		return err_nomem(err);
	if (!conf_load(w->conf, o->arena, &o->conf, err) ||
	    !conf_load_secrets(o->conf, o->arena, err))
		return false;
	/* The real limits would take hours of waiting. */
	o->conf->survey.http.rate_per_second = 0;
	((struct conf_crm *)(uintptr_t)o->conf->crm)->http.rate_per_second = 0;
	o->conf->survey.concurrency = 1;
	const char *const known[] = { o->conf->tenant };
	return db_open(w->conninfo, &o->db, err) &&
	    tenant_open(o->db, known[0], known, 1, o->arena, &o->tenant, err);
}

static void
run_close(struct order *o)
{
	db_close(o->db);
	arena_free(o->arena);
}

/* As `npsync erase` does. */
static bool
erase(struct order *o, const char *lock_dir, const struct run_options *options,
    long long *open, struct err *err)
{
	const struct subject_given given = { .address = o->address };
	struct subject subject;
	const struct night_erasure erasure = { .subject = &subject };
	long long id = 0;

	subject_init(&subject);
	const bool ok = subject_find(o->db, &o->tenant, &given, o->arena,
	    &subject, err) &&
	    night_erase(o->db, o->conf, &o->tenant, lock_dir, options, &erasure,
	        &id, err) &&
	    erasure_open(o->db, o->tenant.id, o->arena, open, err);
	subject_free(&subject);
	return ok;
}

static int
run_inside(struct order *o)
{
	const struct run_options options = { .only = RUN_ALL, .actor = "test",
		.kind = o->kind == CRMWORLD_HOURLY ? RUN_HOURLY
		    : o->kind == CRMWORLD_NIGHTLY ? RUN_NIGHT : RUN_MANUAL,
		.cancelled = never };
	struct err err = { .kind = ERR_NONE };
	char state[400];
	long long open = 0;
	int code = -1;

	(void)snprintf(state, sizeof(state), "%s/state", w->dir);
	if (!run_open(o, &err))
		return err_exit_code(err.kind);
	if (o->kind == CRMWORLD_ERASURE)
		code = erase(o, state, &options, &open, &err) ? open > 0
		    : err_exit_code(err.kind);
	else if (night_run(o->db, o->conf, &o->tenant, state, &options, &code,
	             &err) != (code == 0))
		code = 125;	/* what it says is not what it returns */
	return code;
}

static int
child(void *arg)
{
	struct order *o = arg;

	clock_shift((time_t)o->now);
	if (o->before != NULL)
		o->before(o->arg);
	const int code = run_inside(o);
	run_close(o);
	return code;
}

int
crmworld_forked(enum crmworld_kind kind, int64_t now, const char *address,
    void (*before)(const char *), const char *arg)
{
	struct order o = { .kind = kind, .now = now, .address = address,
		.before = before, .arg = arg, .tenant = { .lock_fd = -1 } };

	return child_run(child, &o);
}

/* ---- from outside ------------------------------------------------------------------ */
void
crmworld_activate(void)
{
	struct order o = { .tenant = { .lock_fd = -1 } };
	struct err err = { .kind = ERR_NONE };

	if (!run_open(&o, &err) ||
	    !tenant_set_paused(o.db, &o.tenant, false, &err))
		fail_msg("%s", err.msg);
	run_close(&o);
}
