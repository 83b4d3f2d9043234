/*
 * multipart.c - how a batch could lie, and what stops it:
 *  - an answer that was cut: without the closing boundary it counts for nothing;
 *  - a body that holds a line like the boundary: boundaries are the server's, and
 *    only a whole line is one;
 *  - groups within groups: two levels, no more.
 */
#include "multipart.h"

#include <string.h>
#include <strings.h>

#include "num.h"

#define LEVELS_MAX 2
#define BOUNDARY_MAX 200
#define PARTS_MAX ((size_t)4000)

struct text {
	const char *s;
	size_t len;
};
struct parser {
	struct arena *arena;
	struct multipart_part *parts;
	size_t n, room;
};

/* ---- lines -------------------------------------------------------------- */
/* The next line without its end; false: there is none. */
static bool
line_take(struct text *rest, struct text *line)
{
	if (rest->len == 0)
		return false;
	const char *end = memchr(rest->s, '\n', rest->len);
	const size_t used = end == NULL ? rest->len
	                                : (size_t)(end - rest->s) + 1;
	size_t len = end == NULL ? rest->len : used - 1;
	if (end != NULL && len > 0 && rest->s[len - 1] == '\r')
		len--;
	*line = (struct text){ rest->s, len };
	rest->s += used;
	rest->len -= used;
	return true;
}

static bool
is_blank(const char *s, size_t len)
{
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	return len == 0;
}

/* 1 = a part begins, 2 = the last one ended, 0 = neither. */
static int
boundary_at(const struct text *line, const char *boundary)
{
	const size_t len = strlen(boundary);

	if (line->len < len + 2 || memcmp(line->s, "--", 2) != 0 ||
	    memcmp(line->s + 2, boundary, len) != 0)
		return 0;
	const char *after = line->s + 2 + len;
	size_t left = line->len - 2 - len;
	const bool last = left >= 2 && memcmp(after, "--", 2) == 0;
	if (last) {
		after += 2;
		left -= 2;
	}
	return !is_blank(after, left) ? 0 : last ? 2 : 1;
}

/* "Name: value" -> value in arena, where the name is it. */
static const char *
header_value(struct arena *arena, const struct text *line, const char *name)
{
	const size_t len = strlen(name);

	if (line->len <= len || line->s[len] != ':' ||
	    strncasecmp(line->s, name, len) != 0)
		return NULL;
	const char *value = line->s + len + 1;
	size_t left = line->len - len - 1;
	while (left > 0 && (*value == ' ' || *value == '\t')) {
		value++;
		left--;
	}
	return arena_strndup(arena, value, left);
}

/* ---- the boundary ------------------------------------------------------- */
bool
multipart_boundary(struct arena *arena, const char *content_type,
    const char **boundary, struct err *err)
{
	static const char type[] = "multipart/", name[] = "boundary=";
	const char *at = content_type;

	if (at == NULL || strncasecmp(at, type, sizeof(type) - 1) != 0)
		return err_set(err, ERR_PROTOCOL, "expected a multipart answer");
	while ((at = strchr(at, ';')) != NULL) {
		at += 1 + strspn(at + 1, " \t");
		if (strncasecmp(at, name, sizeof(name) - 1) != 0)
			continue;
		at += sizeof(name) - 1;
		const bool quoted = *at == '"';
		at += quoted;
		const size_t len = strcspn(at, quoted ? "\"" : "; \t");
		if (len == 0 || len > BOUNDARY_MAX)
			break;
		*boundary = arena_strndup(arena, at, len);
		return *boundary != NULL || err_nomem(err);
	}
	return err_set(err, ERR_PROTOCOL, "a multipart answer without boundary");
}

