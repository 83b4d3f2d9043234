/*
 * Untrusted JSON.  jansson takes up to 78 times the size of the text, so a scan
 * counts before it parses.  The nodes of a document lie in one arena: freeing a
 * page is one call, and decref of a node inside costs nothing.
 */
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "num.h"
#include "text.h"

/* 200,000 nodes and 4 MiB of text stay well below. */
#define DOC_MAX_BYTES ((size_t)100663296)
#define TEXT_COPIES 4	/* of a text beyond: as it came, its nodes, and mended */
/* malloc's alignment is kept in front of the object. */
#define HEAD ((size_t)16)
#define FROM_HEAP ((uint64_t)0x6e70735f68656170)
#define FROM_DOC ((uint64_t)0x6e70735f646f6320)

struct json_doc {
	struct arena *arena;
	json_t *root;
};

/* ---- where the nodes lie ------------------------------------------------- */
/* The arena of the document being parsed; NULL = everything else, malloc. */
static struct arena *parsing;

static void *
node_alloc(size_t size)
{
	unsigned char *p = NULL;

	if (size > SIZE_MAX / 2)
		return NULL;
	if (parsing != NULL)
		p = arena_alloc(parsing, size + HEAD);
	else
		p = malloc(size + HEAD);
	if (p == NULL)
		return NULL;
	const uint64_t origin = parsing != NULL ? FROM_DOC : FROM_HEAP;
	memcpy(p, &origin, sizeof(origin));
	return p + HEAD;
}

static void
node_free(void *node)
{
	uint64_t origin;

	if (node == NULL)
		return;
	unsigned char *p = (unsigned char *)node - HEAD;
	memcpy(&origin, p, sizeof(origin));
	if (origin == FROM_HEAP)
		free(p);
	else if (origin != FROM_DOC)
		abort();	/* not ours: a memory error elsewhere */
}

/* Before main, so that no object of plain malloc ever meets node_free. */
__attribute__((constructor)) static void
take_allocator(void)
{
	json_set_alloc_funcs(node_alloc, node_free);
}

/* ---- the scan before ----------------------------------------------------- */
struct scan {
	const char *text;
	size_t len, pos, nodes;
	int depth;
};

/* A smaller part of the same may be asked for: told by the code. */
static bool
too_large(struct err *err)
{
	if (err != NULL)
		err->code = EFBIG;
	return false;
}

static bool
refuse(const struct scan *s, struct err *err, const char *why)
{
	return err_set(err, ERR_PROTOCOL, "JSON at byte %zu: %s", s->pos, why);
}

/* pos stands on the opening quote, then behind the closing one. */
static bool
scan_string(struct scan *s, struct err *err)
{
	s->pos++;
	while (s->pos < s->len && s->text[s->pos] != '"')
		s->pos += s->text[s->pos] == '\\' ? 2 : 1;
	if (s->pos >= s->len) {
		s->pos = s->len;
		return refuse(s, err, "ends inside a text");
	}
	s->pos++;
	return true;
}

/* Numbers, true, false, null, and whatever the parser will refuse. */
static bool
scan_word(struct scan *s, struct err *err)
{
	const size_t start = s->pos;

	while (s->pos < s->len && s->text[s->pos] != '\0' &&
	    strchr("[]{},:\" \t\r\n", s->text[s->pos]) == NULL)
		s->pos++;
	if (s->pos - start > JSON_MAX_TEXT)
		return refuse(s, err, "number longer than 64 KiB");
	return true;
}

static bool
scan_token(struct scan *s, struct err *err)
{
	switch (s->text[s->pos]) {
	case ' ': case '\t': case '\r': case '\n': case ',':
		s->pos++;
		return true;
	case ':':
		/* The text before was a key, which is no node. */
		s->nodes -= s->nodes > 0;
		s->pos++;
		return true;
	case ']': case '}':
		s->depth--;
		s->pos++;
		return true;
	case '[': case '{':
		if (++s->depth > JSON_MAX_DEPTH)
			return refuse(s, err, "nested deeper than 32");
		s->nodes++;
		s->pos++;
		return true;
	case '"':
		s->nodes++;
		return scan_string(s, err);
	case '\0':
		return refuse(s, err, "holds a NUL");
	default:
		s->nodes++;
		return scan_word(s, err);
	}
}

static bool
scan_all(const char *text, size_t len, size_t max, struct err *err)
{
	struct scan s = { .text = text, .len = len };

	if (len > max) {
		(void)err_set(err, ERR_PROTOCOL, "JSON of %zu bytes: more "
		    "than %zu", len, max);
		return too_large(err);
	}
	while (s.pos < len) {
		if (!scan_token(&s, err))
			return false;
		if (s.nodes <= JSON_MAX_NODES)
			continue;
		(void)refuse(&s, err, "more than 200000 values");
		return too_large(err);
	}
	return true;
}

