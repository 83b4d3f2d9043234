/*
 * randcrm_serve.c - answers of a drawn server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "npsync.h"
#include "randcrm.h"

#define BASIC "Authorization: Basic bnBzeW5jOnMzY3JldA=="

/* ---- what a request says ----------------------------------- */
struct asked {
	struct randcrm *crm;
	char path[512], query[8192];
	const char *request;
	json_t *body;			/* of a POST: its member "q" */
	struct rand_listing *l;
	struct rand_row *row[2 * RAND_ROWS_MAX];	/* that it is about, in order */
	int n, from, count;		/* the page: rows from .. from + count */
	struct sim_reply *reply;
};

static int
hex(char c)
{
	return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

static void
decode(char *out, size_t size, const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++) {
		if (s[i] == '%' && i + 2 < len) {
			out[n++] = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
			i += 2;
		} else {
			out[n++] = s[i];
		}
	}
	out[n] = '\0';
}

/* False: it was not sent. */
static bool
from_query(const struct asked *a, const char *name, char *out, size_t size)
{
	const size_t len = strlen(name);

	for (const char *s = a->query; *s != '\0';) {
		const size_t n = strcspn(s, "&");
		if (n > len && strncmp(s, name, len) == 0 && s[len] == '=') {
			decode(out, size, s + len + 1, n - len - 1);
			return true;
		}
		s += n + (s[n] == '&');
	}
	return false;
}

static bool
from_body(const struct asked *a, const char *name, char *out, size_t size)
{
	json_t *value = json_object_get(a->body, name);

	if (json_is_integer(value))
		(void)snprintf(out, size, "%lld",
		    (long long)json_integer_value(value));
	else if (json_is_string(value))
		(void)snprintf(out, size, "%s", json_string_value(value));
	return value != NULL;
}

static bool
from_header(const struct asked *a, const char *name, char *out, size_t size)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "\r\n%s: ", name);
	const char *s = strcasestr(a->request, line);
	if (s == NULL)
		return false;
	s += strlen(line);
	(void)snprintf(out, size, "%.*s", (int)strcspn(s, "\r"), s);
	return true;
}

static bool
param(const struct asked *a, const char *name, char *out, size_t size)
{
	*out = '\0';
	return a->body != NULL ? from_body(a, name, out, size)
	                       : from_query(a, name, out, size);
}

static int
number(const struct asked *a, const char *name, int missing)
{
	char text[64];

	return !param(a, name, text, sizeof(text)) ? missing
	    : (int)strtoll(text, NULL, 10);
}

/* ---- rows of a request ----------------------------------- */
static time_t
since_of(const struct asked *a)
{
	const struct rand_listing *l = a->l;
	char text[64];
	time_t t = 0;

	if (!param(a, l->since_name, text, sizeof(text)))
		return 0;
	switch (l->since_as) {
	case RAND_SINCE_EPOCH:
		return (time_t)strtoll(text, NULL, 10);
	case RAND_SINCE_EPOCH_MS:
		return (time_t)(strtoll(text, NULL, 10) / 1000);
	case RAND_SINCE_ISO:
	case RAND_SINCE_MS:
	case RAND_SINCE_DATE:
	case RAND_SINCE_PATTERN:
	case RAND_SINCES:
		break;
	}
	return clock_parse_iso(text, a->crm->zone, &t) ? t : 0;
}

static const struct rand_listing *sort_by;

static int
compare(const void *left, const void *right)
{
	const struct rand_row *a = *(struct rand_row *const *)left;
	const struct rand_row *b = *(struct rand_row *const *)right;
	const time_t at = a->told;
	const time_t bt = b->told;
	const unsigned ah = (unsigned)a->n * 2654435761u;
	const unsigned bh = (unsigned)b->n * 2654435761u;

	switch (sort_by->order) {
	case RAND_BY_STAMP:
		return at != bt ? (at > bt) - (at < bt) : a->n - b->n;
	case RAND_BY_STAMP_DOWN:
		return at != bt ? (at < bt) - (at > bt) : b->n - a->n;
	case RAND_BY_HASH:
		return (ah > bh) - (ah < bh);
	case RAND_BY_ID:
	case RAND_ORDERS:
		break;
	}
	return a->n - b->n;
}

