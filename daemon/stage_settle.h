/*
 * stage_settle.h - what became of rows that may have been sent: after a crash,
 * a lost answer, a restored backup.  By looking, never by sending again.
 */
#ifndef NPSYNC_STAGE_SETTLE_H
#define NPSYNC_STAGE_SETTLE_H

#include "connect.h"
#include "stage.h"

/* Rows of dead runs become unknown; unknown ones are looked up at the service,
 * in one listing.  What the service cannot say now is asked again another
 * night: a listing that fails is told in stage->survey->link.aside. */
NPS_MUSTCHECK bool stage_settle(struct stage *stage, struct err *err);

/* After a restored backup: rows that may have been sent are held ... */
NPS_MUSTCHECK bool stage_settle_hold(struct stage *stage, struct err *err);
/* ... until the service's list was matched (stage_audit): what it showed is
 * sent, the others go on. */
NPS_MUSTCHECK bool stage_settle_release(struct stage *stage, struct err *err);

/* ---- pure, for tests ---------------------------------------------------------- */
struct settle_facts {
	time_t now, claimed_at;
	time_t absent_at;	/* NO_TIME = not missed before */
	bool retried;		/* proven absent once before */
	int second_look_min, answer_s;
};
enum settle_verdict {
	SETTLE_WAIT,		/* absence is not proven yet */
	SETTLE_FIRST_LOOK,	/* noted */
	SETTLE_AGAIN,		/* never arrived: goes on waiting to be sent */
	SETTLE_GIVE_UP		/* the second time */
};
/* What one complete listing without the row means. */
enum settle_verdict settle_absent(const struct settle_facts *facts);

#endif
