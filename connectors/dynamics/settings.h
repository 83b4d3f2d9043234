/*
 * settings.h - what options.c fills: how this organisation's environment is
 * set up, and what is not confirmed in public, with the defaults of the table.
 */
#ifndef DYNAMICS_SETTINGS_H
#define DYNAMICS_SETTINGS_H

#include "connector.h"

enum dynamics_auth { DYNAMICS_SECRET, DYNAMICS_CERTIFICATE };
enum dynamics_deals { DEALS_OPPORTUNITIES, DEALS_CLOSES };
enum dynamics_deal_contact { DEAL_PARENT_CUSTOMER,
	DEAL_PARENT_CUSTOMER_PRIMARY };
enum dynamics_rewin { REWIN_ONCE, REWIN_EACH };
enum dynamics_cases { CASES_INCIDENTS, CASES_RESOLUTIONS };
enum dynamics_inactivity { INACTIVITY_REGARDING, INACTIVITY_PARTIES };
enum dynamics_in { IN_OR, IN_FUNCTION };
enum dynamics_mirror { MIRROR_OFF, MIRROR_DELTA };
enum dynamics_key { KEY_DIGITS, KEY_INTEGER, KEY_TEXT };

struct dynamics_settings {
	/* who we are */
	const char *base_url, *tenant, *client_id, *secret, *certificate,
	    *secret_expires, *token_url, *token_scope;
	int auth;			/* enum dynamics_auth */
	int token_margin_s;
	/* what is read */
	struct strlist meeting_sets;
	struct intlist meeting_party_masks;
	const char *meeting_filter;
	int deal_source, deal_contact_rule, deal_rewin;
	int case_source;
	struct intlist case_statuscode_exclude;
	int inactivity_source;
	/* contacts; a column "account.NAME" is the company's */
	struct strlist suppress_on, employment_left_values, fields;
	const char *employment_field, *nosend_column, *phone_column,
	    *language_column, *country_column, *relation_column,
	    *segment_column, *department_column;
	bool owner_email;
	int contact_mirror;		/* enum dynamics_mirror */
	/* what is written */
	const char *tag_column;	/* "" = tags neither read nor written */
	const char *column_prefix;	/* of the publisher, "npt_" */
	const char *response_table;	/* an entity set; "" = off */
	const char *response_key;	/* its alternate key */
	int response_key_type;		/* enum dynamics_key */
	const char *response_name, *response_score, *response_type,
	    *response_campaign, *response_campaign_id, *response_member_id,
	    *response_comment, *response_time, *response_wants_contact,
	    *response_contact;		/* columns; "" = not written */
	int response_text_chars, response_comment_chars;
	bool tag_etag;			/* else a change meanwhile is lost */
	int tag_chars;			/* 0 = as the definition says */
	struct strlist column_types;	/* "npt_average=decimal" */
	int label_language;		/* of columns that are made */
	const char *post_regarding, *task_regarding, *task_owner;
	int batch_size;			/* 0 = no $batch */
	/* how it is asked for */
	int in_style, url_max_bytes, page_size, overlap_s, upper_margin_s,
	    max_wait_s;
	int timeout_s;		/* the core's key, with our default */
};
extern const struct opt dynamics_opts[];

#endif