static void
rows_select(struct asked *a)
{
	const struct randcrm *crm = a->crm;
	struct rand_listing *l = a->l;
	const bool ignored = crm->wild && crm->mutant == RAND_SINCE_IGNORED;
	const time_t since = l->whole || ignored ? 0 : since_of(a);
	const int until = number(a, "until", 0);

	for (int i = 0; i < l->n_rows; i++) {
		struct rand_row *r = &l->row[i];
		const time_t at = r->told;
		if (r->visible <= crm->now + crm->skew &&
		    (until == 0 || at <= until) &&
		    (since == 0 || (l->strict ? at > since : at >= since)))
			a->row[a->n++] = r;
	}
	sort_by = l;
	qsort(a->row, (size_t)a->n, sizeof(a->row[0]), compare);
	if (crm->wild && crm->mutant == RAND_TWICE) {
		for (int i = a->n - 1; i >= 0; i--)
			a->row[2 * i] = a->row[2 * i + 1] = a->row[i];
		a->n *= 2;
	}
	if (!crm->wild || crm->mutant != RAND_OUT_OF_ORDER || !l->sorted)
		return;
	for (int i = 0; i + 1 < a->n; i += 2) {
		struct rand_row *r = a->row[i];
		if (r->told == a->row[i + 1]->told)
			continue;
		a->row[i] = a->row[i + 1];
		a->row[i + 1] = r;
	}
}

/* ---- which page ----------------------------------- */
/* The first row behind (stamp, id). */
static int
behind(const struct asked *a, time_t stamp, const char *id)
{
	const struct rand_listing *l = a->l;
	int n = 0, i = 0;

	for (int k = 0; k < l->n_rows; k++)
		if (strcmp(randcrm_id(l, l->row[k].n), id) == 0)
			n = l->row[k].n;
	for (; i < a->n; i++) {
		const struct rand_row *r = a->row[i];
		const time_t at = r->told;
		if (l->order == RAND_BY_STAMP
		    ? at > stamp || (at == stamp && r->n > n) : r->n > n)
			break;
	}
	return i;
}

/* A place by row, if rows have an order that lasts: "k<stamp>=<id>"; else by
 * number: "o<number>". */
static int
token_place(const struct asked *a, const char *token)
{
	char *end;

	if (*token == 'o')
		return (int)strtoll(token + 1, NULL, 10);
	if (*token != 'k')
		return 0;
	const long long stamp = strtoll(token + 1, &end, 10);
	return behind(a, (time_t)stamp, end + 1);
}

static void
token_write(const struct asked *a, int next, char *out, size_t size)
{
	const struct rand_row *r = a->row[next - 1];

	if (a->l->order == RAND_BY_ID || a->l->order == RAND_BY_STAMP)
		(void)snprintf(out, size, "k%lld=%s",
		    (long long)r->told,
		    randcrm_id(a->l, r->n));
	else
		(void)snprintf(out, size, "o%d", next);
}

static int
keyset_place(const struct asked *a)
{
	char id[256], stamp[64];
	time_t t = 0;

	if (!param(a, "after", id, sizeof(id)))
		return 0;
	if (param(a, "stamp", stamp, sizeof(stamp)) &&
	    !clock_parse_iso(stamp, a->crm->zone, &t))
		t = 0;
	return behind(a, t, id);
}

static int
place(const struct asked *a, int size)
{
	const struct rand_listing *l = a->l;
	char token[256] = "";

	switch (l->paging) {
	case RAND_AUTO_PAGE:
	case RAND_PAGE:
		return (number(a, l->page_name, l->first) - l->first) * size;
	case RAND_OFFSET:
		return number(a, l->page_name, 0);
	case RAND_AUTO_LINK:
	case RAND_NEXT:
	case RAND_HEADER:
		(void)from_query(a, "token", token, sizeof(token));
		return token_place(a, token);
	case RAND_CURSOR:
		if (!(l->in_header ? from_header(a, "X-Cursor", token,
		        sizeof(token)) : param(a, "cur", token, sizeof(token))))
			return 0;
		return token_place(a, token);
	case RAND_KEYSET:
		return keyset_place(a);
	case RAND_NONE:
	case RAND_PAGINGS:
		break;
	}
	return 0;
}

static void
page_select(struct asked *a)
{
	const struct randcrm *crm = a->crm;
	const struct rand_listing *l = a->l;
	const bool wild = crm->wild;
	int size = l->holes ? number(a, "n", 20)
	    : *l->size_name != '\0' ? number(a, l->size_name, 20) : 20;

	size = l->paging == RAND_NONE ? 2 * RAND_ROWS_MAX
	    : size < l->cap ? size : l->cap;
	a->from = place(a, size);
	if (wild && crm->mutant == RAND_IGNORES_PAGE)
		a->from = 0;
	if (wild && crm->mutant == RAND_REPEATS_PAGE && a->n > 0 &&
	    a->from >= a->n)
		a->from = (a->n - 1) / size * size;
	if (a->from < 0 || a->from > a->n)
		a->from = a->n;
	a->count = a->n - a->from < size ? a->n - a->from : size;
}

