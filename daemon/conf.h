/*
 * conf.h - the configuration file (libconfig) as one struct.  Names, defaults
 * and meaning: npsync.conf(5), design section 9.
 */
#ifndef NPSYNC_CONF_H
#define NPSYNC_CONF_H

#include "arena.h"
#include "buf.h"
#include "calendar.h"
#include "conf_alarm.h"
#include "connector.h"
#include "err.h"

/* One line of trigger.X.campaign: the first whose conditions all hold. */
struct conf_campaign {
	const char *language, *country, *relation, *category, *department,
	    *segment;		/* NULL = any */
	const char *id;		/* campaign id as text: "7749" */
};
enum conf_on_throttle { ON_THROTTLE_DROP, ON_THROTTLE_DEFER };

struct conf_trigger {
	const char *code;	/* "sale", "loss", "case", "meet", "inact", ... */
	bool enabled;
	const struct conf_campaign *campaigns;
	size_t n_campaigns;
	struct strlist categories, relations;	/* n == 0: no filter */
	bool require_consent;
	int max_age_days, delay_hours;
	bool by_transition;	/* age counts from the closing (deals, cases) */
	int on_throttle;	/* enum conf_on_throttle; rules' if not given */
	int period_days, width_days;	/* inact only */
};

/* One entry of rules.frequency: at most `max` in so many days. */
enum conf_scope { SCOPE_ANY, SCOPE_PROGRAMME, SCOPE_CAMPAIGN };
enum conf_from { FROM_SEND, FROM_ANSWER };
struct conf_frequency {
	int scope, max, days, from;	/* enum conf_scope, conf_from */
};
enum conf_basis { REPORT_BASIS_ALL, REPORT_BASIS_LATEST };
/* Campaigns that count together; one that none names is its own. */
enum conf_programme_kind { PROGRAMME_TRANSACTIONAL, PROGRAMME_RELATIONSHIP };
struct conf_programme {
	const char *name;
	struct strlist campaigns;	/* ids */
	int kind;			/* enum conf_programme_kind */
};

/* Read by the core from the group of whoever talks HTTP. */
struct conf_http {
	double rate_per_second;
	int timeout_s, retries;
	double backoff_s, backoff_max_s;
	const char *ca_file;
	bool gzip, allow_http, allow_private;
	struct intlist safe_status;
};
struct conf_crm {
	const char *name, *driver;
	const struct crm_connector *connector;
	const void *settings;	/* of the connector's option table */
	struct conf_http http;	/* with connector->info.http */
	int line;
	bool tried;		/* its profile is that of conf_load_profile */
};

struct conf_survey {
	const char *driver;
	const struct survey_connector *connector;
	const void *settings;
	struct conf_http http;
	int concurrency, line;
	int warn_suppressed_pct;	/* 0 = never */
};

/* What a field of a card can show: one entry of writeback.fields. */
enum conf_value { VALUE_AVERAGE_TOTAL, VALUE_AVERAGE_30D, VALUE_RECENT_DATE,
	VALUE_RECENT_SCORE, VALUE_RECENT_TYPE, VALUE_RECENT_COMMENT,
	VALUE_NEXT_CAMPAIGN, VALUE_NEXT_DATE, VALUE_LAST_ASKED, VALUE_NOT_BEFORE,
	VALUE_ASKED_COUNT, VALUE_OPTED_OUT };
struct conf_field {
	int value;		/* enum conf_value */
	const char *field;	/* the CRM's name of it */
};
enum conf_task_to { TASK_TO_OWNER, TASK_TO_EMPLOYEE };

/* A credential that `secret set --expires` gave an end. */
struct conf_expiry {
	struct conf_expiry *next;
	const char *name;
	int day;		/* the last one it is good for */
};

