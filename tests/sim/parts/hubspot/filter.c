/*
 * filter.c - filterGroups: any of the groups, all of a group's filters.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

#define GROUPS_MAX 5
#define FILTERS_MAX 6
#define TOTAL_MAX 18

enum op { OP_BETWEEN, OP_CONTAINS, OP_EQ, OP_GT, OP_GTE, OP_HAS, OP_IN, OP_LT,
	OP_LTE, OP_NEQ, OP_NOT_CONTAINS, OP_NOT_HAS, OP_NOT_IN };
static const char *const ops[] = { "BETWEEN", "CONTAINS_TOKEN", "EQ", "GT",
	"GTE", "HAS_PROPERTY", "IN", "LT", "LTE", "NEQ", "NOT_CONTAINS_TOKEN",
	"NOT_HAS_PROPERTY", "NOT_IN", NULL };

struct test {
	const struct prop *prop;
	struct prop as_text;	/* of an id that is compared as text */
	size_t at, group;
	enum op op;
	char *value, *high;
	json_t *values;
	bool lower;		/* IN knows texts in lower case only */
};
struct filter {
	struct test *tests;
	size_t n, n_groups;
};

/* ---- reading ------------------------------------------------------------- */

static char *
text_taken(const json_t *in, const char *key)
{
	const json_t *v = json_object_get(in, key);

	if (json_is_integer(v))
		return fmt_text("%lld", (long long)json_integer_value(v));
	return json_is_string(v) ? dup_text(json_string_value(v)) : NULL;
}

static bool
comparable(const struct test *t, const char *text)
{
	int order;

	return text != NULL && value_order(t->prop, text, text, &order);
}

static const char *
values_wrong(const struct test *t)
{
	size_t i;
	json_t *v;

	if (!json_is_array(t->values) || json_array_size(t->values) == 0)
		return "IN needs values";
	json_array_foreach(t->values, i, v)
		if (!json_is_string(v) ||
		    !comparable(t, json_string_value(v)))
			return "a value of the list is none of the property";
	return NULL;
}

static const char *
operands_wrong(const struct test *t)
{
	switch (t->op) {
	case OP_HAS:
	case OP_NOT_HAS:
		return NULL;
	case OP_IN:
	case OP_NOT_IN:
		return values_wrong(t);
	case OP_BETWEEN:
		return comparable(t, t->value) && comparable(t, t->high) ? NULL
		    : "BETWEEN needs value and highValue";
	case OP_CONTAINS:
	case OP_NOT_CONTAINS:
		return t->value == NULL ? "value is missing" : NULL;
	case OP_EQ:
	case OP_GT:
	case OP_GTE:
	case OP_LT:
	case OP_LTE:
	case OP_NEQ:
		return comparable(t, t->value) ? NULL
		    : "value is missing or none of the property";
	}
	return NULL;
}

static const char *
test_parse(struct sim *s, const struct kind *k, const json_t *in,
    struct test *t)
{
	const int at = prop_find(k, str_of(in, "propertyName"));
	const int op = place_of(str_of(in, "operator"), ops);

	if (at < 0)
		return "there is no such property";
	if (op < 0)
		return "there is no such operator";
	t->at = (size_t)at;
	t->op = (enum op)op;
	t->prop = &k->props[at];
	if (s->opt.id_text && strcmp(t->prop->name, "hs_object_id") == 0) {
		t->as_text = *t->prop;
		t->as_text.type = P_TEXT;
		t->prop = &t->as_text;
	}
	t->lower = s->opt.in_lower && t->prop->type == P_TEXT;
	t->value = text_taken(in, "value");
	t->high = text_taken(in, "highValue");
	t->values = json_incref(json_object_get(in, "values"));
	return operands_wrong(t);
}

static size_t
tests_count(const json_t *groups, const char **why)
{
	size_t i, total = 0;
	json_t *g;

	json_array_foreach((json_t *)(uintptr_t)groups, i, g) {
		const size_t n = json_array_size(json_object_get(g, "filters"));
		total += n;
		if (n == 0)
			*why = "a group without filters";
		if (n > FILTERS_MAX)
			*why = "more than 6 filters in a group";
	}
	if (i > GROUPS_MAX)
		*why = "more than 5 filter groups";
	if (total > TOTAL_MAX)
		*why = "more than 18 filters";
	return total;
}

