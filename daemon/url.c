/*
 * Addresses.  libcurl parses them, because libcurl connects to them; what a
 * server hands us is looked at as text too, so that a difference between two
 * parsers never decides where a credential goes.
 */
#include "url.h"

#include <arpa/inet.h>
#include <string.h>

#include "buf.h"
#include "http_curl.h"

#define NEXT_MAX ((size_t)8192)
#define PATH_BYTES_MAX ((size_t)32768)
#define ESCAPES_MAX 8	/* an escape in an escape in ...; no service does it */
#define AUTHORITY_END "/?#"

struct parts {
	char *scheme, *host, *port, *path, *query, *fragment, *user, *password;
};

static void
parts_cleanup(struct parts *p)
{
	curl_free(p->scheme);
	curl_free(p->host);
	curl_free(p->port);
	curl_free(p->path);
	curl_free(p->query);
	curl_free(p->fragment);
	curl_free(p->user);
	curl_free(p->password);
}

/* A part that is not there stays NULL. */
static char *
part(CURLU *u, CURLUPart what, unsigned flags)
{
	char *s = NULL;

	return curl_url_get(u, what, &s, flags) == CURLUE_OK ? s : NULL;
}

static bool
parts_read(const char *url, struct parts *p)
{
	AUTO(curlu) CURLU *u = curl_url();

	if (u == NULL || url == NULL ||
	    curl_url_set(u, CURLUPART_URL, url, CURLU_PATH_AS_IS) != CURLUE_OK)
		return false;
	p->scheme = part(u, CURLUPART_SCHEME, 0);
	p->host = part(u, CURLUPART_HOST, 0);
	p->port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	p->path = part(u, CURLUPART_PATH, 0);
	p->query = part(u, CURLUPART_QUERY, 0);
	p->fragment = part(u, CURLUPART_FRAGMENT, 0);
	p->user = part(u, CURLUPART_USER, 0);
	p->password = part(u, CURLUPART_PASSWORD, 0);
	return p->scheme != NULL && p->host != NULL && p->host[0] != '\0' &&
	    p->port != NULL && p->path != NULL;
}

static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static bool
same_start(const char *s, const char *start)
{
	for (; *start != '\0' && lower(*s) == lower(*start); s++, start++)
		;
	return *start == '\0';
}

static bool
same_text(const char *a, const char *b)
{
	return strlen(a) == strlen(b) && same_start(a, b);
}

bool
url_host_is_loopback(const char *host)
{
	struct in_addr v4;

	/* "127.0.0.1.5" is a name, and names lead anywhere. */
	return same_text(host, "localhost") || strcmp(host, "[::1]") == 0 ||
	    (inet_pton(AF_INET, host, &v4) == 1 &&
		ntohl(v4.s_addr) >> 24 == 127);
}

static bool
scheme_is_http(const char *scheme)
{
	return same_text(scheme, "http") || same_text(scheme, "https");
}

bool
url_is_loopback(const char *url)
{
	AUTO(parts) struct parts p = { 0 };

	return parts_read(url, &p) && scheme_is_http(p.scheme) &&
	    url_host_is_loopback(p.host);
}

static bool
has_odd_byte(const char *s)
{
	for (; *s > ' ' && *s < 0x7f && *s != '\\'; s++)
		;
	return *s != '\0';
}

static bool
is_plain(const char *url)
{
	return url != NULL && strlen(url) <= NEXT_MAX && !has_odd_byte(url);
}

/* Where the authority begins and how long it is; NULL if there is none. */
static const char *
authority(const char *url, size_t *len)
{
	const char *p = strchr(url, ':');

	if (p == NULL || strncmp(p, "://", 3) != 0)
		return NULL;
	*len = strcspn(p + 3, AUTHORITY_END);
	return *len == 0 ? NULL : p + 3;
}

