/*
 * template.c - the body of a send: a JSON document whose string values
 * "${contact.email}" become typed values.  A member whose hole is empty is left
 * out, and so is an object or array that lost all it had.  Parsed and checked
 * once at open; writing it is pure.
 */
#include "template.h"

#include <stdio.h>
#include <string.h>

#include "common/fieldmap.h"
#include "common/hole.h"

#define TEMPLATE_MAX_BYTES ((size_t)65536)
#define BODY_MAX_BYTES ((size_t)262144)

static const char builtin[] =
    "{ \"respondent\": {"
    " \"emailAddress\": \"${contact.email}\","
    " \"phoneNumber\": \"${contact.phone}\","
    " \"firstName\": \"${contact.first_name}\","
    " \"lastName\": \"${contact.last_name}\","
    " \"department\": \"${contact.department}\","
    " \"country\": \"${contact.country}\","
    " \"active\": \"${set_active}\","
    " \"externalId\": \"${external_id}\","
    " \"company\": { \"name\": \"${company.name}\","
    " \"accountNo\": \"${company.id}\","
    " \"segment\": \"${company.segment}\" } },"
    " \"employee\": { \"email\": \"${employee.email}\","
    " \"firstName\": \"${employee.first_name}\","
    " \"lastName\": \"${employee.last_name}\","
    " \"department\": \"${employee.department}\","
    " \"externalId\": \"${employee.id}\" },"
    " \"guid\": \"${guid}\","
    " \"custom\": \"${custom}\" }";

struct writer {
	const struct npstoday *n;
	struct fill fill;
	struct buf *out;
};

/* ---- writing JSON ---------------------------------------------------- */

static void
pair_write(struct buf *out, const char *name, const char *value)
{
	hole_json_text(out, name, strlen(name));
	buf_char(out, ':');
	hole_json_text(out, value, strlen(value));
}

/* Our reference first, then what survey.fields adds. */
static void
custom_object(struct buf *out, const struct respondent *r)
{
	buf_char(out, '{');
	pair_write(out, "npsync_ref", r->ref);
	for (size_t i = 0; r->extra != NULL && r->extra[i][0] != NULL; i++) {
		if (r->extra[i][1] == NULL ||
		    strcmp(r->extra[i][0], "npsync_ref") == 0)
			continue;
		buf_char(out, ',');
		pair_write(out, r->extra[i][0], r->extra[i][1]);
	}
	buf_char(out, '}');
}

static void
custom_write(struct writer *w)
{
	AUTO(buf) struct buf inner;

	buf_init(&inner, BODY_MAX_BYTES);
	if (w->fill.set->send.custom_as == CUSTOM_OBJECT) {
		custom_object(w->out, w->fill.r);
		return;
	}
	custom_object(&inner, w->fill.r);
	hole_json_text(w->out, buf_text(&inner), inner.len);
	w->out->failed |= inner.failed;
}

static void
value_write(struct writer *w, const struct value *v)
{
	switch (v->type) {
	case VALUE_NONE:
		break;
	case VALUE_TEXT:
		hole_json_text(w->out, v->text, v->len);
		break;
	case VALUE_NUMBER:
		buf_printf(w->out, "%lld", v->number);
		break;
	case VALUE_TRUE:
		buf_str(w->out, "true");
		break;
	case VALUE_CUSTOM:
		custom_write(w);
		break;
	}
}

/* ---- walking the document -------------------------------------------- */

/* The object that the sending time goes into: without it the survey would
 * leave at once. */
static bool
has_send_at(const struct writer *w, const json_t *node)
{
	return w->n->send_at_node[w->fill.channel] == node &&
	    w->fill.r->send_at != NO_TIME;
}

static bool
is_empty(const struct writer *w, const json_t *node)
{
	const char *key, *name;
	json_t *child;
	size_t i, len;

	if (has_send_at(w, node))
		return false;
	if (json_is_string(node) &&
	    hole_parse(json_string_value(node), &name, &len))
		return hole_value(&w->fill, name, len).type == VALUE_NONE;
	json_object_foreach ((json_t *)(uintptr_t)node, key, child)
		if (!is_empty(w, child))
			return false;
	json_array_foreach (node, i, child)
		if (!is_empty(w, child))
			return false;
	return json_object_size(node) + json_array_size(node) > 0;
}

static bool
send_at_write(struct writer *w, const json_t *object, bool comma)
{
	const struct npstoday *n = w->n;
	char text[64];

	if (!has_send_at(w, object))
		return true;
	if (!fieldmap_time_write(text, sizeof(text),
		n->set->send.send_at.format, n->set->send.send_at.zone,
		w->fill.r->send_at))
		return false;
	if (comma)
		buf_char(w->out, ',');
	pair_write(w->out, n->send_at_name[w->fill.channel], text);
	return true;
}

static bool node_write(struct writer *w, json_t *node);

static bool
object_write(struct writer *w, json_t *object)
{
	bool comma = false, ok = true;
	const char *key;
	json_t *child;

	buf_char(w->out, '{');
	json_object_foreach (object, key, child) {
		if (is_empty(w, child))
			continue;
		if (comma)
			buf_char(w->out, ',');
		comma = true;
		hole_json_text(w->out, key, strlen(key));
		buf_char(w->out, ':');
		ok = node_write(w, child) && ok;
	}
	ok = send_at_write(w, object, comma) && ok;
	buf_char(w->out, '}');
	return ok;
}

