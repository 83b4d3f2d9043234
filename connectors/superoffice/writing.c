/*
 * writing.c - open and close of the writing side, and what settings leave of it.
 */
#include "writing.h"

#include <stdlib.h>
#include <string.h>

#include "num.h"

#define LIST_BYTES ((size_t)16 << 20)
#define OWN_BYTES ((size_t)16 << 20)

bool
so_writer_open(struct superoffice *s, struct err *err)
{
	struct so_writer *w = s->writer = calloc(1, sizeof(*w));

	if (w == NULL)
		return err_nomem(err);
	w->list = arena_new(LIST_BYTES);
	w->own = arena_new(OWN_BYTES);
	if (w->list == NULL || w->own == NULL)
		return err_nomem(err);
	so_interests_begin(&w->interests, w->list);
	idmap_init(&w->fields, w->own);
	idmap_init(&w->associates, w->own);
	return s->set->tag_mode != SO_TAGS_FIELD || *s->set->tag_field != '\0' ||
	    err_set(err, ERR_CONFIG, "tag_mode = \"field\" expects tag_field");
}

void
so_writer_close(struct superoffice *s)
{
	if (s->writer == NULL)
		return;
	arena_free(s->writer->list);
	arena_free(s->writer->own);
	free(s->writer);
	s->writer = NULL;
}

void
so_writing_narrow(const struct so_settings *set, struct crm_connector *copy)
{
	if (set->tag_mode == SO_TAGS_OFF) {
		copy->info.caps &= ~(uint32_t)(CRM_CAP_TAGS |
		    CRM_CAP_ENSURE_TAGS);
		copy->tags_request = NULL;
		copy->tags_result = NULL;
		copy->ensure_tags = NULL;
		copy->tags_max = 0;
	}
	if (set->task_type_id == 0) {
		copy->info.caps &= ~(uint32_t)CRM_CAP_TASKS;
		copy->put_task = NULL;
	}
}

/* ---- what the parts share ---------------------------------------------- */
const char *
so_person_target(struct arena *arena, const char *contact_id,
    const char *select)
{
	return arena_printf(arena, "/Person/%s?$select=%s", contact_id, select);
}

bool
so_is_person(json_t *root, const char *contact_id, struct err *err)
{
	const json_int_t id = json_integer_value(json_object_get(root,
	    "PersonId"));
	long long asked;

	return (num_parse(contact_id, 1, INT32_MAX, &asked) && id == asked) ||
	    err_set(err, ERR_PROTOCOL, "expected the person that was asked for "
	    "(PersonId)");
}
