/*
 * What a mail says of an answer: each value is text of others, kept as it is;
 * template.c makes it harmless where it is written.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "stage_alarms_int.h"

/* What a click may open: nothing but a page. */
static const char *
link_of(const char *link)
{
	if (link == NULL || (strncmp(link, "https://", 8) != 0 &&
	    strncmp(link, "http://", 7) != 0))
		return "";
	for (const char *p = link; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("<>\"'`\\", *p) != NULL)
			return "";
	return link;
}

/* In a list a try is marked here; a mail of its own has a subject for that. */
static const char *
who_of(struct arena *arena, const char *language, const struct answer_alarm *a,
    bool in_list)
{
	const bool named = a->name != NULL && *a->name != '\0';
	const bool company = a->company != NULL && *a->company != '\0';

	return arena_printf(arena, "%s%s%s%s", in_list && a->test ? "[TEST] "
	    : "", named ? a->name : template_unknown(language),
	    company ? ", " : "", company ? a->company : "");
}

static const char *
owner_of(struct arena *arena, const struct answer_alarm *a)
{
	if (a->owner_name == NULL || a->owner_email == NULL)
		return a->owner_name != NULL ? a->owner_name : a->owner_email;
	return arena_printf(arena, "%s <%s>", a->owner_name, a->owner_email);
}

/* By the rules; 6 and below where none says. */
static bool
is_low(const struct conf *conf, int score)
{
	const struct conf_alarm_rule *r = conf->alarm.rules.v;
	bool high = false;

	for (size_t i = 0; i < conf->alarm.rules.n; i++) {
		if (r[i].when == ALARM_LOW && score <= r[i].at_most)
			return true;
		high |= r[i].when == ALARM_HIGH && score >= r[i].at_least;
	}
	return !high && score <= 6;
}

const struct template_value *
alarms_values(struct arena *arena, const struct conf *conf,
    const char *language, const struct answer_alarm *a, bool score,
    bool contact, const char *told)
{
	char when[32];
	const struct template_value values[ALARMS_VALUES] = {
		{ "tenant", conf->tenant }, { "told", told },
		{ "score", a->score < 0 ? "-" :
		    arena_printf(arena, "%d", a->score) },
		{ "band", template_band(language, a->score) },
		{ "why", template_why(language, score && is_low(conf, a->score),
		    score && !is_low(conf, a->score), contact) },
		{ "comment", a->comment }, { "campaign", a->campaign },
		{ "trigger", a->trigger == NULL ? NULL :
		    template_trigger(language, a->trigger) },
		/* Without the English day of the week. */
		{ "time", arena_strdup(arena, clock_words(when,
		    conf->timezone, a->answered_at) + 4) },
		{ "who", who_of(arena, language, a, told == NULL) }, { "name", a->name },
		{ "company", a->company }, { "owner", owner_of(arena, a) },
		{ "employee", a->employee }, { "link", link_of(a->link) },
		{ NULL, NULL } };
	struct template_value *out = arena_array(arena, ALARMS_VALUES,
	    sizeof(*out));

	if (out != NULL)
		memcpy(out, values, sizeof(values));
	return out;
}
