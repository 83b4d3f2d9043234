/*
 * settings.h - what options.c fills: whatever of the service is not confirmed,
 * with a default that asks nobody twice.
 */
#ifndef ASKNICELY_SETTINGS_H
#define ASKNICELY_SETTINGS_H

#include "connector.h"

enum asknicely_addcontact { ADDCONTACT_OMIT, ADDCONTACT_FALSE };
enum asknicely_foreign { FOREIGN_MATCH, FOREIGN_IGNORE };
enum asknicely_channel { CHANNEL_EMAIL, CHANNEL_SMS };

struct asknicely_campaign {
	const char *id, *alias, *segment;
	int channel;		/* enum asknicely_channel */
};
struct asknicely_settings {
	const char *base_url, *api_key;
	double rate_per_second, read_rate_per_second;
	struct {
		const char *header;
	} auth;
	struct {
		const char *path;
	} check;
	struct {
		const char *path, *campaign_field, *ref_field, *at_field,
		    *phone_field;
		bool use_delay, optout_confirm;
		int addcontact;		/* enum asknicely_addcontact */
		struct strlist suppressed_match, optout_match, pending_match;
	} send;
	struct {
		const char *path;
		int skew_s, absent_after_h;
		bool scheduled_means_sent, absent_means_nobody;
		struct intlist absent_status;
	} lookup;
	struct {
		const char *path, *initial_since;
		int pagesize, max_pages, overlap_h;
		int foreign;		/* enum asknicely_foreign */
		bool check_ref_time, check_totals;
		struct strlist question_types, redirect_hosts;
	} responses;
	struct {
		const char *path;
		int pagesize, max_pages;
	} unsubscribes;
	struct {
		bool enabled;
		const char *path;
	} erase;
	struct grouplist campaign;	/* struct asknicely_campaign */
};
extern const struct opt asknicely_opts[];

#endif
