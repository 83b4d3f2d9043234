/*
 * stage_preview.h - the preview mail: once a date to each address, at most
 * once whatever happens (effect.h).
 */
#ifndef NPSYNC_STAGE_PREVIEW_H
#define NPSYNC_STAGE_PREVIEW_H

#include "mail.h"
#include "preview.h"
#include "stage.h"

/* A message and the files its parts lie in. */
struct preview_mail {
	FILE *text, *html, *csv, *message;
};
/* Builds it for these recipients; token tells one mail from the next and is
 * part of its id.  The files have no names. */
NPS_MUSTCHECK bool preview_mail_open(struct preview_mail *mail,
    const struct conf *conf, const struct preview *preview, const char *token,
    const char *const *to, size_t n_to, struct arena *arena,
    struct arena *scratch, struct err *err);
void preview_mail_close(struct preview_mail *mail);

/* Today is a working day, its hour has come, there is a server, and somebody
 * has not been written to yet.  What a dead run left behind becomes unknown
 * and is said in *problem. */
NPS_MUSTCHECK bool stage_preview_due(struct stage *stage, bool *due,
    struct err *problem, struct err *err);
/* Sends it.  A server that is away is no error: *problem. */
NPS_MUSTCHECK bool stage_preview(struct stage *stage,
    const struct preview *preview, struct err *problem, struct err *err);

#endif