/* ---- the page ----------------------------------- */
static void
encode(struct buf *to, const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "0123456789-_.~", *s) != NULL)
			buf_char(to, *s);
		else
			buf_printf(to, "%%%02X", (unsigned)(unsigned char)*s);
}

/* The address of the next page, with the parameters of this one. */
static void
next_url(const struct asked *a, const char *token, struct buf *to)
{
	const struct rand_listing *l = a->l;
	const char *s = a->query;

	if (a->crm->wild && a->crm->mutant == RAND_FOREIGN_LINK)
		buf_printf(to, "http://crm.example.net/api/%s", l->path);
	else if (!l->relative)
		buf_printf(to, "%s/api/%s", a->crm->url, l->path);
	else if (l->dotted)
		buf_printf(to, "/api/%s", l->path);
	buf_char(to, '?');
	while (*s != '\0') {
		const size_t n = strcspn(s, "&");
		if (strncmp(s, "token=", 6) != 0)
			buf_printf(to, "%.*s&", (int)n, s);
		s += n + (s[n] == '&');
	}
	buf_str(to, "token=");
	encode(to, token);
}

static void
page_next(struct asked *a, json_t *root)
{
	const struct rand_listing *l = a->l;
	struct randcrm *crm = a->crm;
	const int next = a->from + a->count;
	char token[256] = "";
	struct buf url;

	if (next < a->n && next > 0)
		token_write(a, next, token, sizeof(token));
	if (crm->wild && crm->mutant == RAND_STUCK_CURSOR && a->n > 0)
		(void)snprintf(token, sizeof(token), "o%d", 0);
	buf_init(&url, 16384);
	if (*token != '\0')
		next_url(a, token, &url);
	const char *name = crm->wild && crm->mutant == RAND_NEXT_RENAMED
	    ? "renamed" : l->next;
	if (l->paging == RAND_CURSOR && (*token != '\0' || l->missing_key))
		randcrm_put(root, name, *token == '\0' ? json_null()
		    : json_string(token));
	else if ((l->paging == RAND_NEXT || l->paging == RAND_AUTO_LINK) &&
	    (*token != '\0' || l->missing_key || l->paging == RAND_AUTO_LINK))
		randcrm_put(root, name, *token == '\0' ? json_null()
		    : json_string(buf_text(&url)));
	else if (l->paging == RAND_HEADER && *token != '\0')
		buf_printf(&crm->headers, "Link: </api/x>; rel=\"prev\", <%s>; "
		    "rel=\"%s\"\r\n", buf_text(&url),
		    name == l->next ? "next" : "renamed");
	buf_free(&url);
}

static json_t *
page_rows(struct asked *a)
{
	json_t *rows = json_array();
	struct randcrm *crm = a->crm;
	int n = a->count;

	if (crm->wild && crm->mutant == RAND_DROPS_LAST && n > 0)
		n--;
	if (crm->wild && crm->mutant == RAND_SHORT_PAGE && a->from == 0)
		n -= n / 3;
	for (int i = 0; i < n; i++) {
		struct rand_row *r = a->row[a->from + i];
		char *own = NULL;
		const char *json = crm->wild ? randcrm_row_json(crm, a->l, r,
		    &own) : r->json != NULL ? r->json
		    : randcrm_row_json(crm, a->l, r, &r->json);
		json_t *row = json_loads(json, 0, NULL);
		(void)json_array_append_new(rows, row);
		randcrm_free(own);
	}
	return rows;
}

static void
spoil(struct asked *a, json_t *root)
{
	struct randcrm *crm = a->crm;
	char *text = json_dumps(root, JSON_COMPACT);
	const size_t len = strlen(text);

	if (crm->wild && a->from > 0 && crm->mutant == RAND_EMPTY_200)
		buf_reset(&crm->body);
	else if (crm->wild && a->from > 0 && crm->mutant == RAND_HTML)
		buf_str(&crm->body, "<html><body>Vi er straks tilbage</body>"
		    "</html>");
	else
		buf_add(&crm->body, text, crm->wild && len > 8 &&
		    crm->mutant == RAND_CUT_JSON ? len - 7 : len);
	randcrm_free(text);
}

