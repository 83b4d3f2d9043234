/*
 * identity.h - who is the same person: normalised addresses and keyed hashes
 * (design section 3; vectors section 7).
 */
#ifndef NPSYNC_IDENTITY_H
#define NPSYNC_IDENTITY_H

#include "arena.h"
#include "err.h"

#define IDENTITY_SECRET_BYTES 32
#define IDENTITY_KEY_BYTES 32
#define IDENTITY_KEY_HEX (2 + 2 * IDENTITY_KEY_BYTES + 1) /* "\x..." + NUL */

enum address_state { ADDRESS_OK, ADDRESS_NONE, ADDRESS_BAD };

/* Trimmed, NFC, case folded, domain in its ASCII (IDNA) form; dots and plus
 * are kept.  ADDRESS_OK sets *out (in the arena) and *domain (into *out).
 * Out of memory reads as ADDRESS_BAD too: ask arena_failed. */
enum address_state identity_address(struct arena *arena, const char *email,
    const char **out, const char **domain);
/* info@, post@, kontakt@, ...: belongs to a role, not to a person. */
bool identity_is_role(const char *normalised_address);
/* E.164 from a number as people write it; country_prefix ("+45") completes
 * national ones; NULL when it cannot be one. */
char *identity_phone(struct arena *arena, const char *phone,
    const char *country_prefix);

/* Keyed hashes as PostgreSQL bytea text ("\x" + 64 hex digits). */
NPS_MUSTCHECK bool identity_key_address(
    const unsigned char secret[IDENTITY_SECRET_BYTES], const char *normalised,
    char out[IDENTITY_KEY_HEX], struct err *err);
NPS_MUSTCHECK bool identity_key_phone(
    const unsigned char secret[IDENTITY_SECRET_BYTES], const char *e164,
    char out[IDENTITY_KEY_HEX], struct err *err);
NPS_MUSTCHECK bool identity_key_card(
    const unsigned char secret[IDENTITY_SECRET_BYTES], const char *connector,
    const char *contact_id, char out[IDENTITY_KEY_HEX], struct err *err);

/* Random version 4 UUID, lower case, for client_ref. */
NPS_MUSTCHECK bool identity_uuid(char out[37], struct err *err);
NPS_MUSTCHECK bool identity_random(void *out, size_t len, struct err *err);

/* As PostgreSQL writes it: encode(.., 'hex'). */
bool identity_secret_parse(const char *hex,
    unsigned char secret[IDENTITY_SECRET_BYTES]);

#endif
