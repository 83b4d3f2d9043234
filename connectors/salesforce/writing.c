/*
 * writing.c - what the kinds of writing share.
 */
#include "writing.h"

#include <string.h>

#include "guard.h"
#include "num.h"
#include "text.h"

bool
sf_writer_ready(struct salesforce *s, struct err *err)
{
	if (s->writer == NULL)
		s->writer = arena_alloc(s->own, sizeof(*s->writer));
	return s->writer != NULL || err_nomem(err);
}

/* ---- what is on ---------------------------------------------------------- */
static size_t
tags_max(const struct sf_settings *set)
{
	const int most = set->w.collections_max < set->in_list_max ?
	    set->w.collections_max : set->in_list_max;

	return set->w.tag_guard == SF_GUARD_UNMODIFIED && most > SF_GUARD_MAX ?
	    SF_GUARD_MAX : (size_t)most;
}

void
sf_writing_narrow(const struct sf_settings *set, struct crm_connector *copy)
{
	copy->tags_max = tags_max(set);
	copy->effects_max = (size_t)set->w.collections_max;
	if (*set->w.tag_field == '\0') {
		copy->info.caps &= ~(uint32_t)(CRM_CAP_TAGS |
		    CRM_CAP_ENSURE_TAGS);
		copy->tags_max = 0;
		copy->tags_request = NULL;
		copy->tags_result = NULL;
		copy->ensure_tags = NULL;
	}
	if (*set->w.response_object == '\0') {
		copy->info.caps &= ~(uint32_t)CRM_CAP_ANSWERS;
		copy->put_answer = NULL;
	}
	if (!set->w.chatter_post) {
		copy->info.caps &= ~(uint32_t)CRM_CAP_FEED;
		copy->post_feed = NULL;
	}
}

/* ---- the tag field ------------------------------------------------------- */
static bool
is_text(const struct sf_field *f)
{
	static const char *const types[] = { "string", "textarea",
		"multipicklist" };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(f->type, types[i]) == 0)
			return true;
	return false;
}

/* A text takes any tag; this is the time to ask how long it may be. */
bool
sf_ensure_tags(void *self, const char *const *tags, size_t n, struct err *err)
{
	struct salesforce *s = self;
	const char *name = s->set->w.tag_field;
	const struct sf_describe *d = NULL;

	(void)tags;
	(void)n;
	if (!sf_writer_ready(s, err) || !sf_describe(s, "Contact", &d, err))
		return false;
	const struct sf_field *f = sf_field(d, name);
	if (f == NULL)
		return err_set(err, ERR_CONFIG, "tag_field: the user of npsync "
		    "cannot see Contact.%s: make it, or give the permission set "
		    "access to it", name);
	if (!f->updateable || !is_text(f))
		return err_set(err, ERR_CONFIG, "tag_field: Contact.%s %s", name,
		    is_text(f) ? "may be read only: give the permission set the "
		    "right to edit it" : "is no text");
	s->writer->has_account = sf_has(d, "AccountId");
	s->writer->tag = f;
	return true;
}

/* ---- values -------------------------------------------------------------- */
static bool
is_type(const struct sf_field *f, const char *const *types)
{
	for (; *types != NULL; types++)
		if (strcmp(f->type, *types) == 0)
			return true;
	return false;
}

static json_t *
number_json(const char *text)
{
	long long n;
	double real;

	if (num_parse(text, INT64_MIN, INT64_MAX, &n))
		return json_integer(n);
	return num_parse_double(text, -1e15, 1e15, &real) ? json_real(real)
	    : json_string(text);
}

static json_t *
flag_json(const char *text)
{
	return json_boolean(strcmp(text, "yes") == 0 ||
	    strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

/* A day, or a day and a time: as the field has it. */
static json_t *
time_json(const struct salesforce *s, const char *text, bool day_only)
{
	const char *zone = s->env.timezone;
	char out[32];
	time_t t;

	if (!clock_parse_iso(text, zone, &t))
		return json_string(text);
	return json_string(day_only ? day_iso(out, clock_day(zone, t))
	    : clock_iso(out, t));
}

json_t *
sf_value_json(const struct salesforce *s, const struct sf_field *field,
    const char *text)
{
	static const char *const numbers[] = { "int", "double", "currency",
		"percent", "long", NULL };

	if (strcmp(field->type, "boolean") == 0)
		return flag_json(text == NULL ? "" : text);
	if (text == NULL || *text == '\0')
		return json_null();
	if (is_type(field, numbers))
		return number_json(text);
	if (strcmp(field->type, "date") == 0)
		return time_json(s, text, true);
	if (strcmp(field->type, "datetime") == 0)
		return time_json(s, text, false);
	return json_string(text);
}
