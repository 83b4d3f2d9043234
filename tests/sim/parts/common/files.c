/*
 * files.c - files of one line, and files that only grow.
 */
#include "files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"

#define LEDGER "ledger.jsonl"

bool
file_line(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "re");
	const bool there = f != NULL && fgets(out, (int)size, f) != NULL;

	if (f != NULL)
		fclose(f);
	if (there)
		out[strcspn(out, "\r\n")] = '\0';
	return there;
}

void
file_write(const char *path, const char *line)
{
	char *tmp = fmt_text("%s.tmp", path);
	FILE *f = fopen(tmp, "we");

	if (f == NULL || fprintf(f, "%s\n", line) < 0 || fclose(f) != 0 ||
	    rename(tmp, path) != 0)
		die(path);
	free(tmp);
}

const char *
file_secret(const char *path)
{
	char line[513];

	if (!file_line(path, line, sizeof(line)))
		die(path);
	return dup_text(line);
}

int
file_append(const char *dir, const char *name)
{
	char *path = fmt_text("%s/%s", dir, name);
	const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	    0640);

	if (fd < 0)
		die(path);
	free(path);
	return fd;
}

int64_t
file_time(const char *dir, const char *name, int64_t otherwise)
{
	char line[64], *path = fmt_text("%s/%s", dir, name);
	int64_t t;

	if (!file_line(path, line, sizeof(line)) || !sim_time_parse(line, &t)) {
		t = otherwise;
		clock_write(path, t);
	}
	free(path);
	return t;
}

/* ---- lines --------------------------------------------------------------- */

void
line_add(int fd, const json_t *line, bool sync)
{
	char *text = need(json_dumps(line, JSON_COMPACT));
	const size_t len = strlen(text);

	text[len] = '\n';
	if (write(fd, text, len + 1) != (ssize_t)len + 1 ||
	    (sync && fdatasync(fd) != 0))
		die("a line of a log");
	free(text);
}

void
log_add(int fd, json_t *line)
{
	if (line == NULL)
		line = json_pack("{s:b}", "unreadable", 1);
	line_add(fd, line, false);
	json_decref(line);
}

void
lines_read(const char *dir, line_fn *each, void *of)
{
	char *path = fmt_text("%s/" LEDGER, dir), *text = NULL;
	size_t room = 0;
	off_t whole = 0;
	ssize_t len;
	FILE *f = fopen(path, "re");

	while (f != NULL && (len = getline(&text, &room, f)) > 0 &&
	    text[len - 1] == '\n') {
		json_t *line = json_loadb(text, (size_t)len, 0, NULL);
		if (line == NULL)
			die("a line of the ledger cannot be read");
		each(of, line);
		json_decref(line);
		whole += len;
	}
	free(text);
	if (f != NULL) {
		fclose(f);
		if (truncate(path, whole) != 0)
			die(path);
	}
	free(path);
}

char *
lines_text(const char *dir)
{
	char *path = fmt_text("%s/" LEDGER, dir);
	struct stat st;
	FILE *f = fopen(path, "re");

	if (f == NULL || fstat(fileno(f), &st) != 0)
		die(path);
	char *text = need(calloc(1, (size_t)st.st_size + 1));
	text[fread(text, 1, (size_t)st.st_size, f)] = '\0';
	fclose(f);
	free(path);
	return text;
}
