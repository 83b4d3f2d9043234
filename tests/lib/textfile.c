#include "textfile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)4 << 20)

char *
textfile_read(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, FILE_MAX);

	assert_non_null(text);
	if (f == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	(void)!fread(text, 1, FILE_MAX - 1, f);
	(void)fclose(f);
	return text;
}

void
textfile_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}
