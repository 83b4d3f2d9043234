/*
 * select.h - finds things in a service's JSON by a path of a profile.
 *
 * "/a/b" (a pointer: ~1 is '/', ~0 is '~') or "a.b"; names match as in
 * json_at.  Segments of their own: "*" each element or each member's value,
 * "@keys" the names of an object's members, "[key=value]" the first element
 * (or member) whose key has that text.  "." is the row itself.
 *
 * A field of a profile is a list of candidates: the first that leads to
 * something that is not null and not "" wins.  "" in such a list says only that
 * the field may be missing everywhere.
 */
#ifndef REST_SELECT_H
#define REST_SELECT_H

#include "arena.h"
#include "connector.h"
#include "json.h"

/* What a path leads to: a node, or the name of a member. */
struct select_match {
	json_t *node;		/* NULL with key */
	const char *key;
};
struct select_list {
	const struct select_match *v;
	size_t n;
};

/* For struct opt.check: unclosed filters, misplaced "@keys". */
NPS_MUSTCHECK bool select_check(const char *path, struct err *err);
/* The list names something beside "". */
bool select_any(const struct strlist *paths);
/* "" stands in the list, or it names nothing. */
bool select_may_miss(const struct strlist *paths);
/* One of the paths chooses by "[key=value]": a wrong value finds nothing. */
bool select_filters(const struct strlist *paths);

/* Everything that one path leads to, null and "" left out.  False: memory. */
NPS_MUSTCHECK bool select_all(json_t *node, const char *path,
    struct arena *arena, struct select_list *out);
/* The first candidate that leads to something: its first match; both members
 * NULL = none does. */
struct select_match select_first(json_t *node, const struct strlist *paths);
/* The matches of the first candidate that has any. */
NPS_MUSTCHECK bool select_first_all(json_t *node, const struct strlist *paths,
    struct arena *arena, struct select_list *out);
/* Text of a match in arena; NULL for none, an object or an array, or "".  17.0
 * is "17": an id is the same however its number is written. */
const char *select_text(const struct select_match *m, struct arena *arena);
/* One of the candidates leads somewhere, be it to null, "" or an empty list:
 * the service knows this name.  Of a list that is not empty an element must lead
 * there; or, where none passes a filter, have the filter's key. */
bool select_is_known(json_t *node, const struct strlist *paths);
/* A null stands before the end of one of the paths. */
bool select_is_null(json_t *node, const struct strlist *paths);
/* Known, and not by a null before the end of the path: what holds the name is
 * there. */
bool select_has_place(json_t *node, const struct strlist *paths);

#endif
