/*
 * archive.c - the archives: $select, $filter, $orderBy, $top, $skip, $mode,
 * $output, $entities.  Without $orderBy rows come in no order that a client
 * could use.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

#define SELECT_MAX 100

struct query {
	const struct provider *p;
	struct col select[SELECT_MAX], order;
	size_t n_select;
	struct node *where;
	int64_t top, skip, person;
	bool ordered, down, full, safe, mails, retired, present, open, closed;
};
struct hit {
	size_t row;
	const char *text;
	int64_t key;
};

/* ---- reading ------------------------------------------------------------- */
static const char *
argument(const struct request *r, const char *name)
{
	const char *v = str_of(r->args, name);

	/* The description has $orderBy, the pages have $orderby, too. */
	if (v == NULL && strcmp(name, "$orderBy") == 0)
		v = str_of(r->args, "$orderby");
	return v;
}

static bool
refuse(struct reply *out, const struct query *q, const char *what,
    const char *name)
{
	reply_error(out, 400, "SoArgumentException", "Archive %s: %s %.80s",
	    q->p->name, what, name);
	return false;
}

/* The next of a list with commas, blanks cut off. */
static bool
next_name(const char **at, char *out, size_t size)
{
	if (**at == '\0')
		return false;
	const size_t len = strcspn(*at, ",");
	const char *from = *at + strspn(*at, " ");
	size_t n = (size_t)(*at + len - from);
	while (n > 0 && from[n - 1] == ' ')
		n--;
	snprintf(out, size, "%.*s", (int)n, from);
	*at += len;
	*at += **at == ',';
	return true;
}

static bool
select_read(struct sim *s, struct query *q, const char *list,
    struct reply *out)
{
	char name[128];

	while (list != NULL && next_name(&list, name, sizeof(name))) {
		if (q->n_select == SELECT_MAX)
			return refuse(out, q, "too many columns", "");
		struct col *c = &q->select[q->n_select];
		if (!col_find(s, q->p, name, c)) {
			if (mutant_is(s, MUT_UNKNOWN_OK))
				continue;
			return refuse(out, q, "Unknown column", name);
		}
		q->mails |= strstr(name, "email/") != NULL;
		q->n_select++;
	}
	return true;
}

static bool
order_read(struct sim *s, struct query *q, const char *text,
    struct reply *out)
{
	char name[128];

	if (text == NULL || !next_name(&text, name, sizeof(name)))
		return true;
	char *blank = strchr(name, ' ');
	if (blank != NULL) {
		*blank++ = '\0';
		q->down = strcasecmp(blank, "desc") == 0;
		if (!q->down && strcasecmp(blank, "asc") != 0)
			return refuse(out, q, "no direction:", blank);
	}
	q->ordered = true;
	return col_find(s, q->p, name, &q->order) ||
	       refuse(out, q, "Unknown column to sort by", name);
}

static bool
entities_read(const struct sim *s, struct query *q, const char *list,
    struct reply *out)
{
	char name[64];
	const bool all = list == NULL || *list == '\0';

	q->present = q->retired = q->open = all;
	q->closed = all && !s->opt.closed_entity;
	while (!all && next_name(&list, name, sizeof(name))) {
		if (strcasecmp(name, "retiredPerson") == 0 &&
		    q->p->table == T_PERSON)
			q->retired = true;
		else if (strcasecmp(name, "ticketdisplayclosed") == 0 &&
			 q->p->table == T_TICKET)
			q->closed = true;
		else if (strcasecmp(name, q->p->entity) == 0)
			q->present = q->open = true;
		else
			return refuse(out, q, "Unknown entity", name);
	}
	if (!s->opt.closed_entity)
		q->closed = q->closed || q->open;
	return true;
}

static bool
number_read(const char *text, int64_t otherwise, int64_t *n)
{
	*n = otherwise;
	return text == NULL || sim_num(text, n);
}

