/*
 * map.h - fields of a row by a profile's paths, value maps and formats.  Pure.
 *
 * What is absent, null or "" is no value.  What is there and cannot be what it
 * should be makes the row unreadable: reason says which field, and what was
 * expected, never what stood there.
 */
#ifndef REST_MAP_H
#define REST_MAP_H

#include "arena.h"
#include "connector.h"
#include "json.h"

/* `values = ( { field = "relation"; from = "C"; to = "Kunde"; }, ... )`:
 * from "*" is anything else, "" what is absent; to "" is no value. */
struct rest_value_map {
	const char *field, *from, *to;
};
/* `format = ( { field = "occurred_at"; as = "epoch_ms"; zone = ""; } )`:
 * as auto | iso | epoch | epoch_ms | object | a pattern of clock_parse_format;
 * zone "" = the profile's. */
struct rest_format {
	const char *field, *as, *zone;
};
struct rest_maps {
	struct grouplist values, format;
};
/* Rows of an option table; at_ = offset of the struct rest_maps. */
extern const struct opt rest_value_map_opts[], rest_format_opts[];
#define REST_MAPS_ROWS(at_) \
	{ .name = "values", .type = OPT_GROUPLIST, .def = "", \
	    .offset = (at_) + offsetof(struct rest_maps, values), \
	    .sub = rest_value_map_opts, .size = sizeof(struct rest_value_map), \
	    .help = "the other side's words in ours" }, \
	{ .name = "format", .type = OPT_GROUPLIST, .def = "", \
	    .offset = (at_) + offsetof(struct rest_maps, format), \
	    .sub = rest_format_opts, .size = sizeof(struct rest_format), \
	    .help = "how a time is written, where it does not say itself" }

struct map {
	const struct rest_maps *maps;	/* may be NULL */
	const char *zone;		/* of times that name none */
	struct arena *arena;		/* of what is handed out */
	json_t *row;
	char reason[128];		/* "" = readable so far; the first stays */
};

/* For struct opt.check of `as`. */
NPS_MUSTCHECK bool map_check_format(const char *as, struct err *err);

enum map_word { MAP_ABSENT, MAP_WORD, MAP_DROPPED /* mapped to "" */ };
/* A number, a text or a boolean, as text, after the value map. */
enum map_word map_word(struct map *m, const char *field,
    const struct strlist *paths, const char **out);
/* The value map alone; *text NULL or "" is what is absent. */
enum map_word map_apply(const struct map *m, const char *field,
    const char **text);
/* As map_word; NULL = none. */
const char *map_text(struct map *m, const char *field,
    const struct strlist *paths);
/* The same, and unreadable if there is none. */
const char *map_id(struct map *m, const char *field,
    const struct strlist *paths);
/* NO_TIME = none.  *text (may be NULL): as ISO 8601, with the digits below a
 * second that were received, for a watermark. */
time_t map_time(struct map *m, const char *field, const struct strlist *paths,
    const char **text);
/* Day in the zone of the field; NO_DAY = none. */
int map_day(struct map *m, const char *field, const struct strlist *paths);
/* true, 1, "yes", "ja" ... after the value map.  Something else: unreadable. */
enum tri map_flag(struct map *m, const char *field,
    const struct strlist *paths);
/* Texts: of each match of the first candidate that has one, of each element of
 * a list found, of a text cut at separator ("" = not cut).  Ends with NULL, is
 * never NULL but for memory (arena_failed); each once. */
const char *const *map_list(struct map *m, const char *field,
    const struct strlist *paths, const char *separator);
/* What may speak against asking: a row that does not have it is unreadable,
 * unless the profile says that it may be missing.  A null in place of what would
 * hold it is a "no" only if another row had it (met): nobody could tell a wrong
 * name otherwise. */
void map_must(struct map *m, const char *field, const struct strlist *paths,
    bool met);
/* values says what stands for an absent one of this field: then none is missed. */
bool map_decides_absent(const struct rest_maps *maps, const char *field);
/* Makes the row unreadable; the first reason stays.  False. */
bool map_refuse(struct map *m, const char *field, const char *expected);

/* ---- paths that match nothing ------------------------------------------- */
#define MAP_ROWS_JUDGED 100
struct map_field {
	const char *name;
	const struct strlist *paths;
};
/* Which of a listing's fields were met in its first rows. */
struct map_seen {
	const struct map_field *fields;	/* ends with name NULL; at most 64 */
	uint64_t met;
	size_t rows;
	char never[128];	/* WHERE.employee, that was not */
};
void map_seen_init(struct map_seen *s, const struct map_field *fields);
/* Before a page's rows (an array, or one) are handed out.  ERR_CONFIG, "WHERE.employee: none of
 * /employee, /owner was in the first 100 rows", once so many were met. */
NPS_MUSTCHECK bool map_seen_take(struct map_seen *s, json_t *rows,
    const char *where, struct err *err);

#endif
