/*
 * reply.c - answers and what is held against the client.
 */
#include "sim.h"

#include <stdarg.h>
#include <stdlib.h>

void
reply_clear(struct reply *out)
{
	json_decref(out->json);
	free(out->raw);
	out->json = NULL;
	out->raw = NULL;
	out->raw_len = 0;
	out->entity = out->preference = out->etag = NULL;
}

void
reply_json(struct reply *out, unsigned status, json_t *json)
{
	reply_clear(out);
	out->status = status;
	out->json = json;
}

void
reply_error(struct reply *out, unsigned status, const char *code,
    const char *fmt, ...)
{
	char text[900];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	reply_json(out, status,
	    json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", text));
}

/* Counted in /sim/stats: right or wrong, a good client does not do it. */
void
complain(struct sim *s, const char *what)
{
	count_up(s->complaints, what);
}

/* "http://127.0.0.1:4711", as the client named it. */
const char *
base_of(struct sim *s, struct request *r)
{
	if (s->opt.base != NULL)
		return s->opt.base;
	return r->h.host == NULL ? s->base
				 : pool_fmt(&r->pool, "http://%s", r->h.host);
}

const char *
set_base(struct sim *s, struct request *r)
{
	return pool_fmt(&r->pool, "%s%s", base_of(s, r), s->opt.prefix);
}
