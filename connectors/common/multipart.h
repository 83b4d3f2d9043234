/*
 * multipart.h - the answer to a batch: multipart/mixed, each part an answer of
 * its own (application/http).
 */
#ifndef NPSYNC_CONNECTORS_MULTIPART_H
#define NPSYNC_CONNECTORS_MULTIPART_H

#include "arena.h"
#include "err.h"

struct multipart_part {
	long status;
	const char *content_id;		/* of the request it answers, or NULL */
	const char *body;		/* NUL-terminated; "" = none */
	size_t body_len;
	bool grouped;			/* stood in a group of its own */
};
/* Quoted or not.  ERR_PROTOCOL: content_type (may be NULL) is no multipart. */
NPS_MUSTCHECK bool multipart_boundary(struct arena *arena,
    const char *content_type, const char **boundary, struct err *err);
/* In the order of the text; parts of a group stand in its place.  Lines may end
 * with LF or CRLF.  ERR_PROTOCOL: the end is missing, a part has no status. */
NPS_MUSTCHECK bool multipart_parse(struct arena *arena, const char *text,
    size_t len, const char *boundary, struct multipart_part **parts, size_t *n,
    struct err *err);

#endif
