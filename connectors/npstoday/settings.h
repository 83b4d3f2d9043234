/*
 * settings.h - what options.c fills: every name of the service that is not
 * confirmed, with the defaults of the tables there.
 */
#ifndef NPSTODAY_SETTINGS_H
#define NPSTODAY_SETTINGS_H

#include "common/paging.h"
#include "connector.h"

enum auth_style { AUTH_RAW, AUTH_PREFIX, AUTH_BASIC };
enum method { METHOD_GET, METHOD_POST, METHOD_PUT };
enum custom_as { CUSTOM_OBJECT, CUSTOM_STRING };
enum external_id { EXTERNAL_CONTACT, EXTERNAL_REF, EXTERNAL_NONE };
enum foreign { FOREIGN_MATCH, FOREIGN_IGNORE };
enum channel { CHANNEL_EMAIL, CHANNEL_SMS };

struct member_map {
	struct strlist id, custom, guid, status, exposed_at, created_at,
	    campaign_id, email, phone, external_id;
};
struct answer_map {
	struct strlist id, score, comment, rated_at, commented_at, changed_at,
	    campaign_id, campaign_name, email, phone, first_name, external_id,
	    member_id, custom, active, do_not_contact;
};
struct optout_map {
	struct strlist email, phone, at;
};
struct campaign_settings {
	int id;
	const char *alias;
	int channel;			/* enum channel */
};
struct npstoday_settings {
	const char *base_url, *api_key;
	int tls_min;			/* the engine speaks nothing older */
	int log_error_bytes;
	struct {
		const char *header, *prefix, *user;
		int style;		/* enum auth_style */
	} auth;
	struct {
		int method;		/* enum method */
		const char *path, *items, *id, *name;
	} campaigns;
	struct {
		int method;
		const char *path, *ok, *template_file;
		struct {
			const char *field, *sms_field, *format, *zone;
		} send_at;
		bool html_is_uncertain, guid, guid_is_idempotent, retry_5xx,
		    set_active, with_employee;
		int custom_as, external_id;
		struct strlist remote_id, duplicate_match, suppressed_match,
		    opted_out_match;
		struct intlist duplicate_status, suppressed_status;
	} send;
	struct {
		bool enabled;
		int method;
		const char *path, *since_param, *since_format, *zone,
		    *initial_since;
		int overlap_h, settle_min;
		struct strlist items, not_sent;
		struct paging_settings paging;
		struct member_map map;
	} members;
	struct {
		int method;
		const char *path, *since_param, *since_format, *zone,
		    *initial_since, *anonymous_first_name,
		    *anonymous_email_match;
		int overlap_h, foreign;
		struct strlist items;
		struct paging_settings paging;
		struct answer_map map;
	} responses;
	struct {
		int method;
		const char *path, *since_param, *since_format, *zone,
		    *initial_since;
		int overlap_h;
		bool from_responses;
		struct strlist items;
		struct paging_settings paging;
		struct optout_map map;
	} unsubscribes;
	struct {
		bool enabled;
		const char *find_path, *email_param, *phone_param, *method,
		    *path;
		struct strlist items, id, email, phone;
	} erase;
	struct grouplist campaign;	/* struct campaign_settings */
};
extern const struct opt npstoday_opts[];

#endif
