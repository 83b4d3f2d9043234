/*
 * tag.h - the grammar of answer tags: <prefix>.<campaign>.<score>.
 * The prefix ends at the first dot, the score stands after the last one, the
 * campaign between them may hold dots (vectors G1-G14).
 */
#ifndef NPSYNC_TAG_H
#define NPSYNC_TAG_H

#include "arena.h"
#include "buf.h"
#include "err.h"

#define TAG_NO_SCORE (-1)

/* NFC, trimmed, format characters (zero width, bidi) stripped; NULL when the
 * text is no UTF-8 or memory ran out. */
char *tag_normalise(struct arena *arena, const char *text);
/* A campaign name that can stand in a tag: not empty, not "NoSend", "Skip",
 * "Ask" or "Ask.anything" (any case), no control characters.  What tag_normalise
 * strips (bidi, zero width) is refused here, since the name would not be what
 * people see. */
NPS_MUSTCHECK bool tag_campaign_check(const char *campaign, struct err *err);
/* Two campaigns whose folds are equal would be taken for one by people and by
 * CRMs that ignore case; NULL as for tag_normalise. */
char *tag_campaign_fold(struct arena *arena, const char *campaign);
/* "NPSToday.Møde.9"; NULL when out of memory, or the score is not 0..10. */
char *tag_build(struct arena *arena, const char *prefix, const char *campaign,
    int score);
/* "NPSToday.Møde.": what a replaced tag of this campaign begins with. */
char *tag_campaign_prefix(struct arena *arena, const char *prefix,
    const char *campaign);
/* The score of an answer tag of exactly this campaign, else TAG_NO_SCORE.
 * NFD and NFC spellings, and blanks around, are the same tag. "07", "11", ""
 * and "NoSend" are no scores. */
int tag_score(struct arena *arena, const char *tag, const char *prefix,
    const char *campaign);

/* What a person tells npsync by a tag on a card: <prefix>.Skip (not this time)
 * and <prefix>.Ask.<campaign>, in any case of letters.  No answer tag is one:
 * campaigns of such names are refused. */
enum tag_word { TAG_NO_COMMAND, TAG_SKIP, TAG_ASK };
/* *campaign = the fold of the campaign's name as it stands there, never empty;
 * NULL without one.  TAG_NO_COMMAND when memory ran out (arena_failed). */
enum tag_word tag_command_read(struct arena *arena, const char *tag,
    const char *prefix, const char **campaign);
/* "NPSToday.Skip"; "NPSToday.Ask.Møde". NULL when out of memory. */
char *tag_skip_build(struct arena *arena, const char *prefix);
char *tag_ask_build(struct arena *arena, const char *prefix,
    const char *campaign);

#endif
