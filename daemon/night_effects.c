#include <string.h>

#include "clock.h"
#include "night_int.h"
#include "stage_decide.h"
#include "stage_effects.h"

static void
next_init(struct panel_next *next)
{
	*next = (struct panel_next){ .day = NO_DAY };
	db_array_init(&next->connector);
	db_array_init(&next->contact);
	db_array_init(&next->campaign);
}

static void
next_free(struct panel_next *next)
{
	db_array_free(&next->connector);
	db_array_free(&next->contact);
	db_array_free(&next->campaign);
}

/* The rows that the coming night would ask. */
static bool
read_next(struct night *n, struct panel_next *next, struct err *err)
{
	const struct stage *s = &n->stage;
	AUTO(db_result) struct db_result *r = NULL;
	struct rules_night at = { .tenant_id = s->tenant->id,
		.secret = s->tenant->secret, .paused = s->tenant->paused };

	at.night = night_next_transfer(s->conf, clock_now(), &at.moment);
	const time_t leaves = calendar_send_at(&s->conf->calendar, at.night);
	arena_reset(n->arena);
	if (!decide_preview(s->db, s->conf, &at, n->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		if (strcmp(db_text(r, i, PREVIEW_VERDICT), "go") != 0)
			continue;
		db_array_text(&next->connector, db_text(r, i, PREVIEW_CONNECTOR));
		db_array_text(&next->contact, db_text(r, i, PREVIEW_CONTACT));
		db_array_text(&next->campaign, db_text(r, i, PREVIEW_CAMPAIGN));
	}
	next->day = leaves == NO_TIME ? NO_DAY
	    : clock_day(s->conf->timezone, leaves);
	return true;
}

bool
night_write_effects(struct night *n, struct err *err)
{
	struct panel_next next;

	next_init(&next);
	const bool ok = (!stage_effects_need_next(n->stage.conf) ||
	    read_next(n, &next, err)) && stage_effects(&n->stage, &next, err);
	next_free(&next);
	return ok;
}
