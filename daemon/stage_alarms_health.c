/*
 * Changes of npsync's own health, told once each: a mail holds all that an
 * address was not told of, a post one.  Who was told of which stands in table
 * effect, so that the preview mail, which shows alarms too, keeps nobody from
 * hearing of them here.
 */
#include <string.h>

#include "alarm.h"
#include "clock.h"
#include "stage_alarms_int.h"

#define CHANGES_MAX 100

/* Of an alarm that nobody was told of when it was new, only if it stands. */
static bool
is_news(const struct conf *conf, const struct alarms_change *c)
{
	const time_t since = clock_now() -
	    (time_t)conf->alarm.max_age_days * 86400;

	return c->since >= since || (c->raised && !c->told);
}

static bool
read_changes(struct stage *s, struct alarms_change **changes, size_t *n,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	*n = 0;
	if (!alarm_list(s->db, s->tenant->id, s->arena, &r, err))
		return false;
	*changes = arena_array(s->arena, CHANGES_MAX, sizeof(**changes));
	for (int i = 0; *changes != NULL && i < db_rows(r) &&
	     *n < CHANGES_MAX; i++) {
		(*changes)[*n] = (struct alarms_change){
			.kind = arena_strdup(s->arena, db_text(r, i, 0)),
			.subject = arena_strdup(s->arena, db_text(r, i, 1)),
			.raised = strcmp(db_text(r, i, 2), "raised") == 0,
			.since = db_time(r, i, 3),
			.detail = arena_strdup(s->arena, db_text(r, i, 4)),
			.told = db_bool(r, i, 5) };
		*n += is_news(s->conf, &(*changes)[*n]) ? 1 : 0;
	}
	return arena_failed(s->arena) ? err_nomem(err) : true;
}

/* ---- one address --------------------------------------------------------- */
static const struct template_value *
values_of(struct stage *s, const struct alarms_change *c)
{
	const struct conf *conf = s->conf;
	const char *language = conf->alarm.health.language;
	char when[32];
	const struct template_value values[] = {
		{ "state", template_state(language, c->raised) },
		{ "what", template_health(language, c->kind) },
		{ "subject", c->subject },
		{ "since", arena_strdup(s->arena, clock_words(when,
		    conf->timezone, c->since) + 4) },
		{ "detail", c->detail }, { NULL, NULL } };
	struct template_value *out = arena_array(s->arena, ARRAY_LEN(values),
	    sizeof(*out));

	if (out != NULL)
		memcpy(out, values, sizeof(values));
	return out;
}

static bool
is_begun(const struct db_result *begun, const char *key)
{
	for (int i = 0; key != NULL && i < db_rows(begun); i++)
		if (!db_is_null(begun, i, 0) &&
		    strcmp(db_text(begun, i, 0), key) == 0)
			return true;
	return false;
}

static enum mail_outcome
write_to(struct stage *s, const char *to, const struct alarms_change *changes,
    size_t n, const struct db_result *begun, struct err *problem,
    struct err *why)
{
	const char *language = s->conf->alarm.health.language;
	const struct template_value *each[CHANGES_MAX];
	const char *summary = "", *key = "";
	size_t told = 0;

	for (size_t i = 0; i < n; i++) {
		const char *own = alarms_change_key(s->arena, &changes[i]);
		if (!is_begun(begun, own))
			continue;
		if (told == 0) {
			key = own;
			summary = arena_printf(s->arena, "%s: %s %s",
			    template_state(language, changes[i].raised),
			    template_health(language, changes[i].kind),
			    changes[i].subject);
		}
		each[told++] = values_of(s, &changes[i]);
	}
	if (told > 1)
		summary = arena_printf(s->arena, "%s (+%zu)", summary, told - 1);
	const struct template_value outer[] = { { "tenant", s->conf->tenant },
		{ "count", arena_printf(s->arena, "%zu", told) },
		{ "summary", summary }, { NULL, NULL } };
	const struct template_fill fill = { outer, each, told };
	const struct alarms_letter letter = { .kind = TEMPLATE_HEALTH,
		.language = language, .to = to, .key = key, .fill = &fill };

	if (arena_failed(s->arena)) {
		(void)err_nomem(why);
		return MAIL_NOT_SENT;
	}
	const enum mail_outcome outcome = alarms_mail(s->conf, &letter,
	    s->scratch, problem, why);
	arena_reset(s->scratch);
	return outcome;
}

static bool
tell(struct stage *s, const char *to, const struct alarms_change *changes,
    size_t n, struct db_array *keys, enum effect_state *state, int *in_a_row,
    struct err *problem, struct err *err)
{
	AUTO(db_result) struct db_result *begun = NULL;
	struct err why = { .kind = ERR_NONE };

	if (!stage_breathe(s, err) || !effect_begin_rows(s->db, s->tenant,
	        "mail", to, keys, clock_now(), s->arena, &begun, err))
		return false;
	*state = EFFECT_DONE;
	if (db_is_null(begun, 0, 0))
		return true;
	*state = alarms_state(write_to(s, to, changes, n, begun, problem,
	    &why));
	(void)alarms_note(s, "health", "mail", *state, &why, in_a_row, problem);
	return effect_end_rows(s->db, s->tenant->id, "mail", to, keys, *state,
	    *state == EFFECT_DONE ? NULL : why.msg, clock_now(), s->arena, err);
}

static bool
mail_changes(struct stage *s, const struct alarms_change *changes, size_t n,
    bool *all_told, struct err *problem, struct err *err)
{
	const struct strlist *to = &s->conf->alarm.health.to;
	struct db_array keys;
	int in_a_row = 0;
	bool ok = true;

	if (*s->conf->mail.smtp_url == '\0' || n == 0)
		return true;
	db_array_init(&keys);
	for (size_t i = 0; i < n; i++)
		db_array_text(&keys, alarms_change_key(s->arena, &changes[i]));
	for (size_t i = 0; ok && i < to->n; i++) {
		enum effect_state state = EFFECT_FAILED;
		if (in_a_row < ALARMS_PATIENCE)
			ok = tell(s, to->v[i], changes, n, &keys, &state,
			    &in_a_row, problem, err);
		*all_told &= state != EFFECT_FAILED;
	}
	db_array_free(&keys);
	return ok;
}

static bool
has_listener(const struct conf *conf)
{
	return *conf->alarm.webhook.url != '\0' ||
	    (conf->alarm.health.to.n > 0 && *conf->mail.smtp_url != '\0');
}

bool
stage_alarms_health(struct stage *stage, struct err *problem, struct err *err)
{
	struct alarms_change *changes = NULL;
	bool all_told = true;
	size_t n;

	arena_reset(stage->arena);
	if (!has_listener(stage->conf))
		return true;
	if (!read_changes(stage, &changes, &n, err) ||
	    !mail_changes(stage, changes, n, &all_told, problem, err) ||
	    !alarms_post_changes(stage, changes, n, &all_told, problem, err))
		return false;
	for (size_t i = 0; all_told && i < n; i++)
		if (!changes[i].told && !alarm_tell(stage->db,
		    stage->tenant->id, changes[i].kind, changes[i].subject,
		    changes[i].since, clock_now(), stage->arena, err))
			return false;
	return true;
}
