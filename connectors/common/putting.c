#include "putting.h"

#include <stdio.h>
#include <string.h>

void
put_result_set(struct put_result *result, enum put_outcome outcome,
    const char *reason, const char *words)
{
	const char *more = strstr(reason, words) != NULL ? "" : words;

	result->outcome = outcome;
	(void)snprintf(result->reason, sizeof(result->reason), "%s%s%s", reason,
	    *more == '\0' ? "" : ": ", more);
}

bool
put_is_of_record(const struct http_res *res, const struct err *why,
    enum put_outcome *outcome)
{
	if (why->kind == ERR_GONE)
		*outcome = PUT_GONE;
	else if (why->kind == ERR_AUTH && res->status == 403)
		*outcome = PUT_DENIED;
	else if (why->kind == ERR_REJECTED)
		*outcome = res->status == 412 ? PUT_CONFLICT : PUT_REJECTED;
	else
		return false;
	return true;
}

bool
put_was_not_taken(const struct http_res *res, const struct err *why)
{
	/* It sends us elsewhere, perhaps to what was made. */
	if (why->kind == ERR_CONFIG && res->status >= 300 && res->status <= 399)
		return false;
	if (why->kind == ERR_AUTH || why->kind == ERR_CONFIG ||
	    why->kind == ERR_THROTTLED || why->kind == ERR_GONE)
		return true;
	return why->kind != ERR_PROTOCOL && why->kind != ERR_NOMEM &&
	    http_classify(res) == HTTP_SAFE;
}
