/*
 * canary.h - words that are nobody's but a test's, and texts in which they must
 * not stand: what a program prints and logs, and what others see of it in /proc.
 *
 * Failures end the test.
 */
#ifndef NPSYNC_TESTS_CANARY_H
#define NPSYNC_TESTS_CANARY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CANARIES_MAX 160

struct canary {
	char word[120];
	int at;			/* where it must arrive: the test's own bits */
};
/* What was looked at so far. */
struct canary_seen {
	const char *text;
	size_t len;
	int texts, files;	/* files: of /proc, read */
	int environs, denied;	/* environments read, and those that /proc keeps
				 * from an ordinary user */
};

void canary_begin(void);
void canary_end(void);
/* # in fmt stands for i, of two digits.  The word lives until the end. */
const char *canary_add(int at, const char *fmt, int i);
int canary_count(void);
const struct canary *canary_get(int i);
/* How many stand in a text; the first of them in *which. */
int canary_hits(const char *text, const char **which);

/* To what is looked at, with a word on stderr where one stands in it. */
void canary_note(const char *what, const char *text);
void canary_note_file(const char *path);
/* Of a process that runs: arguments, environment, limits, status. */
void canary_sample(pid_t pid);
struct canary_seen canary_seen(void);
/* Each one would be found in a line that is logged carelessly. */
void canary_control(void);

#endif
