/*
 * reply.c - the two forms of an answer.
 */
#include "sim.h"

void
reply_json(struct reply *out, unsigned status, json_t *json)
{
	json_decref(out->json);
	out->status = status;
	out->json = need(json);
}

void
reply_failed(struct reply *out, unsigned status, const char *msg)
{
	reply_json(out, status, json_pack("{s:b, s:s}", "success", 0, "msg",
	    msg));
}
