/*
 * filter.h - the tree of a $filter, between its reader and its judge.
 */
#ifndef NPSYNC_SIM_SUPEROFFICE_FILTER_H
#define NPSYNC_SIM_SUPEROFFICE_FILTER_H

#include "sim.h"

#define VALUES_MAX 2000

enum op { OP_NONE, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_BETWEEN, OP_IN,
	OP_NOT_IN, OP_BEGINS, OP_NOT_BEGINS, OP_CONTAINS, OP_NOT_CONTAINS,
	OP_ENDS, OP_BEFORE, OP_AFTER, OP_DAY, OP_DAY_OR_BEFORE,
	OP_DAY_OR_AFTER, OP_BEFORE_TIME, OP_AFTER_TIME, OP_TIME };
enum node_kind { N_AND, N_OR, N_IS };
struct node {
	enum node_kind kind;
	struct node *a, *b;
	struct col col;
	enum op op;
	size_t n;
	int64_t *numbers;	/* or seconds */
	char **texts;
};

#endif
