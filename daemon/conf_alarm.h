/*
 * conf_alarm.h - the group `alarm` of the configuration: which answers are told
 * to whom, and who hears of npsync's own health.
 */
#ifndef NPSYNC_CONF_ALARM_H
#define NPSYNC_CONF_ALARM_H

#include "connector.h"

enum alarm_when { ALARM_LOW, ALARM_HIGH, ALARM_CONTACT };
struct conf_alarm_rule {
	int when;			/* enum alarm_when */
	int at_most, at_least;		/* of low; of high */
	struct strlist campaigns, triggers;	/* n == 0: all */
	/* "employee", "owner", "manager", or an address as SMTP takes it */
	struct strlist to;
	bool digest;
	const char *language;		/* da, sv, nb, no, en */
};
/* Cards of the department, or of the owner (id, name or address). */
struct conf_manager {
	const char *department, *owner, *to;	/* "" = any */
};

struct conf_webhook {
	const char *name, *url, *secret, *ca_file;	/* url "" = none */
	bool comment, person;		/* what may leave with it */
	bool allow_http, allow_private;
};

struct conf_alarm {
	struct grouplist rules;		/* struct conf_alarm_rule */
	const char *fallback;
	struct grouplist managers;	/* struct conf_manager */
	const char *templates;		/* a directory; "" = none */
	const char *digest_at;
	int digest_min;			/* digest_at, in minutes of the day */
	int max_age_days;
	struct conf_webhook webhook;
	struct {
		struct strlist to;
		const char *language;
	} health;
};

/* The words of `to` that stand for whoever it is. */
bool conf_alarm_is_role(const char *to);

#endif