static bool
array_write(struct writer *w, json_t *array)
{
	bool comma = false, ok = true;
	json_t *child;
	size_t i;

	buf_char(w->out, '[');
	json_array_foreach (array, i, child) {
		if (is_empty(w, child))
			continue;
		if (comma)
			buf_char(w->out, ',');
		comma = true;
		ok = node_write(w, child) && ok;
	}
	buf_char(w->out, ']');
	return ok;
}

static bool
scalar_write(struct writer *w, json_t *node)
{
	const char *text = json_string_value(node), *name;
	struct value value;
	size_t len;

	if (text == NULL) {
		const char *dump = json_dump(w->n->env->scratch, node);
		return dump != NULL && buf_str(w->out, dump);
	}
	if (!hole_parse(text, &name, &len)) {
		hole_json_text(w->out, text, strlen(text));
		return true;
	}
	value = hole_value(&w->fill, name, len);
	value_write(w, &value);
	return true;
}

static bool
node_write(struct writer *w, json_t *node)
{
	if (json_is_object(node))
		return object_write(w, node);
	if (json_is_array(node))
		return array_write(w, node);
	return scalar_write(w, node);
}

bool
npstoday_template_write(const struct npstoday *n, const struct respondent *r,
    struct buf *out, struct err *err)
{
	const struct campaign_settings *c = npstoday_campaign(n->set,
	    r->campaign_id);
	struct writer w = { .n = n, .out = out,
		.fill = { .set = n->set, .r = r,
		    .channel = c == NULL ? CHANNEL_EMAIL
					 : (enum channel)c->channel } };

	const bool ok = object_write(&w, json_root(n->template)) && !out->failed;
	if (!ok && out->no_memory)
		return err_nomem(err);
	if (!ok)
		return err_set(err, ERR_REJECTED,
		    "the survey request does not fit %zu bytes", out->max);
	return true;
}

/* ---- opening --------------------------------------------------------- */

static bool
file_read(const char *name, struct buf *out, struct err *err)
{
	FILE *in = fopen(name, "re");
	char chunk[4096];
	size_t n;
	bool ok;

	if (in == NULL)
		return err_errno(err, ERR_CONFIG, "send.template_file %s",
		    name);
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		if (!buf_add(out, chunk, n))
			break;
	ok = ferror(in) == 0;
	fclose(in);
	if (out->failed)
		return err_set(err, ERR_CONFIG,
		    "send.template_file %s: expected at most %zu bytes", name,
		    TEMPLATE_MAX_BYTES);
	return ok ? true : err_set(err, ERR_CONFIG,
	    "send.template_file %s: cannot be read", name);
}

/* A misspelt hole would leave its member out of every send. */
static bool
holes_check(const json_t *node, struct err *err)
{
	const char *key, *name, *text = json_string_value(node);
	json_t *child;
	size_t i, len;

	if (text != NULL && strstr(text, "${") != NULL &&
	    !(hole_parse(text, &name, &len) && hole_known(name, len)))
		return err_set(err, ERR_CONFIG, "send.template_file: "
		    "expected a whole text like \"${contact.email}\" "
		    "with a known name, got \"%.60s\"", text);
	json_object_foreach ((json_t *)(uintptr_t)node, key, child)
		if (!holes_check(child, err))
			return false;
	json_array_foreach (node, i, child)
		if (!holes_check(child, err))
			return false;
	return true;
}

/* "respondent.sendEmailAt": the object must be there, the member must not. */
static bool
send_at_find(struct npstoday *n, enum channel channel, const char *field,
    struct err *err)
{
	const char *dot = strrchr(field, '.');
	json_t *parent = json_root(n->template);

	n->send_at_node[channel] = NULL;
	if (field[0] == '\0')
		return true;
	if (dot != NULL) {
		char *path = arena_strndup(n->own, field,
		    (size_t)(dot - field));
		if (path == NULL)
			return err_nomem(err);
		parent = json_at(parent, path);
		field = dot + 1;
	}
	if (!json_is_object(parent) || json_object_get(parent, field) != NULL)
		return err_set(err, ERR_CONFIG, "send.send_at: expected a "
		    "member that the template does not have, in an object "
		    "that it has, got %s", field);
	n->send_at_node[channel] = parent;
	n->send_at_name[channel] = field;
	return true;
}

bool
npstoday_template_open(struct npstoday *n, struct err *err)
{
	const char *file = n->set->send.template_file;
	AUTO(buf) struct buf text;

	buf_init(&text, TEMPLATE_MAX_BYTES);
	if (file[0] == '\0')
		buf_str(&text, builtin);
	else if (!file_read(file, &text, err))
		return false;
	if (text.no_memory)
		return err_nomem(err);
	if (!json_parse(buf_text(&text), text.len, &n->template, err)) {
		if (err->kind == ERR_PROTOCOL)
			err->kind = ERR_CONFIG;
		return err_wrap(err, "send.template_file %s", file);
	}
	if (!json_is_object(json_root(n->template)))
		return err_set(err, ERR_CONFIG,
		    "send.template_file %s: expected an object", file);
	return holes_check(json_root(n->template), err) &&
	    send_at_find(n, CHANNEL_EMAIL, n->set->send.send_at.field, err) &&
	    send_at_find(n, CHANNEL_SMS, n->set->send.send_at.sms_field, err);
}
