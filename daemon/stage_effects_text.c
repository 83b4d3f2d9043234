/*
 * What is written of an answer; pure.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "stage_effects.h"

#define TEXT_MAX ((size_t)1 << 20)
#define HISTORY_FIELDS 6

const char *
effects_type(int score)
{
	if (score < 0)
		return "";
	return score <= 6 ? "0-6 detractor"
	    : score <= 8 ? "7-8 passive" : "9-10 promoter";
}

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static const char *
score_text(struct arena *arena, int score)
{
	return score < 0 ? "-" : arena_printf(arena, "%d", score);
}

/* What stands for a name at the start of text; NULL = nothing does. */
static const char *
find_value(struct arena *arena, const char *text, const struct answer_row *row,
    size_t *len)
{
	static const char *const names[] = { "${score}", "${type}",
		"${campaign}" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		*len = strlen(names[i]);
		if (strncmp(text, names[i], *len) != 0)
			continue;
		return i == 0 ? score_text(arena, row->score)
		    : i == 1 ? effects_type(row->score)
		             : or_empty(row->campaign);
	}
	return NULL;
}

const char *
effects_fill(struct arena *arena, const char *text,
    const struct answer_row *row)
{
	AUTO(buf) struct buf out;

	buf_init(&out, TEXT_MAX);
	while (*text != '\0') {
		size_t len = 1;
		const char *value = find_value(arena, text, row, &len);
		if (value == NULL) {
			len = 1;
			(void)buf_add(&out, text, len);
		} else {
			(void)buf_str(&out, value);
		}
		text += len;
	}
	return out.failed ? NULL : arena_strdup(arena, buf_text(&out));
}

int
effects_due_day(const struct calendar *cal, int today, int days)
{
	int day = today;

	for (int i = 0; i < 370 && !calendar_is_working_day(cal, day); i++)
		day = day_add(day, 1);
	for (int i = 0; days > 0 && i < 3700; i++) {
		day = day_add(day, 1);
		days -= calendar_is_working_day(cal, day) ? 1 : 0;
	}
	return day;
}

struct crm_effect
effects_fields(struct arena *arena, const struct conf *conf,
    const struct panel_row *row)
{
	const struct conf_field *f = conf->writeback.fields.v;
	const size_t n = conf->writeback.fields.n;
	const char *(*fields)[2] = arena_array(arena, n + 1, sizeof(*fields));

	for (size_t i = 0; fields != NULL && i < n; i++) {
		fields[i][0] = f[i].field;
		fields[i][1] = row->values[i];
	}
	return (struct crm_effect){ .ref = row->contact_id,
		.contact_id = row->contact_id,
		.fields = (const char *const (*)[2])fields };
}

static int
day_of(const struct conf *conf, const struct answer_row *row)
{
	return row->answered_at == NO_TIME ? NO_DAY
	    : clock_day(conf->timezone, row->answered_at);
}

struct crm_effect
effects_history(struct arena *arena, const struct conf *conf,
    const struct answer_row *row)
{
	char iso[32];
	const char *pairs[HISTORY_FIELDS][2] = {
		{ "answered_at", row->answered_at == NO_TIME ? ""
		    : arena_strdup(arena, clock_iso(iso, row->answered_at)) },
		{ "score", score_text(arena, row->score) },
		{ "type", effects_type(row->score) },
		{ "campaign_id", or_empty(row->campaign_id) },
		{ "member_id", or_empty(row->member_id) },
		{ "wants_contact", row->wants_contact ? "yes" : "no" } };
	const char *(*fields)[2] = arena_array(arena, HISTORY_FIELDS + 1,
	    sizeof(*fields));

	if (fields != NULL)
		memcpy(fields, pairs, sizeof(pairs));
	return (struct crm_effect){ .ref = row->answer_id,
		.contact_id = row->contact_id,
		.subject = or_empty(row->campaign), .text = row->comment,
		.fields = (const char *const (*)[2])fields,
		.day = day_of(conf, row) };
}

struct crm_effect
effects_feed(struct arena *arena, const struct conf *conf,
    const struct answer_row *row)
{
	return (struct crm_effect){ .ref = row->answer_id,
		.contact_id = row->contact_id,
		.text = arena_printf(arena, "NPS %d (%s), %s%s%s", row->score,
		    effects_type(row->score), or_empty(row->campaign),
		    row->comment == NULL ? "" : "\n", or_empty(row->comment)),
		.day = day_of(conf, row) };
}

struct crm_effect
effects_task(struct arena *arena, const struct conf *conf, int today,
    const struct answer_row *row)
{
	const bool owner = conf->writeback.task.to == TASK_TO_OWNER;
	const char *first = owner ? row->owner_id : row->employee_id;
	const char *other = owner ? row->employee_id : row->owner_id;
	const char *subject = row->wants_contact
	    ? conf->writeback.task.contact_subject
	    : conf->writeback.task.subject;

	return (struct crm_effect){ .ref = row->answer_id,
		.contact_id = row->contact_id,
		.employee_id = first != NULL ? first : other,
		.subject = effects_fill(arena, subject, row),
		.text = row->comment,
		.day = effects_due_day(&conf->calendar, today,
		    conf->writeback.task.due_days) };
}
