/*
 * writer.c - open and close of the writing side, and what settings leave of it.
 */
#include "writer.h"

#include <stdlib.h>

#define OWN_BYTES ((size_t)1 << 20)

bool
dynamics_writer_open(struct dynamics *d, struct err *err)
{
	struct dynamics_writer *w = d->writer = calloc(1, sizeof(*w));

	if (w == NULL)
		return err_nomem(err);
	w->own = arena_new(OWN_BYTES);
	return w->own != NULL || err_nomem(err);
}

void
dynamics_writer_close(struct dynamics *d)
{
	if (d->writer == NULL)
		return;
	arena_free(d->writer->own);
	free(d->writer);
	d->writer = NULL;
}

void
dynamics_writing_narrow(const struct dynamics_settings *set,
    struct crm_connector *copy)
{
	if (*set->tag_column == '\0') {
		copy->info.caps &= ~(uint32_t)CRM_CAP_TAGS;
		copy->tags_request = NULL;
		copy->tags_result = NULL;
		copy->tags_max = 0;
	}
	if (*set->response_table == '\0') {
		copy->info.caps &= ~(uint32_t)CRM_CAP_ANSWERS;
		copy->put_answer = NULL;
	}
	copy->effects_max = set->batch_size > 0 ? (size_t)set->batch_size : 1;
}
