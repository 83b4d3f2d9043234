#include "template.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "text.h"

#define FILE_MAX ((size_t)65536)
#define SUBJECT_MAX ((size_t)200)
#define NAME_MAX_LEN ((size_t)24)

static const char *const kind_names[TEMPLATE_KINDS] = {
	[TEMPLATE_ALARM] = "alarm", [TEMPLATE_DIGEST] = "digest",
	[TEMPLATE_HEALTH] = "health" };
static const char *const about_answer[] = { "score", "band", "why", "comment",
	"campaign", "trigger", "time", "who", "name", "company", "owner",
	"employee", "link", NULL };
static const char *const about_change[] = { "state", "what", "subject",
	"since", "detail", NULL };
static const char *const of_alarm[] = { "tenant", "told", NULL };
static const char *const of_digest[] = { "tenant", "count", "day", NULL };
static const char *const of_health[] = { "tenant", "count", "summary", NULL };

/* ---- lines and names ----------------------------------------------------- */
struct line {
	const char *s;
	size_t len;
};

/* The next line without its end; false at the end of the text. */
static bool
next_line(const char **at, struct line *line)
{
	if (**at == '\0')
		return false;
	line->s = *at;
	line->len = strcspn(*at, "\n");
	*at += line->len + ((*at)[line->len] == '\n' ? 1 : 0);
	if (line->len > 0 && line->s[line->len - 1] == '\r')
		line->len--;
	return true;
}

static bool
is_mark(const struct line *line, const char *mark)
{
	size_t from = 0, len = line->len;

	while (from < len && (line->s[from] == ' ' || line->s[from] == '\t'))
		from++;
	while (len > from && (line->s[len - 1] == ' ' ||
	    line->s[len - 1] == '\t'))
		len--;
	return len - from == strlen(mark) &&
	    memcmp(line->s + from, mark, len - from) == 0;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* "{name}" at s: its length with braces; else 0.  Other braces are text, as
 * style sheets have them. */
static size_t
name_at(const char *s, size_t left)
{
	size_t n = 1;

	if (left < 3 || *s != '{')
		return 0;
	while (n < left && is_letter(s[n]))
		n++;
	return n > 1 && n < left && s[n] == '}' ? n + 1 : 0;
}

/* ---- check --------------------------------------------------------------- */
static bool
is_listed(const char *const *list, const char *name, size_t len)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == len && memcmp(*list, name, len) == 0)
			return true;
	return false;
}

static bool
is_known(enum template_kind kind, bool inside, const char *name, size_t len)
{
	switch (kind) {
	case TEMPLATE_ALARM:
		return is_listed(of_alarm, name, len) ||
		    is_listed(about_answer, name, len);
	case TEMPLATE_DIGEST:
		return is_listed(of_digest, name, len) ||
		    (inside && is_listed(about_answer, name, len));
	case TEMPLATE_HEALTH:
		return is_listed(of_health, name, len) ||
		    (inside && is_listed(about_change, name, len));
	case TEMPLATE_KINDS:
		break;
	}
	return false;
}

static bool
check_names(enum template_kind kind, bool inside, const struct line *line,
    size_t n, struct err *err)
{
	for (size_t i = 0; i < line->len;) {
		const size_t len = name_at(line->s + i, line->len - i);
		if (len > 0 && !is_known(kind, inside, line->s + i + 1,
		    len - 2))
			return err_set(err, ERR_CONFIG, "line %zu: there is "
			    "no {%.*s} %s", n, (int)(len - 2 > NAME_MAX_LEN ?
			    NAME_MAX_LEN : len - 2), line->s + i + 1,
			    inside || kind == TEMPLATE_ALARM ? "here" :
			    "outside of {each} and {end}");
		i += len > 0 ? len : 1;
	}
	return true;
}

static bool
check_head(const char **at, size_t *n, struct err *err)
{
	struct line line;

	if (!next_line(at, &line) || line.len < 9 ||
	    strncmp(line.s, "Subject: ", 9) != 0)
		return err_set(err, ERR_CONFIG, "line 1: expected \"Subject: "
		    "...\"");
	if (next_line(at, &line) && line.len > 0)
		return err_set(err, ERR_CONFIG, "line 2: expected an empty "
		    "line below the subject");
	*n = 2;
	return true;
}

