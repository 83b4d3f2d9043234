/*
 * mail.h - mails: built as MIME, handed to one SMTP server.
 *
 * As http.h: nothing from the environment, TLS >= 1.2 verified, limits of time,
 * no second attempt.  A message is built once and sent to one address at a
 * time, so that one that is refused keeps nobody else's back.
 */
#ifndef NPSYNC_MAIL_H
#define NPSYNC_MAIL_H

#include <stdio.h>
#include <time.h>

#include "err.h"

/* ---- mail_mime.c: a message ---------------------------------------------- */
/* Bodies are read from where they stand to their end.  All text is UTF-8. */
struct mail {
	const char *from;	/* "npsync@example.dk" */
	const char *from_name;	/* or NULL */
	const char *const *to;	/* of the header */
	size_t n_to;
	const char *subject;
	const char *id;		/* "preview-2026-12-01@example.dk"; the same
				 * mail keeps it, however often it is built */
	time_t date;
	FILE *text;
	FILE *html;		/* NULL = none */
	FILE *csv;		/* an attachment; NULL = none */
	const char *csv_name;
};

/* Appends the message, lines ending in CR LF.  ERR_CONFIG: an address that is
 * none or not ASCII; a control character in anything that becomes part of a
 * header.  The message says which value, never what stands in it. */
NPS_MUSTCHECK bool mail_write(const struct mail *mail, FILE *out,
    struct err *err);
/* What may stand between < and >: ASCII, one '@' with something on both sides,
 * no blank, control character, bracket, quote, comma or colon; 254 at most. */
bool mail_address_ok(const char *address);

/* ---- mail.c: the server --------------------------------------------------- */
struct mail_settings {
	const char *url;	/* smtp://HOST[:PORT], smtps://HOST[:PORT] */
	const char *user, *password;	/* "" = no AUTH */
	const char *ca_file;	/* "" = the system's */
	bool allow_plain;
};

/* A server of the configuration: scheme, host, port and nothing else;
 * *loopback = it is this machine. */
NPS_MUSTCHECK bool mail_check_url(const char *url, bool *loopback,
    struct err *err);

/*
 * How the way to the server is kept from others' eyes:
 *  smtps://                      TLS from the first byte
 *  smtp:// with ca_file or user  STARTTLS, or nothing is sent; without
 *                                ca_file a user needs none on this machine
 *  smtp:// to this machine       as it is
 *  smtp:// with allow_plain      STARTTLS where the server offers it
 *  smtp:// else                  STARTTLS, or nothing is sent
 */
enum mail_outcome {
	MAIL_SENT,	/* the server has taken it over */
	MAIL_NOT_SENT,	/* surely not: it may be tried again */
	MAIL_UNKNOWN	/* cut after the end of the message: never again */
};
/* Reads the message from its beginning.  err is set unless MAIL_SENT. */
NPS_MUSTCHECK enum mail_outcome mail_send(const struct mail_settings *settings,
    const char *from, const char *to, FILE *message, struct err *err);
/* Connects, greets, TLS, AUTH, and leaves: no mail. */
NPS_MUSTCHECK bool mail_try(const struct mail_settings *settings,
    struct err *err);

#endif
