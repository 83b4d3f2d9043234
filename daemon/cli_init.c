/*
 * cli_init.c - npsync init: the sample configuration with a person's answers.
 */
#include "cli_init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define FILE_MAX ((size_t)1 << 18)
#define ANSWER_MAX 500
#define DIGITS_MAX 18	/* as a campaign's id */

const struct cli_opt cli_init_opts[] = {
	{ "answers", "FILE", "lines KEY = VALUE instead of questions" },
	{ NULL, NULL, NULL }
};

/* ---- questions --------------------------------------------------------- */
enum kind { KIND_TEXT, KIND_LIST, KIND_NUMBER, KIND_CAMPAIGN };
/* `place` stands in the sample; an answer puts head, itself and ';' there.
 * Without one it stays, or `none` takes its place. */
static const struct question {
	const char *key, *ask;
	enum kind kind;
	bool must_be;
	const char *place, *head, *none;
} questions[] = {
	{ "tenant", "Name of the customer account; it never changes (letters, "
	    "digits)", KIND_TEXT, true, "tenant = \"example\";", "tenant = ",
	    NULL },
	{ "timezone", "Time zone [Europe/Copenhagen]", KIND_TEXT, false,
	    "#timezone = \"Europe/Copenhagen\";", "timezone = ", NULL },
	{ "state_dir", "Directory of the database [/var/lib/npsync]", KIND_TEXT,
	    false, "#state_dir = \"/var/lib/npsync\";", "state_dir = ", NULL },
	{ "database", "PostgreSQL server, as host=db1 dbname=npsync [a private "
	    "one]", KIND_TEXT, false, "#database = \"\";", "database = ", NULL },
	{ "own_domains", "Mail domains of your own people, who are never asked "
	    "(example.dk, ...)", KIND_LIST, true,
	    "own_domains = [ \"example.dk\" ];", "own_domains = ", NULL },
	{ "exports", "Folder of the CRM's CSV exports "
	    "[/var/lib/npsync/exports]", KIND_TEXT, false,
	    "dir = \"/var/lib/npsync/exports\";", "dir = ", NULL },
	{ "meet_campaign", "Campaign id after a meeting [nobody is asked]",
	    KIND_CAMPAIGN, false, "campaign = 7749;", "campaign = ",
	    "enabled = false;\n\t\t#campaign = 7749;" },
	{ "sale_campaign", "Campaign id after a deal was won [nobody is asked]",
	    KIND_CAMPAIGN, false, "campaign = ( { language = \"sv\"; id = 7761; "
	    "},\n\t\t\t{ id = 7751; } );", "campaign = ",
	    "enabled = false;\n\t\t#campaign = ( { language = \"sv\"; id = 7761; "
	    "}, { id = 7751; } );" },
	{ "budget_year", "Surveys that a year may have [not set]", KIND_NUMBER,
	    false, "#year = 0;", "year = ", NULL },
	{ "preview_to", "Who gets the mail about tomorrow's queue [nobody]",
	    KIND_LIST, false, "#to = [];", "to = ", NULL },
	{ "smtp_url", "Mail server, as smtp://localhost:25 [none]", KIND_TEXT,
	    false, "#smtp_url = \"\";", "smtp_url = ", NULL },
	{ "mail_from", "Address that mail comes from [none]", KIND_TEXT, false,
	    "#from = \"\";", "from = ", NULL },
	{ "base_url", "Address of the survey service [https://api.nps.today]",
	    KIND_TEXT, false, "#base_url = \"https://api.nps.today\";",
	    "base_url = ", NULL },
	{ "api_key", "Its key is kept as [credential:npstoday]", KIND_TEXT, false,
	    "api_key = \"credential:npstoday\";", "api_key = ", NULL },
};
#define N_QUESTIONS ARRAY_LEN(questions)

/* ---- answers ----------------------------------------------------------- */
static char *
trim(char *s)
{
	s += strspn(s, " \t\r");
	size_t len = strlen(s);
	while (len > 0 && strchr(" \t\r", s[len - 1]) != NULL)
		s[--len] = '\0';
	return s;
}

static bool
put_answer(const char **answers, const char *key, const char *value)
{
	for (size_t i = 0; i < N_QUESTIONS; i++)
		if (strcmp(questions[i].key, key) == 0) {
			answers[i] = value;
			return true;
		}
	return false;
}

static bool
read_whole(const char *name, struct buf *out)
{
	char part[4096];
	ssize_t n;
	const int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	while ((n = read(fd, part, sizeof(part))) > 0 &&
	    buf_add(out, part, (size_t)n))
		continue;
	const int why = n < 0 ? errno : EFBIG;
	(void)close(fd);
	errno = why;
	return n == 0;
}

static bool
read_answers(struct cli *cli, const char *name, const char **answers,
    struct err *err)
{
	AUTO(buf) struct buf text;
	int number = 0;

