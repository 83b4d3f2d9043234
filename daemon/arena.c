#include "arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)16384)

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct block *head;
	size_t max_bytes, total;
	bool failed, no_memory;
};

struct arena *
arena_new(size_t max_bytes)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena != NULL)
		arena->max_bytes = max_bytes;
	return arena;
}

static struct block *
block_add(struct arena *arena, size_t need)
{
	const size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;

	if (need > arena->max_bytes || arena->total > arena->max_bytes - need)
		return NULL;
	struct block *b = malloc(sizeof(*b) + size);
	if (b == NULL) {
		arena->no_memory = true;
		return NULL;
	}
	b->next = arena->head;
	b->size = size;
	b->used = 0;
	arena->head = b;
	arena->total += size;
	return b;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);

	if (size > SIZE_MAX / 2) {
		arena->failed = true;
		return NULL;
	}
	const size_t need = (size + align - 1) / align * align;
	struct block *b = arena->head;
	if (b == NULL || b->size - b->used < need)
		b = block_add(arena, need);
	if (b == NULL) {
		arena->failed = true;
		return NULL;
	}
	void *p = b->data + b->used;
	b->used += need;
	return memset(p, 0, size);
}

void *
arena_array(struct arena *arena, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		arena->failed = true;
		return NULL;
	}
	return arena_alloc(arena, bytes);
}

char *
arena_strndup(struct arena *arena, const char *s, size_t len)
{
	if (s == NULL)
		return NULL;
	char *p = arena_alloc(arena, len + 1);
	if (p != NULL)
		memcpy(p, s, len);
	return p;
}

char *
arena_strdup(struct arena *arena, const char *s)
{
	return s == NULL ? NULL : arena_strndup(arena, s, strlen(s));
}

char *
arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	const int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0) {
		arena->failed = true;
		return NULL;
	}
	char *p = arena_alloc(arena, (size_t)len + 1);
	if (p == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return p;
}

bool
arena_failed(const struct arena *arena)
{
	return arena->failed;
}

void
arena_note_no_memory(struct arena *arena)
{
	arena->failed = arena->no_memory = true;
}

bool
arena_no_memory(const struct arena *arena)
{
	return arena->no_memory;
}

size_t
arena_used(const struct arena *arena)
{
	size_t used = 0;

	for (const struct block *b = arena->head; b != NULL; b = b->next)
		used += b->used;
	return used;
}

void
arena_reset(struct arena *arena)
{
	while (arena->head != NULL && arena->head->next != NULL) {
		struct block *b = arena->head;
		arena->head = b->next;
		arena->total -= b->size;
		free(b);
	}
	if (arena->head != NULL)
		arena->head->used = 0;
	arena->failed = arena->no_memory = false;
}

void
arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	while (arena->head != NULL) {
		struct block *b = arena->head;
		arena->head = b->next;
		free(b);
	}
	free(arena);
}
