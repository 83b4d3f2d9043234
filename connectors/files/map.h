/*
 * map.h - a row of a file as the border's struct.
 */
#ifndef NPSYNC_FILES_MAP_H
#define NPSYNC_FILES_MAP_H

#include "files.h"

/* FILES_SKIP: nothing to emit; FILES_BAD: in the quarantine.  Texts live as
 * long as the row and f->record. */
enum files_mapped { FILES_EMIT, FILES_SKIP, FILES_BAD };
enum files_mapped files_map_contact(struct files_sheet *sheet,
    struct crm_contact *c);
enum files_mapped files_map_activity(struct files_sheet *sheet,
    struct crm_activity *act);
/* Deals, cases and, of the activities, meetings. */
enum files_mapped files_map_event(struct files_sheet *sheet,
    struct crm_event *ev);

/* ---- cells.c -------------------------------------------------------- */
/* Compares without regard to case and to the form of accents. */
bool files_same(const char *a, const char *b);
/* Length of a column's name without the '?' of "may be missing". */
size_t files_name_len(const char *spec);
bool files_has_word(const struct strlist *words, const char *text);
/* Calls fn for each tag of a cell that holds several. */
typedef bool files_tag_fn(void *arg, const char *tag, size_t len);
bool files_each_tag(const char *cell, const char *separator, files_tag_fn *fn,
    void *arg);
/* All three: false = the row is in the quarantine.  An empty cell: NO_TIME,
 * in the second one a bad row. */
bool files_take_date(struct files_sheet *sheet, int column, time_t *at,
    bool *has_time);
bool files_need_date(struct files_sheet *sheet, int column, time_t *at,
    bool *has_time);
bool files_take_tri(struct files_sheet *sheet, int column, enum tri empty,
    enum tri *out);

#endif
