/*
 * erase.c - a contact deleted, its address blocked for good.  How it could
 * delete the wrong one, or say it did: only by address, one a call; only when
 * an administrator switched it on; done is what the service calls so.
 */
#include "asknicely.h"

#include <string.h>

#include "buf.h"
#include "common/hole.h"

#define BODY_MAX_BYTES ((size_t)4096)

static bool
write_body(struct asknicely *a, const char *email, const char **body,
    struct err *err)
{
	AUTO(buf) struct buf out;

	buf_init(&out, BODY_MAX_BYTES);
	(void)buf_str(&out, "{\"skipnotify\":1,\"contacts\":[");
	hole_json_text(&out, email, strlen(email));
	(void)buf_str(&out, "]}");
	if (out.failed && !out.no_memory)
		return err_set(err, ERR_REJECTED, "the address is too long");
	*body = out.failed ? NULL : arena_strdup(a->page, buf_text(&out));
	return *body != NULL || err_nomem(err);
}

bool
asknicely_erase(void *self, const char *email, const char *phone,
    struct put_result *result, struct err *err)
{
	struct asknicely *a = self;
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_req req;
	struct http_res res;
	const char *body = NULL;

	(void)phone;
	*result = (struct put_result){ .outcome = PUT_UNCHANGED };
	if (!a->set->erase.enabled)
		return err_set(err, ERR_DONE, "erase.enabled is false: delete the "
		    "contact in AskNicely by hand");
	if (email == NULL || *email == '\0')
		return err_set(err, ERR_DONE, "AskNicely finds nobody by number: "
		    "delete the contact there by hand");
	arena_reset(a->page);
	if (!write_body(a, email, &body, err) ||
	    !asknicely_send(a, "POST", a->set->erase.path, body, &req, &res,
	        err) ||
	    !asknicely_judge(a, &req, &res, &doc, err))
		return false;
	result->outcome = PUT_DONE;
	return true;
}
