/*
 * survey.h - what a profile says of a survey service.
 */
#ifndef REST_SURVEY_H
#define REST_SURVEY_H

#include "call.h"

struct rest_survey_part {
	struct rest_request campaigns;
};
/* Rows of the profile's table; at = offset of the struct there. */
#define REST_SURVEY_ROWS(at_) \
	{ .name = "campaigns", .type = OPT_GROUP, .def = "", \
	    .offset = (at_) + offsetof(struct rest_survey_part, campaigns), \
	    .sub = rest_request_opts, .help = "list of campaigns" },

#endif
