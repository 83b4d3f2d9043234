/*
 * stage.h - what every stage of a run works with.
 */
#ifndef NPSYNC_STAGE_H
#define NPSYNC_STAGE_H

#include "conf.h"
#include "connect.h"
#include "contact.h"
#include "db.h"
#include "highwater.h"
#include "mail.h"
#include "rules.h"
#include "runlog.h"
#include "tenant.h"

/* Facts older than this are read again before a night decides; where that
 * fails the row waits (fail closed). */
#define FACTS_MAX_AGE_S (6 * 3600)

struct stage {
	struct db *db;
	const struct conf *conf;
	struct tenant *tenant;
	struct runlog *log;
	struct arena *arena;	/* of the stage: emptied when it ends */
	struct arena *scratch;	/* of a page or a batch */
	int night;		/* date */
	int today;		/* local day now */
	bool may_yield;		/* an hourly run leaves when a night waits */
	bool yielded;
	bool (*cancelled)(void);
	struct crm *crm;	/* open connectors */
	size_t n_crm;
	struct survey *survey;	/* NULL = could not be opened */
	const char *state_dir;	/* of the high-water file; NULL = none */
	struct highwater mark;	/* what stands in it */
};

/* How this run turns a CRM's facts into columns. */
struct contact_rules stage_contact_rules(const struct stage *stage,
    const struct crm *crm);

/* identity.match names numbers: a mobile number tells a person too. */
bool stage_matches_phone(const struct conf *conf);

/* Renews the lease when due; between pages and batches.  ERR_CANCELLED when
 * the run must end: signal, or (may_yield) a night waits. */
NPS_MUSTCHECK bool stage_breathe(struct stage *stage, struct err *err);

/* The server of the configuration. */
struct mail_settings stage_mail_settings(const struct conf *conf);
/* This run holds the lease: mails and webhooks that a run began and never ended
 * are unknown from now on, which *problem says. */
NPS_MUSTCHECK bool stage_settle_mails(struct stage *stage,
    struct err *problem, struct err *err);

/* Notes epoch and claims in the database, then in the high-water file. */
NPS_MUSTCHECK bool stage_mark(struct stage *stage, struct err *err);
/* The same, when HIGHWATER_SENDS claims were made since. */
NPS_MUSTCHECK bool stage_mark_if_due(struct stage *stage, struct err *err);

#endif