static void
answer_listing(struct asked *a)
{
	const struct randcrm *crm = a->crm;
	json_t *root = json_object();

	rows_select(a);
	page_select(a);
	randcrm_put(root, "meta.took", json_integer(3));
	if (a->l->total != NULL)
		randcrm_put(root, a->l->total, json_integer(a->n));
	page_next(a, root);
	if (crm->wild && a->from > 0 && (crm->mutant == RAND_ERROR_200 ||
	        crm->mutant == RAND_NULL_ROWS))
		randcrm_put(root, "error.message", json_string("Timeout"));
	if (crm->wild && a->from > 0 && crm->mutant == RAND_NULL_ROWS)
		randcrm_put(root, a->l->rows, json_null());
	else if (!(crm->wild && a->from > 0 && crm->mutant == RAND_ERROR_200))
		randcrm_put(root, crm->wild && crm->mutant == RAND_ROWS_RENAMED
		    ? "renamed" : a->l->rows, page_rows(a));
	spoil(a, root);
	json_decref(root);
}

/* ---- who rows are about ----------------------------------- */
static void
answer_of(struct asked *a, const char *id)
{
	struct randcrm *crm = a->crm;
	const struct rand_listing *l = a->l;
	const struct rand_row *r = NULL;
	char plain[256];

	decode(plain, sizeof(plain), id, strlen(id));
	for (int i = 0; i < l->n_rows; i++)
		if (strcmp(randcrm_id(l, l->row[i].n), plain) == 0)
			r = &l->row[i];
	if (crm->wild && crm->mutant == RAND_LINK_FAILS && r != NULL &&
	    r->n % 5 == 0)
		a->reply->status = 500;
	else if (r == NULL || (r->n_persons == 0 && l->link_gone))
		a->reply->status = 404;
	buf_str(&crm->body, "{\"items\":[");
	for (int i = 0; r != NULL && i < r->n_persons; i++)
		buf_printf(&crm->body, "%s{\"pid\":\"P%d\"}", i == 0 ? "" : ",",
		    r->persons[i]);
	buf_str(&crm->body, "]}");
}

static void
batch_row(json_t *all, const struct rand_listing *l, const struct rand_row *r)
{
	json_t *pids = json_array();
	char text[16];

	for (int i = 0; i < r->n_persons; i++) {
		(void)snprintf(text, sizeof(text), "P%d", r->persons[i]);
		(void)json_array_append_new(pids, json_string(text));
		if (!l->dotted)
			(void)json_array_append_new(all, json_pack("{s:s, s:s}",
			    "for", randcrm_id(l, r->n), "pid", text));
	}
	if (l->dotted && r->n_persons > 0)
		(void)json_array_append_new(all, json_pack("{s:s, s:O}", "for",
		    randcrm_id(l, r->n), "pids", pids));
	json_decref(pids);
}

static void
batch_rows(json_t *all, const struct rand_listing *l, const char *id)
{
	for (int i = 0; i < l->n_rows; i++)
		if (strcmp(randcrm_id(l, l->row[i].n), id) == 0)
			batch_row(all, l, &l->row[i]);
}

static void
answer_batch(struct asked *a)
{
	struct randcrm *crm = a->crm;
	json_t *all = json_array();
	char ids[8192];
	int n = 0;

	(void)from_query(a, "ids", ids, sizeof(ids));
	for (char *id = ids; *id != '\0'; n++) {
		char *end = id + strcspn(id, ",");
		const bool last = *end == '\0';
		*end = '\0';
		if (!crm->wild || crm->mutant != RAND_BATCH_SHORT || n < 10)
			batch_rows(all, a->l, id);
		id = end + !last;
	}
	char *text = json_dumps(all, JSON_COMPACT);
	buf_str(&crm->body, text);
	randcrm_free(text);
	json_decref(all);
}

/* ---- who asks ----------------------------------- */
static bool
is_signed(const struct asked *a)
{
	const struct randcrm *crm = a->crm;
	char want[96] = "";

	switch (crm->auth) {
	case RAND_KEY:
		(void)snprintf(want, sizeof(want), "X-Key: Key s3cret\r\n");
		break;
	case RAND_BASIC:
		(void)snprintf(want, sizeof(want), "%s\r\n", BASIC);
		break;
	case RAND_BEARER:
		(void)snprintf(want, sizeof(want),
		    "Authorization: Bearer s3cret\r\n");
		break;
	case RAND_OAUTH2:
		(void)snprintf(want, sizeof(want),
		    "Authorization: Bearer tok%d\r\n", crm->token);
		break;
	case RAND_LOGIN:
		(void)snprintf(want, sizeof(want),
		    "X-Session: npsync:ses%d\r\n", crm->token);
		break;
	case RAND_NO_AUTH:
	case RAND_AUTHS:
		break;
	}
	return strcasestr(a->request, want) != NULL;
}

