/*
 * cell.c - what one cell of an archive shows, in Slim and in Full.
 */
#include <strings.h>

#include "sim.h"

/* Local time of the tenant's user, by the rule of the European Union. */
static int64_t
local_offset(int64_t t)
{
	int y, m, d;

	sim_civil(sim_floor_div(t, DAY_S), &y, &m, &d);
	const int64_t march = sim_days(y, 3, 31), october = sim_days(y, 10, 31);
	const int64_t from = march - (march + 4) % 7;
	const int64_t until = october - (october + 4) % 7;

	return t >= from * DAY_S + 3600 && t < until * DAY_S + 3600 ? 7200
								    : 3600;
}

/* SO-TimeZone: "UTC, includeTZOffset".  false = it cannot be read. */
bool
zone_read(const struct request *r, bool *offset, bool *local)
{
	const char *zone = header_of(&r->in, "SO-TimeZone");

	*offset = zone != NULL && strcasestr(zone, "includeTZOffset") != NULL;
	*local = zone == NULL || strncasecmp(zone, "UTC", 3) != 0;
	return zone == NULL || !*local ||
	       strncasecmp(zone, "W. Europe Standard Time", 23) == 0;
}

/* Created and updated are UTC, whatever was asked for. */
json_t *
time_json(const struct sim *s, const struct request *r, int64_t t, bool utc)
{
	char text[64], end[16] = "";
	bool offset, local;

	if (t == 0)
		return json_null();
	(void)zone_read(r, &offset, &local);
	if (s->mutants.on == MUT_ZONE_IGNORED)
		offset = false;
	local = local && !utc;
	const int64_t by = local ? local_offset(t) : 0;
	if (offset && !local)
		snprintf(end, sizeof(end), "%s", s->opt.offset);
	else if (offset)
		snprintf(end, sizeof(end), "+%02lld:00", (long long)by / 3600);
	return json_string(sim_time_text(t + by, end, text, sizeof(text)));
}

static const char *
argument(const struct request *r, const char *name)
{
	const char *v = str_of(r->args, name);

	return v == NULL ? "" : v;
}

/* "[A:5]", "[D:01/02/2026]": what Full calls raw is that for some kinds. */
static json_t *
raw_cell(const struct sim *s, const struct request *r, const struct col *c,
    const struct raw *v)
{
	switch (c->c.type) {
	case C_DATE:
	case C_TIME:
	case C_UTC:
		return time_json(s, r, v->n, c->c.type == C_UTC);
	case C_BOOL:
		return json_boolean(v->n != 0);
	case C_TEXT:
		return json_string(v->s);
	case C_INTERESTS:
		return v->set == NULL ? json_array() : json_deep_copy(v->set);
	case C_INT:
	case C_KEY:
	case C_LIST:
	case C_NONE:
		break;
	}
	return v->s != NULL ? json_string(v->s) : json_integer(v->n);
}

static json_t *
shown_cell(const struct sim *s, const struct request *r, const struct col *c,
    const struct raw *v)
{
	if (c->c.type == C_LIST && c->c.list != NULL)
		return json_string(list_text(s, c->c.list, v->n));
	if (c->c.type == C_BOOL &&
	    strcasecmp(argument(r, "$output"), "Logical") != 0)
		return json_string(v->n != 0 ? "[I:Checked]" : "");
	return raw_cell(s, r, c, v);
}

json_t *
cell_json(const struct sim *s, const struct request *r, const struct row *row,
    const struct col *c, size_t mail, bool full)
{
	struct raw v;

	col_raw(s, row, c, mail, &v);
	json_t *shown = v.null ? json_null() : shown_cell(s, r, c, &v);
	if (shown == NULL)
		shown = json_null();
	if (!full)
		return shown;
	json_t *raw = v.null ? json_null() : raw_cell(s, r, c, &v);
	return json_pack("{s:o, s:o, s:n, s:n}", "RawValue",
	    raw == NULL ? json_null() : raw, "DisplayValue", shown,
	    "TooltipHint", "LinkHint");
}
