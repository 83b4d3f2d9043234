/*
 * connect.h - opens configured connectors and is their checked front: what a
 * connector promises must be there, what it emits is checked before it counts.
 */
#ifndef NPSYNC_CONNECT_H
#define NPSYNC_CONNECT_H

#include "conf.h"
#include "connector.h"
#include "http.h"

struct quarantined {
	struct quarantined *next;
	const char *source, *key, *reason;
	long line;
};
#define QUARANTINE_KEPT_MAX 10000

/* An open connector and what the core lends it. */
struct link {
	const char *name;	/* instance */
	void *self;
	struct connector_env env;
	struct http *http;
	struct arena *scratch;
	struct arena *kept;	/* the quarantine list */
	struct quarantined *quarantine, **quarantine_end;
	long n_quarantined;	/* all, also those beyond the ceiling */
	long n_skipped;		/* none of ours, said the settings */
	long n_noted;		/* of them: the record came up all the same */
	char came_up[128];	/* the last one that did, as its key begins */
	struct quarantined lost; /* stands for those without memory; no key */
	bool failed;		/* its part of the run is over */
	struct err problem;
	struct err aside;	/* one stage went without; the others go on */
};
struct crm {
	struct link link;
	const struct conf_crm *conf;
	const struct crm_connector *connector;
	/* dry run: where its streams lie, and what could not be read of them */
	long long spool_from, spool_until[3];
	long spool_bad[3], spool_skipped[3];
};
struct survey {
	struct link link;
	const struct conf_survey *conf;
	const struct survey_connector *connector;
	long long looked;	/* a look said whether somebody declined */
	struct err unsure;	/* one said nothing: who is not asked, and why */
};

/* Into a zeroed struct, which is to be closed also after a failure; closing
 * twice does no harm.  Settings and cancelled are borrowed. */
/* zone = the tenant's. */
NPS_MUSTCHECK bool crm_open(struct crm *crm, const struct conf_crm *conf,
    const char *zone,
    bool (*cancelled)(void), struct err *err);
void crm_close(struct crm *crm);
NPS_MUSTCHECK bool survey_open(struct survey *survey,
    const struct conf_survey *conf, const char *zone, bool (*cancelled)(void), struct err *err);
void survey_close(struct survey *survey);

/* Bits against pointers; ERR_BUG names the first that does not fit. */
NPS_MUSTCHECK bool connector_check_crm(const struct crm_connector *c,
    struct err *err);
NPS_MUSTCHECK bool connector_check_survey(const struct survey_connector *c,
    struct err *err);

/* NULL when a record is sound, else what is wrong with it (no personal data). */
const char *connect_event_fault(const struct crm_event *ev);
const char *connect_activity_fault(const struct crm_activity *act);
const char *connect_contact_fault(const struct crm_contact *c);
const char *connect_answer_fault(const struct survey_answer *a);
const char *connect_sent_fault(const struct sent *s);
/* Keeps a record that cannot be used, copied; a text that PostgreSQL would not
 * take is escaped and cut at 512 bytes.  What is beyond QUARANTINE_KEPT_MAX is
 * only counted.  key may be NULL. */
void link_quarantine(struct link *link, const char *source, long line,
    const char *key, const char *reason);
/* A record was taken: what is said of it next is a note. */
void link_came_up(struct link *link, const char *key);
void link_quarantine_clear(struct link *link);

#endif
