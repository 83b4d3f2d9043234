/*
 * hole_write.c - a template with its values: what may stand where.
 *
 * How it could harm: a value that ends a header, a parameter or a string and
 * begins another one; ".." as an id, which asks for somebody else's address; ""
 * as an id, which asks for all of them; a place left empty where the service
 * reads "null" or "everybody".  Nothing is written that was not escaped for its
 * place, and a path never loses a part.
 */
#include <stdio.h>
#include <string.h>

#include "hole_int.h"
#include "text.h"
#include "url.h"

struct writer {
	enum hole_context context;
	const char *zone;
	hole_fn *fn;
	void *arg;
	struct arena *arena;
	struct buf out;
	struct err *err;
	bool left_out;		/* a "?" without value in the text so far */
	/* URL, FORM: the parameter that is being written. */
	bool in_query;
	size_t start, kept;
};

static bool
value_of(struct writer *w, const struct hole *hole, struct hole_made *made)
{
	struct hole_value value = { .type = HOLE_NONE };

	if (!w->fn(w->arg, hole->name, &value))
		return err_set(w->err, ERR_CONFIG, "{%.60s}: no such hole here",
		    hole->name);
	return hole_make(hole, &value, w->zone, w->arena, made, w->err);
}

static bool
fail_place(const struct writer *w, const struct hole *hole,
    const char *expected)
{
	return err_set(w->err, ERR_REJECTED, "{%.60s}: expected %s",
	    hole->name, expected);
}

static bool
add_value(struct writer *w, const struct hole *hole, const char *text)
{
	switch (w->context) {
	case HOLE_URL:
	case HOLE_FORM:
		if (*text == '\0' && w->context == HOLE_URL && !w->in_query)
			return fail_place(w, hole,
			    "a text that is not empty, in a path");
		text = url_escape(w->arena, text);
		if (text == NULL)
			return err_nomem(w->err);
		break;
	case HOLE_HEADER:
		if (!text_is_line(text))
			return fail_place(w, hole,
			    "no control character, in a header");
		break;
	case HOLE_BODY_JSON:
		if (!text_valid(text))
			return fail_place(w, hole, "UTF-8");
		break;
	case HOLE_BODY_TEXT:
		break;
	}
	buf_str(&w->out, text);
	return true;
}

static bool
add_hole(struct writer *w, const struct hole *hole)
{
	struct hole_made made;

	if (!value_of(w, hole, &made))
		return false;
	if (made.none && w->context == HOLE_URL && !w->in_query)
		return err_set(w->err, ERR_CONFIG, "{%.60s?}: only a parameter "
		    "may be left out of an address", hole->name);
	if (made.none) {
		w->left_out = true;
		return true;
	}
	return add_value(w, hole, made.text);
}

/* ---- addresses and forms ---------------------------------------------------- */
static void
cut(struct buf *out, size_t len)
{
	if (out->len > len) {
		out->len = len;
		out->s[len] = '\0';
	}
}

static void
param_begin(struct writer *w)
{
	w->start = w->out.len;
	w->left_out = false;
	if (w->context == HOLE_URL)
		buf_char(&w->out, w->kept == 0 ? '?' : '&');
	else if (w->kept > 0)
		buf_char(&w->out, '&');
}

static void
param_end(struct writer *w)
{
	if (w->left_out)
		cut(&w->out, w->start);
	else
		w->kept++;
}

static void
add_address(struct writer *w, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!w->in_query && s[i] == '?') {
			w->in_query = true;
			param_begin(w);
		} else if (w->in_query && s[i] == '&') {
			param_end(w);
			param_begin(w);
		} else {
			buf_char(&w->out, s[i]);
		}
	}
}

/* A part of a path that a value made "." or ".." leads elsewhere. */
static bool
check_path(const struct writer *w)
{
	const char *p = buf_text(&w->out);

	while (*p != '\0' && *p != '?') {
		const size_t len = strcspn(p, "/?");
		if (p[0] == '.' && (len == 1 || (len == 2 && p[1] == '.')))
			return err_set(w->err, ERR_REJECTED, "a value makes "
			    "\".\" or \"..\" of a part of the path");
		p += len;
		p += *p == '/';
	}
	return true;
}

/* ---- text with holes --------------------------------------------------------- */
static bool
add_text(struct writer *w, const char *text)
{
	const bool address = w->context == HOLE_URL || w->context == HOLE_FORM;
	struct hole_piece piece;

	for (hole_next(&text, &piece); piece.kind != HOLE_END;
	    hole_next(&text, &piece)) {
		if (piece.kind == HOLE_BAD)
			return err_set(w->err, ERR_CONFIG, "%.*s: %s",
			    (int)(piece.len < 40 ? piece.len : 40), piece.text,
			    piece.why);
		if (piece.kind == HOLE_HOLE) {
			if (!add_hole(w, &piece.hole))
				return false;
		} else if (address) {
			add_address(w, piece.text, piece.len);
		} else {
			buf_add(&w->out, piece.text, piece.len);
		}
	}
	return true;
}

static bool
write_address(struct writer *w, const char *text)
{
	if (w->context == HOLE_FORM && *text != '\0') {
		w->in_query = true;
		param_begin(w);
	}
	if (!add_text(w, text))
		return false;
	if (w->in_query)
		param_end(w);
	return w->context == HOLE_FORM || check_path(w);
}

/* ---- JSON --------------------------------------------------------------------- */
static void
char_write(struct buf *out, unsigned char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = c == '\0' ? NULL : strchr(plain, c);

	if (at != NULL)
		buf_printf(out, "\\%c", letters[at - plain]);
	else if (c < 0x20)
		buf_printf(out, "\\u%04x", c);
	else
		buf_char(out, (char)c);
}

