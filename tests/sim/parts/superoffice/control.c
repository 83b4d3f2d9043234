/*
 * control.c - /sim/: the clock, rows as people at the company make them, what
 * goes wrong, what was done.
 */
#include "sim.h"

static void
wrong(struct reply *out, const char *what, const char *name)
{
	reply_json(out, 400, json_pack("{s:s, s:s}", "error", what, "of",
	    name == NULL ? "" : name));
}

/* {"now": "2026-11-26T02:10:00Z"} */
void
sim_now(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);

	if (sim_time_parse(str_of(in, "now"), &s->now)) {
		clock_write(s->now_file, s->now);
		reply_json(out, 200, json_pack("{s:s}", "now",
		    sim_time_iso(s->now)));
	} else {
		wrong(out, "no time", str_of(in, "now"));
	}
	json_decref(in);
}

/* ---- rows ------------------------------------------------------------------ */
/* Times come as text. */
static void
times_read(json_t *set)
{
	const char *key;
	json_t *v;
	int64_t t;

	json_object_foreach(set, key, v) {
		const char *text = json_string_value(v);
		if (text != NULL && strlen(text) >= 19 && text[10] == 'T' &&
		    sim_time_parse(text, &t))
			json_object_set_new(set, key, json_integer(t));
	}
}

static json_t *
defaults(const struct sim *s, enum table_id t)
{
	const json_int_t now = s->now;

	switch (t) {
	case T_APPOINTMENT:
		return json_pack("{s:i, s:i, s:i, s:b, s:I, s:I, s:I, s:I, s:i,"
		    " s:s, s:i}", "type", 2, "rawType", 1, "rawStatus", 3,
		    "completed", 1, "completedDate", now, "date", now - 5400,
		    "endDate", now - 1800, "registeredDate", now, "motherId", 0,
		    "text", "Møde", "associateId", 1);
	case T_SALE:
		return json_pack("{s:i, s:i, s:i, s:b, s:I, s:I, s:s, s:i}",
		    "saleStatus", 2, "saleType", 1, "stage", 3, "completed", 1,
		    "date", now / DAY_S * DAY_S, "registeredDate", now,
		    "heading", "Salg", "associateId", 1);
	case T_TICKET:
		return json_pack("{s:i, s:i, s:I, s:I, s:s, s:i, s:i}",
		    "status", 2, "ticketStatusName", 12, "closedAt", now,
		    "createdAt", now, "title", "Sag", "ownedBy", 1,
		    "categoryFullName", 1);
	case T_PERSON:
		return json_pack("{s:s, s:s, s:s, s:b, s:b, s:I, s:[], s:[], "
		    "s:{}, s:i}", "firstName", "Ny", "lastName", "Person",
		    "fullName", "Ny Person", "personNoMail", 0, "retired", 0,
		    "personRegisteredDate", now, "emails", "interests",
		    "custom", "contactId", 1);
	default:
		return json_object();
	}
}

static int64_t
contact_of(const struct sim *s, const json_t *set)
{
	const struct row *person = row_find(s, T_PERSON,
	    int_of(set, "personId", 0));

	return person == NULL ? 0 : int_of(person->v, "contactId", 0);
}

/* The row is of the given id, or new; its updated is "stamp". */
static int64_t
record_one(struct sim *s, const json_t *in, enum table_id t, int64_t id)
{
	const json_t *given = json_object_get(in, "set");
	const bool fresh = id == 0 || row_find(s, t, id) == NULL;
	int64_t stamp = s->now;
	json_t *set = fresh ? defaults(s, t) : json_object();

	if (id == 0)
		id = next_id(s, t);
	(void)sim_time_parse(str_of(in, "stamp"), &stamp);
	json_object_update(set, (json_t *)(uintptr_t)given);
	if (fresh && json_object_get(set, "contactId") == NULL)
		json_object_set_new(set, "contactId",
		    json_integer(contact_of(s, set)));
	times_read(set);
	if (int_of(set, "motherId", 0) != 0)
		json_object_set_new(set, "booking", json_true());
	ledger_add(s, json_pack("{s:s, s:s, s:s, s:I, s:o, s:I, s:I, s:b}",
	    "kind", fresh ? "create" : "update", "by", "control", "table",
	    s->tables[t].name, "id", (json_int_t)id, "set", set, "stamp",
	    (json_int_t)stamp, "seen_at",
	    (json_int_t)(stamp + int_of(in, "late_s", 0)), "quiet",
	    flag_of(in, "quiet")));
	return id;
}

/* {"table", "set", "id", "count", "stamp", "late_s", "quiet"} */
void
sim_record(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in), *ids = json_array();
	const int t = table_find(str_of(in, "table"));
	const int64_t n = int_of(in, "count", 1), id = int_of(in, "id", 0);

	for (int64_t i = 0; t >= 0 && i < n; i++)
		json_array_append_new(ids, json_integer(record_one(s, in,
		    (enum table_id)t, id)));
	if (t < 0)
		wrong(out, "no such table", str_of(in, "table"));
	else
		reply_json(out, 200, json_pack("{s:O, s:O}", "id",
		    json_array_get(ids, 0), "ids", ids));
	json_decref(ids);
	json_decref(in);
}

