#include "points.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void
points_read(struct points *points, const char *path)
{
	char line[256];
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	for (points->n = 0; fgets(line, sizeof(line), f) != NULL; points->n++) {
		const char *name = strrchr(line, ' ');
		assert_true(name != NULL && points->n < POINTS_MAX);
		(void)snprintf(points->name[points->n], sizeof(points->name[0]),
		    "%.*s", (int)strcspn(name + 1, "\n"), name + 1);
	}
	(void)fclose(f);
}
