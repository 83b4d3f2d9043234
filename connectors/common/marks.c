#include "marks.h"

#include <string.h>

#include "buf.h"
#include "num.h"

/* Below what the core keeps of a resume. */
#define TEXT_MAX ((size_t)60000)

static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

bool
marks_is_name(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len <= 64 && strspn(name, name_chars) == len;
}

static void
entry_write(struct buf *out, const char *name, char kind, const char *text)
{
	if (text != NULL)
		buf_printf(out, "%s%c%zu:%s", name, kind, strlen(text), text);
}

const char *
marks_save(const struct marks_entry *v, size_t n, struct arena *arena)
{
	AUTO(buf) struct buf out;

	buf_init(&out, TEXT_MAX);
	for (size_t i = 0; i < n; i++) {
		entry_write(&out, v[i].name, '=', v[i].mark);
		entry_write(&out, v[i].name, '@', v[i].place);
	}
	return out.failed ? NULL : arena_strdup(arena, buf_text(&out));
}

struct piece {
	const char *name, *text;
	size_t name_len, text_len;
	char kind;
};

static bool
piece_take(const char **at, struct piece *p)
{
	const char *colon;
	long long len;

	p->name = *at;
	p->name_len = strspn(*at, name_chars);
	p->kind = (*at)[p->name_len];
	if (p->name_len == 0 || (p->kind != '=' && p->kind != '@'))
		return false;
	const char *number = *at + p->name_len + 1;
	if ((colon = strchr(number, ':')) == NULL ||
	    !num_parse_n(number, (size_t)(colon - number), 0,
	        (long long)strlen(colon + 1), &len))
		return false;
	p->text = colon + 1;
	p->text_len = (size_t)len;
	*at = p->text + len;
	return true;
}

static void
piece_put(struct marks_entry *v, size_t n, const struct piece *p,
    struct arena *arena)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(v[i].name) != p->name_len ||
		    memcmp(v[i].name, p->name, p->name_len) != 0)
			continue;
		const char *text = arena_strndup(arena, p->text, p->text_len);
		if (p->kind == '=')
			v[i].mark = text;
		else
			v[i].place = text;
	}
}

bool
marks_load(struct marks_entry *v, size_t n, const char *text,
    struct arena *arena)
{
	struct piece p;

	while (*text != '\0') {
		if (!piece_take(&text, &p))
			return false;
		piece_put(v, n, &p, arena);
	}
	return !arena_failed(arena);
}

bool
marks_begin(struct marks_entry *v, size_t n, const struct pull *pull,
    struct arena *arena, struct err *err)
{
	if (pull->watermark != NULL)
		(void)marks_load(v, n, pull->watermark, arena);
	for (size_t i = 0; i < n; i++)
		v[i].place = NULL;
	if (arena_failed(arena))
		return err_nomem(err);
	if (pull->resume == NULL || pull->sweep ||
	    marks_load(v, n, pull->resume, arena))
		return true;
	return arena_failed(arena) ? err_nomem(err) : err_set(err, ERR_GONE,
	    "the place of the broken pull is not understood");
}