static bool
mode_read(struct query *q, const struct request *r, struct reply *out)
{
	static const char *const modes[] = { "slim", "wide", "full" };
	const char *mode = argument(r, "$mode");
	const char *safe = argument(r, "$jsonSafe");
	bool known = mode == NULL;

	for (size_t i = 0; !known && i < 3; i++)
		known = strcasecmp(mode, modes[i]) == 0;
	if (!known)
		return refuse(out, q, "Unknown mode", mode);
	q->full = mode != NULL && strcasecmp(mode, "full") == 0;
	q->safe = safe != NULL && strcasecmp(safe, "true") == 0;
	return true;
}

/* A restriction there must be, but of the lists of one person. */
static bool
where_read(struct sim *s, struct query *q, const char *text,
    struct reply *out)
{
	if (text == NULL || *text == '\0') {
		if (q->person == 0)
			return refuse(out, q, "No restriction; use",
			    "getAllRows");
		return true;
	}
	q->where = filter_parse(s, q->p, text, out);
	return q->where != NULL;
}

static bool
query_read(struct sim *s, struct request *r, struct query *q,
    struct reply *out)
{
	bool offset, local;

	if (!zone_read(r, &offset, &local))
		return refuse(out, q, "Unknown time zone", "");
	if (!number_read(argument(r, "$top"), s->opt.page_max, &q->top) ||
	    !number_read(argument(r, "$skip"), 0, &q->skip))
		return refuse(out, q, "no number:", "$top or $skip");
	if (argument(r, "$top") == NULL)
		violation(s, r, "no-top", "");
	if (argument(r, "$orderBy") == NULL)
		violation(s, r, "no-order", "");
	if (q->top > s->opt.page_max)
		q->top = s->opt.page_max;
	return select_read(s, q, argument(r, "$select"), out) &&
	       order_read(s, q, argument(r, "$orderBy"), out) &&
	       entities_read(s, q, argument(r, "$entities"), out) &&
	       mode_read(q, r, out) &&
	       where_read(s, q, argument(r, "$filter"), out);
}

/* ---- finding ------------------------------------------------------------- */
static bool
entity_fits(const struct query *q, const struct row *row)
{
	if (q->p->table == T_PERSON)
		return flag_of(row->v, "retired") ? q->retired : q->present;
	if (q->p->table == T_TICKET)
		return int_of(row->v, "status", 0) == 2 ? q->closed : q->open;
	return true;
}

static bool
row_fits(struct sim *s, const struct query *q, const struct row *row)
{
	if (!row_seen(s, row) || !entity_fits(q, row) ||
	    (q->person != 0 && int_of(row->v, "personId", 0) != q->person))
		return false;
	return q->where == NULL || s->mutants.on == MUT_FILTER ||
	       filter_true(s, q->where, row);
}

static int
hit_order(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->text != NULL && y->text != NULL) {
		const int c = strcmp(x->text, y->text);
		if (c != 0)
			return c;
	}
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static void
hit_key(struct sim *s, const struct query *q, const struct row *row,
    struct hit *h)
{
	struct raw v;
	char id[24];

	if (q->ordered) {
		col_raw(s, row, &q->order, 0, &v);
		h->key = q->down ? -v.n : v.n;
		h->text = v.s;
		return;
	}
	snprintf(id, sizeof(id), "%lld", (long long)row->id);
	h->key = (int64_t)(sim_hash(3, id) >> 1);
}

static struct hit *
rows_find(struct sim *s, const struct query *q, size_t *n)
{
	const struct table *t = &s->tables[q->p->table];
	struct hit *hits = need(calloc(t->n + 1, sizeof(*hits)));

	*n = 0;
	if (s->mutants.on == MUT_FILTER)
		s->mutants.struck++;
	for (size_t i = 0; i < t->n; i++) {
		if (!row_fits(s, q, &t->rows[i]))
			continue;
		hits[*n].row = i;
		hit_key(s, q, &t->rows[i], &hits[*n]);
		++*n;
	}
	if (!mutant_is(s, MUT_ORDER))
		qsort(hits, *n, sizeof(*hits), hit_order);
	else
		for (size_t i = 0; i < *n / 2; i++) {
			const struct hit h = hits[i];
			hits[i] = hits[*n - 1 - i];
			hits[*n - 1 - i] = h;
		}
	return hits;
}