static bool
where_true(const struct row *row, json_t *where)
{
	const char *key;
	json_t *v;

	json_object_foreach(where, key, v)
		if (!json_equal(v, json_object_get(row->v, key)))
			return false;
	return true;
}

/* {"table", "where": {"saleStatus": 2}, "set", "limit", "stamp"} */
void
sim_update(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in), *where = json_object_get(in, "where");
	const int t = table_find(str_of(in, "table"));
	const int64_t limit = int_of(in, "limit", INT64_MAX);
	int64_t n = 0;

	for (size_t i = 0; t >= 0 && i < s->tables[t].n && n < limit; i++)
		if (row_seen(s, &s->tables[t].rows[i]) &&
		    where_true(&s->tables[t].rows[i], where)) {
			record_one(s, in, (enum table_id)t,
			    s->tables[t].rows[i].id);
			n++;
		}
	if (t < 0)
		wrong(out, "no such table", str_of(in, "table"));
	else
		reply_json(out, 200, json_pack("{s:I}", "count",
		    (json_int_t)n));
	json_decref(in);
}

/* {"table", "id"}: gone for good. */
void
sim_delete(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const int t = table_find(str_of(in, "table"));
	const int64_t id = int_of(in, "id", 0);

	if (t < 0 || row_find(s, (enum table_id)t, id) == NULL) {
		wrong(out, "no such row", str_of(in, "table"));
	} else {
		ledger_add(s, json_pack("{s:s, s:s, s:s, s:I, s:{}}", "kind",
		    "delete", "by", "control", "table", s->tables[t].name,
		    "id", (json_int_t)id, "set"));
		reply_json(out, 200, json_pack("{s:b}", "deleted", 1));
	}
	json_decref(in);
}

/* {"table", "where", "limit"}: what everybody can see now. */
void
sim_rows(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in), *rows = json_array();
	const int t = table_find(str_of(in, "table"));
	const int64_t limit = int_of(in, "limit", 100);
	json_int_t total = 0;

	for (size_t i = 0; t >= 0 && i < s->tables[t].n; i++) {
		const struct row *row = &s->tables[t].rows[i];
		if (!row_seen(s, row) ||
		    !where_true(row, json_object_get(in, "where")))
			continue;
		if (total++ < limit)
			json_array_append(rows, row->v);
	}
	reply_json(out, 200, json_pack("{s:I, s:o}", "total", total, "rows",
	    rows));
	json_decref(in);
}

/* {"provider": "Ticket", "column": "categoryId"}: one more whole number. */
void
sim_column(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const char *provider = str_of(in, "provider");
	const char *column = str_of(in, "column");
	char key[160];

	if (provider == NULL || provider_find(provider) == NULL ||
	    column == NULL) {
		wrong(out, "no such provider", provider);
	} else {
		snprintf(key, sizeof(key), "%s.%s",
		    provider_find(provider)->name, column);
		json_object_set_new(s->extra, key, json_true());
		reply_json(out, 200, json_pack("{s:s}", "column", key));
	}
	json_decref(in);
}

/* ---- the service ------------------------------------------------------------ */
/* {"state": "OfflineMaintenance", "running": false, "move": true} */
void
sim_state(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);

	if (str_of(in, "state") != NULL) {
		snprintf(s->state, sizeof(s->state), "%s",
		    str_of(in, "state"));
		s->running = strcmp(s->state, "Running") == 0 ||
		    strcmp(s->state, "OnlineMaintenance") == 0;
	}
	if (json_object_get(in, "running") != NULL)
		s->running = flag_of(in, "running");
	if (flag_of(in, "move"))
		s->host = 1 - s->host;
	reply_json(out, 200, json_pack("{s:s, s:b, s:s}", "state", s->state,
	    "running", s->running, "endpoint", s->url[s->host]));
	json_decref(in);
}

/* Every ticket that was given ends. */
void
sim_expire(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	tickets_end(s);
	reply_json(out, 200, json_pack("{s:I}", "ended",
	    (json_int_t)s->ended));
}

void
sim_fault(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);

	if (flag_of(in, "clear"))
		s->n_faults = 0;
	if (!flag_of(in, "clear") && !fault_add(s, in))
		wrong(out, "no such fault", str_of(in, "kind"));
	else
		reply_json(out, 200, json_pack("{s:I}", "faults",
		    (json_int_t)s->n_faults));
	json_decref(in);
}

/* ---- what was done ------------------------------------------------------------ */
void
sim_ledger(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	out->status = 200;
	out->type = "application/x-ndjson";
	out->raw = lines_text(s->opt.dir);
}

void
sim_stats(struct sim *s, struct request *r, struct reply *out)
{
	json_t *rows = json_object();

	(void)r;
	for (size_t i = 0; i < TABLES; i++)
		json_object_set_new(rows, s->tables[i].name,
		    json_integer((json_int_t)s->tables[i].n));
	reply_json(out, 200, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:O, "
	    "s:O, s:O, s:o}", "requests", (json_int_t)s->requests, "tickets",
	    (json_int_t)s->n_tickets, "too_early", (json_int_t)s->too_early,
	    "strayed", (json_int_t)s->strayed, "effects", (json_int_t)s->seq,
	    "rows_sent", (json_int_t)s->rows_sent, "by_status", s->by_status,
	    "by_endpoint", s->by_endpoint, "violations", s->violations, "rows",
	    rows));
}
