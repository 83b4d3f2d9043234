/*
 * A configuration file.  It lies in a directory of its own, beside nothing
 * else, so that an @include finds itself or nothing.
 *
 * Left out, because it says nothing about this program: what libconfig 1.5
 * leaks when it refuses a text.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

#include "conf.h"
#include "options.h"

/* Asked by the leak checker. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

static char dir[256], path[300];

static void
dir_remove(void)
{
	(void)unlink(path);
	(void)rmdir(dir);
}

static void
dir_make(void)
{
	const char *base = getenv("TMPDIR");

	if (dir[0] != '\0')
		return;
	(void)snprintf(dir, sizeof(dir), "%s/npsync-fuzz-XXXXXX",
	    base == NULL || *base == '\0' ? "/tmp" : base);
	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/npsync.conf", dir);
	(void)atexit(dir_remove);
}

static void
file_write(const uint8_t *data, size_t size)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)close(fd);
}

/* ---- what was loaded ---------------------------------------------------- */
static void
check_trigger(const struct conf *conf, const struct conf_trigger *t)
{
	CHECK(t->code != NULL && t->code[0] != '\0' && text_valid(t->code));
	CHECK(conf_trigger(conf, t->code) == t);
	CHECK(t->max_age_days >= 0 && t->delay_hours >= 0);
	CHECK(t->on_throttle == ON_THROTTLE_DROP ||
	    t->on_throttle == ON_THROTTLE_DEFER);
	for (size_t i = 0; i < t->n_campaigns; i++)
		CHECK(t->campaigns[i].id != NULL &&
		    t->campaigns[i].id[0] != '\0');
}

static void
check_conf(const struct conf *conf)
{
	CHECK(conf->tenant != NULL && conf->tenant[0] != '\0');
	CHECK(clock_zone_exists(conf->timezone));
	CHECK(conf->rules.throttle_days >= 1 && conf->rules.company_max >= 0);
	CHECK(conf->rules.own_domains.n >= 1);
	CHECK(strlen(conf->digest) == 16);
	CHECK(conf->n_crm >= 1 && conf->survey.connector != NULL);
	for (size_t i = 0; i < conf->n_crm; i++) {
		CHECK(conf->crm[i].connector != NULL);
		CHECK(conf->crm[i].name != NULL && conf->crm[i].name[0] != '\0');
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(conf->crm[i].name, conf->crm[k].name) != 0);
	}
	for (size_t i = 0; i < conf->n_triggers; i++)
		check_trigger(conf, &conf->triggers[i]);
}

/* The digest is of everything that rules a night. */
static void
check_same(const struct conf *a, const struct conf *b)
{
	CHECK(strcmp(a->digest, b->digest) == 0);
	CHECK(a->n_crm == b->n_crm && a->n_triggers == b->n_triggers);
	for (size_t i = 0; i < a->n_triggers; i++)
		CHECK(fuzz_same(a->triggers[i].code, b->triggers[i].code));
}

static bool
load(struct arena *arena, struct conf **conf)
{
	struct err err = { .kind = ERR_NONE };

	*conf = NULL;
	if (conf_load(path, arena, conf, &err)) {
		CHECK(*conf != NULL);
		return true;
	}
	CHECK(*conf == NULL && err.kind == ERR_CONFIG);
	CHECK(err.msg[0] != '\0' && strchr(err.msg, '\n') == NULL);
	/* It says where: the name of the file comes first. */
	CHECK(strstr(err.msg, "npsync.conf") != NULL);
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena;
	struct conf *conf, *again;

	dir_make();
	file_write(data, size);
	arena = arena_new((size_t)1 << 24);
	CHECK(arena != NULL);
	if (load(arena, &conf)) {
		check_conf(conf);
		CHECK(load(arena, &again));
		check_same(conf, again);
	}
	CHECK(!arena_failed(arena));
	arena_free(arena);
	return 0;
}
