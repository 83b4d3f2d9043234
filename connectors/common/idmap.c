#include "idmap.h"

#include <string.h>

void
idmap_init(struct idmap *m, struct arena *arena)
{
	*m = (struct idmap){ .arena = arena };
}

static uint64_t
hash(const char *id)
{
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * 1099511628211u;
	return h ^ (h >> 32);
}

/* Where it is, or belongs; cap is a power of two and never full. */
static struct idmap_slot *
slot(struct idmap_slot *v, size_t cap, const char *id)
{
	size_t i = (size_t)hash(id) & (cap - 1);

	while (v[i].id != NULL && strcmp(v[i].id, id) != 0)
		i = (i + 1) & (cap - 1);
	return &v[i];
}

static bool
grow(struct idmap *m)
{
	const size_t cap = m->cap == 0 ? 64 : 2 * m->cap;
	struct idmap_slot *v = arena_array(m->arena, cap, sizeof(*v));

	if (v == NULL)
		return false;
	for (size_t i = 0; i < m->cap; i++)
		if (m->v[i].id != NULL)
			*slot(v, cap, m->v[i].id) = m->v[i];
	m->v = v;
	m->cap = cap;
	return true;
}

bool
idmap_has(const struct idmap *m, const char *id)
{
	return m->cap > 0 && slot(m->v, m->cap, id)->id != NULL;
}

void *
idmap_get(const struct idmap *m, const char *id)
{
	return m->cap == 0 ? NULL : slot(m->v, m->cap, id)->value;
}

bool
idmap_put(struct idmap *m, const char *id, void *value)
{
	if (2 * (m->n + 1) > m->cap && !grow(m))
		return false;
	struct idmap_slot *s = slot(m->v, m->cap, id);
	m->n += s->id == NULL;
	*s = (struct idmap_slot){ id, value };
	return true;
}
