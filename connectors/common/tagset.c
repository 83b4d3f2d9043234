#include "tagset.h"

#include <string.h>
#include <uninorm.h>

#include "num.h"

const char *
tagset_compose(struct arena *arena, const char *tag)
{
	const size_t len = strlen(tag);
	size_t room = 3 * len + 1;	/* NFC grows UTF-8 threefold at most */

	uint8_t *out = arena_alloc(arena, room);

	if (out == NULL)
		return tag;
	uint8_t *end = u8_normalize(UNINORM_NFC, (const uint8_t *)tag, len, out,
	    &room);
	if (end != out)
		return tag;
	out[room] = '\0';
	return (const char *)out;
}

/* "9" behind the prefix, not "2.9" of another campaign. */
static bool
is_score(const char *s)
{
	long long score;

	return num_parse(s, 0, 10, &score) && *s != '-' &&
	    strlen(s) == (score == 10 ? 2u : 1u);
}

static bool
is_score_of(const char *prefix, const char *tag)
{
	const size_t len = prefix == NULL ? 0 : strlen(prefix);

	return len > 0 && strncmp(tag, prefix, len) == 0 && is_score(tag + len);
}

bool
tagset_replaces(const struct crm_tag_write *write, const char *tag)
{
	if (write->value != NULL && strcmp(tag, write->value) == 0)
		return false;
	if (write->old != NULL && strcmp(tag, write->old) == 0)
		return true;
	return is_score_of(write->prefix, tag) ||
	    is_score_of(write->old_prefix, tag);
}

static bool
is_value(const struct crm_tag_write *write, const char *tag)
{
	return write->value != NULL && strcmp(tag, write->value) == 0;
}

/* Goes or stays, whatever else stands there; `old` may be spelled as the card
 * spells it. */
static bool
goes(const struct crm_tag_write *write, const char *raw, const char *tag)
{
	if (is_value(write, tag))
		return false;
	return tagset_replaces(write, tag) ||
	    (write->old != NULL && strcmp(raw, write->old) == 0);
}

bool
tagset_apply(struct arena *arena, const char *const *tags,
    const struct crm_tag_write *write, const char *const **out, bool *changed,
    struct err *err)
{
	static const char *const none[] = { NULL };
	size_t n = 0, kept = 0;
	bool has_value = write->value == NULL;

	if (tags == NULL)
		tags = none;
	while (tags[n] != NULL)
		n++;
	const char **set = arena_array(arena, n + 2, sizeof(*set));
	if (set == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const char *tag = tagset_compose(arena, tags[i]);
		const bool value = is_value(write, tag);
		if (goes(write, tags[i], tag) || (value && has_value))
			continue;
		has_value |= value;
		set[kept++] = tags[i];
	}
	*changed = kept < n || !has_value;
	if (!has_value)
		set[kept++] = write->value;
	set[kept] = NULL;
	*out = set;
	return !arena_failed(arena) || err_nomem(err);
}