/* ---- showing ------------------------------------------------------------- */
static void
name_set(const struct query *q, json_t *row, const char *name, json_t *v)
{
	char safe[96];

	snprintf(safe, sizeof(safe), "%s", name);
	for (char *p = safe; q->safe && *p != '\0'; p++)
		if (strchr("/:.", *p) != NULL)
			*p = '_';
	json_object_set_new(row, safe, v);
}

static const char *
entity_name(const struct query *q, const struct row *row)
{
	if (q->p->table == T_PERSON && flag_of(row->v, "retired"))
		return "retiredPerson";
	if (q->p->table == T_TICKET && int_of(row->v, "status", 0) == 2)
		return "ticketdisplayclosed";
	return q->p->entity;
}

static json_t *
row_json(struct sim *s, const struct request *r, const struct query *q,
    const struct row *row, size_t mail)
{
	char key[24];
	json_t *out = json_object(), *cells = q->full ? json_object() : out;

	snprintf(key, sizeof(key), "%lld", (long long)row->id);
	const bool number = q->full || fault_is(r, "pk_int") ||
	    s->mutants.on == MUT_KEY_NUMBER;
	json_object_set_new(out, "PrimaryKey",
	    number ? json_integer(row->id) : json_string(key));
	json_object_set_new(out, "EntityName",
	    json_string(entity_name(q, row)));
	for (size_t i = 0; i < q->n_select; i++) {
		if (i > 0 && mutant_is(s, MUT_SELECT))
			break;
		name_set(q, cells, q->select[i].name, cell_json(s, r, row,
		    &q->select[i], mail, q->full));
	}
	if (q->full)
		json_object_set_new(out, "Column", cells);
	return out;
}

/* Addresses of the person the row is of: each is a row of its own. */
static size_t
mails_of(const struct sim *s, const struct query *q, const struct row *row)
{
	const struct row *person = q->p->table == T_PERSON ? row
	    : row_find(s, T_PERSON, int_of(row->v, "personId", 0));
	const size_t n = person == NULL ? 0
	    : json_array_size(json_object_get(person->v, "emails"));

	return s->opt.email_rows && q->mails && n > 1 ? n : 1;
}

static json_t *
page_json(struct sim *s, const struct request *r, const struct query *q,
    const struct hit *hits, size_t n)
{
	const struct table *t = &s->tables[q->p->table];
	const int64_t top = mutant_is(s, MUT_TOP) ? q->top + 1 : q->top;
	json_t *rows = json_array();
	int64_t passed = 0;

	for (size_t i = 0; i < n; i++) {
		const struct row *row = &t->rows[hits[i].row];
		const size_t mails = mails_of(s, q, row);
		if (i % 5 == 2 && mutant_is(s, MUT_ROW_DROPPED))
			continue;
		for (size_t m = 0; m < mails; m++) {
			if (passed++ < q->skip)
				continue;
			if ((int64_t)json_array_size(rows) == top)
				return rows;
			json_array_append_new(rows, row_json(s, r, q, row, m));
		}
	}
	return rows;
}

/* Which page it is: the same query but for its numbers is the one before. */
static bool
goes_on(struct sim *s, const struct request *r)
{
	const char *from = argument(r, "$filter");
	char filter[sizeof(s->last_filter)] = "";
	size_t n = 0;

	for (; from != NULL && *from != '\0' && n + 1 < sizeof(filter); from++)
		if (*from < '0' || *from > '9')
			filter[n++] = *from;
	const bool same = strcmp(filter, s->last_filter) == 0;
	memcpy(s->last_filter, filter, sizeof(filter));
	return same;
}

/* The last row of the page before once more, first on this one. */
static void
row_again(struct sim *s, const struct request *r, json_t *rows)
{
	const size_t n = json_array_size(rows);

	if (goes_on(s, r) && fault_is(r, "duplicate_row") &&
	    s->last_row != NULL && n > 0)
		json_array_insert(rows, 0, s->last_row);
	if (n == 0)
		return;
	json_decref(s->last_row);
	s->last_row = json_incref(json_array_get(rows,
	    json_array_size(rows) - 1));
}

