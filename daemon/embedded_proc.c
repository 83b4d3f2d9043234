#include "embedded_int.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "num.h"

#define POLL_MS 20L
#define PID_LIMIT (1 << 22)

/* Lines of postmaster.pid, counted from 0. */
enum { LINE_PID = 0, LINE_PORT = 3, LINE_SOCKET_DIR = 4, LINE_STATUS = 7 };

static ssize_t
file_read(const char *path, off_t offset, char *out, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	out[0] = '\0';
	if (fd < 0)
		return -1;
	const ssize_t n = pread(fd, out, size - 1, offset);
	(void)close(fd);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

static void
pidfile_line(struct embedded_pidfile *out, int line, char *text)
{
	long long number = 0;

	if (line == LINE_PID && num_parse(text, 1, PID_LIMIT, &number))
		out->pid = (pid_t)number;
	if (line == LINE_PORT && num_parse(text, 1, 65535, &number))
		out->port = (int)number;
	if (line == LINE_SOCKET_DIR)
		(void)snprintf(out->socket_dir, sizeof(out->socket_dir),
		    "%.107s", text);
	if (line == LINE_STATUS) {
		text[strcspn(text, " ")] = '\0';
		(void)snprintf(out->status, sizeof(out->status), "%.15s",
		    text);
	}
}

void
embedded_pidfile_read(const char *pg, struct embedded_pidfile *out)
{
	char path[EMBEDDED_PATH_MAX];
	char text[4096];

	*out = (struct embedded_pidfile){ 0 };
	if (!embedded_path(path, pg, "postmaster.pid", NULL) ||
	    file_read(path, 0, text, sizeof(text)) <= 0)
		return;
	char *rest = text;
	for (int line = 0; rest != NULL; line++) {
		char *end = strchr(rest, '\n');

		/* A line without its end is still being written. */
		if (end == NULL)
			break;
		*end = '\0';
		pidfile_line(out, line, rest);
		rest = end + 1;
	}
}

static bool
works_in(long long pid, const struct stat *pg)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%lld/cwd", pid);
	return stat(path, &st) == 0 && st.st_dev == pg->st_dev &&
	    st.st_ino == pg->st_ino;
}

bool
embedded_proc_alive(const char *pg, pid_t pid)
{
	struct stat st;

	return pid > 0 && stat(pg, &st) == 0 && works_in(pid, &st);
}

static inline void
dir_cleanup(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

pid_t
embedded_proc_any(const char *pg)
{
	AUTO(dir) DIR *dir = opendir("/proc");
	const struct dirent *entry;
	long long pid;
	struct stat st;

	if (dir == NULL || stat(pg, &st) != 0)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		if (num_parse(entry->d_name, 1, PID_LIMIT, &pid) &&
		    pid != getpid() && works_in(pid, &st))
			return (pid_t)pid;
	return 0;
}

bool
embedded_proc_wait_gone(const char *pg, pid_t pid, int64_t timeout_ms)
{
	const int64_t end = clock_boottime_ms() + timeout_ms;

	while (pid != 0 ? embedded_proc_alive(pg, pid) :
	    embedded_proc_any(pg) != 0) {
		if (clock_boottime_ms() >= end)
			return false;
		embedded_proc_sleep_ms(POLL_MS);
	}
	return true;
}

void
embedded_proc_sleep_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	(void)nanosleep(&t, NULL);
}

void
embedded_proc_log_error(const char *log, off_t offset, char *out, size_t size)
{
	static const char *const marks[] = { "FATAL:  ", "PANIC:  ",
		"error: " };
	char text[8192];

	(void)snprintf(out, size, "no reason given");
	if (file_read(log, offset, text, sizeof(text)) <= 0)
		return;
	for (char *line = text; line != NULL;) {
		char *end = strchr(line, '\n');

		if (end != NULL)
			*end++ = '\0';
		for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
			const char *hit = strstr(line, marks[i]);

			if (hit != NULL)
				(void)snprintf(out, size, "%s",
				    hit + strlen(marks[i]));
		}
		line = end;
	}
}
