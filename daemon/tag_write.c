#include "tag_write.h"

#include <string.h>

#define WRITE_BYTES ((size_t)16 << 20)

/* A tag that the CRM was told of in this run. */
struct tag_ensured {
	struct tag_ensured *next;
	const char *tag;
};

void
tag_writer_init(struct tag_writer *w, struct crm *crm, struct arena *arena,
    bool (*breathe)(void *arg, struct err *err), void *arg)
{
	*w = (struct tag_writer){ .crm = crm, .arena = arena,
		.breathe = breathe, .arg = arg,
		.backoff_s = http_defaults.backoff_s,
		.backoff_max_s = http_defaults.backoff_max_s };
}

bool
tag_write_can(const struct crm *crm)
{
	return crm->connector->put_tags != NULL ||
	    crm->connector->tags_request != NULL;
}

/* ---- choices that must exist before use ---------------------------------- */
static bool
is_among(const char *const *tags, size_t n, const char *tag)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(tags[i], tag) == 0)
			return true;
	return false;
}

static bool
is_ensured(const struct tag_writer *w, const char *tag)
{
	for (const struct tag_ensured *e = w->ensured; e != NULL; e = e->next)
		if (strcmp(e->tag, tag) == 0)
			return true;
	return false;
}

static bool
remember(struct tag_writer *w, const char *const *tags, size_t n,
    struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct tag_ensured *e = arena_alloc(w->arena, sizeof(*e));
		if (e == NULL)
			return err_nomem(err);
		e->tag = arena_strdup(w->arena, tags[i]);
		if (e->tag == NULL)
			return err_nomem(err);
		e->next = w->ensured;
		w->ensured = e;
	}
	return true;
}

/* One call for all that is new in a batch; it leaves alone what is there.  The
 * first one, of nothing too: where tags have ids the connector reads them. */
static bool
ensure(struct tag_writer *w, const struct crm_tag_write *writes, size_t n,
    struct arena *arena, struct err *err)
{
	const struct crm_connector *c = w->crm->connector;
	size_t n_new = 0;

	if (c->ensure_tags == NULL)
		return true;
	const char **tags = arena_array(arena, n + 1, sizeof(*tags));
	if (tags == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const char *tag = writes[i].value;
		if (tag != NULL && !is_among(tags, n_new, tag) &&
		    !is_ensured(w, tag))
			tags[n_new++] = tag;
	}
	if (n_new == 0 && w->asked)
		return true;
	w->asked = true;
	return c->ensure_tags(w->crm->link.self, tags, n_new, err) &&
	    remember(w, tags, n_new, err);
}

/* ---- all of it ------------------------------------------------------------ */
static void
forget(struct put_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		results[i] = (struct put_result){ .outcome = PUT_AGAIN };
}

static bool
write_now(struct tag_writer *w, const struct crm_tag_write *writes, size_t n,
    struct put_result *results, struct err *err)
{
	const struct crm_connector *c = w->crm->connector;
	AUTO(arena) struct arena *arena = arena_new(WRITE_BYTES);

	forget(results, n);
	if (arena == NULL)
		return err_nomem(err);
	if (!ensure(w, writes, n, arena, err))
		return false;
	if (c->put_tags == NULL)
		return tag_write_http(w, writes, n, results, arena, err);
	if (c->put_tags(w->crm->link.self, writes, n, results, err))
		return true;
	forget(results, n);
	return false;
}

/* The texts of writes are gone when the run ends. */
static void
count_denied(struct tag_writer *w, const struct crm_tag_write *writes, size_t n,
    const struct put_result *results)
{
	for (size_t i = 0; i < n; i++) {
		const char *card = writes[i].contact_id;
		if (results[i].outcome <= PUT_REJECTED)
			w->any_good = true;
		if (results[i].outcome != PUT_DENIED ||
		    denials_are_full(&w->denied) || denials_has(&w->denied, card))
			continue;
		card = arena_strdup(w->arena, card);
		if (card != NULL)
			denials_add(&w->denied, card);
	}
}

bool
tag_write(struct tag_writer *w, const struct crm_tag_write *writes, size_t n,
    struct put_result *results, struct err *err)
{
	const bool ok = write_now(w, writes, n, results, err);

	count_denied(w, writes, n, results);
	return ok;
}

bool
tag_write_end(struct tag_writer *w, struct err *err)
{
	if (w->any_good || !denials_are_full(&w->denied))
		return true;
	w->gives_up = true;
	return err_set(err, ERR_AUTH, "%s: tags: the CRM denies every card: may "
	    "the user of npsync write this?", w->crm->link.name);
}