/* A token or a session; true = that was the request. */
static bool
answer_login(struct asked *a)
{
	struct randcrm *crm = a->crm;

	if (crm->auth == RAND_OAUTH2 && strcmp(a->path, "/api/token") == 0)
		buf_printf(&crm->body, "{\"access_token\":\"tok%d\","
		    "\"token_type\":\"bearer\",\"expires_in\":86400}",
		    ++crm->token);
	else if (crm->auth == RAND_LOGIN && strcmp(a->path, "/api/login") == 0)
		buf_printf(&crm->body, "{\"s\":{\"id\":\"ses%d\"}}",
		    ++crm->token);
	else
		return false;
	return true;
}

/* ---- all of it ----------------------------------- */
static void
answer_path(struct asked *a)
{
	struct randcrm *crm = a->crm;
	int k;

	for (int i = 0; i < crm->n_listings; i++) {
		char of[32], links[32];
		a->l = &crm->listing[i];
		(void)snprintf(of, sizeof(of), "/api/of/%d/", i);
		(void)snprintf(links, sizeof(links), "/api/links/%d", i);
		k = (int)strlen(of);
		if (strcmp(a->path + 5, a->l->path) == 0)
			answer_listing(a);
		else if (strncmp(a->path, of, (size_t)k) == 0)
			answer_of(a, a->path + k);
		else if (strcmp(a->path, links) == 0)
			answer_batch(a);
		else
			continue;
		return;
	}
	a->reply->status = 404;
}

static void
request_read(struct asked *a, const char *body)
{
	const char *s = strchr(a->request, ' ');
	const size_t len = s == NULL ? 0 : strcspn(s + 1, "? ");

	if (s == NULL)
		return;
	(void)snprintf(a->path, sizeof(a->path), "%.*s", (int)len, s + 1);
	if (s[1 + len] == '?')
		(void)snprintf(a->query, sizeof(a->query), "%.*s",
		    (int)strcspn(s + 2 + len, " "), s + 2 + len);
	if (strncmp(a->request, "POST", 4) == 0) {
		json_t *root = json_loads(body, 0, NULL);
		a->body = json_incref(json_object_get(root, "q"));
		json_decref(root);
	}
}

static void
date_write(struct randcrm *crm)
{
	const time_t now = crm->now + crm->skew;
	char text[64];
	struct tm tm;

	if (!crm->dated || gmtime_r(&now, &tm) == NULL)
		return;
	(void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	buf_printf(&crm->headers, "Date: %s\r\n", text);
}

/* An incident, if it is its turn.  True: that is the answer. */
static bool
fails(struct asked *a)
{
	struct randcrm *crm = a->crm;

	if (++crm->requests > crm->limit) {
		a->reply->status = 500;
		return true;
	}
	if (crm->fail_in == 0 || --crm->fail_in > 0)
		return false;
	if (crm->fail_how == 0)
		a->reply->status = 500;
	if (crm->fail_how == 1) {
		a->reply->mode = SIM_CUT;
		a->reply->cut = 60;
		return false;
	}
	if (crm->fail_how == 2)
		crm->token++;		/* nobody's session is good any more */
	return crm->fail_how == 0;
}

void
randcrm_answer(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	struct randcrm *crm = arg;
	struct asked a = { .crm = crm, .request = request, .reply = reply };

	buf_reset(&crm->body);
	buf_reset(&crm->headers);
	crm->now += 1 + randcrm_draw(crm, 9);
	request_read(&a, body);
	date_write(crm);
	if (!fails(&a) && !answer_login(&a)) {
		if (is_signed(&a))
			answer_path(&a);
		else
			reply->status = 401;
	}
	json_decref(a.body);
	if (getenv("RAND_TRACE") != NULL)
		(void)fprintf(stderr, "%.*s %s -> %d, %d rows of %d\n",
		    (int)strcspn(request, "\r"), request, body, reply->status,
		    a.count, a.n);
	buf_printf(&crm->headers, "Content-Type: %s\r\n",
	    crm->wild && crm->mutant == RAND_HTML ? "text/html"
	    : "application/json");
	reply->headers = buf_text(&crm->headers);
	reply->body = buf_text(&crm->body);
	reply->body_len = crm->body.len;
}
