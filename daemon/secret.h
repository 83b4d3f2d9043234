/*
 * secret.h - where keys live: "credential:NAME", "file:PATH"; never in the
 * configuration itself (design section 9).
 */
#ifndef NPSYNC_SECRET_H
#define NPSYNC_SECRET_H

#include "arena.h"
#include "buf.h"
#include "err.h"

#define SECRET_MAX ((size_t)65536)

/*
 * "credential:NAME": $CREDENTIALS_DIRECTORY/npsync_NAME (what systemd makes of
 * LoadCredentialEncrypted=npsync:/etc/npsync/credentials), .../NAME or
 * .../npsync/NAME; else CONFIG_DIR/credentials/NAME: a plain file of mode 0600,
 * or one encrypted by systemd-creds, which only root can read outside a unit.
 * CONFIG_DIR is the one of the configuration file, here and below; the files of
 * a conf.d share the credentials/ and expires/ beside it.
 * "file:PATH": mode 0600 or 0400, own or root's file; a relative path is taken
 * from CONFIG_DIR.  One trailing newline is cut.  ERR_CONFIG / ERR_PERMISSION
 * name the reference and what to do, never the value.  The value lies in the
 * arena, which does not wipe it.
 */
NPS_MUSTCHECK bool secret_load(const char *reference, const char *config_dir,
    struct arena *arena, const char **value, struct err *err);
/* `npsync secret set NAME [--expires DAY]`: reads one line from the terminal
 * without echo (or from standard input when it is none) and stores it as
 * CONFIG_DIR/credentials/NAME: encrypted by systemd-creds where that works,
 * else plain with mode 0600, which is said on standard error where a unit would
 * stumble over it; atomic.  expires = YYYYMMDD or 0.  Interrupted: ERR_SYSTEM,
 * nothing is stored. */
NPS_MUSTCHECK bool secret_set(const char *name, const char *config_dir,
    int expires, struct err *err);
/* The same with a value at hand; encrypt = false: plain. */
NPS_MUSTCHECK bool secret_store(const char *name, const char *config_dir,
    const char *value, int expires, bool encrypt, struct err *err);
/* The day a credential expires, or 0.  Kept as CONFIG_DIR/expires/NAME: what
 * lies in credentials/ itself a unit would try to decrypt. */
int secret_expires(const char *name, const char *config_dir);
/* Whether the units load CONFIG_DIR/credentials: it is /etc/npsync. */
bool secret_is_for_units(const char *config_dir);
/* Where credentials/ and expires/ lie; home is initialised here.  False: no
 * memory. */
NPS_MUSTCHECK bool secret_home(const char *config_dir, struct buf *home);
/* The files of CONFIG_DIR/credentials that systemd-creds did not make, 64 at
 * most, sorted, NULL-ended: because of each a unit with LoadCredentialEncrypted= does not
 * start.  What this user may not read is left out.  NULL: no memory. */
const char *const *secret_plain_files(const char *config_dir,
    struct arena *arena);
/* One sentence about such a file: which, and what to do.  NULL: no memory. */
const char *secret_plain_advice(const char *name, const char *config_dir,
    struct arena *arena);
/* Letters, digits, '.', '_', '-'; 1 to 64; no '.' first. */
bool secret_name_valid(const char *name);
/* Root, and systemd-creds is there. */
bool secret_can_encrypt(void);
/* Whether systemd-creds made the file that begins so; of fewer than SECRET_HEAD
 * bytes it did not. */
#define SECRET_HEAD ((size_t)64)
bool secret_is_encrypted(const char *text, size_t len);
/* Value in, file content out.  out is to be wiped by secret_wipe. */
NPS_MUSTCHECK bool secret_encrypt(const char *name, const char *value,
    struct buf *out, struct err *err);
/* buf_init with all its memory at once: a buffer that grows leaves copies of
 * what it held behind.  False: no memory. */
NPS_MUSTCHECK bool secret_reserve(struct buf *buf, size_t max);
/* Overwrites and frees. */
void secret_wipe(struct buf *buf);
/* Last three characters behind stars: "*****eOE"; shorter than 8: "*****". */
const char *secret_mask(const char *value, char out[16]);
/* "a***@d.dk" */
const char *secret_mask_address(struct arena *arena, const char *address);

#endif