/* ---- parts -------------------------------------------------------------- */
static bool
part_add(struct parser *p, const struct multipart_part *part, struct err *err)
{
	if (p->n == PARTS_MAX)
		return err_set(err, ERR_PROTOCOL, "more than %zu parts",
		    PARTS_MAX);
	if (p->n == p->room) {
		const size_t room = p->room == 0 ? 64 : 2 * p->room;
		struct multipart_part *parts = arena_array(p->arena, room,
		    sizeof(*parts));
		if (parts == NULL)
			return err_nomem(err);
		if (p->n > 0)
			memcpy(parts, p->parts, p->n * sizeof(*parts));
		p->parts = parts;
		p->room = room;
	}
	p->parts[p->n++] = *part;
	return true;
}

static bool
status_of(const struct text *line, long *status)
{
	static const char version[] = "HTTP/1.";
	const size_t len = sizeof(version) - 1;
	long long n;

	if (line->len < len + 5 || memcmp(line->s, version, len) != 0 ||
	    line->s[len + 1] != ' ' ||
	    !num_parse_n(line->s + len + 2, 3, 100, 599, &n))
		return false;
	*status = (long)n;
	return true;
}

/* An answer: its status line, its headers, its body. */
static bool
answer_take(struct parser *p, struct text rest, const char *content_id,
    int level, struct err *err)
{
	struct multipart_part part = { .content_id = content_id,
		.grouped = level > 1 };
	struct text line;

	while (line_take(&rest, &line) && line.len == 0)
		continue;
	if (!status_of(&line, &part.status))
		return err_set(err, ERR_PROTOCOL, "part %zu has no status line",
		    p->n + 1);
	while (line_take(&rest, &line) && line.len > 0) {
		const char *id = header_value(p->arena, &line, "Content-ID");
		if (part.content_id == NULL)
			part.content_id = id;
	}
	while (rest.len > 0 && strchr("\r\n", rest.s[rest.len - 1]) != NULL)
		rest.len--;
	part.body = arena_strndup(p->arena, rest.s, rest.len);
	part.body_len = rest.len;
	return part.body == NULL || arena_failed(p->arena) ? err_nomem(err)
	    : part_add(p, &part, err);
}

static bool parts_take(struct parser *p, struct text rest,
    const char *boundary, int level, struct err *err);

/* What stands between two boundaries. */
static bool
part_take(struct parser *p, struct text rest, int level, struct err *err)
{
	const char *type = NULL, *id = NULL, *boundary;
	struct text line;

	while (line_take(&rest, &line) && line.len > 0) {
		const char *value = header_value(p->arena, &line,
		    "Content-Type");
		type = value != NULL ? value : type;
		value = header_value(p->arena, &line, "Content-ID");
		id = value != NULL ? value : id;
	}
	if (type == NULL || strncasecmp(type, "multipart/", 10) != 0)
		return answer_take(p, rest, id, level, err);
	if (level == LEVELS_MAX)
		return err_set(err, ERR_PROTOCOL, "a group within a group");
	return multipart_boundary(p->arena, type, &boundary, err) &&
	    parts_take(p, rest, boundary, level + 1, err);
}

static bool
parts_take(struct parser *p, struct text rest, const char *boundary, int level,
    struct err *err)
{
	const char *begin = NULL;
	struct text line;

	while (line_take(&rest, &line)) {
		const int at = boundary_at(&line, boundary);
		if (at == 0)
			continue;
		const struct text part = { begin, begin == NULL ? 0
		    : (size_t)(line.s - begin) };
		if (begin != NULL && !part_take(p, part, level, err))
			return false;
		if (at == 2)
			return true;
		begin = rest.s;
	}
	return err_set(err, ERR_PROTOCOL, "the end of a multipart answer is "
	    "missing");
}

bool
multipart_parse(struct arena *arena, const char *text, size_t len,
    const char *boundary, struct multipart_part **parts, size_t *n,
    struct err *err)
{
	struct parser p = { .arena = arena };
	const struct text all = { text, len };

	if (!parts_take(&p, all, boundary, 1, err))
		return false;
	*parts = p.parts;
	*n = p.n;
	return true;
}
