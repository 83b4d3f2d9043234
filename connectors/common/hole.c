/*
 * hole.c - what a template is: holes found and checked, before there is any
 * value.  A name that nobody knows would leave its place empty in every
 * request; it is refused here, when the connector opens.
 */
#include "hole.h"

#include <stdio.h>
#include <string.h>

#include "fieldmap.h"
#include "hole_int.h"
#include "text.h"

static const struct {
	const char *name;
	enum hole_format format;
} formats[] = {
	{ "number", FORMAT_NUMBER }, { "bool", FORMAT_BOOL },
	{ "list", FORMAT_LIST }, { "numbers", FORMAT_NUMBERS },
	{ "object", FORMAT_OBJECT }, { "base64", FORMAT_BASE64 },
	{ "lower", FORMAT_LOWER }, { "comma", FORMAT_COMMA },
	{ "iso", FORMAT_ISO }, { "iso_ms", FORMAT_ISO_MS },
	{ "date", FORMAT_DATE }, { "epoch", FORMAT_EPOCH },
	{ "epoch_ms", FORMAT_EPOCH_MS }, { "year", FORMAT_YEAR },
	{ "month", FORMAT_MONTH }, { "day", FORMAT_DAY },
	{ "hour", FORMAT_HOUR }, { "minute", FORMAT_MINUTE },
	{ "second", FORMAT_SECOND }, { "local_year", FORMAT_LOCAL_YEAR },
	{ "local_month", FORMAT_LOCAL_MONTH },
	{ "local_day", FORMAT_LOCAL_DAY },
	{ "local_hour", FORMAT_LOCAL_HOUR },
	{ "local_minute", FORMAT_LOCAL_MINUTE },
	{ "local_second", FORMAT_LOCAL_SECOND },
};

/* ---- one piece ----------------------------------------------------------- */
static bool
read_format(struct hole *hole)
{
	if (strchr(hole->text, '%') != NULL) {
		hole->format = FORMAT_PATTERN;
		return fieldmap_pattern_valid(hole->text);
	}
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].name, hole->text) == 0) {
			hole->format = formats[i].format;
			return true;
		}
	return false;
}

static bool
is_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] <= ' ' || strchr("{}:?\"\\", s[i]))
			return false;
	return len > 0 && len < HOLE_NAME_MAX;
}

/* The len bytes between the braces; what is wrong with them, or NULL. */
static const char *
read_hole(const char *s, size_t len, struct hole *hole)
{
	*hole = (struct hole){ .format = FORMAT_NONE };
	if (len > 0 && s[len - 1] == '?') {
		hole->optional = true;
		len--;
	}
	const char *colon = memchr(s, ':', len);
	const size_t name = colon == NULL ? len : (size_t)(colon - s);
	if (!is_name(s, name))
		return "expected a name in { }; a brace itself is {{";
	memcpy(hole->name, s, name);
	if (colon == NULL)
		return NULL;
	const size_t rest = len - name - 1;
	if (rest >= HOLE_FORMAT_MAX)
		return "the format is too long";
	memcpy(hole->text, colon + 1, rest);
	return read_format(hole) ? NULL : "no such format";
}

void
hole_next(const char **p, struct hole_piece *out)
{
	const char *s = *p;

	*out = (struct hole_piece){ .kind = HOLE_LITERAL, .text = s };
	if (*s == '\0') {
		out->kind = HOLE_END;
	} else if (*s != '{') {
		out->len = strcspn(s, "{");
		*p = s + out->len;
	} else if (s[1] == '{') {
		out->len = 1;
		*p = s + 2;
	} else {
		const size_t len = strcspn(s + 1, "{}");
		out->why = s[1 + len] == '}' ?
		    read_hole(s + 1, len, &out->hole) :
		    "a { that no } ends; a brace itself is {{";
		out->len = len + 2;
		out->kind = out->why == NULL ? HOLE_HOLE : HOLE_BAD;
		*p = s + len + 2;
	}
}

bool
hole_is_whole(const char *text, struct hole *out)
{
	struct hole_piece piece;

	hole_next(&text, &piece);
	*out = piece.hole;
	return piece.kind == HOLE_HOLE && *text == '\0';
}

/* ---- names that are used ------------------------------------------------- */
struct search {
	const char *name;	/* NULL = the i-th */
	size_t len, i;
	bool any;		/* all that begin with len bytes of it */
	char found[HOLE_NAME_MAX];
};

