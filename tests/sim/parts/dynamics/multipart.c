/*
 * multipart.c - bodies of several parts, read without mercy: every line ends
 * with CR LF, every head with an empty one.
 */
#include "batch.h"

#include <stdlib.h>

const char *
boundary_of(struct pool *p, const char *content_type)
{
	const char *at = content_type == NULL ? NULL :
	    strstr(content_type, "boundary=");
	if (at == NULL || !starts(content_type, "multipart/mixed"))
		return NULL;
	at += strlen("boundary=");
	const bool quoted = *at == '"';
	at += quoted;
	return pool_text(p, at, strcspn(at, quoted ? "\"" : "; \r\n"));
}

/* The line at *at without its end; NULL = none, or one that ends otherwise. */
static char *
line_take(char **at, const char *end)
{
	char *line = *at, *nl = memchr(line, '\n', (size_t)(end - line));
	if (nl == NULL || nl == line || nl[-1] != '\r')
		return NULL;
	nl[-1] = '\0';
	*at = nl + 1;
	return line;
}

/* "Content-ID: 1" */
static const char *
header_value(const char *line, const char *name)
{
	const size_t len = strlen(name);
	if (!text_begins(line, name) || line[len] != ':')
		return NULL;
	line += len + 1;
	while (*line == ' ')
		line++;
	return line;
}

static bool
head_read(struct part *part, char *at, const char *end)
{
	const char *line, *v;
	while ((line = line_take(&at, end)) != NULL && *line != '\0') {
		if ((v = header_value(line, "Content-Type")) != NULL)
			part->type = v;
		if ((v = header_value(line, "Content-ID")) != NULL)
			part->id = v;
		if ((v = header_value(line, "Content-Transfer-Encoding")) !=
		    NULL)
			part->encoding = v;
	}
	part->content = at;
	part->len = (size_t)(end - at);
	return line != NULL && part->type != NULL;
}

static char *
find(char *from, const char *end, const char *what, size_t len)
{
	return memmem(from, (size_t)(end - from), what, len);
}

const char *
parts_read(struct pool *p, char *body, size_t len, const char *boundary,
    struct part *parts, size_t *n)
{
	const char *mark = pool_fmt(p, "\r\n--%s", boundary);
	const size_t mark_len = strlen(mark);
	const char *end = body + len;
	char *at = body;
	*n = 0;
	while (strncmp(at, "\r\n", 2) == 0)
		at += 2;
	if (strncmp(at, mark + 2, mark_len - 2) != 0)
		return "The first boundary is missing";
	at += mark_len - 2;
	while (strncmp(at, "--", 2) != 0) {
		if (strncmp(at, "\r\n", 2) != 0)
			return "A boundary does not end with CR LF";
		at += 2;
		char *next = find(at, end, mark, mark_len);
		if (next == NULL)
			return "The last boundary is missing";
		if (*n == PARTS_MAX)
			return "The batch has more than 1000 requests";
		parts[*n] = (struct part){ 0 };
		if (!head_read(&parts[*n], at, next + 2))
			return "The head of a part is malformed";
		/* Its last line end is the boundary's. */
		parts[*n].len = (size_t)(next - parts[*n].content);
		if (parts[*n].content > next)
			parts[*n].len = 0;
		(*n)++;
		at = next + mark_len;
	}
	return *n == 0 ? "The batch is empty" : NULL;
}

static void
header_put(struct headers *h, const char *line)
{
	static const char *const names[] = { "Prefer", "If-Match",
		"If-None-Match", "Content-Type", "Accept", "OData-Version" };
	const char **to[] = { &h->prefer, &h->if_match, &h->if_none, &h->type,
		&h->accept, &h->version };
	for (size_t i = 0; i < LEN(names); i++) {
		const char *v = header_value(line, names[i]);
		if (v != NULL)
			*to[i] = v;
	}
}

/* Absolute, from the root, from the service, or "$1". */
static const char *
inner_address(struct sim *s, struct request *outer, const char *url)
{
	const char *base = base_of(s, outer);
	const char *ref = *url == '/' ? url + 1 : url;
	if (*ref == '$' && ref[1] >= '0' && ref[1] <= '9') {
		for (size_t i = 0; i < outer->n_ids; i++)
			if (outer->ids[i] != NULL &&
			    strcmp(outer->ids[i], ref + 1) == 0)
				return outer->urls[i] + strlen(base);
		return NULL;
	}
	if (starts(url, base))
		return url + strlen(base);
	if (*url == '/')
		return url;
	return strstr(url, "://") != NULL ? NULL :
	    pool_fmt(&outer->pool, "%s%s", s->opt.prefix, url);
}

const char *
inner_read(struct sim *s, struct request *outer, const struct part *part,
    struct request *out)
{
	char *at = part->content, *line;
	/* The empty line may be the last bytes, shared with the boundary. */
	const char *end = at + part->len + 2;
	*out = (struct request){ .inner = true, .in.con = outer->in.con,
		.ids = outer->ids, .urls = outer->urls, .n_ids = outer->n_ids };
	if (part->encoding == NULL || strcmp(part->encoding, "binary") != 0)
		return "Content-Transfer-Encoding: binary is expected";
	char *first = line_take(&at, end);
	char *url = first == NULL ? NULL : strchr(first, ' ');
	char *version = url == NULL ? NULL : strrchr(url + 1, ' ');
	if (version == NULL || strcmp(version, " HTTP/1.1") != 0)
		return "A request line is malformed";
	*url++ = *version = '\0';
	out->in.method = first;
	while ((line = line_take(&at, end)) != NULL && *line != '\0')
		header_put(&out->h, line);
	if (line == NULL)
		return "The head of a request has no end";
	out->h.host = outer->h.host;
	const char *address = inner_address(s, outer, url);
	if (address == NULL)
		return "The address of a request is not of this service";
	out->in.uri = dup_text(address);
	const size_t len = strcspn(out->in.uri, "?");
	out->path = pool_text(&out->pool, out->in.uri, len);
	out->query = out->in.uri[len] == '?' ? out->in.uri + len + 1 : NULL;
	if (at < part->content + part->len) {
		out->in.len = (size_t)(part->content + part->len - at);
		out->in.body = need(strndup(at, out->in.len));
	}
	return NULL;
}