struct filter *
filter_parse(struct sim *s, const struct kind *k, const json_t *groups,
    const char **why)
{
	struct filter *f = need(calloc(1, sizeof(*f)));
	size_t i, j;
	json_t *g, *in;

	*why = NULL;
	const size_t total = tests_count(groups, why);
	if (*why != NULL) {
		filter_free(f);
		return NULL;
	}
	f->tests = need(calloc(total + 1, sizeof(*f->tests)));
	f->n_groups = json_array_size(groups);
	json_array_foreach((json_t *)(uintptr_t)groups, i, g) {
		json_array_foreach(json_object_get(g, "filters"), j, in) {
			f->tests[f->n].group = i;
			const char *bad = test_parse(s, k, in,
			    &f->tests[f->n++]);
			*why = *why == NULL ? bad : *why;
		}
	}
	if (*why == NULL)
		return f;
	filter_free(f);
	return NULL;
}

void
filter_free(struct filter *f)
{
	for (size_t i = 0; f != NULL && i < f->n; i++) {
		free(f->tests[i].value);
		free(f->tests[i].high);
		json_decref(f->tests[i].values);
	}
	if (f != NULL)
		free(f->tests);
	free(f);
}

/* ---- fitting ------------------------------------------------------------- */

/* Of a choice of several: one of them. */
static bool
equals(const struct prop *p, const char *has, const char *value)
{
	int order;

	if (p->type == P_ENUM && strcmp(p->field, "checkbox") == 0)
		return listed(has, ';', value);
	return value_order(p, has, value, &order) && order == 0;
}

static bool
in_values(const struct test *t, const char *has)
{
	size_t i;
	json_t *v;

	json_array_foreach(t->values, i, v) {
		const char *text = json_string_value(v);
		bool upper = false;
		for (const char *p = text; t->lower && *p != '\0'; p++)
			upper |= *p >= 'A' && *p <= 'Z';
		if (!upper && equals(t->prop, has, text))
			return true;
	}
	return false;
}

/* A whole word, or with a star at an end any part. */
static bool
token_in(const char *has, const char *what)
{
	static const char cuts[] = " ;,.@-_/";
	char *word = dup_text(what);
	const size_t len = strlen(word);
	bool found = false;

	if (len > 0 && (word[0] == '*' || word[len - 1] == '*')) {
		if (word[len - 1] == '*')
			word[len - 1] = '\0';
		found = contains_fold(has, word + (word[0] == '*'));
	}
	for (const char *p = has; !found && *p != '\0';) {
		const size_t n = strcspn(p, cuts);
		found = (n == len && strncasecmp(p, word, n) == 0) ||
		    same_fold(p, word);
		p += n + (p[n] != '\0');
	}
	free(word);
	return found;
}

static bool
compares(const struct test *t, const char *has)
{
	int low, high;

	if (!value_order(t->prop, has, t->value, &low))
		return false;
	switch (t->op) {
	case OP_GT:
		return low > 0;
	case OP_GTE:
		return low >= 0;
	case OP_LT:
		return low < 0;
	case OP_LTE:
		return low <= 0;
	case OP_BETWEEN:
		return low >= 0 &&
		    value_order(t->prop, has, t->high, &high) && high <= 0;
	default:
		return false;
	}
}

/* A property without a value fits what asks for none, and nothing else. */
static bool
test_fits(const struct test *t, const char *has)
{
	if (has == NULL || *has == '\0')
		return t->op == OP_NOT_HAS;
	if (t->op == OP_HAS || t->op == OP_NOT_HAS)
		return t->op == OP_HAS;
	if (t->op == OP_EQ || t->op == OP_NEQ)
		return equals(t->prop, has, t->value) == (t->op == OP_EQ);
	if (t->op == OP_IN || t->op == OP_NOT_IN)
		return in_values(t, has) == (t->op == OP_IN);
	if (t->op == OP_CONTAINS || t->op == OP_NOT_CONTAINS)
		return token_in(has, t->value) == (t->op == OP_CONTAINS);
	return compares(t, has);
}

bool
filter_fits(const struct filter *f, char *const *v, size_t n)
{
	size_t i = 0;

	for (size_t g = 0; g < f->n_groups; g++) {
		bool all = true;
		for (; i < f->n && f->tests[i].group == g; i++) {
			const struct test *t = &f->tests[i];
			all = all && test_fits(t, t->at < n ? v[t->at] : NULL);
		}
		if (all)
			return true;
	}
	return f->n_groups == 0;
}
