/*
 * wrong.c - what goes wrong on purpose: faults and mutants.
 */
#include "wrong.h"

#include "base.h"

void
fault_kind(char *kind, size_t size, const json_t *in)
{
	const json_t *v = json_object_get(in, "kind");

	if (json_is_integer(v))
		snprintf(kind, size, "%lld", (long long)json_integer_value(v));
	else
		text_copy(kind, size, json_string_value(v));
}

bool
fault_status(const char *kind, int64_t *status)
{
	return sim_num(kind, status) && *status >= 200 && *status <= 599;
}

bool
fault_due(int64_t *after, int64_t *times, bool struck_already)
{
	if (*times == 0)
		return false;
	if (*after > 0) {
		--*after;
		return false;
	}
	*times -= !struck_already && *times > 0;
	return !struck_already;
}

char *
json_half(const json_t *json, size_t *missing)
{
	char *text = need(json_dumps(json, JSON_COMPACT));
	const size_t len = strlen(text);

	text[len / 2] = '\0';
	*missing = len - len / 2;
	return text;
}

/* ---- mutants ------------------------------------------------------------- */

bool
mutants_set(struct mutants *m, const char *name)
{
	const int place = place_of(name, m->names);

	if (place < 0)
		return false;
	m->on = place;
	m->struck = 0;
	return true;
}

bool
mutants_strike_at(struct mutants *m, int place)
{
	m->struck += m->on >= 0 && m->on == place;
	return m->on >= 0 && m->on == place;
}

bool
mutants_strike(struct mutants *m, const char *name)
{
	return m->on >= 0 && strcmp(m->names[m->on], name) == 0 &&
	    mutants_strike_at(m, m->on);
}

json_t *
mutants_told(struct mutants *m, const json_t *in, bool *good)
{
	const char *name = str_of(in, "name");
	json_t *known = json_array();

	if (flag_of(in, "clear"))
		m->on = -1;
	*good = name == NULL || mutants_set(m, name);
	for (size_t i = 0; m->names[i] != NULL; i++)
		json_array_append_new(known, json_string(m->names[i]));
	return json_pack("{s:s?, s:I, s:o}", "name",
	    m->on < 0 ? NULL : m->names[m->on], "struck", J(m->struck),
	    "known", known);
}
