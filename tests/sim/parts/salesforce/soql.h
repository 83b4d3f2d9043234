/*
 * soql.h - what the two halves of the SOQL reader share.
 */
#ifndef NPSYNC_SIM_SOQL_H
#define NPSYNC_SIM_SOQL_H

#include <strings.h>

#include "sim.h"

enum tok { TOK_END, TOK_WORD, TOK_SIGN, TOK_STRING, TOK_NUMBER };
enum lit_kind { LIT_NULL, LIT_BOOL, LIT_NUM, LIT_STRING, LIT_DATE,
	LIT_DATETIME };
enum op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_LIKE, OP_IN, OP_NOT_IN,
	OP_INCLUDES };
enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_CMP };

struct lit {
	enum lit_kind kind;
	int64_t n;
	double d;
	const char *s;
};
struct node {
	enum node_kind kind;
	struct node *a, *b;
	struct path path;
	enum op op;
	struct lit *given;	/* ids are sorted */
	size_t n_given;
};
struct token {
	enum tok kind;
	const char *text, *at;
};
struct parser {
	struct sim *sim;
	struct query *q;
	const char *start, *at, *columns;
	struct token tok;
	int depth;
	const char *code;
	char text[900];
};

bool fail(struct parser *p, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool node_check(struct parser *p, struct node *n);

#endif
