/*
 * uses.h - which holes a request of a profile has, for checks at open.
 */
#ifndef REST_USES_H
#define REST_USES_H

#include "call.h"

/* In its path, body or headers, whatever the format. */
bool rest_request_uses(const struct rest_request *req, const char *name);

#endif
