/*
 * spool.h - what a dry run read, in an unlinked file: the connectors are asked
 * without a transaction, then everything is loaded, judged and rolled back.
 */
#ifndef NPSYNC_SPOOL_H
#define NPSYNC_SPOOL_H

#include "connector.h"

struct spool;

/* Below $TMPDIR or /tmp, mode 0600, unlinked at once. */
NPS_MUSTCHECK bool spool_open(struct spool **spool, struct err *err);
void spool_close(struct spool *spool);
/* Each copies the whole record, all members of connector.h included. */
NPS_MUSTCHECK bool spool_put_contact(struct spool *spool,
    const struct crm_contact *c, struct err *err);
NPS_MUSTCHECK bool spool_put_activity(struct spool *spool,
    const struct crm_activity *a, struct err *err);
NPS_MUSTCHECK bool spool_put_event(struct spool *spool,
    const struct crm_event *e, struct err *err);
/* A checkpoint of the stream being read (both may be NULL). */
NPS_MUSTCHECK bool spool_put_checkpoint(struct spool *spool,
    const char *resume, const char *watermark, struct err *err);
/* Number of bytes written; where the next record will stand. */
long long spool_position(const struct spool *spool);
/* Reads the records from..until (positions) in order and calls the one that
 * fits; a NULL function skips its kind.  Strings live in scratch, which is
 * emptied after each record.  False: err, or ERR_CANCELLED when a callback
 * returned false. */
NPS_MUSTCHECK bool spool_replay(struct spool *spool, long long from,
    long long until, crm_contact_fn *contact, crm_activity_fn *activity,
    crm_event_fn *event, checkpoint_fn *checkpoint, void *arg,
    struct arena *scratch, struct err *err);

#endif