	buf_init(&text, FILE_MAX);
	if (!read_whole(name, &text))
		return err_errno(err, ERR_USAGE, "--answers: %s", name);
	char *line = arena_strdup(cli->arena, buf_text(&text));
	if (line == NULL)
		return err_nomem(err);
	while (*line != '\0') {
		char *end = line + strcspn(line, "\n");
		const bool more = *end != '\0';
		*end = '\0';
		number++;
		char *equals = strchr(line, '=');
		if (equals != NULL)
			*equals = '\0';
		const char *key = trim(line);
		if (*key != '\0' && *key != '#' && (equals == NULL ||
		    !put_answer(answers, key, trim(equals + 1))))
			return err_set(err, ERR_USAGE, "%s:%d: expected KEY = "
			    "VALUE with a key of npsync(8)", name, number);
		line = more ? end + 1 : end;
	}
	return true;
}

/* What is left of a long line would be the answer to the next question. */
static bool
ask_one(struct cli *cli, const struct question *q, const char **answer,
    struct err *err)
{
	char line[ANSWER_MAX + 2];

	(void)printf("%s: ", q->ask);
	(void)fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return err_set(err, ERR_USAGE, "npsync init: no answer; nothing "
		    "was written");
	if (strchr(line, '\n') == NULL && !feof(stdin))
		return err_set(err, ERR_USAGE, "%s: expected at most %d "
		    "characters; nothing was written", q->key, ANSWER_MAX);
	line[strcspn(line, "\n")] = '\0';
	*answer = arena_strdup(cli->arena, trim(line));
	return *answer != NULL || err_nomem(err);
}

static bool
ask(struct cli *cli, const char **answers, struct err *err)
{
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE, "npsync init: expected a terminal "
		    "to ask, or --answers FILE");
	for (size_t i = 0; i < N_QUESTIONS; i++)
		do {
			if (!ask_one(cli, &questions[i], &answers[i], err))
				return false;
		} while (*answers[i] == '\0' && questions[i].must_be);
	return true;
}

/* ---- the text ---------------------------------------------------------- */
static void
put_text(struct buf *out, const char *text, size_t len)
{
	(void)buf_char(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			(void)buf_char(out, '\\');
		(void)buf_char(out, text[i]);
	}
	(void)buf_char(out, '"');
}

static void
put_list(struct buf *out, const char *text)
{
	const char *between = "[ ";

	while (*text != '\0') {
		const size_t len = strcspn(text, ", ");
		if (len > 0) {
			(void)buf_str(out, between);
			put_text(out, text, len);
			between = ", ";
		}
		text += len + (text[len] != '\0');
	}
	(void)buf_str(out, *between == ',' ? " ]" : "[]");
}

static bool
is_number(const char *text)
{
	const size_t len = strlen(text);

	return len <= DIGITS_MAX && strspn(text, "0123456789") == len;
}

static bool
put_value(const struct question *q, const char *answer, struct buf *out,
    struct err *err)
{
	const bool number = q->kind == KIND_NUMBER || q->kind == KIND_CAMPAIGN;

	if (number && !is_number(answer))
		return err_set(err, ERR_USAGE, "%s: expected a number, got \"%s\"",
		    q->key, answer);
	for (const char *c = answer; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			return err_set(err, ERR_USAGE, "%s: expected plain text",
			    q->key);
	(void)buf_str(out, q->head);
	/* What may be beyond 32 bits is a long one for libconfig. */
	if (number)
		(void)(buf_str(out, answer) &&
		    (strlen(answer) <= 9 || buf_str(out, "L")));
	else if (q->kind == KIND_LIST)
		put_list(out, answer);
	else
		put_text(out, answer, strlen(answer));
	(void)buf_char(out, ';');
	return true;
}

/* One answer into the text so far; *text is replaced. */
static bool
apply(const struct question *q, const char *answer, struct buf *text,
    struct arena *arena, struct err *err)
{
	const char *was = arena_strdup(arena, buf_text(text));
	const char *at = was == NULL ? NULL : strstr(was, q->place);

