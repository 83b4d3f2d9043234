/*
 * ledger.c - every change after the drawn world: a line on disk first, then in
 * memory; the order that a kill must not turn round.  What the service works
 * out by itself (names, closed, last activity, history) is worked out here, so
 * that a restart works it out again.
 */
#include <stdlib.h>

#include "sim.h"

static bool
has(const json_t *fields, const char *name)
{
	return json_object_get(fields, name) != NULL;
}

static void
name_derive(struct record *r)
{
	char name[300];
	const char *first = value_text(r, "FirstName"),
		   *last = value_text(r, "LastName");

	if (last == NULL)
		return;
	snprintf(name, sizeof(name), "%s%s%s", first == NULL ? "" : first,
	    first == NULL ? "" : " ", last);
	value_set_text(r, "Name", name);
}

static void
history_add(struct sim *s, struct record *deal, const char *was, int64_t ms)
{
	char id[ID_LEN + 1];
	struct object *o = object_find(s, "OpportunityFieldHistory");

	id_make(s, o, id);
	struct record *h = record_add(s, o, id);
	value_set_text(h, "OpportunityId", deal->v[0].u.s);
	value_set_text(h, "Field", "StageName");
	value_set_text(h, "DataType", "DynamicEnum");
	value_set_text(h, "OldValue", was);
	value_set_text(h, "NewValue", value_text(deal, "StageName"));
	value_set_num(h, "CreatedDate", ms);
	value_set_num(h, "SystemModstamp", ms);
}

static void
deal_derive(struct sim *s, struct record *r, const json_t *fields,
    const char *was, int64_t ms)
{
	const char *stage = value_text(r, "StageName");

	if (stage == NULL || !has(fields, "StageName") ||
	    (was != NULL && strcmp(was, stage) == 0))
		return;
	const bool won = strcmp(stage, "Closed Won") == 0;
	if (!has(fields, "IsWon"))
		value_set_num(r, "IsWon", won);
	if (!has(fields, "IsClosed"))
		value_set_num(r, "IsClosed",
		    won || strcmp(stage, "Closed Lost") == 0);
	if (!has(fields, "LastStageChangeDate"))
		value_set_num(r, "LastStageChangeDate", ms);
	if (was != NULL)
		history_add(s, r, was, ms);
}

static void
case_derive(struct record *r, const json_t *fields, int64_t ms)
{
	const char *status = value_text(r, "Status");

	if (status == NULL || !has(fields, "Status"))
		return;
	const bool closed = strcmp(status, "Closed") == 0 ||
			    strcmp(status, "Duplicate") == 0;
	if (closed && !value_true(r, "IsClosed") &&
	    !has(fields, "ClosedDate"))
		value_set_num(r, "ClosedDate", ms);
	if (!has(fields, "IsClosed"))
		value_set_num(r, "IsClosed", closed);
}

static void
task_derive(struct record *r, const json_t *fields, int64_t ms)
{
	const char *status = value_text(r, "Status");
	const bool closed = status != NULL && strcmp(status, "Completed") == 0;

	if (!has(fields, "Status"))
		return;
	if (closed && !has(fields, "CompletedDateTime"))
		value_set_num(r, "CompletedDateTime", ms);
	if (!has(fields, "IsClosed"))
		value_set_num(r, "IsClosed", closed);
}

/* An activity moves the day on its people; not their stamp. */
static void
activity_derive(struct sim *s, struct record *r)
{
	struct record *who = record_find(s, value_text(r, "WhoId"));
	struct value *end = value_of(r, "EndDateTime");
	struct value *day = value_of(r, "ActivityDate");

	if (day != NULL && !day->set && end != NULL && end->set)
		value_set_num(r, "ActivityDate",
		    sim_floor_div(end->u.n, DAY_S * 1000));
	if (who != NULL && value_text(r, "AccountId") == NULL)
		value_set_text(r, "AccountId", value_text(who, "AccountId"));
	if (who == NULL || day == NULL || !day->set)
		return;
	const struct value *last = value_of(who, "LastActivityDate");
	if (last != NULL && (!last->set || last->u.n < day->u.n))
		value_set_num(who, "LastActivityDate", day->u.n);
}

static void
derive(struct sim *s, struct record *r, const json_t *fields, const char *was,
    int64_t ms)
{
	const char *name = r->obj->name;

	if (has(fields, "LastName") || has(fields, "FirstName"))
		name_derive(r);
	if (has(fields, "EmailBouncedDate"))
		value_set_num(r, "IsEmailBounced",
		    value_of(r, "EmailBouncedDate")->set);
	if (strcmp(name, "Opportunity") == 0)
		deal_derive(s, r, fields, was, ms);
	if (strcmp(name, "Case") == 0)
		case_derive(r, fields, ms);
	if (strcmp(name, "Task") == 0)
		task_derive(r, fields, ms);
	if (strcmp(name, "Task") == 0 || strcmp(name, "Event") == 0)
		activity_derive(s, r);
}