/* {each} or {end} in line n; open = the line of the {each} above, or 0. */
static bool
check_mark(enum template_kind kind, bool each, size_t n, size_t *open,
    struct err *err)
{
	if (kind == TEMPLATE_ALARM)
		return err_set(err, ERR_CONFIG, "line %zu: {each} and {end} "
		    "belong to lists; this mail is about one answer", n);
	if (each == (*open > 0))
		return err_set(err, ERR_CONFIG, "line %zu: expected {each} "
		    "and {end} in turn", n);
	*open = each ? n : 0;
	return true;
}

static bool
check_lines(enum template_kind kind, const char *at, size_t n,
    struct err *err)
{
	struct line line;
	size_t open = 0;
	bool ok = true;

	while (ok && next_line(&at, &line)) {
		const bool each = is_mark(&line, "{each}");
		n++;
		if (each || is_mark(&line, "{end}"))
			ok = check_mark(kind, each, n, &open, err);
		else
			ok = check_names(kind, open > 0, &line, n, err);
	}
	if (!ok || open == 0)
		return ok;
	return err_set(err, ERR_CONFIG, "line %zu: this {each} has no {end}",
	    open);
}

bool
template_check(enum template_kind kind, bool is_html, const char *text,
    struct err *err)
{
	struct line subject = { text, strcspn(text, "\n") };
	size_t n = 0;

	if (!text_valid(text))
		return err_set(err, ERR_CONFIG, "expected UTF-8");
	if (is_html)
		return check_lines(kind, text, 0, err);
	return check_names(kind, false, &subject, 1, err) &&
	    check_head(&text, &n, err) && check_lines(kind, text, n, err);
}

/* ---- load ---------------------------------------------------------------- */
const char *
template_builtin(const char *name)
{
	for (const struct template_file *f = template_files; f->name != NULL;
	    f++)
		if (strcmp(f->name, name) == 0)
			return f->text;
	return NULL;
}

/* *text stays NULL where there is no such file. */
static bool
read_file(const char *path, struct arena *arena, const char **text,
    struct err *err)
{
	char *all = arena_alloc(arena, FILE_MAX + 2);
	size_t len = 0;
	ssize_t got = 1;

	*text = NULL;
	if (all == NULL)
		return err_nomem(err);
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT || err_errno(err, ERR_CONFIG, "read");
	while (got > 0 && len <= FILE_MAX) {
		got = read(fd, all + len, FILE_MAX + 1 - len);
		len += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		(void)err_errno(err, ERR_CONFIG, "read");
	(void)close(fd);
	if (got < 0)
		return false;
	if (len > FILE_MAX || strlen(all) != len)
		return err_set(err, ERR_CONFIG, "expected at most %zu bytes of "
		    "text", FILE_MAX);
	*text = all;
	return true;
}

static bool
load_one(const char *dir, enum template_kind kind, const char *language,
    bool is_html, struct arena *arena, const char **text, struct err *err)
{
	const char *own = NULL;
	char name[32];

	/* Ours needs no memory. */
	(void)snprintf(name, sizeof(name), "%s.%s.%s", kind_names[kind],
	    language, is_html ? "html" : "txt");
	*text = template_builtin(name);
	if (*dir == '\0')
		return true;
	const char *path = arena_printf(arena, "%s/%s", dir, name);
	if (path == NULL)
		return err_nomem(err);
	if (!read_file(path, arena, &own, err) ||
	    (own != NULL && !template_check(kind, is_html, own, err)))
		return err_wrap(err, "alarm.templates: %s", name);
	if (own != NULL)
		*text = own;
	return true;
}

bool
template_load(const char *dir, enum template_kind kind, const char *language,
    struct arena *arena, struct template *t, struct err *err)
{
	struct err second;
	const char *of = template_language(language);
	const bool ok = load_one(dir, kind, of, false, arena, &t->text, err);

	return load_one(dir, kind, of, true, arena, &t->html,
	    ok ? err : &second) && ok;
}

/* ---- fill ---------------------------------------------------------------- */
enum form { FORM_SUBJECT, FORM_TEXT, FORM_HTML };
struct filling {
	FILE *out;
	enum form form;
	const struct template_value *outer, *inner;	/* inner NULL = none */
};

static const char *
find_in(const struct template_value *values, const char *name, size_t len)
{
	for (; values != NULL && values->name != NULL; values++)
		if (strlen(values->name) == len &&
		    memcmp(values->name, name, len) == 0)
			return values->value == NULL ? "" : values->value;
	return NULL;
}

static const char *
value_of(const struct filling *f, const char *name, size_t len)
{
	const char *value = find_in(f->inner, name, len);

	if (value == NULL)
		value = find_in(f->outer, name, len);
	return value == NULL ? "" : value;
}

static const char *
html_of(const char *piece)
{
	switch (piece[0]) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return piece;
	}
}

