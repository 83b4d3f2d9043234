#include "tagtext.h"

#include <string.h>

#include "buf.h"
#include "text.h"

#define TEXT_MAX ((size_t)1048576)	/* the longest memo column there is */

bool
tagtext_is_tag(const char *tag)
{
	return *tag != '\0' && strchr(tag, ';') == NULL && text_is_line(tag);
}

const char *const *
tagtext_split(struct arena *arena, const char *text)
{
	const size_t max = text == NULL ? 0 : strlen(text) / 2 + 1;
	const char **tags = arena_array(arena, max + 1, sizeof(*tags));
	size_t n = 0;

	if (tags == NULL || text == NULL)
		return tags;
	while (*(text += strspn(text, "; \t\r\n")) != '\0') {
		size_t len = strcspn(text, ";\r\n");
		const char *next = text + len;
		while (text[len - 1] == ' ' || text[len - 1] == '\t')
			len--;
		if ((tags[n++] = arena_strndup(arena, text, len)) == NULL)
			return NULL;
		text = next;
	}
	return tags;
}

const char *
tagtext_join(struct arena *arena, const char *const *tags)
{
	AUTO(buf) struct buf out;

	buf_init(&out, TEXT_MAX);
	for (size_t i = 0; tags[i] != NULL; i++)
		buf_printf(&out, "%s%s", i == 0 ? "" : ";", tags[i]);
	return out.failed ? NULL : arena_strdup(arena, buf_text(&out));
}
