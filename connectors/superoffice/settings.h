/*
 * settings.h - what options.c fills.
 */
#ifndef SUPEROFFICE_SETTINGS_H
#define SUPEROFFICE_SETTINGS_H

#include "connector.h"

enum so_mode { SO_ONLINE, SO_ONSITE };
enum so_auth { SO_SYSTEM_USER, SO_REFRESH_TOKEN, SO_BASIC, SO_TICKET };
enum so_jwt { SO_JWT_CLAIMS, SO_JWT_SIGNATURE };
enum so_naive { SO_NAIVE_REJECT, SO_NAIVE_UTC };
enum so_consent { SO_CONSENT_OFF, SO_CONSENT_WITHDRAWN, SO_CONSENT_REQUIRED };
enum so_ticket_stamp { SO_BY_CLOSING, SO_BY_CHANGE };
enum so_inactivity { SO_BY_PERSON, SO_BY_COMPANY };
enum so_tag_mode { SO_TAGS_OFF, SO_TAGS_INTERESTS, SO_TAGS_FIELD };
enum so_tag_guard { SO_GUARD_TEST, SO_GUARD_UNMODIFIED, SO_GUARD_NONE };

struct so_settings {
	/* where it is, who we are */
	int mode, auth;			/* enum so_mode, so_auth */
	const char *login_host, *context_id, *base_url;
	const char *client_id, *client_secret;
	const char *system_user_token, *private_key;
	const char *refresh_token, *redirect_uri;
	const char *user, *password, *ticket;
	struct strlist jwt_issuers;
	int jwt_verify;			/* enum so_jwt */
	const char *identity_keys, *jwt_audience;
	bool jwt_times;
	const char *timezone_header;

	/* what is read */
	bool meetings, deals, cases;	/* which of them */
	struct intlist meeting_task_ids, sale_type_ids, ticket_status_ids;
	const char *meeting_filter;	/* further restriction */
	bool booking_list;
	const char *employee_column, *ticket_owner_column;
	bool sale_history;
	struct intlist sale_won_ids, sale_lost_ids;
	const char *sale_type_column;
	const char *ticket_entities, *ticket_category_column;
	int ticket_stamp;		/* enum so_ticket_stamp */
	int inactivity_level;		/* enum so_inactivity */
	struct intlist phone_task_ids, mail_task_ids, silent_task_ids;
	int activity_first_days;

	/* who may be asked */
	bool contact_stream;
	int consent_rule;		/* enum so_consent */
	const char *subscription;	/* name of a subscription type; "" */
	const char *nosend;		/* "interest:NAME", "field:KEY" or "" */
	const char *language_field, *department_field;	/* "" = none */
	const char *relation_column;	/* of the archive Person */
	const char *deleted_column;	/* of it; "" = not read */
	const char *owner_column;	/* of it; "" = as employee_column says */
	struct strlist extra_fields;	/* keys of user-defined fields */

	/* what is written */
	int tag_mode;			/* enum so_tag_mode */
	const char *interest_list;	/* name of the list's definition */
	const char *tag_field;		/* key of a user-defined field */
	const char *customfield_path;	/* of a patch; "<key>" is replaced */
	int tag_guard;			/* enum so_tag_guard */
	int field_dates;		/* enum so_dates (customfield.h) */
	int task_type_id, task_associate_id;	/* 0 = none */

	/* how it is asked for */
	int archive_mode;		/* of $mode; 0 = it is not sent */
	int page_size, overlap_s, stamp_margin_s, ids_max;
	bool stamp_registered;
	int naive_datetime;		/* enum so_naive */
	double rate_per_second;	/* the core's keys, with our defaults */
	double backoff_s;
};
extern const struct opt superoffice_opts[];

#endif