static void
stamps_set(struct sim *s, struct record *r, const json_t *line, bool fresh,
    int64_t ms)
{
	const json_t *fields = json_object_get(line, "fields");

	if (fresh && !has(fields, "CreatedDate"))
		value_set_num(r, "CreatedDate", ms);
	if (fresh && value_text(r, "OwnerId") == NULL &&
	    object_find(s, "User")->n_rows > 0)
		value_set_text(
		    r, "OwnerId", object_find(s, "User")->rows[0]->v[0].u.s);
	if (flag_of(line, "quiet") ||
	    (!fresh && mutant_is(s, MUT_STAMP_STILL)))
		return;
	if (!has(fields, "LastModifiedDate"))
		value_set_num(r, "LastModifiedDate", ms);
	if (!has(fields, "SystemModstamp"))
		value_set_num(r, "SystemModstamp", ms);
}

/* The schema changes: parsed queries point into the old one. */
static void
schema_apply(struct sim *s, const json_t *line, const char *kind)
{
	struct object *o = object_find(s, str_of(line, "on"));
	const char *what = str_of(line, "line");
	struct field *f = o == NULL ? NULL : field_find(o, what);
	const unsigned flag = strcmp(kind, "unfilterable") == 0
				  ? F_UNFILTERABLE
				  : F_HIDDEN;

	cursors_drop(s);
	jobs_drop(s);
	if (strcmp(kind, "field") == 0)
		field_add(s, str_of(line, "on"), what);
	else if (f != NULL && strcmp(kind, "show") == 0)
		f->flags &= ~(unsigned)F_HIDDEN;
	else if (f != NULL)
		f->flags |= flag;
}

static bool
is_schema(const char *kind)
{
	static const char *const kinds[] = { "field", "hide", "show",
		"unfilterable", NULL };

	return kind != NULL && place_of(kind, kinds) >= 0;
}

static void
state_apply(void *sim, json_t *line)
{
	struct sim *s = sim;
	struct object *o = object_find(s, str_of(line, "object"));
	const json_t *fields = json_object_get(line, "fields");
	const int64_t ms =
	    1000 * time_of(line, "stamp", time_of(line, "at", 0));
	const char *key;
	json_t *v;

	if (int_of(line, "seq", 0) > s->seq)
		s->seq = int_of(line, "seq", 0);
	if (int_of(line, "n", 0) > s->next_id)
		s->next_id = int_of(line, "n", 0);
	if (is_schema(str_of(line, "kind")))
		schema_apply(s, line, str_of(line, "kind"));
	if (o == NULL)
		return;
	struct record *r = record_find(s, str_of(line, "id"));
	const bool fresh = r == NULL;
	if (fresh)
		r = record_add(s, o, str_of(line, "id"));
	const char *stage = value_text(r, "StageName");
	char *was = stage == NULL ? NULL : dup_text(stage);
	json_object_foreach((json_t *)(uintptr_t)fields, key, v)
	{
		const struct field *f = field_find(o, key);
		if (f != NULL)
			value_take(f, &r->v[field_index(o, f)], v);
	}
	derive(s, r, fields, was, ms);
	stamps_set(s, r, line, fresh, ms);
	free(was);
}

/* Takes the line. */
void
ledger_add(struct sim *s, json_t *line)
{
	const char *kind = str_of(line, "kind");

	json_object_set_new(line, "seq", json_integer(s->seq + 1));
	if (!has(line, "at"))
		json_object_set_new(line, "at", time_json(s->now));
	json_object_set_new(line, "n", json_integer(s->next_id));
	line_add(s->ledger, line, !s->opt.no_sync);
	count_up(s->by_kind, kind);
	state_apply(s, line);
	json_decref(line);
}

void
ledger_load(struct sim *s)
{
	lines_read(s->opt.dir, state_apply, s);
}

/* What was committed late becomes visible, with its stamp of then. */
void
pending_apply(struct sim *s, bool query)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_pending; i++) {
		struct pending *p = &s->pending[i];
		if (s->now >= p->visible_at && p->after_queries <= 0) {
			ledger_add(s, p->line);
			continue;
		}
		p->after_queries -= query;
		s->pending[kept++] = *p;
	}
	s->n_pending = kept;
}
