/*
 * randcrm_profile.c - the profile of a drawn server, as a person would write it.
 */
#include <ctype.h>
#include <string.h>

#include "npsync.h"
#include "randcrm.h"

/* "a.b" as "a.b" or "/a/b"; names match without case. */
static void
add_path(struct randcrm *crm, struct buf *to, const struct rand_listing *l,
    const char *path, const char *end)
{
	if (!l->dotted)
		buf_char(to, '/');
	for (const char *c = path; *c != '\0'; c++) {
		const bool other = c == path && l->index == 1;
		if (*c == '.' && !l->dotted)
			buf_char(to, '/');
		else
			buf_char(to, other ? (char)(islower((unsigned char)*c)
			    ? toupper((unsigned char)*c)
			    : tolower((unsigned char)*c)) : *c);
	}
	for (const char *c = end; *c != '\0'; c++)
		buf_char(to, *c == '.' && !l->dotted ? '/' : *c);
	(void)crm;
}

static void
add_field(struct randcrm *crm, struct buf *to, const struct rand_listing *l,
    const char *key, const char *path, const char *end, bool may_miss)
{
	buf_printf(to, "    %s = [ ", key);
	if (l->index == 2)
		buf_str(to, "\"/nowhere/at/all\", ");
	buf_char(to, '"');
	add_path(crm, to, l, path, end);
	buf_printf(to, "\"%s ];\n", may_miss ? ", \"\"" : "");
}

/* ---- requests ----------------------------------- */
static const char *
since_hole(const struct rand_listing *l)
{
	static const char *const holes[RAND_SINCES] = { "{since}",
		"{since:iso_ms}", "{since:epoch}", "{since:epoch_ms}",
		"{since:date}", "{since:%Y-%m-%d %H:%M:%S}" };

	return holes[l->since_as];
}

struct hole {
	const char *name;
	char text[64];
};

static size_t
holes_of(const struct rand_listing *l, struct hole v[8])
{
	const char *end = l->post ? ":number}" : "}";
	size_t n = 0;

#define HOLE(name_, ...) do { v[n].name = (name_); \
	(void)snprintf(v[n++].text, sizeof(v[0].text), __VA_ARGS__); } while (0)
	if (!l->whole)
		HOLE(l->since_name, "%s", since_hole(l));
	if (!l->whole && l->until)
		HOLE("until", "{until:epoch}");
	if (!l->holes)
		return n;
	HOLE("n", "{size%s", end);
	if (l->paging == RAND_PAGE || l->paging == RAND_OFFSET)
		HOLE(l->page_name, "{%s%s", l->paging == RAND_PAGE ? "page"
		    : "offset", end);
	if (l->paging == RAND_CURSOR && !l->in_header)
		HOLE("cur", "{cursor?}");
	if (l->paging == RAND_KEYSET) {
		HOLE("after", "{last_id?}");
		if (l->order == RAND_BY_STAMP)
			HOLE("stamp", "{last_stamp?}");
	}
#undef HOLE
	return n;
}

static void
add_request(struct buf *to, const struct rand_listing *l)
{
	struct hole v[8];
	const size_t n = holes_of(l, v);

	buf_printf(to, "    read = { request = { path = \"/%s", l->path);
	for (size_t i = 0; !l->post && i < n; i++)
		buf_printf(to, "%c%s=%s", i == 0 ? '?' : '&', v[i].name,
		    v[i].text);
	buf_str(to, "\";");
	if (l->post) {
		buf_str(to, " method = \"POST\"; repeatable = true; json = "
		    "\"{ \\\"q\\\": { ");
		for (size_t i = 0; i < n; i++)
			buf_printf(to, "%s\\\"%s\\\": \\\"%s\\\"", i == 0 ? ""
			    : ", ", v[i].name, v[i].text);
		buf_str(to, " } }\";");
	}
	if (l->in_header)
		buf_str(to, " headers = ( { name = \"X-Cursor\"; value = "
		    "\"{cursor?}\"; } );");
	buf_printf(to, " rows = [ \"%s\" ]; };\n", l->rows);
}

static void
add_paging(struct buf *to, const struct rand_listing *l)
{
	static const char *const kinds[RAND_PAGINGS] = { "auto", "auto", "none",
		"page", "offset", "next_link", "link_header", "cursor",
		"keyset" };

	buf_printf(to, "    paging = { kind = \"%s\"; size = %d; first = %d; "
	    "page_param = \"%s\"; offset_param = \"%s\"; size_param = \"%s\"; "
	    "cursor_param = \"cur\"; max_pages = 300;", kinds[l->paging],
	    l->size, l->first, l->page_name, l->page_name, l->size_name);
	if (l->paging == RAND_CURSOR)
		buf_printf(to, " cursor = [ \"%s\" ];", l->next);
	else
		buf_printf(to, " next = [ \"%s\" ];", l->next);
	if (l->total != NULL)
		buf_printf(to, " total = [ \"%s\" ];", l->total);
	buf_str(to, " };\n");
}

/* ---- times, words ------------------------------------------------------------------ */
static const char *
wire_name(enum rand_wire wire)
{
	switch (wire) {
	case RAND_EPOCH:
		return "epoch";
	case RAND_EPOCH_MS:
		return "epoch_ms";
	case RAND_OBJECT:
		return "object";
	case RAND_PATTERN:
		return "dd/MM/yyyy HH:mm:ss";
	case RAND_Z:
	case RAND_ZONED:
	case RAND_NAIVE:
	case RAND_MS:
	case RAND_DAY:
		break;
	}
	return "iso";
}

