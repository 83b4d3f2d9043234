/*
 * replay.c - main of a target without libFuzzer: runs it over its corpus in
 * tests/fuzz/corpus/TARGET, or over the files that are named.  TAP.
 */
#include "fuzz.h"

#include <dirent.h>
#include <libgen.h>

#define FILE_MAX_BYTES ((size_t)1 << 20)

static int count, failed;

static void
run_file(const char *path)
{
	uint8_t *data = malloc(FILE_MAX_BYTES);
	FILE *f = fopen(path, "rbe");

	CHECK(data != NULL);
	count++;
	if (f == NULL) {
		(void)printf("not ok %d - %s\n", count, path);
		failed++;
	} else {
		const size_t len = fread(data, 1, FILE_MAX_BYTES, f);
		/* Exactly as large as the input: reading on is seen. */
		uint8_t *exact = malloc(len + (len == 0));
		CHECK(exact != NULL);
		memcpy(exact, data, len);
		(void)LLVMFuzzerTestOneInput(exact, len);
		free(exact);
		(void)fclose(f);
		(void)printf("ok %d - %s\n", count, path);
		/* The next one may end the process. */
		(void)fflush(stdout);
	}
	free(data);
}

static int
is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
run_corpus(const char *target)
{
	struct dirent **entries;
	char path[1024];

	(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", target);
	const int n = scandir(path, &entries, is_file, alphasort);
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/%s/%s",
		    target, entries[i]->d_name);
		run_file(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1)
		run_corpus(basename(argv[0]));
	(void)printf("1..%d\n", count);
	return failed > 0 || count == 0;
}
