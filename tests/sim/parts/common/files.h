/*
 * files.h - what a simulator keeps in its folder: files of one line, and files
 * that only grow, one JSON object a line.
 */
#ifndef NPSYNC_SIM_FILES_H
#define NPSYNC_SIM_FILES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first line without its end; false: there is none. */
bool file_line(const char *path, char *out, size_t size);
/* One line; whole or not at all. */
void file_write(const char *path, const char *line);
/* A secret: the first line of a file, for ever. */
const char *file_secret(const char *path);
/* Open for more lines. */
int file_append(const char *dir, const char *name);
/* The time in a file of the folder; otherwise, from now on, if it is not there.
 * The time on which a world was drawn stays, whatever the clock does. */
int64_t file_time(const char *dir, const char *name, int64_t otherwise);

/* Whole, and on disk when it returns if it is synced. */
void line_add(int fd, const json_t *line, bool sync);
/* Of a log: takes the line; NULL stands for bytes that are no text. */
void log_add(int fd, json_t *line);
/* Each line of dir/ledger.jsonl.  A torn last one was never answered: it did
 * not happen, and is cut off. */
typedef void line_fn(void *of, json_t *line);
void lines_read(const char *dir, line_fn *each, void *of);
/* The whole of it, the caller's to free. */
char *lines_text(const char *dir);

#endif