/* The end of a line that somebody wrote: a quoted line in text. */
static const char *
break_of(enum form form)
{
	switch (form) {
	case FORM_SUBJECT:
		break;
	case FORM_TEXT:
		return "\n> ";
	case FORM_HTML:
		return "<br>\n";
	}
	return " ";
}

static void
put_value(const struct filling *f, const char *s)
{
	char piece[TEXT_PIECE];
	size_t took;

	while (*s != '\0') {
		const size_t n = *s == '\n' ? 1 :
		    s[0] == '\r' && s[1] == '\n' ? 2 : 0;
		if (n > 0) {
			(void)fputs(break_of(f->form), f->out);
			s += n;
			continue;
		}
		took = text_piece(s, piece);
		(void)fputs(f->form == FORM_HTML ? html_of(piece) : piece,
		    f->out);
		s += took;
	}
}

/* It names something, and nothing of that is there. */
static bool
is_empty(const struct filling *f, const struct line *line)
{
	size_t names = 0;

	for (size_t i = 0; i < line->len;) {
		const size_t n = name_at(line->s + i, line->len - i);
		if (n > 0 && *value_of(f, line->s + i + 1, n - 2) != '\0')
			return false;
		names += n > 0;
		i += n > 0 ? n : 1;
	}
	return names > 0;
}

static void
put_line(const struct filling *f, const struct line *line)
{
	if (f->form != FORM_SUBJECT && is_empty(f, line))
		return;
	for (size_t i = 0; i < line->len;) {
		const size_t n = name_at(line->s + i, line->len - i);
		if (n > 0)
			put_value(f, value_of(f, line->s + i + 1, n - 2));
		else
			(void)fputc(line->s[i], f->out);
		i += n > 0 ? n : 1;
	}
	if (f->form != FORM_SUBJECT)
		(void)fputc('\n', f->out);
}

/* From below {each} to its {end}; *at goes behind it. */
static void
put_each(struct filling *f, const char **at, const struct template_fill *fill)
{
	const char *from = *at;
	struct line line;

	for (size_t i = 0; i < fill->n_each; i++) {
		f->inner = fill->each[i];
		for (*at = from; next_line(at, &line) &&
		    !is_mark(&line, "{end}");)
			put_line(f, &line);
	}
	f->inner = NULL;
	for (*at = from; next_line(at, &line) && !is_mark(&line, "{end}");)
		;
}

static void
put_body(struct filling *f, const char *at, const struct template_fill *fill)
{
	struct line line;

	while (next_line(&at, &line))
		if (is_mark(&line, "{each}"))
			put_each(f, &at, fill);
		else
			put_line(f, &line);
}

const char *
template_subject(struct arena *arena, const struct template *t,
    const struct template_fill *fill)
{
	char line_of[2048] = "";
	AUTO(buf) struct buf out;
	FILE *file = fmemopen(line_of, sizeof(line_of) - 1, "w");
	struct filling f = { .out = file, .form = FORM_SUBJECT,
		.outer = fill->values };
	char piece[TEXT_PIECE];
	size_t took;

	buf_init(&out, 2 * SUBJECT_MAX);
	if (file == NULL)
		return NULL;
	const struct line line = { t->text + strlen("Subject: "),
		strcspn(t->text, "\r\n") - strlen("Subject: ") };
	put_line(&f, &line);
	(void)fclose(file);
	/* Once more, and with it what the template itself holds. */
	for (const char *s = line_of; out.len < SUBJECT_MAX &&
	    (took = text_piece(s, piece)) > 0; s += took)
		buf_str(&out, piece);
	return out.failed ? NULL : arena_strdup(arena, buf_text(&out));
}

bool
template_text(FILE *out, const struct template *t,
    const struct template_fill *fill, struct err *err)
{
	struct filling f = { .out = out, .form = FORM_TEXT,
		.outer = fill->values };
	const char *at = t->text;
	struct line line;

	if (next_line(&at, &line) && next_line(&at, &line))
		put_body(&f, at, fill);
	return !ferror(out) || err_errno(err, ERR_SYSTEM, "mail text");
}

bool
template_html(FILE *out, const struct template *t,
    const struct template_fill *fill, struct err *err)
{
	struct filling f = { .out = out, .form = FORM_HTML,
		.outer = fill->values };

	put_body(&f, t->html, fill);
	return !ferror(out) || err_errno(err, ERR_SYSTEM, "mail text");
}
