/*
 * reading.h - what a profile says of reading: check, events, contacts,
 * activities, values.
 */
#ifndef REST_READING_H
#define REST_READING_H

#include "call.h"

struct rest_reading {
	struct rest_request check;
};
/* Rows of the profile's table; at = offset of the struct there. */
#define REST_READING_ROWS(at_) \
	{ .name = "check", .type = OPT_GROUP, .def = "", \
	    .offset = (at_) + offsetof(struct rest_reading, check), \
	    .sub = rest_request_opts, .help = "one cheap request" },

#endif
