/*
 * profile.h - settings of the driver: what stands in the configuration (struct
 * rest_place and the profile's name), and the profile.
 *
 * reading.h, writing.h and survey.h hold their parts of the profile, and the
 * rows of its table for them: REST_READING_ROWS(at), each row ended by a comma,
 * offsets counted from `at`.
 */
#ifndef REST_PROFILE_H
#define REST_PROFILE_H

#include "call.h"
#include "reading.h"
#include "survey.h"
#include "writing.h"

/* The profile of a CRM: a file of crm.d/. */
struct rest_crm_profile {
	struct opt_profile from;	/* name, file; filled by options.c */
	struct rest_base base;
	struct rest_reading reading;
	struct rest_writing writing;
};
struct rest_crm_settings {
	struct rest_place place;
	struct rest_crm_profile profile;
};
extern const struct opt rest_crm_profile_opts[];
extern const struct opt rest_crm_opts[];	/* of the instance */

/* The profile of a survey service: a file of survey.d/. */
struct rest_survey_profile {
	struct opt_profile from;
	struct rest_base base;
	struct rest_survey_part part;
};
struct rest_survey_settings {
	struct rest_place place;
	struct rest_survey_profile profile;
};
extern const struct opt rest_survey_profile_opts[];
extern const struct opt rest_survey_opts[];

#endif