static void
add_times(struct buf *to, const struct rand_listing *l)
{
	if (l->at_wire == RAND_PATTERN || l->dotted)
		buf_printf(to, "    format = ( { field = \"occurred_at\"; as = "
		    "\"%s\"; } );\n", wire_name(l->at_wire));
}

static void
add_trigger(struct randcrm *crm, struct buf *to, const struct rand_listing *l)
{
	if (!l->by_word) {
		buf_printf(to, "    trigger = \"%s\";\n", l->trigger);
		return;
	}
	add_field(crm, to, l, "trigger_at", l->word, "", false);
	buf_printf(to, "    values = ( { field = \"trigger\"; from = \"Internt\"; "
	    "to = \"\"; }, { field = \"trigger\"; from = \"*\"; to = \"%s\"; } "
	    ");\n", l->trigger);
}

static void
add_naming(struct randcrm *crm, struct buf *to, const struct rand_listing *l)
{
	static const char *const ends[RAND_NAMINGS] = { "", ".id", ".*",
		".*.id", ".@keys", "", "" };

	if (l->naming < RAND_LINK)
		add_field(crm, to, l, "contact", l->person, ends[l->naming],
		    l->missing_key);
	else if (l->naming == RAND_LINK)
		buf_printf(to, "    link = { contact = [ \"pid\" ]; request = { "
		    "path = \"/of/%d/{id}\"; rows = [ \"items\" ]; }; };\n",
		    l->index);
	else
		buf_printf(to, "    link = { key = [ \"for\" ]; contact = [ "
		    "\"%s\" ]; batch_max = %d; batch = { path = \"/links/%d"
		    "?ids={ids:comma}\"; rows = [ \"\" ]; }; };\n",
		    l->dotted ? "pids.*" : "/pid", l->batch_max, l->index);
}

static void
add_listing(struct randcrm *crm, struct buf *to, const struct rand_listing *l)
{
	buf_printf(to, "  {\n    name = \"%s\";\n", l->name);
	add_trigger(crm, to, l);
	add_request(to, l);
	add_paging(to, l);
	add_field(crm, to, l, "id", l->id, "", false);
	add_field(crm, to, l, "stamp", l->stamp_path, "", false);
	if (l->stamp_wire == RAND_PATTERN || l->dotted)
		buf_printf(to, "    stamp_as = \"%s\";\n",
		    wire_name(l->stamp_wire));
	buf_printf(to, "    since_strict = %s; resolution_s = %d; sorted = %s;\n"
	    "    };\n", l->strict ? "true" : "false", l->resolution,
	    l->sorted ? "true" : "false");
	add_naming(crm, to, l);
	add_field(crm, to, l, "occurred_at", l->at_path, "", false);
	add_times(to, l);
	if (l->first_only)
		buf_str(to, "    first_contact = true;\n");
	buf_printf(to, "  }%s\n", l->index + 1 < crm->n_listings ? "," : "");
}

/* ---- who we are ----------------------------------- */
static const char *const auths[RAND_AUTHS] = {
	[RAND_NO_AUTH] = "", [RAND_BASIC] = "auth = { style = \"basic\"; };\n",
	[RAND_KEY] = "auth = { style = \"header\"; header = \"X-Key\"; prefix = "
	    "\"Key \"; };\n",
	[RAND_BEARER] = "auth = { style = \"bearer\"; };\n",
	[RAND_OAUTH2] = "auth = { style = \"oauth2\"; oauth2 = { token_path = "
	    "\"/token\"; }; };\n",
	[RAND_LOGIN] = "auth = { style = \"login\"; header = \"X-Session\"; value "
	    "= \"{user}:{session.id}\"; login = { method = \"POST\"; path = "
	    "\"/login\"; json = \"{\\\"u\\\": \\\"{user}\\\", \\\"p\\\": "
	    "\\\"{secret}\\\"}\"; }; values = ( { name = \"id\"; at = "
	    "\"/s/id\"; } ); };\n" };

const char *
randcrm_profile(struct randcrm *crm)
{
	struct buf to;

	buf_init(&to, 65536);
	buf_printf(&to, "timezone = \"%s\";\n%s", crm->zone, auths[crm->auth]);
	buf_str(&to, "errors = ( { at = \"/error\"; means = \"failure\"; text = "
	    "\"/error/message\"; } );\nevents = (\n");
	for (int i = 0; i < crm->n_listings; i++)
		add_listing(crm, &to, &crm->listing[i]);
	buf_str(&to, ");\n");
	const char *text = arena_strdup(crm->arena, buf_text(&to));
	buf_free(&to);
	return text;
}

const char *
randcrm_describe(const struct randcrm *crm)
{
	static const char *const kinds[RAND_PAGINGS] = { "auto-link",
		"auto-page", "none", "page", "offset", "next", "header",
		"cursor", "keyset" };
	static const char *const orders[RAND_ORDERS] = { "id", "stamp",
		"stamp down", "hash" };
	struct buf to;

	buf_init(&to, 4096);
	for (int i = 0; i < crm->n_listings; i++) {
		const struct rand_listing *l = &crm->listing[i];
		buf_printf(&to, "%s%s: %s, %d of %d rows a page, by %s%s, %d s%s",
		    i == 0 ? "" : "; ", l->name, kinds[l->paging],
		    l->size < l->cap ? l->size : l->cap, l->n_rows,
		    orders[l->order], l->sorted ? " (sorted)" : "",
		    l->resolution, l->whole ? ", whole" : l->strict
		    ? ", strict" : "");
	}
	const char *text = arena_strdup(crm->arena, buf_text(&to));
	buf_free(&to);
	return text;
}
