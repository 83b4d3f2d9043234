/*
 * data.c - everything behind /api/data/v9.2/.
 */
#include "odata.h"

#include <stdlib.h>

/* "contacts(60c4...)/nav" in its parts; key and nav may be NULL */
struct target_path {
	char *set, *key, *nav;
};

static bool
path_split(char *rest, struct target_path *out)
{
	*out = (struct target_path){ .set = rest };
	char *open = strchr(rest, '('), *close = strrchr(rest, ')');
	char *slash = close == NULL ? strchr(rest, '/') : strchr(close, '/');
	if (slash != NULL) {
		*slash++ = '\0';
		out->nav = slash;
	}
	if (open == NULL)
		return close == NULL && out->nav == NULL;
	if (close == NULL || close < open || close[1] != '\0')
		return false;
	*open++ = '\0';
	*close = '\0';
	out->key = open;
	return true;
}

static enum on
on_of(const char *method, const char *rest, const char *query)
{
	if (starts(rest, "$batch"))
		return ON_BATCH;
	if (starts(rest, "EntityDefinitions") ||
	    starts(rest, "RelationshipDefinitions"))
		return ON_META;
	if (strcmp(method, "PATCH") == 0)
		return ON_PATCH;
	if (strcmp(method, "POST") == 0)
		return ON_POST;
	if (strcmp(method, "DELETE") == 0)
		return ON_DELETE;
	if (query != NULL && strstr(query, "deltatoken=") != NULL)
		return ON_DELTA;
	return strchr(rest, '(') == NULL && strcmp(rest, "WhoAmI") != 0 ? ON_LIST
									: ON_ROW;
}

/* Which fault this request will meet. */
void
fault_match(struct sim *s, struct request *r, const char *rest)
{
	char set[128];
	size_t table;
	snprintf(set, sizeof(set), "%.*s", (int)strcspn(rest, "(/?"), rest);
	r->on = on_of(r->in.method, rest, r->query);
	r->faulted = fault_take(s, r, set_find(s, set, &table) ? set : "");
}

static void
who_am_i(struct sim *s, struct request *r, struct reply *out)
{
	size_t table;
	if (!table_find(s, "systemuser", &table))
		die("schema");
	reply_json(out, 200, json_pack("{s:s, s:s, s:s, s:s}",
	    "@odata.context", pool_fmt(&r->pool,
		"%s$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
		set_base(s, r)),
	    "BusinessUnitId", guid_text(guid_seeded(1, "unit", 0)), "UserId",
	    guid_text(s->tables[table].n_rows == 0
		    ? guid_seeded(1, "user", 0)
		    : s->tables[table].rows[0]->id),
	    "OrganizationId", guid_text(guid_seeded(1, "organisation", 0))));
}

static void
refuse(struct reply *out, unsigned status, const char *what, const char *name)
{
	reply_error(out, status, "0x80060888", "%s '%.200s'.", what, name);
}

static void
row_serve(struct sim *s, struct request *r, struct reply *out, size_t table,
    const struct target_path *p)
{
	if (p->nav != NULL && r->on == ON_ROW)
		on_child(s, r, out, table, p->key, p->nav);
	else if (p->nav != NULL)
		refuse(out, 405, "This cannot be written:", p->nav);
	else if (r->on == ON_PATCH)
		on_patch(s, r, out, table, p->key);
	else if (r->on == ON_DELETE)
		on_remove(s, r, out, table, p->key);
	else if (strcmp(r->in.method, "GET") == 0)
		on_row(s, r, out, table, p->key);
	else
		refuse(out, 405, "The method is not allowed:", r->in.method);
}

static void
set_serve(struct sim *s, struct request *r, struct reply *out, char *rest)
{
	struct target_path p;
	size_t table;
	const char *whole = pool_text(&r->pool, rest, strlen(rest));
	if (!path_split(rest, &p) || !set_find(s, p.set, &table))
		refuse(out, 404, "Resource not found for the segment", whole);
	else if (p.key != NULL)
		row_serve(s, r, out, table, &p);
	else if (strcmp(r->in.method, "POST") == 0)
		on_create(s, r, out, table);
	else if (strcmp(r->in.method, "GET") == 0)
		on_list(s, r, out, table);
	else
		refuse(out, 405, "The method is not allowed:", r->in.method);
}

/* What a good client sends with each call. */
static void
manners(struct sim *s, const struct request *r)
{
	if (r->inner)
		return;
	if (r->h.version == NULL || strcmp(r->h.version, "4.0") != 0)
		complain(s, "no_odata_version");
	if (r->h.accept == NULL)
		complain(s, "no_accept");
	if (r->query != NULL && strchr(r->query, '+') != NULL)
		complain(s, "plus_in_query");
}

static void
data_serve(struct sim *s, struct request *r, struct reply *out, char *rest)
{
	const bool get = strcmp(r->in.method, "GET") == 0;
	manners(s, r);
	if (r->on == ON_BATCH && strcmp(rest, "$batch") == 0)
		on_batch(s, r, out);
	else if (r->on == ON_META)
		on_meta(s, r, out, rest);
	else if (!get && (strcmp(rest, "PublishXml") == 0 ||
		     strcmp(rest, "PublishAllXml") == 0))
		reply_json(out, 204, NULL);
	else if (get && (strcmp(rest, "WhoAmI") == 0 ||
			    strcmp(rest, "WhoAmI()") == 0))
		who_am_i(s, r, out);
	else if (get && *rest == '\0')
		reply_json(out, 200, json_pack("{s:s, s:[]}", "@odata.context",
		    pool_fmt(&r->pool, "%s$metadata", set_base(s, r)), "value"));
	else
		set_serve(s, r, out, rest);
}

static void
data_answer(struct sim *s, struct request *r, struct reply *out)
{
	const char *why = NULL, *begin = r->path + strlen(s->opt.prefix);
	const size_t len = strlen(begin);
	char *rest = pool_get(&r->pool, len + 1);
	if (!url_decode_to(begin, len, false, rest)) {
		refuse(out, 400, "A broken escape in", begin);
		return;
	}
	fault_match(s, r, rest);
	fault_before(s, r);
	if (!r->inner && !token_good(s, r, &why)) {
		out->status = 401;
		out->challenge = pool_fmt(&r->pool, "Bearer authorization_uri=%s/"
		    "%s/oauth2/authorize, resource_id=%s/, error=invalid_token, "
		    "error_description=%s", base_of(s, r), s->opt.tenant,
		    base_of(s, r), why);
		return;
	}
	if (r->faulted && fault_replaces(s, r, out)) {
		if (!r->fault.store)
			return;
		struct reply thrown = { .retry_after = -1 };
		data_serve(s, r, &thrown, rest);
		reply_clear(&thrown);
		return;
	}
	data_serve(s, r, out, rest);
	if (r->faulted)
		fault_after(r, out);
}

void
on_data(struct sim *s, struct request *r, struct reply *out)
{
	data_answer(s, r, out);
	/* As version 3 of the protocol had it. */
	if (out->status >= 400 && out->json != NULL && mutant(s, "error-shape"))
		reply_json(out, out->status, json_pack("{s:s}", "Message", "Bad"));
}
