/*
 * mailbox.h - a mail server for a test (smtpd.py), and its mails as a reader
 * that is not ours sees them (readmail.py).
 *
 * Run from the top of the checkout.  Failures end the test.
 */
#ifndef NPSYNC_MAILBOX_H
#define NPSYNC_MAILBOX_H

#include <jansson.h>
#include <stdbool.h>

#include "runproc.h"

struct mailbox {
	struct runproc server;
	char dir[400];
	int port;		/* kept from one start to the next */
};

/* Makes dir, which anybody may read; the mode is "ok". */
void mailbox_make(struct mailbox *m, const char *dir);
/* kind: "--tls", "--smtps", both with AUTH, or NULL. */
void mailbox_start(struct mailbox *m, const char *kind);
void mailbox_stop(struct mailbox *m);
/* What becomes of the next mails: see smtpd.py. */
void mailbox_mode(const struct mailbox *m, const char *mode);
/* A file in its directory. */
void mailbox_write(const struct mailbox *m, const char *name,
    const char *text);
/* Message n has come. */
bool mailbox_has(const struct mailbox *m, int n);
int mailbox_count(const struct mailbox *m);
/* Waits until so many have come. */
void mailbox_wait(const struct mailbox *m, int n);
/* Message n, from 1, without a fault; the caller's. */
json_t *mailbox_read(const struct mailbox *m, int n);
/* The address of its envelope. */
const char *mailbox_to(const struct mailbox *m, int n);

/* By lower-case name; no such header fails the test. */
const char *mail_header(const json_t *mail, const char *name);
/* type, file, disposition or text of a part. */
const char *mail_part(const json_t *mail, size_t i, const char *key);

#endif