static bool
is_sought(struct search *f, const char *name)
{
	if (f->name == NULL ? f->i-- != 0 : f->any ?
	    strncmp(name, f->name, f->len) != 0 : strcmp(name, f->name) != 0)
		return false;
	memcpy(f->found, name, strlen(name) + 1);
	return true;
}

static bool
search_text(struct search *f, const char *text)
{
	struct hole_piece piece;

	for (hole_next(&text, &piece); piece.kind == HOLE_LITERAL ||
	    piece.kind == HOLE_HOLE; hole_next(&text, &piece))
		if (piece.kind == HOLE_HOLE && is_sought(f, piece.hole.name))
			return true;
	return false;
}

static bool
search_node(struct search *f, const json_t *node)
{
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_string(node))
		return search_text(f, json_string_value(node));
	json_object_foreach ((json_t *)(uintptr_t)node, key, child)
		if (search_node(f, child))
			return true;
	json_array_foreach (node, i, child)
		if (search_node(f, child))
			return true;
	return false;
}

/* A body of JSON has braces of its own; "{id}" is none. */
static bool
search(struct search *f, const char *text)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct err unwanted;

	if (text == NULL)
		return false;
	if (strchr("{[\"", text[strspn(text, " \t\r\n")]) != NULL &&
	    json_parse(text, strlen(text), &doc, &unwanted))
		return search_node(f, json_root(doc));
	return search_text(f, text);
}

bool
hole_uses(const char *text, const char *name)
{
	const size_t len = strlen(name);
	struct search f = { .name = name, .len = len };

	if (len > 0 && name[len - 1] == '*') {
		f.any = true;
		f.len--;
	}
	return search(&f, text);
}

const char *
hole_name_at(const char *text, size_t i, struct arena *arena)
{
	struct search f = { .i = i };

	return search(&f, text) ? arena_strdup(arena, f.found) : NULL;
}

/* ---- checking -------------------------------------------------------------- */
struct check {
	enum hole_context context;
	const char *const *known;	/* NULL = any */
	bool whole;			/* a string of JSON that is one hole */
	struct err *err;
};

static bool
matches(const char *name, const char *known)
{
	const size_t len = strlen(known);

	return len > 0 && known[len - 1] == '*' ?
	    strncmp(name, known, len - 1) == 0 && name[len - 1] != '\0' :
	    strcmp(name, known) == 0;
}

static bool
is_listed(const char *name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (matches(name, *list))
			return true;
	return false;
}

static bool
fail_unknown(const struct check *c, const char *name)
{
	char known[240] = "";
	size_t used = 0;

	for (const char *const *k = c->known; *k != NULL; k++) {
		const int n = snprintf(known + used, sizeof(known) - used,
		    "%s%s", used == 0 ? "; there are " : ", ", *k);
		if (n < 0 || (size_t)n >= sizeof(known) - used)
			break;
		used += (size_t)n;
	}
	known[used] = '\0';
	return err_set(c->err, ERR_CONFIG, "{%.60s}: no such hole here%s", name,
	    known);
}

static bool
check_hole(const struct check *c, const struct hole *hole)
{
	static const char *const always[] = { "row.*", "row./*", "var.*",
		"session.*", "now", "today", NULL };

	if (hole->format >= FORMAT_NUMBER && hole->format <= FORMAT_OBJECT &&
	    !(c->context == HOLE_BODY_JSON && c->whole))
		return err_set(c->err, ERR_CONFIG, "{%.60s:%s}: expected only "
		    "as a whole text of a JSON body, \"{%.60s:%s}\"",
		    hole->name, hole->text, hole->name, hole->text);
	if (c->known != NULL && !is_listed(hole->name, always) &&
	    !is_listed(hole->name, c->known))
		return fail_unknown(c, hole->name);
	return true;
}

/* What stands round the holes must be what the place can hold as it is. */
static bool
check_literal(const struct check *c, const char *s, size_t len)
{
	const bool address = c->context == HOLE_URL || c->context == HOLE_FORM;
	const bool header = c->context == HOLE_HEADER;

	for (size_t i = 0; i < len; i++) {
		const unsigned char b = (unsigned char)s[i];
		if (header && (b < ' ' || b == 0x7f))
			return err_set(c->err, ERR_CONFIG,
			    "expected a header without control characters");
		if (address && (b <= ' ' || b >= 0x7f ||
		    strchr("#\\\"<>^`|", b) != NULL))
			return err_set(c->err, ERR_CONFIG, "expected %%20 for "
			    "a blank, %%C3%%A6 and the like for what an "
			    "address cannot hold; got the byte 0x%02x", b);
	}
	return true;
}