bool
url_check_base(const char *url, bool allow_http, struct err *err)
{
	AUTO(parts) struct parts p = { 0 };
	size_t len = 0;

	/* libcurl reads "https:///v1" as the host v1. */
	if (!is_plain(url) || authority(url, &len) == NULL ||
	    !parts_read(url, &p))
		return err_set(err, ERR_CONFIG,
		    "not an address: expected https://host/path");
	if (!scheme_is_http(p.scheme))
		return err_set(err, ERR_CONFIG, "expected an https address");
	if (p.user != NULL || p.password != NULL)
		return err_set(err, ERR_CONFIG,
		    "an address must not hold a user or password");
	if (strpbrk(url, "?#") != NULL)
		return err_set(err, ERR_CONFIG,
		    "an address must not hold a query or fragment");
	if (same_text(p.scheme, "http") && !allow_http &&
	    !url_host_is_loopback(p.host))
		return err_set(err, ERR_CONFIG,
		    "http is allowed to this machine only: expected https");
	return true;
}

/* ---- building ------------------------------------------------------------ */
/* Without slashes at the end. */
static size_t
trimmed_len(const char *s)
{
	size_t len = strlen(s);

	while (len > 0 && s[len - 1] == '/')
		len--;
	return len;
}

char *
url_join(struct arena *arena, const char *base, const char *path)
{
	return arena_printf(arena, "%.*s/%s", (int)trimmed_len(base), base,
	    path + strspn(path, "/"));
}

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL);
}

char *
url_escape(struct arena *arena, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	char *const out = arena_array(arena, strlen(text) + 1, 3);
	char *p = out;

	if (out == NULL)
		return NULL;
	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;
		if (is_unreserved(*text)) {
			*p++ = *text;
			continue;
		}
		*p++ = '%';
		*p++ = hex[c >> 4];
		*p++ = hex[c & 15];
	}
	return out;
}

char *
url_add_query(struct arena *arena, const char *url, const char *name,
    const char *value)
{
	const char *n = url_escape(arena, name);
	const char *v = url_escape(arena, value);

	if (n == NULL || v == NULL)
		return NULL;
	return arena_printf(arena, "%s%c%s=%s", url,
	    strchr(url, '?') == NULL ? '?' : '&', n, v);
}

/* ---- what a server offers ------------------------------------------------ */
static bool
has_scheme(const char *s)
{
	return s[strcspn(s, ":" AUTHORITY_END)] == ':';
}

