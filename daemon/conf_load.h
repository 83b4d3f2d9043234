/*
 * conf_load.h - between conf*.c: one file on its way into a struct conf.
 */
#ifndef NPSYNC_CONF_LOAD_H
#define NPSYNC_CONF_LOAD_H

#include "conf.h"
#include "options.h"

struct conf_load {
	const char *name;		/* of the file, for messages */
	const struct options_file *file;
	const struct crm_connector *const *crm;
	const struct survey_connector *const *survey;
	const struct conf_profile *profile;	/* NULL = as the file says */
	struct arena *arena;
	struct conf *conf;
	struct err *err;
};

/* ERR_CONFIG "FILE:LINE: path: ..."; the line of path or of the nearest group
 * above it that the file has.  False. */
bool conf_fail(const struct conf_load *l, const char *path,
    const char *fmt, ...) NPS_PRINTF(3, 4);

/* ---- conf_trigger.c ---------------------------------------------------- */
extern const struct opt conf_trigger_codes[];	/* sale, loss, ... */
/* conf->triggers, after conf->rules. */
NPS_MUSTCHECK bool conf_read_triggers(const struct conf_load *l);
void conf_dump_triggers(const struct conf *conf, struct buf *out);

/* ---- conf_check.c ------------------------------------------------------ */
/* Everything that a bound in a table cannot say; makes conf->calendar. */
NPS_MUSTCHECK bool conf_check(const struct conf_load *l);
/* After conf_read_survey: does the service keep mails until send.at? */
NPS_MUSTCHECK bool conf_check_hours(const struct conf_load *l);
/* "09:00" to minutes of the day. */
bool conf_parse_minutes(const char *text, int *minutes);
/* Domains in the form that addresses are compared in; path is their key. */
NPS_MUSTCHECK bool conf_domains(const struct conf_load *l, const char *path,
    struct strlist *list);

/* ---- conf_rules.c ------------------------------------------------------ */
extern const struct opt conf_frequency_opts[], conf_programme_opts[],
    conf_policy_countries[];
/* conf->policy; and what no bound says of frequency, programmes, pilot. */
NPS_MUSTCHECK bool conf_read_rules(const struct conf_load *l);
void conf_dump_rules(const struct conf *conf, struct buf *out);

/* ---- conf_alarm.c ------------------------------------------------------ */
extern const struct opt conf_alarm_opts[];	/* offsets of struct conf */
/* After the triggers. */
NPS_MUSTCHECK bool conf_check_alarm(const struct conf_load *l);

/* ---- conf_writeback.c -------------------------------------------------- */
extern const struct opt conf_field_opts[];
extern const struct opt conf_task_opts[];	/* offsets of struct conf */
NPS_MUSTCHECK bool conf_check_writeback(const struct conf_load *l);

/* ---- conf_profile.c ---------------------------------------------------- */
/* Does the CRM of that name get the profile of conf_load_profile? */
bool conf_is_tried(const struct conf_load *l, const struct opt *opts,
    const char *name);
/* As options_fill with that profile; the group's own is not looked at. */
NPS_MUSTCHECK bool conf_fill_tried(const struct conf_load *l,
    const struct opt *opts, const struct config_setting_t *group,
    const char *where, const char *const *ignore, void *base);

/* ---- conf_driver.c ----------------------------------------------------- */
extern const struct opt conf_crm_opts[], conf_survey_opts[];
extern const struct opt conf_mail_opts[];	/* offsets of struct conf */
NPS_MUSTCHECK bool conf_read_crm(const struct conf_load *l);
NPS_MUSTCHECK bool conf_read_survey(const struct conf_load *l);
void conf_dump_drivers(const struct conf *conf, struct buf *out);

#endif
