/*
 * options.h - fills settings structs from option tables (connector.h: struct
 * opt), prints and dumps them.  The only users of libconfig are options.c and
 * options_file.c; everybody else sees an opaque struct config_setting_t.
 *
 * What a row of a table fills, and how .def is written:
 *
 *   OPT_STR, OPT_SECRET, OPT_URL, OPT_PATH    const char *
 *   OPT_INT, OPT_SECONDS    int; with .size = sizeof(int64_t) an int64_t
 *   OPT_FLOAT               double
 *   OPT_BOOL                bool
 *   OPT_CHOICE              int, the index in .choices;
 *                           with .size = sizeof(char *) the text itself
 *   OPT_STRLIST, OPT_INTLIST    struct strlist, struct intlist
 *   OPT_GROUP               the members of .sub at base + .offset
 *   OPT_GROUPLIST           struct grouplist of structs of .size bytes
 *   OPT_PROFILE             a struct of .size bytes that begins with struct
 *                           opt_profile, filled by .sub from the file it names
 *
 * .def of a text is taken as it is ("09:00"), or with its quotes as in the
 * file ("\"09:00\"", where it begins and ends with one); lists are
 * "[\"a\", \"b\"]", "[]" or "".  .def == NULL: the key must be given.  A group
 * that is not given is filled with the defaults of its members; with .def ""
 * it is optional as a whole: its members without default are then left zero
 * instead of missed.  The C member of an optional text is never NULL but "",
 * except in such a group.
 *
 * SECONDS: 90, "90s", "5m", "2h", "1d".  URL: https, or http to this machine,
 * or http anywhere with allow_http = true in the same group; only this machine
 * while test = true stands at the top of the file; "" where that is the
 * default.  PATH: a relative one is taken from the directory of the file.
 * SECRET: a reference ("credential:NAME", "file:PATH"), see
 * options_load_secrets.  PROFILE: a name ("tryton": FOLDER/tryton.conf beside
 * the file, else the one compiled in; .choices[0] = FOLDER), or the path of a
 * file, with a '/' or ending in ".conf".
 *
 * .check is asked for each text that the file gives, of a list too.
 */
#ifndef NPSYNC_OPTIONS_H
#define NPSYNC_OPTIONS_H

#include <stdio.h>

#include "arena.h"
#include "buf.h"
#include "connector.h"
#include "err.h"

struct config_setting_t;	/* libconfig */

/* Fills base (zeroed, of the table's size) from group; NULL group = all
 * defaults.  Keys in `ignore` (NULL-ended, may be NULL) are the caller's, even
 * if the table names them.  Unknown key, wrong type, out of range, missing:
 * ERR_CONFIG with "FILE:LINE: path.key: expected ..., got ...".  where = path
 * for messages, "survey.send"; "" at the top. */
NPS_MUSTCHECK bool options_fill(const struct opt *opts, void *base,
    const struct config_setting_t *group, const char *file, const char *where,
    const char *const *ignore, struct arena *arena, struct err *err);
/* One value, which is there, as *at. */
NPS_MUSTCHECK bool options_fill_value(const struct opt *opt, void *at,
    const struct config_setting_t *setting, const char *file,
    const char *path, struct arena *arena, struct err *err);
/* Calls fn for every OPT_SECRET that is set in a filled struct; fn may replace
 * the text.  False: fn said so. */
typedef bool options_secret_fn(void *arg, const char *path, const char **text,
    struct err *err);
NPS_MUSTCHECK bool options_each_secret(const struct opt *opts, void *base,
    const char *where, options_secret_fn *fn, void *arg, struct err *err);
/* Replaces every OPT_SECRET's reference in a filled struct by its value. */
NPS_MUSTCHECK bool options_load_secrets(const struct opt *opts, void *base,
    const char *config_dir, const char *where, struct arena *arena,
    struct err *err);
/* One line "where.key=value" for each setting, in the table's order: the same
 * settings give the same text.  Secrets: before options_load_secrets only. */
void options_dump(const struct opt *opts, const void *base, const char *where,
    struct buf *out);
/* Table of key, type, default, bounds, help; groups are nested. */
void options_print(FILE *out, const struct opt *opts, const char *indent);

/* ---- a file ------------------------------------------------------------ */
struct options_file;

/* Reads a file with its @include'd ones (paths relative to its directory).
 * The name is borrowed.  ERR_CONFIG: "FILE:LINE: syntax error". */
NPS_MUSTCHECK bool options_open(const char *name, struct options_file **file,
    struct err *err);
/* The same from text; name stands in messages. */
NPS_MUSTCHECK bool options_open_text(const char *text, const char *name,
    struct options_file **file, struct err *err);
void options_close(struct options_file *file);
const struct config_setting_t *options_root(const struct options_file *file);

/* NULL where there is none; NULL group allowed. */
const struct config_setting_t *options_member(
    const struct config_setting_t *group, const char *name);
/* By path: "trigger.sale.campaign", "crm.[0].name". */
const struct config_setting_t *options_find(const struct options_file *file,
    const char *path);
/* Members of a group, elements of a list; 0 for anything else. */
size_t options_count(const struct config_setting_t *setting);
const struct config_setting_t *options_at(
    const struct config_setting_t *setting, size_t i);
const char *options_name(const struct config_setting_t *setting);
bool options_is_group(const struct config_setting_t *setting);
bool options_is_list(const struct config_setting_t *setting);
/* The text of a string setting, else NULL. */
const char *options_text(const struct config_setting_t *setting);
int options_line(const struct config_setting_t *setting);
/* "FILE:LINE:", the file that holds it; at = NULL: "FILE:". */
const char *options_where(const struct config_setting_t *at, const char *file,
    char *out, size_t size);
/* ERR_CONFIG "FILE:LINE: where: ..."; false.  at = NULL: without line. */
bool options_error(struct err *err, const struct config_setting_t *at,
    const char *file, const char *where, const char *fmt, ...)
    NPS_PRINTF(5, 6);

/* ---- profiles ---------------------------------------------------------- */
/* Those compiled in; ends with .name == NULL. */
struct options_profile {
	const char *folder, *name, *text;	/* "crm.d", "tryton" */
};
extern const struct options_profile options_profiles[];
/* conf = the configuration's name, whose directory counts (NULL: that of the
 * process).  *name = the file as messages call it, in arena. */
NPS_MUSTCHECK bool options_open_profile(const char *value, const char *folder,
    const char *conf, struct arena *arena, struct options_file **file,
    const char **name, struct err *err);
/* Where each of its keys stands; NULL = no memory. */
const struct opt_place *options_places(const struct options_file *file,
    const char *name, struct arena *arena);

/* ---- between options_*.c ----------------------------------------------- */
bool options_is_bounded(const struct opt *opt);
/* False: out of bounds, or no duration. */
bool options_put_integer(const struct opt *opt, char *at, long long value);
bool options_put_float(const struct opt *opt, char *at, double value);
bool options_put_seconds(const struct opt *opt, char *at, const char *text);
bool options_is_listed(const char *name, const char *const *list);
/* "expected one of object, string; got "x"": the value at, or if it is not
 * given the group that misses it.  False. */
bool options_expected(struct err *err, const struct opt *opt,
    const struct config_setting_t *at, bool given, const char *file,
    const char *path);
/* ERR_CONFIG for the first key that neither the table nor ignore knows. */
bool options_check_keys(const struct opt *opts, const char *const *ignore,
    const struct config_setting_t *group, const char *file,
    const char *where, struct err *err);

static inline void
options_file_cleanup(struct options_file **file)
{
	options_close(*file);
}

#endif
