/*
 * batch.h - $batch: its parts and its change sets.
 */
#ifndef NPSYNC_SIM_DYNAMICS_BATCH_H
#define NPSYNC_SIM_DYNAMICS_BATCH_H

#include "sim.h"

#define PARTS_MAX 1000

struct part {			/* of a multipart body */
	const char *type, *id, *encoding;
	char *content;		/* what stands behind its headers */
	size_t len;
};
struct change_set {
	struct text lines;
	int64_t seq, version;
};

/* ---- multipart.c: NULL = good, else what is wrong */
const char *boundary_of(struct pool *p, const char *content_type);
const char *parts_read(struct pool *p, char *body, size_t len,
    const char *boundary, struct part *parts, size_t *n);
const char *inner_read(struct sim *s, struct request *outer,
    const struct part *part, struct request *out);

/* ---- undo.c */
void set_begin(struct sim *s, struct change_set *c);
void set_end(struct sim *s, struct change_set *c, bool good);

#endif
