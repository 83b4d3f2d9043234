#include "tag.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define NAME_BYTES_MAX 65536

static bool
is_ascii(const uint8_t *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] >= 0x80)
			return false;
	return true;
}

static bool
is_format(ucs4_t c)
{
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cf);
}

static bool
is_blank(ucs4_t c)
{
	return uc_is_property(c, UC_PROPERTY_WHITE_SPACE);
}

/* Without format characters and without blanks at the ends; the text is valid
 * UTF-8, and out has room for it. */
static size_t
strip(const uint8_t *s, size_t len, uint8_t *out)
{
	size_t n = 0, end = 0;
	ucs4_t c;

	while (len > 0) {
		const int took = u8_mbtouc(&c, s, len);
		const bool blank = is_blank(c);
		if (!is_format(c) && (!blank || n > 0)) {
			memcpy(out + n, s, (size_t)took);
			n += (size_t)took;
			if (!blank)
				end = n;
		}
		s += took;
		len -= (size_t)took;
	}
	return end;
}

/* The library takes our memory if it is large enough, else its own. */
static char *
keep(struct arena *arena, const uint8_t *text, size_t len, const uint8_t *own)
{
	char *copy = arena_strndup(arena, (const char *)text, len);

	if (text != own)
		free((void *)(uintptr_t)text);
	return copy;
}

char *
tag_normalise(struct arena *arena, const char *text)
{
	const size_t len = text == NULL ? 0 : strlen(text);

	if (text == NULL || len > NAME_BYTES_MAX ||
	    u8_check((const uint8_t *)text, len) != NULL)
		return NULL;
	uint8_t *stripped = arena_alloc(arena, len + 1);
	if (stripped == NULL)
		return NULL;
	const size_t n = strip((const uint8_t *)text, len, stripped);
	if (is_ascii(stripped, n)) {
		stripped[n] = '\0';
		return (char *)stripped;
	}
	/* NFC makes UTF-8 at most three times as long. */
	size_t out_len = 3 * n;
	uint8_t *room = arena_alloc(arena, out_len);
	if (room == NULL)
		return NULL;
	const uint8_t *nfc = u8_normalize(UNINORM_NFC, stripped, n, room,
	    &out_len);
	return nfc == NULL ? NULL : keep(arena, nfc, out_len, room);
}

char *
tag_campaign_fold(struct arena *arena, const char *campaign)
{
	const char *name = tag_normalise(arena, campaign);

	if (name == NULL || name[0] == '\0')
		return name == NULL ? NULL : arena_strdup(arena, "");
	const size_t len = strlen(name);
	size_t out_len = 4 * len;
	uint8_t *room = arena_alloc(arena, out_len);
	if (room == NULL)
		return NULL;
	const uint8_t *folded = u8_casefold((const uint8_t *)name, len, NULL,
	    UNINORM_NFC, room, &out_len);
	return folded == NULL ? NULL : keep(arena, folded, out_len, room);
}

/* Line and paragraph separators are controls in all but name. */
static bool
is_control(ucs4_t c)
{
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cc |
	    UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp);
}

static bool
characters_check(const char *name, struct err *err)
{
	const uint8_t *s = (const uint8_t *)name;
	ucs4_t c;
	int took;

	while ((took = u8_strmbtouc(&c, s)) > 0) {
		if (is_control(c))
			return err_set(err, ERR_CONFIG,
			    "campaign name: control character U+%04X at byte "
			    "%td", (unsigned)c, s - (const uint8_t *)name);
		if (is_format(c))
			return err_set(err, ERR_CONFIG, "campaign name: "
			    "invisible character U+%04X at byte %td",
			    (unsigned)c, s - (const uint8_t *)name);
		s += took;
	}
	return took == 0 ||
	    err_set(err, ERR_CONFIG, "campaign name: not UTF-8 at byte %td",
		s - (const uint8_t *)name);
}

/* folded is the fold of a whole name. */
static bool
is_ask(const char *folded)
{
	return strcmp(folded, "ask") == 0 || strncmp(folded, "ask.", 4) == 0;
}

