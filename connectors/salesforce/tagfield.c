#include "tagfield.h"

#include <string.h>

#include "buf.h"

#define FIELD_BYTES ((size_t)1048576)	/* 131,072 characters are the most */
#define PARTS ";\r\n"
#define BLANKS " \t"

static size_t
parts_in(const char *text)
{
	size_t n = 1;

	for (; *text != '\0'; text++)
		n += strchr(PARTS, *text) != NULL;
	return n;
}

const char *const *
sf_tags_split(struct arena *arena, const char *text)
{
	size_t n = 0;

	if (text == NULL)
		text = "";
	const char **tags = arena_array(arena, parts_in(text) + 1,
	    sizeof(*tags));
	while (tags != NULL && *text != '\0') {
		size_t len = strcspn(text, PARTS);
		const char *next = text + len + (text[len] != '\0');
		const size_t blank = strspn(text, BLANKS);
		for (; len > blank && strchr(BLANKS, text[len - 1]) != NULL;
		     len--)
			;
		if (len > blank && (tags[n++] = arena_strndup(arena,
		    text + blank, len - blank)) == NULL)
			return NULL;
		text = next;
	}
	return (const char *const *)tags;
}

const char *
sf_tags_join(struct arena *arena, const char *const *tags,
    const char *separator)
{
	AUTO(buf) struct buf out;

	buf_init(&out, FIELD_BYTES);
	for (size_t i = 0; tags[i] != NULL; i++) {
		(void)buf_str(&out, i == 0 ? "" : separator);
		(void)buf_str(&out, tags[i]);
	}
	return out.failed ? NULL : arena_strdup(arena, buf_text(&out));
}

bool
sf_tag_fits(const char *tag)
{
	const size_t len = strlen(tag);

	return len > 0 && strcspn(tag, PARTS) == len &&
	    strchr(BLANKS, tag[0]) == NULL &&
	    strchr(BLANKS, tag[len - 1]) == NULL;
}

/* One, or two beyond the first plane; 0 within a character. */
static size_t
units_of(char byte)
{
	const unsigned char c = (unsigned char)byte;

	return (c & 0xc0) == 0x80 ? 0 : c >= 0xf0 ? 2 : 1;
}

size_t
sf_text_length(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += units_of(*text);
	return n;
}

size_t
sf_text_head(const char *text, size_t max)
{
	size_t n = 0, len = 0;

	for (; text[len] != '\0'; len++) {
		n += units_of(text[len]);
		if (n > max)
			break;
	}
	return len;
}
