/*
 * secret.h - where keys live: "credential:NAME", "file:PATH"; never in the
 * configuration itself (design section 9).
 */
#ifndef NPSYNC_SECRET_H
#define NPSYNC_SECRET_H

#include "arena.h"
#include "err.h"

/*
 * "credential:NAME": $CREDENTIALS_DIRECTORY/npsync/NAME or
 * $CREDENTIALS_DIRECTORY/NAME; else CONFIG_DIR/credentials/NAME (a plain file
 * of mode 0600, or one encrypted by systemd-creds, which only root can read
 * outside a unit).  "file:PATH": mode 0600 (0400), own or root's file.
 * One trailing newline is cut.  ERR_CONFIG / ERR_PERMISSION name the
 * reference and what to do, never the value.
 */
NPS_MUSTCHECK bool secret_load(const char *reference, const char *config_dir,
    struct arena *arena, const char **value, struct err *err);
/* `npsync secret set NAME [--expires DAY]`: reads one line from the terminal
 * without echo (or from standard input when it is none) and stores it as
 * CONFIG_DIR/credentials/NAME: encrypted by systemd-creds where that works,
 * else plain with mode 0600; atomic.  expires = YYYYMMDD or 0, kept beside it
 * in NAME.expires. */
NPS_MUSTCHECK bool secret_set(const char *name, const char *config_dir,
    int expires, struct err *err);
/* Last three characters behind stars: "*****eOE"; shorter than 8: "*****". */
const char *secret_mask(const char *value, char out[16]);
/* "a***@d.dk" */
const char *secret_mask_address(struct arena *arena, const char *address);

#endif