static bool
check_text(const struct check *c, const char *text)
{
	struct hole_piece piece;

	for (hole_next(&text, &piece); piece.kind != HOLE_END;
	    hole_next(&text, &piece)) {
		if (piece.kind == HOLE_BAD)
			return err_set(c->err, ERR_CONFIG, "%.*s: %s",
			    (int)(piece.len < 40 ? piece.len : 40), piece.text,
			    piece.why);
		if (piece.kind == HOLE_LITERAL ?
		    !check_literal(c, piece.text, piece.len) :
		    !check_hole(c, &piece.hole))
			return false;
	}
	return true;
}

static bool
check_node(struct check *c, const json_t *node)
{
	const char *key, *text = json_string_value(node);
	json_t *child;
	struct hole hole;
	size_t i;

	if (text != NULL) {
		c->whole = hole_is_whole(text, &hole);
		return check_text(c, text);
	}
	json_object_foreach ((json_t *)(uintptr_t)node, key, child) {
		if (strchr(key, '{') != NULL)
			return err_set(c->err, ERR_CONFIG, "%.40s: a hole "
			    "stands in a value, never in a name", key);
		if (!check_node(c, child))
			return false;
	}
	json_array_foreach (node, i, child)
		if (!check_node(c, child))
			return false;
	return true;
}

static bool
check_json(struct check *c, const char *text)
{
	AUTO(json_doc) struct json_doc *doc = NULL;

	if (!json_parse(text, strlen(text), &doc, c->err)) {
		if (c->err->kind == ERR_PROTOCOL)
			c->err->kind = ERR_CONFIG;
		return err_wrap(c->err, "the template is no JSON");
	}
	return check_node(c, json_root(doc));
}

/* "../" never comes from a template either. */
static bool
check_segments(const struct check *c, const char *text)
{
	while (*text != '\0' && *text != '?') {
		const size_t len = strcspn(text, "/?");
		if (text[0] == '.' && (len == 1 || (len == 2 && text[1] == '.')))
			return err_set(c->err, ERR_CONFIG,
			    "expected a path without \".\" and \"..\"");
		text += len;
		text += *text == '/';
	}
	return true;
}

/* Without its parameter nothing would say what was left out. */
static bool
check_path_holes(const struct check *c, const char *text)
{
	struct hole_piece piece;

	for (hole_next(&text, &piece); piece.kind == HOLE_LITERAL ||
	    piece.kind == HOLE_HOLE; hole_next(&text, &piece)) {
		if (piece.kind == HOLE_LITERAL &&
		    memchr(piece.text, '?', piece.len) != NULL)
			return true;
		if (piece.kind == HOLE_HOLE && piece.hole.optional)
			return err_set(c->err, ERR_CONFIG, "{%.60s?}: only a "
			    "parameter, behind \"?\", may be left out",
			    piece.hole.name);
	}
	return true;
}

bool
hole_check(const char *text, enum hole_context context,
    const char *const *known, struct err *err)
{
	struct err unwanted;
	struct check c = { .context = context, .known = known,
		.err = err == NULL ? &unwanted : err };

	if (strlen(text) > HOLE_TEMPLATE_MAX)
		return err_set(err, ERR_CONFIG, "expected at most %zu bytes",
		    HOLE_TEMPLATE_MAX);
	if (*text == '\0')
		return true;
	if (context == HOLE_BODY_JSON)
		return check_json(&c, text);
	return check_text(&c, text) && (context != HOLE_URL ||
	    (check_segments(&c, text) && check_path_holes(&c, text)));
}

bool
hole_check_url(const char *text, struct err *err)
{
	return hole_check(text, HOLE_URL, NULL, err);
}

bool
hole_check_form(const char *text, struct err *err)
{
	return hole_check(text, HOLE_FORM, NULL, err);
}

bool
hole_check_header(const char *text, struct err *err)
{
	return hole_check(text, HOLE_HEADER, NULL, err);
}

bool
hole_check_json(const char *text, struct err *err)
{
	return hole_check(text, HOLE_BODY_JSON, NULL, err);
}

bool
hole_check_text(const char *text, struct err *err)
{
	return hole_check(text, HOLE_BODY_TEXT, NULL, err);
}
