/*
 * util.c - answers, the clock and identifiers.
 */
#include <stdarg.h>
#include <time.h>

#include "sim.h"

void
reply_json(struct reply *out, unsigned status, json_t *json)
{
	json_decref(out->json);
	out->status = status;
	out->json = json;
}

/* The form of every error of the service. */
void
reply_error(struct reply *out, unsigned status, const char *type,
    const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_t *message = json_string(text);
	reply_json(out, status, json_pack("{s:b, s:s, s:o, s:s}", "Error", 1,
	    "ErrorType", type, "ErrorMessage",
	    message == NULL ? json_string("") : message, "ErrorSource",
	    "SoDataBase"));
}

int64_t
now_read(const struct sim *s)
{
	return clock_read(s->now_file, (int64_t)time(NULL));
}

bool
id_read(const char *s, int64_t *id)
{
	return s != NULL && strlen(s) <= 10 && sim_num(s, id);
}
