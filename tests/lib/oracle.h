/*
 * oracle.h - what must become of every event of a fake CRM, by a plain model
 * of the rules: one look at each event, one after the other.  It shares
 * nothing with npsync but the words of the design.
 */
#ifndef NPSYNC_ORACLE_H
#define NPSYNC_ORACLE_H

#include "fakecrm.h"

#define ORACLE_THROTTLE_DAYS 30
#define ORACLE_DEFER_DAYS 7
#define ORACLE_SALE_DELAY_H 20
#define ORACLE_SILENT_DAYS 30
#define ORACLE_SILENT_WIDTH 10

enum oracle_state { ORACLE_WAITING, ORACLE_DUE, ORACLE_SENT, ORACLE_UNKNOWN,
	ORACLE_FAILED, ORACLE_SUPPRESSED, ORACLE_EXPIRED, ORACLE_EXCLUDED,
	ORACLE_STATES };
struct oracle_row {
	enum fakecrm_event event;
	enum fakecrm_category category;
	enum oracle_state state;
	char event_id[60], contact_id[16];
	const char *reason;		/* "" = none */
	int contact, campaign;
	int64_t at;
	int created_night, due_night, decided_night, not_before;
	bool requeued;
	char address[64];		/* when it was judged */
	char ref[40];			/* at the service, once it is there */
	/* Of a row in doubt: when it was claimed, first missed; looked for in
	 * vain before; found. */
	int64_t claimed_at, absent_at;
	bool retried, confirmed;
	int attempt;			/* how often it was claimed, as last seen */
};
struct oracle {
	const struct fakecrm *crm;
	struct oracle_row *rows;
	size_t n, room;
	bool *taken;			/* by row of the CRM */
	size_t n_taken;
	struct {
		char address[64];
		int contact, night;
		size_t row;		/* SIZE_MAX: of others */
	} *sends;
	size_t n_sends, sends_room;
	char (*opted_out)[64];
	size_t n_opted_out, opted_out_room;
	int start_day, throttle_days;
};

void oracle_open(struct oracle *o, const struct fakecrm *crm);
void oracle_close(struct oracle *o);
/* The first run: what is there was there before. */
void oracle_baseline(struct oracle *o, int64_t now);
/* New events as the exports of a moment show them. */
void oracle_intake(struct oracle *o, int64_t now, int night);
/* Judges what waits; DUE = must be transferred now. */
void oracle_decide(struct oracle *o, int64_t now, int night);
/* Silences that are found in a night, those of earlier nights since one that was
 * missed too (since = night: none was). */
void oracle_forecast(struct oracle *o, int64_t now, int night, int since);
/* The row left, or may have. */
void oracle_sent(struct oracle *o, struct oracle_row *row,
    enum oracle_state state);
/* It did not: nothing of it counts. */
void oracle_unsent(struct oracle *o, struct oracle_row *row,
    enum oracle_state state);
/* Somebody else asked. */
void oracle_foreign(struct oracle *o, const char *address, int day);
void oracle_opted_out(struct oracle *o, const char *address);
bool oracle_is_opted_out(const struct oracle *o, const char *address);
/* 0 = none fits */
int oracle_campaign(const struct oracle_row *row,
    const struct fakecrm_contact *c);
const char *oracle_event_name(enum fakecrm_event event);

#endif
