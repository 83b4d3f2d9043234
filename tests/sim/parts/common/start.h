/*
 * start.h - how every simulator starts and ends: options, its folder, signals.
 */
#ifndef NPSYNC_SIM_START_H
#define NPSYNC_SIM_START_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wrong.h"

/* What an option sets: a bool, a text, a number; LINE: the first line of a file,
 * so that no secret stands in the list of processes; OTHER: the program looks. */
enum option_kind { FLAG, TEXT, NUMBER, LINE, OTHER };
struct sim_option {
	const char *name;
	enum option_kind kind;
	void *to;
};
struct sim;
/* The options that every one needs, for the usage: "--ledger DIR". */
extern const char *const sim_needs;
_Noreturn void usage(const char *what);
/* What an option does that every one has: --now-file, --fault, --mutate (and
 * --die-with-parent); other: those of kind OTHER. */
struct sim_options {
	const struct sim_option *own;
	size_t n;
	struct sim *sim;
	char *now_file;
	size_t now_file_size;
	bool (*fault)(struct sim *, const json_t *);
	struct mutants *mutants;	/* not used where own has "mutate" */
	void (*other)(const char *name, const char *arg);
};
void options_read(int argc, char **argv, const struct sim_options *options);
/* The place of arg among names, or usage. */
int option_choice(const char *arg, const char *const *names);

/* Makes the folder; the clock is now_file or, without one, in the folder, where
 * now is its first time unless it has one. */
void folder_open(const char *dir, char *now_file, size_t size, const char *now);

/* Before the first thread starts, and then until the end. */
void signals_hold(void);
void signals_wait(const char *port_file, int port);

#endif
