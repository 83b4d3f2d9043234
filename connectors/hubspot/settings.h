/*
 * settings.h - what options.c fills.
 */
#ifndef HUBSPOT_SETTINGS_H
#define HUBSPOT_SETTINGS_H

#include "connector.h"

enum hs_version { HS_LEGACY, HS_2026_03, HS_2026_09 };
enum hs_deal_rule { HS_BY_STAGE, HS_BY_FLAGS };
enum hs_optout_source { HS_OPTOUT_PROPERTY, HS_OPTOUT_PREFERENCES };
enum hs_tag_type { HS_TAGS_TEXT, HS_TAGS_ENUMERATION };
enum hs_date_format { HS_DATE_ISO, HS_DATE_EPOCH };

/* Names of the portal's properties; "" = not there, not read, not written. */
struct hs_writing {
	const char *tag_property;
	int tag_type;			/* enum hs_tag_type */
	bool bisect_on_400;
	int date_format;		/* enum hs_date_format */
	int batch_max;			/* cards of one update */
};
struct hs_settings {
	const char *base_url, *token;
	int api_version;		/* enum hs_version */

	bool meetings, deals, tickets;	/* which of them are read */
	struct strlist meeting_outcomes, meeting_not_held;
	bool meeting_fallback;
	int meeting_late_days;
	const char *meeting_category_property;
	int deal_rule;			/* enum hs_deal_rule */
	struct strlist won_stages, lost_stages;
	const char *deal_contacts;	/* "all", or a label */
	const char *deal_category_property;
	struct strlist ticket_closed_stages;
	const char *ticket_closed_property, *ticket_category_property;
	struct strlist activity_types;
	int activity_first_days;

	int optout_source;		/* enum hs_optout_source */
	const char *optout_property;
	struct strlist optout_subscriptions;
	struct strlist bounce_properties;
	const char *employment_property;
	struct strlist employment_left_values;
	const char *nosend_property, *consent_property, *consent_at_property;
	const char *language_property, *country_property, *relation_property,
	    *segment_property, *department_property;
	bool owners;
	const char *portal_id;
	struct strlist extra_properties;

	int list_limit, search_limit, search_max, window_s, split_total,
	    max_pages;
	bool check_total;
	int overlap_s, upper_margin_s, link_late_days;
	double search_rate;
	double rate_per_second;	/* the core's key, with our default */
	struct intlist retry_statuses;

	struct hs_writing w;
};
extern const struct opt hubspot_opts[];

#endif
