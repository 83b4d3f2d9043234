/*
 * store.c - the rows, and what a column of a row holds.
 */
#include <stdlib.h>

#include "sim.h"

void
tables_init(struct sim *s)
{
	static const char *const names[][2] = { { "associate", "associateId" },
		{ "contact", "contactId" }, { "person", "personId" },
		{ "appointment", "appointmentId" }, { "sale", "saleId" },
		{ "history", "historyId" }, { "ticket", "ticketId" },
		{ "interest", "interestId" } };

	for (size_t i = 0; i < TABLES; i++) {
		s->tables[i].name = names[i][0];
		s->tables[i].key = names[i][1];
	}
}

int
table_find(const char *name)
{
	static const char *const names[] = { "associate", "contact", "person",
		"appointment", "sale", "history", "ticket", "interest", NULL };

	return place_of(name, names);
}

/* The column that a change moves. */
const char *
updated_key(enum table_id t)
{
	return t == T_PERSON ? "personUpdatedDate"
	    : t == T_TICKET ? "lastChanged" : "updatedDate";
}

static size_t
row_place(const struct table *t, int64_t id)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		if (t->rows[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct row *
row_find(const struct sim *s, enum table_id table, int64_t id)
{
	const struct table *t = &s->tables[table];
	const size_t at = row_place(t, id);

	return at < t->n && t->rows[at].id == id ? &t->rows[at] : NULL;
}

int64_t
next_id(const struct sim *s, enum table_id table)
{
	const struct table *t = &s->tables[table];

	return t->n == 0 ? 1 : t->rows[t->n - 1].id + 1;
}

/* Takes v. */
struct row *
row_add(struct sim *s, enum table_id table, int64_t id, json_t *v)
{
	struct table *t = &s->tables[table];
	const size_t at = row_place(t, id);

	t->rows = grow(t->rows, t->n, sizeof(*t->rows));
	memmove(&t->rows[at + 1], &t->rows[at], (t->n - at) * sizeof(*t->rows));
	t->n++;
	json_object_set_new(v, t->key, json_integer(id));
	t->rows[at] = (struct row){ .id = id, .v = need(v) };
	return &t->rows[at];
}

bool
row_seen(const struct sim *s, const struct row *row)
{
	return row != NULL && row->seen_at <= s->now &&
	       int_of(row->v, "personDeletedDate", 0) == 0;
}

/* ---- cells ----------------------------------------------------------------- */
static const struct row *
side_row(const struct sim *s, const struct row *row, enum side side)
{
	static const char *const keys[] = { "", "personId", "contactId",
		"associateId" };
	static const enum table_id tables[] = { TABLES, T_PERSON, T_COMPANY,
		T_ASSOCIATE };

	if (side == S_OWN)
		return row;
	if (side == S_OWNER) {
		row = side_row(s, row, S_COMPANY);
		side = S_ASSOCIATE;
		if (row == NULL)
			return NULL;
	}
	int64_t id = int_of(row->v, keys[side], 0);
	if (side == S_ASSOCIATE && id == 0)
		id = int_of(row->v, "ownedBy", 0);
	return id == 0 ? NULL : row_find(s, tables[side], id);
}

static void
raw_json(const json_t *v, struct raw *out)
{
	*out = (struct raw){ .null = v == NULL || json_is_null(v),
		.s = json_string_value(v) };
	if (json_is_integer(v))
		out->n = json_integer_value(v);
	else if (json_is_boolean(v))
		out->n = json_is_true(v);
	else if (json_is_array(v))
		out->set = v;
}

static bool
base_is(const json_t *v, const char *key, const char *base, bool same)
{
	const char *is = str_of(v, key);

	return is != NULL && *is != '\0' && (strcmp(is, base) == 0) == same;
}

static void
mail_raw(const json_t *person, const char *what, size_t mail, struct raw *out)
{
	const json_t *one = json_array_get(json_object_get(person, "emails"),
	    mail);

	raw_json(json_object_get(one, what), out);
}

/* What is worked out of the row: consent, the mail addresses. */
static void
raw_derived(const json_t *v, const char *name, size_t mail, struct raw *out)
{
	const char *slash = strchr(name, '/');

	*out = (struct raw){ 0 };
	if (slash != NULL && strncmp(name, "email/", 6) == 0)
		mail_raw(v, slash + 1, mail, out);
	else if (strcmp(name, "hasStoreConsent") == 0)
		out->n = base_is(v, "legalBaseStore", "WITHDRAWN", false);
	else if (strcmp(name, "withdrawnStoreConsent") == 0)
		out->n = base_is(v, "legalBaseStore", "WITHDRAWN", true);
	else if (strcmp(name, "hasEmarketingConsent") == 0)
		out->n = base_is(v, "legalBaseEmarketing", "WITHDRAWN", false);
	else if (strcmp(name, "withdrawnEmarketingConsent") == 0)
		out->n = base_is(v, "legalBaseEmarketing", "WITHDRAWN", true);
	else if (strcmp(name, "hasCompany") == 0)
		out->n = int_of(v, "contactId", 0) != 0;
	else if (strstr(name, "asInterests") != NULL)
		out->n = json_array_size(json_object_get(v, "interests")) > 0;
	else
		out->null = true;
}

/* The mail-th address; others than of the person know one only. */
void
col_raw(const struct sim *s, const struct row *row, const struct col *c,
    size_t mail, struct raw *out)
{
	const struct row *from = side_row(s, row, c->side);

	*out = (struct raw){ .null = true };
	if (from == NULL)
		return;
	if (*c->udef != '\0')
		raw_json(json_object_get(json_object_get(from->v, "custom"),
		    c->udef), out);
	else if (c->c.key == NULL)
		raw_derived(from->v, c->c.name, mail, out);
	else
		raw_json(json_object_get(from->v, c->c.key), out);
	/* Numbers and checkboxes have no third state. */
	if (c->c.type == C_INT || c->c.type == C_KEY || c->c.type == C_BOOL)
		out->null = out->null && c->c.key == NULL;
	const bool date = c->c.type == C_DATE || c->c.type == C_TIME ||
	    c->c.type == C_UTC;
	if (date && out->n == 0)
		out->null = true;
}