/* ---- parsing ------------------------------------------------------------- */
/* Own words: jansson's quote the text, which may be anybody's. */
static const char *
words(enum json_error_code code)
{
	switch ((int)code) {
	case json_error_premature_end_of_input:
		return "ends too early";
	case json_error_end_of_input_expected:
		return "goes on after its end";
	case json_error_invalid_utf8:
		return "is not UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "holds a NUL";
	case json_error_duplicate_key:
		return "holds a key twice";
	case json_error_numeric_overflow:
		return "holds a number out of range";
	case json_error_out_of_memory:
		return "needs too much memory";
	default:
		return "expected JSON";
	}
}

/* An escaped NUL becomes U+FFFD: no text of C or PostgreSQL holds it, and one
 * such comment must not keep back the page it stands on. */
static bool
replace_nul(struct arena *arena, json_t *text)
{
	const char *from = json_string_value(text);
	const size_t len = json_string_length(text);
	size_t n = 0;

	if (memchr(from, '\0', len) == NULL)
		return true;
	char *to = arena_alloc(arena, 3 * len);
	for (size_t i = 0; to != NULL && i < len; i++)
		if (from[i] != '\0') {
			to[n++] = from[i];
		} else {
			memcpy(to + n, "\xef\xbf\xbd", 3);
			n += 3;
		}
	return to != NULL && json_string_setn_nocheck(text, to, n) == 0;
}

/* As deep as the scan allows. */
static bool
replace_nuls(struct arena *arena, json_t *node)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(node))
		return replace_nul(arena, node);
	json_array_foreach (node, i, value)
		if (!replace_nuls(arena, value))
			return false;
	json_object_foreach (node, key, value)
		if (!replace_nuls(arena, value))
			return false;
	return true;
}

