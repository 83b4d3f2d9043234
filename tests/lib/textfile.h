/*
 * textfile.h - files as one text.  Failures end the test.
 */
#ifndef NPSYNC_TESTS_TEXTFILE_H
#define NPSYNC_TESTS_TEXTFILE_H

/* The caller's. */
char *textfile_read(const char *path);
void textfile_write(const char *path, const char *text);

#endif