void
hole_json_text(struct buf *out, const char *text, size_t len)
{
	buf_char(out, '"');
	for (size_t i = 0; i < len; i++)
		char_write(out, (unsigned char)text[i]);
	buf_char(out, '"');
}

static bool node_write(struct writer *w, json_t *node, bool *left_out);

static bool
whole_write(struct writer *w, const struct hole *hole, bool *left_out)
{
	struct hole_made made;

	if (!value_of(w, hole, &made))
		return false;
	*left_out = made.none;
	if (made.none)
		return true;
	if (made.raw) {
		buf_str(&w->out, made.text);
		return true;
	}
	if (!text_valid(made.text))
		return fail_place(w, hole, "UTF-8");
	hole_json_text(&w->out, made.text, strlen(made.text));
	return true;
}

/* The text is put together as it is, and escaped as one. */
static bool
string_write(struct writer *w, const char *text, bool *left_out)
{
	struct writer inner = *w;
	struct hole hole;

	if (hole_is_whole(text, &hole))
		return whole_write(w, &hole, left_out);
	buf_init(&inner.out, HOLE_OUT_MAX);
	inner.left_out = false;
	const bool ok = add_text(&inner, text);
	*left_out = inner.left_out;
	if (ok && !*left_out)
		hole_json_text(&w->out, buf_text(&inner.out), inner.out.len);
	w->out.failed |= inner.out.failed;
	w->out.no_memory |= inner.out.no_memory;
	buf_free(&inner.out);
	return ok;
}

struct group {
	size_t n, kept;
};

/* key = NULL: an element. */
static bool
child_write(struct writer *w, struct group *g, const char *key, json_t *child)
{
	const size_t before = w->out.len;
	bool left_out = false;

	if (g->kept > 0)
		buf_char(&w->out, ',');
	if (key != NULL) {
		hole_json_text(&w->out, key, strlen(key));
		buf_char(&w->out, ':');
	}
	if (!node_write(w, child, &left_out))
		return false;
	if (left_out)
		cut(&w->out, before);
	g->n++;
	g->kept += !left_out;
	return true;
}

static bool
group_write(struct writer *w, json_t *node, bool *left_out)
{
	const bool object = json_is_object(node);
	struct group g = { 0 };
	const char *key;
	json_t *child;
	size_t i;

	buf_char(&w->out, object ? '{' : '[');
	json_object_foreach (node, key, child)
		if (!child_write(w, &g, key, child))
			return false;
	json_array_foreach (node, i, child)
		if (!child_write(w, &g, NULL, child))
			return false;
	buf_char(&w->out, object ? '}' : ']');
	*left_out = g.n > 0 && g.kept == 0;
	return true;
}

static bool
node_write(struct writer *w, json_t *node, bool *left_out)
{
	if (json_is_object(node) || json_is_array(node))
		return group_write(w, node, left_out);
	if (json_is_string(node))
		return string_write(w, json_string_value(node), left_out);
	const char *dump = json_dump(w->arena, node);
	*left_out = false;
	if (dump == NULL)
		return err_nomem(w->err);
	buf_str(&w->out, dump);
	return true;
}

static bool
write_json(struct writer *w, const char *text)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	bool left_out;

	if (!json_parse(text, strlen(text), &doc, w->err)) {
		if (w->err->kind == ERR_PROTOCOL)
			w->err->kind = ERR_CONFIG;
		return err_wrap(w->err, "the template is no JSON");
	}
	if (!node_write(w, json_root(doc), &left_out))
		return false;
	/* An object that lost everything is "{}" at the top. */
	w->left_out = left_out && json_is_string(json_root(doc));
	return true;
}

/* ---- all of them ---------------------------------------------------------------- */
static bool
write_any(struct writer *w, const char *text)
{
	switch (w->context) {
	case HOLE_URL:
	case HOLE_FORM:
		return write_address(w, text);
	case HOLE_BODY_JSON:
		return write_json(w, text);
	case HOLE_HEADER:
	case HOLE_BODY_TEXT:
		break;
	}
	return add_text(w, text);
}

static bool
finish(struct writer *w, const char **out)
{
	*out = NULL;
	if (w->out.failed && !w->out.no_memory)
		return err_set(w->err, ERR_REJECTED, "a request does not fit "
		    "%zu bytes", HOLE_OUT_MAX);
	if (w->left_out && (w->context == HOLE_HEADER ||
	    w->context == HOLE_BODY_JSON))
		return true;
	*out = w->out.failed ? NULL : arena_strndup(w->arena,
	    buf_text(&w->out), w->out.len);
	return *out != NULL ? true : err_nomem(w->err);
}

bool
hole_write(const char *text, enum hole_context context, const char *zone,
    hole_fn *fn, void *arg, struct arena *arena, const char **out,
    struct err *err)
{
	struct err unwanted;
	struct writer w = { .context = context, .zone = zone, .fn = fn,
		.arg = arg, .arena = arena, .err = err == NULL ? &unwanted : err };

	buf_init(&w.out, HOLE_OUT_MAX);
	const bool ok = write_any(&w, text) && finish(&w, out);
	buf_free(&w.out);
	return ok;
}

const char *
hole_base64(struct arena *arena, const void *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = bytes;
	char *out = arena_alloc(arena, (len + 2) / 3 * 4 + 1), *p = out;

	for (size_t i = 0; out != NULL && i < len; i += 3) {
		unsigned v = (unsigned)in[i] << 16;
		if (i + 1 < len)
			v |= (unsigned)in[i + 1] << 8;
		if (i + 2 < len)
			v |= in[i + 2];
		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		*p++ = i + 1 < len ? digits[v >> 6 & 63] : '=';
		*p++ = i + 2 < len ? digits[v & 63] : '=';
	}
	return out;
}