/* RFC 3986 5.2, without dot segments: those are refused later. */
static char *
resolve(struct arena *arena, const char *current, const char *offered)
{
	size_t len = 0;
	const char *host = authority(current, &len);

	if (host == NULL)
		return NULL;
	if (has_scheme(offered))
		return arena_strdup(arena, offered);
	const char *path = host + len;
	const char *end = path + strcspn(path, "?#");
	if (strncmp(offered, "//", 2) == 0)
		end = host - 2;
	else if (offered[0] == '/')
		end = path;
	else if (offered[0] != '?')
		while (end > path && end[-1] != '/')
			end--;
	return arena_printf(arena, "%.*s%s%s", (int)(end - current), current,
	    end == path && offered[0] != '/' ? "/" : "", offered);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place, once; how many escapes there were.  A NUL among them is -1. */
static int
unescape(char *s)
{
	char *out = s;
	int n = 0;

	for (; *s != '\0'; out++) {
		*out = *s++;
		if (*out != '%' || hex_value(s[0]) < 0 || hex_value(s[1]) < 0)
			continue;
		*out = (char)(hex_value(s[0]) * 16 + hex_value(s[1]));
		if (*out == '\0')
			return -1;
		s += 2;
		n++;
	}
	*out = '\0';
	return n;
}

/* "." or ".." up to its end or a ';', behind which stand parameters. */
static bool
is_dots(const char *segment)
{
	const size_t len = strcspn(segment, "/\\;");

	return len > 0 && len <= 2 && strspn(segment, ".") >= len;
}

/* A segment that is "." or ".." or reads so up to a ';' - however written:
 * "%252e" is a dot to somebody, and "%%32e" to somebody else. */
static bool
has_dot_segment(const char *path)
{
	AUTO(buf) struct buf plain;
	int n = 1;

	buf_init(&plain, PATH_BYTES_MAX);
	if (*path == '\0')
		return false;
	if (!buf_str(&plain, path))
		return true;
	for (int round = 0; n > 0; round++) {
		n = unescape(plain.s);
		if (n < 0 || round == ESCAPES_MAX)
			return true;
	}
	for (const char *p = plain.s; *p != '\0'; p += *p != '\0') {
		if (is_dots(p))
			return true;
		p += strcspn(p, "/\\");
	}
	return false;
}

/* Text against text: "host" or "host:port" as the base has it. */
static bool
same_authority(const char *url, const struct parts *base)
{
	size_t len = 0;
	const char *a = authority(url, &len);
	const size_t host_len = strlen(base->host);

	if (a == NULL || len < host_len || !same_start(a, base->host))
		return false;
	if (len == host_len)
		return true;	/* the port is compared when it is parsed */
	return a[host_len] == ':' &&
	    len - host_len - 1 == strlen(base->port) &&
	    strncmp(a + host_len + 1, base->port, strlen(base->port)) == 0;
}

static bool
below(const char *path, const char *base)
{
	const size_t len = trimmed_len(base);

	return strncmp(path, base, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

/* Of two addresses at one origin. */
static bool
same_page(const struct parts *a, const struct parts *b)
{
	if (strcmp(a->path, b->path) != 0)
		return false;
	return strcmp(a->query == NULL ? "" : a->query,
		   b->query == NULL ? "" : b->query) == 0;
}

static const char *
judge_origin(const char *url, const struct parts *p, const struct parts *base)
{
	if (!same_text(p->scheme, base->scheme))
		return "has another scheme";
	if (p->user != NULL || p->password != NULL)
		return "holds a user or password";
	if (!same_text(p->host, base->host) || !same_authority(url, base))
		return "leads to another host";
	if (strcmp(p->port, base->port) != 0)
		return "leads to another port";
	return NULL;
}

bool
url_is_same_origin(const char *base_url, const char *url)
{
	AUTO(parts) struct parts base = { 0 };
	AUTO(parts) struct parts p = { 0 };

	return is_plain(url) && parts_read(base_url, &base) &&
	    parts_read(url, &p) && judge_origin(url, &p, &base) == NULL;
}

/* NULL = good; else what is wrong with it. */
static const char *
judge(const char *url, const char *base_url, const char *current)
{
	AUTO(parts) struct parts base = { 0 };
	AUTO(parts) struct parts now = { 0 };
	AUTO(parts) struct parts p = { 0 };

	if (!parts_read(base_url, &base) || !parts_read(current, &now) ||
	    !parts_read(url, &p))
		return "is not an address";
	const char *wrong = judge_origin(url, &p, &base);
	if (wrong != NULL)
		return wrong;
	if (has_dot_segment(p.path))
		return "holds a dot segment";
	if (!below(p.path, base.path))
		return "leaves the path of the base address";
	if (same_page(&p, &now))
		return "is the page just read";
	return NULL;
}

static const char *
judge_text(const char *offered)
{
	if (offered == NULL || *offered == '\0')
		return "is empty";
	if (strlen(offered) > NEXT_MAX)
		return "is longer than 8 KiB";
	if (has_odd_byte(offered))
		return "holds a character that does not belong there";
	if (strchr(offered, '#') != NULL)
		return "holds a fragment";
	return NULL;
}

char *
url_next(struct arena *arena, const char *base, const char *current,
    const char *offered, struct err *err)
{
	char *url = NULL;
	const char *wrong = judge_text(offered);

	if (wrong == NULL) {
		url = resolve(arena, current, offered);
		if (url == NULL && arena_failed(arena)) {
			err_nomem(err);
			return NULL;
		}
		wrong = url == NULL ? "has nothing to be relative to"
				    : judge(url, base, current);
	}
	if (wrong == NULL)
		return url;
	err_set(err, ERR_PROTOCOL, "next-page address refused: it %s", wrong);
	return NULL;
}
