#include "failpoint.h"

#ifdef NPSYNC_FAILPOINTS

#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "num.h"

#define RULES_MAX 16
#define POINT_MAX 96
#define TEXT_MAX 2048

enum action { ACT_NONE, ACT_KILL, ACT_STOP, ACT_EXIT, ACT_FAIL, ACT_SLEEP };
static const char *const words[] = { "", "kill", "stop", "exit", "fail",
	"sleep" };

struct rule {
	char point[POINT_MAX];
	enum action action;
	long long ms, at, met;
	bool later;
};
static struct {
	bool ready;
	struct rule rule[RULES_MAX];
	size_t n;
	long passes;
	const char *file;
	struct stat seen;	/* of the file, as it was read */
	int trace;
} f = { .trace = -1 };

/* ---- rules --------------------------------------------------------------- */
/* A misspelt rule would be a test that cannot fail. */
static _Noreturn void
bad(const char *what)
{
	(void)dprintf(STDERR_FILENO, "failpoint: cannot read \"%s\"\n", what);
	_exit(FAILPOINT_BAD);
}

/* "kill", "sleep:20"; text is changed. */
static void
action_read(struct rule *rule, char *text)
{
	char *ms = strchr(text, ':');

	if (ms != NULL)
		*ms++ = '\0';
	for (size_t i = 1; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], text) == 0)
			rule->action = (enum action)i;
	if (rule->action == ACT_NONE ||
	    (rule->action == ACT_SLEEP) != (ms != NULL) ||
	    (ms != NULL && !num_parse(ms, 0, 3600000, &rule->ms)))
		bad(text);
}

static void
rule_read(const char *text)
{
	char copy[2 * POINT_MAX];
	struct rule rule = { .at = 1 };
	const size_t len = strlen(text);

	if (f.n == RULES_MAX || len >= sizeof(copy))
		bad(text);
	memcpy(copy, text, len + 1);
	if (len > 0 && copy[len - 1] == '+') {
		rule.later = true;
		copy[len - 1] = '\0';
	}
	char *action = strchr(copy, '=');
	char *at = action == NULL ? NULL : strchr(action, '@');
	if (action == NULL || action - copy >= POINT_MAX)
		bad(text);
	*action++ = '\0';
	if (at != NULL)
		*at++ = '\0';
	if (at != NULL && !num_parse(at, 1, 1000000000, &rule.at))
		bad(text);
	(void)snprintf(rule.point, sizeof(rule.point), "%.*s", POINT_MAX - 1,
	    copy);
	action_read(&rule, action);
	f.rule[f.n++] = rule;
}

static void
rules_read(const char *text)
{
	char copy[TEXT_MAX], *rest = copy;
	const char *one;

	f.n = 0;
	if (strlen(text) >= sizeof(copy))
		bad(text);
	(void)snprintf(copy, sizeof(copy), "%s", text);
	while ((one = strsep(&rest, ",\n")) != NULL)
		if (*one != '\0')
			rule_read(one);
}

/* No file = no rules.  Whoever writes it renames it into its place. */
static void
file_read(void)
{
	char text[TEXT_MAX] = "";
	struct stat st = { 0 };

	if (f.file == NULL)
		return;
	const int fd = open(f.file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) != 0)
		bad(f.file);
	const bool same = st.st_ino == f.seen.st_ino &&
	    st.st_size == f.seen.st_size &&
	    st.st_mtim.tv_sec == f.seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == f.seen.st_mtim.tv_nsec;
	if (!same && fd >= 0 && read(fd, text, sizeof(text) - 1) != st.st_size)
		bad(f.file);
	if (fd >= 0)
		(void)close(fd);
	f.seen = st;
	if (!same)
		rules_read(text);
}

static void
begin(void)
{
	const char *rules = getenv("NPSYNC_FAILPOINT");
	const char *trace = getenv("NPSYNC_FAILPOINT_TRACE");

	f.ready = true;
	f.file = getenv("NPSYNC_FAILPOINT_FILE");
	if (rules != NULL && f.file != NULL)
		bad("NPSYNC_FAILPOINT and NPSYNC_FAILPOINT_FILE");
	if (rules != NULL)
		rules_read(rules);
	if (trace == NULL)
		return;
	f.trace = open(trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (f.trace < 0)
		bad(trace);
}

/* ---- passes -------------------------------------------------------------- */
static const struct rule *
rule_met(const char *point)
{
	const struct rule *met = NULL;

	for (size_t i = 0; i < f.n; i++) {
		struct rule *r = &f.rule[i];
		if (fnmatch(r->point, point, 0) != 0)
			continue;
		r->met++;
		if (met == NULL && (r->met == r->at ||
		    (r->later && r->met > r->at)))
			met = r;
	}
	return met;
}

static void
trace(const char *point, const struct rule *rule)
{
	char line[POINT_MAX + 64];
	const char *word = rule == NULL ? "" : words[rule->action];

	if (f.trace < 0)
		return;
	const int n = snprintf(line, sizeof(line), "%ld %ld %s%s%s\n",
	    (long)getpid(), f.passes, point, *word == '\0' ? "" : " ", word);
	if (write(f.trace, line, (size_t)n) != n)
		bad("NPSYNC_FAILPOINT_TRACE");
}

static bool
act(const struct rule *rule)
{
	const struct timespec t = { rule->ms / 1000,
		rule->ms % 1000 * 1000000 };

	switch (rule->action) {
	case ACT_KILL:
		(void)kill(getpid(), SIGKILL);
		_exit(FAILPOINT_BAD);
	case ACT_STOP:
		(void)kill(getpid(), SIGSTOP);
		return true;
	case ACT_EXIT:
		_exit(FAILPOINT_EXIT);
	case ACT_FAIL:
		return false;
	case ACT_SLEEP:
		(void)nanosleep(&t, NULL);
		return true;
	case ACT_NONE:
		break;
	}
	return true;
}

bool
failpoint_pass(const char *where, const char *what)
{
	char point[POINT_MAX];

	if (!f.ready)
		begin();
	file_read();
	(void)snprintf(point, sizeof(point), "%s/%s", where, what);
	f.passes++;
	const struct rule *rule = rule_met(point);
	trace(point, rule);
	return rule == NULL || act(rule);
}

void
failpoint_set(const char *rules)
{
	if (!f.ready)
		begin();
	f.file = NULL;
	f.passes = 0;
	rules_read(rules == NULL ? "" : rules);
}

long
failpoint_passes(void)
{
	return f.passes;
}

#endif