struct conf {
	const char *file, *dir;		/* of the configuration */
	bool enabled, test;		/* test: --now allowed, loopback only */
	const char *tenant, *timezone, *state_dir, *database;
	int database_timeout_s;
	const char *log_target, *log_level;
	struct {
		const char *at, *window;
		struct strlist weekdays, holidays, closed;
		int spread_min;
		bool push_ahead;
		int stop_before_s;
	} send;
	struct {
		const char *at;
		int at_min;		/* at, in minutes of the day */
		struct strlist to;
	} preview;
	struct {
		const char *smtp_url;	/* "" = no mail */
		const char *from, *user, *password, *ca_file;
		bool allow_plain;
	} mail;
	struct {
		int throttle_days;
		int on_throttle;	/* enum conf_on_throttle */
		struct strlist own_domains;
		const char *no_send_tag;
		int company_max, company_days;
		int flood_floor;
		double flood_factor;
		const char *role_address;	/* "send" | "skip" */
		bool count_foreign;
		const char *late_rows;		/* "send" | "wait" */
		int night_max;			/* 0 = no limit */
		struct grouplist frequency;	/* struct conf_frequency */
	} rules;
	struct grouplist programmes;		/* struct conf_programme */
	struct {
		int max_age_days;		/* 0 = any age */
	} consent;
	struct {
		struct strlist countries;	/* whose law asks for consent */
		bool unknown;			/* needed where no country is known */
	} policy;
	struct {
		/* Normalised addresses and domains; ids or names. */
		struct strlist addresses, domains, companies;
	} pilot;
	struct {
		int year;
	} budget;
	struct {
		struct strlist match;		/* "address", "phone" */
		const char *phone_prefix;	/* "+45" completes national numbers */
	} identity;
	struct {
		const char *tag_prefix;
		struct grouplist fields;	/* struct conf_field */
		int comment_max;		/* characters, on a card */
		bool history, feed, opt_outs;
		struct {
			int at_most;		/* -1 = no tasks */
			int due_days;		/* working days */
			int to;			/* enum conf_task_to */
			const char *subject, *contact_subject;
		} task;
	} writeback;
	struct conf_alarm alarm;
	struct {
		const char *sender, *contact, *basis;	/* "" = not said */
	} letter;
	struct {
		const char *dir;		/* "" = none */
		const char *separator;		/* "comma" | "semicolon" */
		bool personal, bom;
	} export;
	struct {
		int keep_dumps;
	} embedded;
	struct {
		int second_look_min, look_back_days;
	} reconcile;
	struct {
		int queue_days, comment_days, log_days;
	} retention;
	struct {
		int overlap_s, lag_s, sweep_days;
	} watermark;
	struct {
		int basis;		/* enum conf_basis */
		int interval;		/* enum nps_method */
		int confidence;		/* 95 or 90 */
		int hide_below, plain_from;	/* answers */
		bool sign;
		int low_response_percent, low_response_min;
	} report;
	struct conf_trigger *triggers;	/* in order of priority: sale, loss, case,
					 * meet, further codes by file order, inact */
	size_t n_triggers;
	const struct conf_crm *crm;
	size_t n_crm;
	struct conf_survey survey;
	struct calendar calendar;	/* made from timezone and send */
	char digest[17];		/* of everything that rules a night; hex */
	const char *settings;		/* what it was made of; no secrets */
	struct conf_expiry *expiring;	/* by conf_load_secrets */
};

/* Reads and checks one file; everything lives in arena.  ERR_CONFIG:
 * "FILE:LINE: key: expected ..., got ...".  Secrets are not read here: a
 * secret option holds its reference until conf_load_secrets. */
NPS_MUSTCHECK bool conf_load(const char *file, struct arena *arena,
    struct conf **conf, struct err *err);
/* The same, but the CRMs of drivers that take a profile have this one: the CRM
 * of that name, or each of them (NULL).  file is absolute. */
struct conf_profile {
	const char *crm, *file;
};
NPS_MUSTCHECK bool conf_load_profile(const char *file,
    const struct conf_profile *profile, struct arena *arena,
    struct conf **conf, struct err *err);
/* The same with other connectors than those compiled in; NULL-ended. */
NPS_MUSTCHECK bool conf_load_with(const char *file,
    const struct crm_connector *const *crm,
    const struct survey_connector *const *survey, struct arena *arena,
    struct conf **conf, struct err *err);
/* Replaces the references of every OPT_SECRET by their values and finds out
 * which of them end; needs the rights of the starting user, so before
 * privileges are dropped. */
NPS_MUSTCHECK bool conf_load_secrets(struct conf *conf, struct arena *arena,
    struct err *err);
/* Only those of one CRM, for who tries it before all else is set up. */
NPS_MUSTCHECK bool conf_load_crm_secrets(struct conf *conf,
    const struct conf_crm *crm, struct arena *arena, struct err *err);
/* Every setting as it counts, a line "key=value" each; before
 * conf_load_secrets, or it would hold their values. */
void conf_dump(const struct conf *conf, struct buf *out);
/* The trigger of a code, or NULL. */
const struct conf_trigger *conf_trigger(const struct conf *conf,
    const char *code);
/* Two capitals of ISO 3166-1. */
bool conf_is_country(const char *code);
/* The same in any case. */
bool conf_country_known(const char *any_case);
/* As a night compares them: "sv" fits SV and sv-SE too. */
bool conf_language_fits(const char *when, const char *language);
/* conf/npsync.conf, compiled in (--print-config); NUL-terminated. */
extern const char conf_sample[];
/* Option tables of the core, for `npsync options` and the documentation lint. */
extern const struct opt conf_opts[];

#endif
