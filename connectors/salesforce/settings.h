/*
 * settings.h - what options.c fills.
 */
#ifndef SALESFORCE_SETTINGS_H
#define SALESFORCE_SETTINGS_H

#include "connector.h"

enum sf_auth { SF_AUTH_CLIENT, SF_AUTH_JWT };
enum sf_secret_in { SF_SECRET_BODY, SF_SECRET_HEADER };
enum sf_meeting_object { SF_MEETING_EVENT, SF_MEETING_TASK };
enum sf_contact_rule { SF_PRIMARY_OR_ONLY, SF_PRIMARY_THEN_FIRST };
enum sf_rewin { SF_REWIN_ONCE, SF_REWIN_AGAIN };

/* Names of the org's fields; "" = not there, not written. */
struct sf_response_fields {
	const char *contact, *campaign, *score, *comment, *answered_at, *type,
	    *campaign_id, *member_id, *wants_contact;
};
enum sf_tag_guard { SF_GUARD_NONE, SF_GUARD_UNMODIFIED };
enum sf_tag_separator { SF_SEMICOLON, SF_NEWLINE };
struct sf_writing {
	const char *tag_field;
	int tag_guard, tag_separator;
	const char *response_object;	/* "" = off */
	const char *response_key_field;
	struct sf_response_fields response;
	bool chatter_post;
	int collections_max;
	struct strlist record_retry_codes;
};
struct sf_settings {
	const char *login_url, *api_version;
	int auth, secret_in;		/* enum sf_auth, sf_secret_in */
	const char *client_id, *client_secret;
	const char *jwt_user, *jwt_key, *jwt_audience;	/* "" = login_url */
	int jwt_lifetime_s;

	bool meetings, deals, cases;	/* which of them are read */
	int meeting_object;		/* enum sf_meeting_object */
	const char *meeting_filter, *meeting_time_field, *meeting_category_field;
	bool meeting_who_relation;
	int meeting_late_days;
	int deal_contact_rule, deal_rewin;
	const char *deal_event_time_field;	/* "" = what is described */
	const char *deal_category_field;
	struct strlist case_status_exclude;
	const char *case_category_field;
	bool activity_use_queryall;
	int activity_first_days;

	const char *optout_field, *bounce_field, *employment_field;
	struct strlist employment_left_values;
	bool use_account_contact_relation;
	const char *nosend_field;
	const char *language_field, *country_field, *relation_field,
	    *segment_field, *department_field, *consent_field,
	    *consent_at_field, *company_tag_field;
	struct strlist extra_fields;

	int query_batch_size, in_list_max, query_path_max;
	int bulk_threshold_rows, bulk_page_rows, bulk_poll_s, bulk_wait_s;
	int quota_stop_pct, quota_run_pct;
	struct intlist http_retry_statuses;

	struct sf_writing w;
};
extern const struct opt salesforce_opts[];

#endif
