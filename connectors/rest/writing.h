/*
 * writing.h - what a profile says of writing back: tags, fields, answer, feed,
 * task.
 */
#ifndef REST_WRITING_H
#define REST_WRITING_H

#include "call.h"

struct rest_writing {
	struct rest_request fields;
};
/* Rows of the profile's table; at = offset of the struct there. */
#define REST_WRITING_ROWS(at_) \
	{ .name = "fields", .type = OPT_GROUP, .def = "", \
	    .offset = (at_) + offsetof(struct rest_writing, fields), \
	    .sub = rest_request_opts, .help = "fields of a contact" },

#endif
