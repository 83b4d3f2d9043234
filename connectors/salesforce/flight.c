/*
 * flight.c - which cards a tag write holds whose answer is still to come.
 */
#include <stdio.h>
#include <string.h>

#include "writing.h"

struct sf_flight *
sf_flight_of(struct sf_writer *w, const char *first)
{
	for (size_t i = 0; i < SF_FLIGHTS; i++)
		if (strcmp(w->flight[i].first, first) == 0)
			return &w->flight[i];
	return NULL;
}

struct sf_flight *
sf_flight_new(struct sf_writer *w, const char *first, size_t n)
{
	struct sf_flight *f = sf_flight_of(w, first);

	for (size_t i = 0; f == NULL && i < SF_FLIGHTS; i++)
		if (!w->flight[i].busy)
			f = &w->flight[i];
	if (f == NULL)
		f = &w->flight[w->next++ % SF_FLIGHTS];
	memset(f, 0, sizeof(*f));
	(void)snprintf(f->first, sizeof(f->first), "%s", first);
	f->n = n;
	for (size_t i = 0; i < n; i++)
		f->result[i].outcome = PUT_UNKNOWN;
	return f;
}
