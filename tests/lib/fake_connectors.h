/*
 * fake_connectors.h - a CRM and a survey service that exist as option tables
 * only, for conf_load_with.
 */
#ifndef NPSYNC_TESTS_FAKE_CONNECTORS_H
#define NPSYNC_TESTS_FAKE_CONNECTORS_H

#include "connector.h"

struct fake_settings {
	const char *url, *api_key;
	double rate_per_second;
};

static const struct opt fake_crm_opts[] = {
	{ .name = "url", .type = OPT_URL,
	    .offset = offsetof(struct fake_settings, url), .def = "",
	    .help = "address" },
	{ .name = "api_key", .type = OPT_SECRET,
	    .offset = offsetof(struct fake_settings, api_key), .def = "",
	    .help = "key" },
	{ .name = NULL }
};
static const struct opt fake_survey_opts[] = {
	{ .name = "url", .type = OPT_URL,
	    .offset = offsetof(struct fake_settings, url),
	    .def = "http://127.0.0.1:1", .help = "address" },
	{ .name = "api_key", .type = OPT_SECRET,
	    .offset = offsetof(struct fake_settings, api_key),
	    .help = "key" },
	{ .name = NULL }
};
/* A service that bears more than the core would dare. */
static const struct opt fake_fast_opts[] = {
	{ .name = "rate_per_second", .type = OPT_FLOAT,
	    .offset = offsetof(struct fake_settings, rate_per_second),
	    .def = "20", .min = 1, .max = 100, .help = "rate" },
	{ .name = NULL }
};

static const struct crm_connector fake_crm = {
	.info = { .api = CONNECTOR_API, .name = "fake", .summary = "fake",
	    .opts = fake_crm_opts,
	    .settings_size = sizeof(struct fake_settings) },
};
static const struct crm_connector fake_other_crm = {
	.info = { .api = CONNECTOR_API, .name = "other", .summary = "other",
	    .opts = fake_crm_opts, .http = true,
	    .settings_size = sizeof(struct fake_settings) },
};
static const struct survey_connector fake_survey = {
	.info = { .api = CONNECTOR_API, .name = "npstoday", .summary = "fake",
	    .caps = SURVEY_CAP_SCHEDULES, .opts = fake_survey_opts,
	    .settings_size = sizeof(struct fake_settings) },
};
/* It keeps no mail until its time. */
static const struct survey_connector fake_fast_survey = {
	.info = { .api = CONNECTOR_API, .name = "fast", .summary = "fast",
	    .opts = fake_fast_opts,
	    .settings_size = sizeof(struct fake_settings) },
};
static const struct crm_connector *const fake_crms[] = { &fake_crm,
	&fake_other_crm, NULL };
static const struct survey_connector *const fake_surveys[] = { &fake_survey,
	&fake_fast_survey, NULL };

#endif