static void
page_faults(struct sim *s, const struct request *r, json_t *rows)
{
	size_t keep = (size_t)r->fault.rows;

	row_again(s, r, rows);
	if (fault_is(r, "empty_page"))
		json_array_clear(rows);
	while (fault_is(r, "short_page") && json_array_size(rows) > keep)
		json_array_remove(rows, json_array_size(rows) - 1);
}

static void
archive(struct sim *s, struct request *r, struct query *q, struct reply *out)
{
	char link[200];
	size_t n = 0;

	if (query_read(s, r, q, out)) {
		struct hit *hits = rows_find(s, q, &n);
		json_t *rows = page_json(s, r, q, hits, n);
		free(hits);
		page_faults(s, r, rows);
		s->rows_sent += (int64_t)json_array_size(rows);
		snprintf(link, sizeof(link), "http://127.0.0.3:%d/Cust99999"
		    "/api/v1/Archive/%s?$skip=%lld", s->port, q->p->name,
		    (long long)(q->skip + q->top));
		const bool more = s->opt.next_link || fault_is(r, "next_link");
		reply_json(out, 200, json_pack("{s:s, s:o, s:o}",
		    "odata.metadata", "https://localhost/api/v1/Archive/"
		    "$metadata", "odata.nextLink",
		    more ? json_string(link) : json_null(), "value", rows));
	}
	filter_free(q->where);
}

/* ---- the calls ------------------------------------------------------------- */
void
on_archive(struct sim *s, struct request *r, struct reply *out)
{
	struct query *q = need(calloc(1, sizeof(*q)));

	q->p = provider_find(r->part[0]);
	if (q->p == NULL)
		reply_error(out, 404, "SoNotFoundException",
		    "Archive provider %s not found", r->part[0]);
	else
		archive(s, r, q, out);
	free(q);
}

/* GET Appointment, Sale, ...: the archives behind them. */
void
on_entity_list(struct sim *s, struct request *r, struct reply *out)
{
	static const char *const behind[][2] = { { "/Appointment",
		"FindAppointment" }, { "/Sale", "FindSale" },
		{ "/Ticket", "Ticket" }, { "/Person", "Person" },
		{ "/Contact", "SimpleContact" } };

	for (size_t i = 0; i < sizeof(behind) / sizeof(*behind); i++)
		if (strcmp(behind[i][0], r->path) == 0)
			snprintf(r->part[0], sizeof(r->part[0]), "%s",
			    behind[i][1]);
	on_archive(s, r, out);
}

/* GET Person/{id}/Appointments and /Activities */
void
on_person_list(struct sim *s, struct request *r, struct reply *out)
{
	struct query *q = need(calloc(1, sizeof(*q)));
	const bool known = id_read(r->part[0], &q->person) &&
	    row_seen(s, row_find(s, T_PERSON, q->person));

	q->p = provider_find("FindAppointment");
	if (known)
		archive(s, r, q, out);
	else
		reply_error(out, 404, "SoNotFoundException",
		    "Person id %s not found", r->part[0]);
	free(q);
}

void
on_providers(struct sim *s, struct request *r, struct reply *out)
{
	json_t *map = json_object();

	(void)r;
	for (const struct provider *p = providers; p->name != NULL; p++) {
		char url[160];
		snprintf(url, sizeof(url), "%s/api/v1/Archive/%s", s->url[0],
		    p->name);
		json_object_set_new(map, p->name, json_string(url));
	}
	reply_json(out, 200, map);
}

void
on_metadata(struct sim *s, struct request *r, struct reply *out)
{
	const struct provider *p = provider_find(r->part[0]);
	json_t *rows = json_array();

	(void)s;
	for (const struct column *c = p == NULL ? NULL : p->columns;
	     c != NULL && c->name != NULL; c++)
		json_array_append_new(rows, json_pack("{s:s}", "Name",
		    c->name));
	if (p != NULL)
		reply_json(out, 200, json_pack("{s:n, s:O}", "odata.nextLink",
		    "value", rows));
	else
		reply_error(out, 404, "SoNotFoundException",
		    "Archive provider %s not found", r->part[0]);
	json_decref(rows);
}
