/*
 * reply.c - the forms of an answer: errors, limits, rows, batches.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "sim.h"

void
reply_json(struct reply *out, unsigned status, json_t *json)
{
	json_decref(out->json);
	out->status = status;
	out->json = json;
}

static json_t *
correlation(struct sim *s)
{
	char id[48];
	const unsigned long long n = (unsigned long long)++s->correlation;

	snprintf(id, sizeof(id), "c0ffee00-0000-4000-8000-%012llu", n);
	return json_string(id);
}

void
reply_error(struct sim *s, struct reply *out, unsigned status,
    const char *category, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (mutant(s, "error-shape"))
		reply_json(out, status, json_pack("[s]", text));
	else
		reply_json(out, status, json_pack("{s:s, s:s, s:o, s:s*}",
		    "status", "error", "message", text, "correlationId",
		    correlation(s), "category", category));
}

/* Without a category, and without Retry-After. */
void
reply_limit(struct sim *s, const struct call *c, struct reply *out,
    const char *policy)
{
	const bool second = strcmp(policy, "SECONDLY") == 0;
	const bool search = c->route->on == ON_SEARCH;
	json_t *id = correlation(s);

	/* Whoever comes again before that is counted. */
	s->quiet_ms[second && search] = clock_ms() + (second ? 900
	    : strcmp(policy, "DAILY") == 0 ? DAY_MS : 9900);

	count_up(s->refused, policy);
	reply_json(out, 429, json_pack("{s:s, s:s, s:s, s:O, s:s, s:o}",
	    "status", "error", "message",
	    second ? "You have reached your secondly limit."
	    : strcmp(policy, "DAILY") == 0
	    ? "You have reached your daily limit."
	    : "You have reached your ten_secondly_rolling limit.",
	    "errorType", "RATE_LIMIT", "correlationId", id, "policyName",
	    policy, "requestId", id));
	if (mutant(s, "policy-gone"))
		json_object_del(out->json, "policyName");
}

/* ---- batches ------------------------------------------------------------- */

json_t *
batch_error(struct sim *s, const char *category, const char *text,
    const json_t *id)
{
	json_t *ids = json_pack("[O]", id);

	if (mutant(s, "errors-without-ids"))
		json_array_clear(ids);
	return json_pack("{s:s, s:s, s:s, s:{s:o}}", "status", "error",
	    "category", category, "message", text, "context", "ids", ids);
}

void
reply_batch(struct sim *s, const struct call *c, struct reply *out,
    json_t *results, json_t *errors)
{
	const size_t n = json_array_size(errors);
	const char *now = ms_iso(now_ms(s));
	json_t *all = json_pack("{s:s, s:s, s:s, s:o}", "status", "COMPLETE",
	    "startedAt", now, "completedAt", now, "results", results);

	if (n > 0 && !mutant(s, "errors-hidden")) {
		json_object_set_new(all, "numErrors", json_integer(J(n)));
		json_object_set(all, "errors", errors);
	}
	/* From 2026-09 on a batch that failed in part is a 200. */
	reply_json(out, n > 0 && c->version < V_2026_09 ? 207 : 200, all);
	json_decref(errors);
}

/* ---- the call's words ---------------------------------------------------- */

const char *
call_param(struct call *c, const char *name)
{
	char *text = c->n_kept < KEPT ? url_param(c->query, name) : NULL;

	if (text != NULL)
		c->kept[c->n_kept++] = text;
	return text;
}

json_t *
names_split(const char *list)
{
	json_t *names = json_array();

	while (list != NULL && *list != '\0') {
		const size_t n = strcspn(list, ",");
		if (n > 0)
			json_array_append_new(names, json_stringn(list, n));
		list += n + (list[n] == ',');
	}
	return names;
}

/* ---- rows ---------------------------------------------------------------- */

static json_t *
value_json(struct sim *s, const struct prop *p, const char *text)
{
	int64_t ms;
	char number[24];

	if (text == NULL)
		return json_null();
	if (p->type == P_TIME && s->opt.time_ms && ms_parse(text, &ms)) {
		snprintf(number, sizeof(number), "%lld", (long long)ms);
		return json_string(number);
	}
	if (p->type == P_NUM && mutant(s, "values-real"))
		return json_sprintf("%s.0", text);
	if (p->type == P_BOOL && mutant(s, "values-bare"))
		return json_boolean(strcmp(text, "true") == 0);
	return json_string(text);
}

static void
value_add(struct sim *s, const struct kind *k, char *const *v, size_t n,
    const char *name, json_t *to)
{
	const int i = prop_find(k, name);

	if (i >= 0 && json_object_get(to, name) == NULL)
		json_object_set_new(to, name, value_json(s, &k->props[i],
		    (size_t)i < n ? v[i] : NULL));
}

json_t *
row_values(struct sim *s, const struct kind *k, char *const *v, size_t n,
    const json_t *names)
{
	json_t *to = json_object(), *name;
	const char *const always[] = { "hs_object_id", k->modified,
		k->created };
	size_t i;

	for (i = 0; i < LEN(always); i++)
		value_add(s, k, v, n, always[i], to);
	json_array_foreach((json_t *)(uintptr_t)names, i, name)
		value_add(s, k, v, n, json_string_value(name), to);
	if (mutant(s, "properties-gone"))
		json_object_clear(to);
	return to;
}

json_t *
row_json(struct sim *s, const struct kind *k, const struct record *r,
    const json_t *names)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)r->id);
	json_t *row = json_pack("{s:s, s:o, s:s, s:s, s:b}", "id", id,
	    "properties", row_values(s, k, r->v, r->n_values, names),
	    "createdAt", ms_iso(r->created_ms), "updatedAt",
	    ms_iso(r->updated_ms), "archived", (int)r->archived);
	if (r->archived)
		json_object_set_new(row, "archivedAt",
		    json_string(ms_iso(r->updated_ms)));
	if (mutant(s, "id-number"))
		json_object_set_new(row, "id", json_integer(J(r->id)));
	return row;
}