	if (was == NULL)
		return err_nomem(err);
	if (at == NULL)
		return err_set(err, ERR_BUG, "the sample has no place for %s",
		    q->key);
	if (*answer == '\0' && q->must_be)
		return err_set(err, ERR_USAGE, "%s: an answer is missing", q->key);
	if (*answer == '\0' && q->none == NULL)
		return true;
	buf_reset(text);
	(void)buf_add(text, was, (size_t)(at - was));
	if (*answer == '\0')
		(void)buf_str(text, q->none);
	else if (!put_value(q, answer, text, err))
		return false;
	return buf_str(text, at + strlen(q->place)) || err_nomem(err);
}

static bool
make_text(struct cli *cli, const char *const *answers, struct buf *text,
    struct err *err)
{
	if (!buf_str(text, conf_sample))
		return err_nomem(err);
	for (size_t i = 0; i < N_QUESTIONS; i++)
		if (!apply(&questions[i], answers[i] == NULL ? "" : answers[i],
		    text, cli->arena, err))
			return false;
	return true;
}

/* ---- the file ---------------------------------------------------------- */
/* The sample as it was installed holds no decision of anybody. */
static bool
is_sample(const char *file)
{
	AUTO(buf) struct buf text;

	buf_init(&text, FILE_MAX);
	return read_whole(file, &text) && text.len == strlen(conf_sample) &&
	    memcmp(text.s, conf_sample, text.len) == 0;
}

static bool
is_free(const char *file, struct err *err)
{
	return access(file, F_OK) != 0 || is_sample(file) ||
	    err_set(err, ERR_USAGE, "%s is there already: nothing was written "
	        "(-c FILE names another)", file);
}

static const char *
directory(struct cli *cli)
{
	const char *slash = strrchr(cli->config_file, '/');

	return slash == NULL ? "." : slash == cli->config_file ? "/"
	    : arena_strndup(cli->arena, cli->config_file,
	          (size_t)(slash - cli->config_file));
}

/* Readable by the group of its directory, as the package sets it up; who may
 * not give it away keeps it. */
static bool
fill_file(int fd, const char *dir, const struct buf *text)
{
	struct stat st;

	if (fchmod(fd, 0640) != 0)
		return false;
	if (stat(dir, &st) == 0 && fchown(fd, (uid_t)-1, st.st_gid) != 0)
		errno = 0;
	return file_write(fd, text->s, text->len) && fsync(fd) == 0;
}

static bool
write_file(const char *file, const char *dir, const struct buf *text,
    struct err *err)
{
	const int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_errno(err, errno == EEXIST ? ERR_USAGE : ERR_SYSTEM,
		    "nothing was written: %s", file);
	bool ok = fill_file(fd, dir, text);
	ok = close(fd) == 0 && ok;
	if (ok)
		return true;
	(void)err_errno(err, ERR_SYSTEM, "%s", file);
	(void)unlink(file);
	return false;
}

/* What cannot be loaded never has the name. */
static bool
try_file(struct cli *cli, const char *fresh, const char *dir, struct err *err)
{
	struct conf *conf = NULL;

	if (!conf_load(fresh, cli->arena, &conf, err))
		return err_wrap(err, "nothing was written");
	return is_free(cli->config_file, err) &&
	    ((rename(fresh, cli->config_file) == 0 && file_sync_dir(dir)) ||
	        err_errno(err, ERR_SYSTEM, "%s", cli->config_file));
}

static bool
put_file(struct cli *cli, const struct buf *text, struct err *err)
{
	const char *fresh = arena_printf(cli->arena, "%s.new", cli->config_file);
	const char *dir = directory(cli);

	if (fresh == NULL || dir == NULL)
		return err_nomem(err);
	if (!write_file(fresh, dir, text, err))
		return false;
	const bool ok = try_file(cli, fresh, dir, err);
	if (!ok)
		(void)unlink(fresh);
	return ok;
}

static void
say_next(const struct cli *cli, bool keys)
{
	const bool usual = strcmp(cli->config_file,
	    "/etc/npsync/npsync.conf") == 0;
	const char *c = usual ? "" : " -c ";
	const char *file = usual ? "" : cli->config_file;

	(void)printf("next:\n");
	if (!keys)
		(void)printf("  npsync%s%s secret set npstoday   the survey "
		    "service's key\n", c, file);
	(void)printf("  npsync%s%s check                 tries all of it\n"
	    "  npsync%s%s lists                 after a run: what filters can "
	    "name\n"
	    "  npsync%s%s run --dry-run         who would be asked; keeps "
	    "nothing\n"
	    "  npsync%s%s run hourly            the first reading of the CRM\n"
	    "  npsync%s%s queue                 and then\n"
	    "  npsync%s%s activate\n", c, file, c, file, c, file, c, file, c,
	    file, c, file);
}

int
cli_init(struct cli *cli, struct err *err)
{
	const char *file = cli_given(cli, "answers");
	const char *answers[N_QUESTIONS] = { NULL };
	AUTO(buf) struct buf text;

	buf_init(&text, FILE_MAX);
	if (!is_free(cli->config_file, err) ||
	    (file != NULL ? !read_answers(cli, file, answers, err)
	                  : !ask(cli, answers, err)) ||
	    !make_text(cli, answers, &text, err) || !put_file(cli, &text, err))
		return err_exit_code(err->kind);
	(void)printf("%s is written\n", cli->config_file);
	struct err missing = { .kind = ERR_NONE };
	const bool keys = cli_load(cli, true, &missing);
	const int code = keys ? cli_check(cli, err) : 0;
	if (!keys)
		(void)printf("not tried yet: %s\n", missing.msg);
	say_next(cli, keys);
	return code;
}
