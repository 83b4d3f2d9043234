/*
 * buf.h - text and bytes that grow, with a ceiling set at init.
 */
#ifndef NPSYNC_BUF_H
#define NPSYNC_BUF_H

#include <stdarg.h>

#include "npsync.h"

struct buf {
	char *s;	/* NUL-terminated after any append; NULL when empty */
	size_t len, cap, max;
	bool failed;	/* ceiling or memory reached; sticky until buf_reset */
	bool no_memory;	/* it was memory: another time it may fit */
};

void buf_init(struct buf *buf, size_t max_bytes);
/* On failure nothing is appended and failed is set; false then. */
bool buf_add(struct buf *buf, const void *data, size_t len);
bool buf_str(struct buf *buf, const char *s);
bool buf_char(struct buf *buf, char c);
bool buf_printf(struct buf *buf, const char *fmt, ...) NPS_PRINTF(2, 3);
/* "" when nothing was appended; valid until the next append. */
const char *buf_text(const struct buf *buf);
/* Empty again, memory kept. */
void buf_reset(struct buf *buf);
void buf_free(struct buf *buf);

static inline void
buf_cleanup(struct buf *buf)
{
	buf_free(buf);
}

#endif