/* The number of "\uXXXX" at s, or -1. */
static int
unit_at(const char *s, size_t len)
{
	int unit = 0;

	if (len < 6 || s[0] != '\\' || s[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		const char c = s[i];
		if (c >= '0' && c <= '9')
			unit = unit * 16 + (c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			unit = unit * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

/* A service that counts in UTF-16 and cuts leaves half of an emoji.  It becomes
 * U+FFFD, for the same reason.  NULL: out of memory. */
static const char *
replace_halves(struct arena *arena, const char *text, size_t len)
{
	char *copy = NULL;

	for (size_t at = 0; at < len;) {
		const char *s = text + at;
		const int unit = unit_at(s, len - at);
		if (unit < 0xd800 || unit > 0xdfff) {
			at += *s != '\\' ? 1 : unit < 0 ? 2 : 6;
			continue;
		}
		const int next = unit_at(s + 6, len - at - 6);
		if (unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
			at += 12;
			continue;
		}
		if (copy == NULL &&
		    (copy = arena_strndup(arena, text, len)) == NULL)
			return NULL;
		memcpy(copy + at, "\\ufffd", 6);
		at += 6;
	}
	return copy != NULL ? copy : text;
}

/* By its ceiling, or for lack of memory, which says nothing of the text. */
static bool
no_room(const struct json_doc *doc, struct err *err)
{
	if (arena_no_memory(doc->arena))
		return err_nomem(err);
	(void)err_set(err, ERR_PROTOCOL, "JSON needs too much memory");
	return too_large(err);
}

static bool
load(struct json_doc *doc, const char *text, size_t len, struct err *err)
{
	json_error_t why = { .line = 0 };

	text = replace_halves(doc->arena, text, len);
	if (text == NULL)
		return no_room(doc, err);
	parsing = doc->arena;
	doc->root = json_loadb(text, len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (doc->root != NULL && !replace_nuls(doc->arena, doc->root))
		doc->root = NULL;
	parsing = NULL;
	if (doc->root != NULL)
		return true;
	if (arena_failed(doc->arena))
		return no_room(doc, err);
	return err_set(err, ERR_PROTOCOL, "JSON at line %d, byte %d: %s",
	    why.line, why.position, words(json_error_code(&why)));
}

bool
json_parse_max(const char *text, size_t len, size_t max, struct json_doc **doc,
    struct err *err)
{
	AUTO(json_doc) struct json_doc *d = NULL;
	const size_t beyond = max > JSON_MAX_BYTES ? max - JSON_MAX_BYTES : 0;

	*doc = NULL;
	/* A byte order mark, as some libraries of .NET write it: RFC 8259 lets
	 * a reader ignore it. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (!scan_all(text, len, max == 0 ? JSON_MAX_BYTES : max, err))
		return false;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return err_nomem(err);
	d->arena = arena_new(DOC_MAX_BYTES + TEXT_COPIES * beyond);
	if (d->arena == NULL)
		return err_nomem(err);
	if (!load(d, text, len, err))
		return false;
	*doc = steal(&d);
	return true;
}

bool
json_parse(const char *text, size_t len, struct json_doc **doc, struct err *err)
{
	return json_parse_max(text, len, JSON_MAX_BYTES, doc, err);
}

void
json_free(struct json_doc *doc)
{
	if (doc == NULL)
		return;
	arena_free(doc->arena);
	free(doc);
}

json_t *
json_root(const struct json_doc *doc)
{
	return doc->root;
}

/* ---- access -------------------------------------------------------------- */
static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

/* Not strncasecmp: that asks the locale. */
static bool
same_key(const char *key, const char *want, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (key[i] == '\0' || lower(key[i]) != lower(want[i]))
			return false;
	return key[len] == '\0';
}

static json_t *
member(json_t *object, const char *want, size_t len)
{
	json_t *value = json_object_getn(object, want, len);
	const char *key;

	if (value != NULL)
		return value;
	json_object_foreach (object, key, value)
		if (same_key(key, want, len))
			return value;
	return NULL;
}

static json_t *
step(json_t *node, const char *name, size_t len)
{
	long long i;

	if (json_is_object(node))
		return member(node, name, len);
	if (json_is_array(node) && num_parse_n(name, len, 0, INT32_MAX, &i))
		return json_array_get(node, (size_t)i);
	return NULL;
}

/* One step of a pointer, with "~1" for '/' and "~0" for '~'. */
static json_t *
pointer_step(json_t *node, const char *name, size_t len)
{
	char plain[256];
	size_t n = 0;

	if (len > sizeof(plain))
		return NULL;
	for (size_t i = 0; i < len; i++) {
		plain[n] = name[i];
		if (name[i] == '~' && i + 1 < len &&
		    (name[i + 1] == '0' || name[i + 1] == '1'))
			plain[n] = name[++i] == '0' ? '~' : '/';
		n++;
	}
	return step(node, plain, n);
}

json_t *
json_at(json_t *node, const char *path)
{
	const bool is_pointer = path[0] == '/';
	const char *sep = is_pointer ? "/" : ".";

	if (*path == '\0')
		return node;
	if (is_pointer)
		path++;
	while (node != NULL) {
		const size_t len = strcspn(path, sep);
		node = is_pointer ? pointer_step(node, path, len)
				  : step(node, path, len);
		if (path[len] == '\0')
			break;
		path += len + 1;
	}
	return node;
}

json_t *
json_first(json_t *node, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_t *found = json_at(node, paths[i]);
		if (found != NULL && !json_is_null(found))
			return found;
	}
	return NULL;
}

static const char *
dump(struct arena *arena, json_t *node, size_t flags)
{
	const size_t len = json_dumpb(node, NULL, 0, flags);
	char *out = len == 0 ? NULL : arena_alloc(arena, len + 1);

	/* No value is written as nothing: jansson had no memory. */
	if (len == 0 || (out != NULL && json_dumpb(node, out, len, flags) != len)) {
		arena_note_no_memory(arena);
		return NULL;
	}
	return out;
}

bool
json_is_long(const json_t *node)
{
	return json_is_string(node) && json_string_length(node) > JSON_MAX_TEXT;
}

const char *
json_text(struct arena *arena, json_t *node)
{
	if (node == NULL)
		return NULL;
	switch (json_typeof(node)) {
	case JSON_STRING:
		return arena_strndup(arena, json_string_value(node),
		    json_is_long(node) ? text_cut(json_string_value(node),
		    JSON_MAX_TEXT) : json_string_length(node));
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
		/* 15 digits: 0.1 stays 0.1. */
		return dump(arena, node,
		    JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	case JSON_NULL:
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return NULL;
}

bool
json_integer_value_of(json_t *node, long long *out)
{
	if (json_is_integer(node)) {
		*out = json_integer_value(node);
		return true;
	}
	if (!json_is_real(node))
		return false;
	const double value = json_real_value(node);
	/* Above 2^53 a double may be another number than was written. */
	if (!(value >= -9007199254740992.0 && value <= 9007199254740992.0))
		return false;
	const long long whole = (long long)value;
	if ((double)whole < value || (double)whole > value)
		return false;
	*out = whole;
	return true;
}

const char *
json_dump(struct arena *arena, json_t *node)
{
	return node == NULL ? NULL
			    : dump(arena, node, JSON_COMPACT | JSON_ENCODE_ANY);
}

const char *
json_body(struct arena *arena, json_t *node)
{
	return node == NULL ? NULL : dump(arena, node, JSON_COMPACT |
	    JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}