/* What stands behind the prefix for other things than answers. */
static bool
words_check(const char *folded, struct err *err)
{
	if (folded[0] == '\0')
		return err_set(err, ERR_CONFIG, "campaign name: empty");
	if (strcmp(folded, "nosend") == 0)
		return err_set(err, ERR_CONFIG,
		    "campaign name: \"NoSend\" is the tag of people who want "
		    "no surveys");
	if (strcmp(folded, "skip") == 0 || is_ask(folded))
		return err_set(err, ERR_CONFIG,
		    "campaign name: \"Skip\", \"Ask\" and \"Ask.\" begin tags "
		    "that tell npsync something");
	return true;
}

bool
tag_campaign_check(const char *campaign, struct err *err)
{
	AUTO(arena) struct arena *scratch = NULL;

	if (campaign == NULL || campaign[0] == '\0')
		return err_set(err, ERR_CONFIG, "campaign name: empty");
	if (strlen(campaign) > NAME_BYTES_MAX)
		return err_set(err, ERR_CONFIG, "campaign name: too long");
	if (!characters_check(campaign, err))
		return false;
	scratch = arena_new(16 * NAME_BYTES_MAX);
	if (scratch == NULL)
		return err_nomem(err);
	const char *folded = tag_campaign_fold(scratch, campaign);
	if (folded == NULL)
		return err_nomem(err);
	return words_check(folded, err);
}

char *
tag_campaign_prefix(struct arena *arena, const char *prefix,
    const char *campaign)
{
	const char *p = tag_normalise(arena, prefix);
	const char *c = tag_normalise(arena, campaign);

	if (p == NULL || c == NULL)
		return NULL;
	return arena_printf(arena, "%s.%s.", p, c);
}

char *
tag_build(struct arena *arena, const char *prefix, const char *campaign,
    int score)
{
	if (score < 0 || score > 10)
		return NULL;
	const char *begin = tag_campaign_prefix(arena, prefix, campaign);
	return begin == NULL ? NULL : arena_printf(arena, "%s%d", begin, score);
}

/* "0" to "10" as we write them: "07" was typed by somebody else. */
static int
score_of(const char *s)
{
	if (strcmp(s, "10") == 0)
		return 10;
	if (s[0] >= '0' && s[0] <= '9' && s[1] == '\0')
		return s[0] - '0';
	return TAG_NO_SCORE;
}

int
tag_score(struct arena *arena, const char *tag, const char *prefix,
    const char *campaign)
{
	const char *t = tag_normalise(arena, tag);
	const char *begin = tag_campaign_prefix(arena, prefix, campaign);

	if (t == NULL || begin == NULL)
		return TAG_NO_SCORE;
	const size_t len = strlen(begin);
	if (strncmp(t, begin, len) != 0)
		return TAG_NO_SCORE;
	return score_of(t + len);
}

enum tag_word
tag_command_read(struct arena *arena, const char *tag, const char *prefix,
    const char **campaign)
{
	const char *t = tag_campaign_fold(arena, tag);
	const char *p = tag_campaign_fold(arena, prefix);

	*campaign = NULL;
	if (t == NULL || p == NULL)
		return TAG_NO_COMMAND;
	const size_t len = strlen(p);
	if (strncmp(t, p, len) != 0 || t[len] != '.')
		return TAG_NO_COMMAND;
	t += len + 1;
	if (strcmp(t, "skip") == 0)
		return TAG_SKIP;
	if (strncmp(t, "ask.", 4) != 0)
		return TAG_NO_COMMAND;
	/* "Ask. Møde": the blank is no part of a name. */
	*campaign = tag_campaign_fold(arena, t + 4);
	if (*campaign != NULL && **campaign != '\0')
		return TAG_ASK;
	*campaign = NULL;
	return TAG_NO_COMMAND;
}

char *
tag_skip_build(struct arena *arena, const char *prefix)
{
	const char *p = tag_normalise(arena, prefix);

	return p == NULL ? NULL : arena_printf(arena, "%s.Skip", p);
}

char *
tag_ask_build(struct arena *arena, const char *prefix, const char *campaign)
{
	const char *p = tag_normalise(arena, prefix);
	const char *c = tag_normalise(arena, campaign);

	return p == NULL || c == NULL ? NULL
	    : arena_printf(arena, "%s.Ask.%s", p, c);
}
