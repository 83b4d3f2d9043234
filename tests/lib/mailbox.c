#include "mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "npsync.h"

#define PYTHON "/usr/bin/python3"

static const struct timespec pause_20ms = { 0, 20000000 };

void
mailbox_write(const struct mailbox *m, const char *name, const char *text)
{
	char path[700];

	(void)snprintf(path, sizeof(path), "%s/%s", m->dir, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

void
mailbox_mode(const struct mailbox *m, const char *mode)
{
	mailbox_write(m, "mode", mode);
}

/* ---- the server ---------------------------------------------------------- */
void
mailbox_make(struct mailbox *m, const char *dir)
{
	char path[500];

	*m = (struct mailbox){ .port = 0 };
	(void)snprintf(m->dir, sizeof(m->dir), "%s", dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	mailbox_mode(m, "ok");
	(void)snprintf(path, sizeof(path), "%s/mode", dir);
	/* A test may have given up root when it writes it again. */
	assert_int_equal(chmod(path, 0666), 0);
}

void
mailbox_start(struct mailbox *m, const char *kind)
{
	char port[16], path[500], text[16] = "";
	struct stat st;
	const char *args[] = { "tests/lib/smtpd.py", m->dir, "--port", port,
		"--user", "npsync", "--password", "smtp-word", kind, NULL };

	(void)snprintf(port, sizeof(port), "%d", m->port);
	/* Without a user: no AUTH either. */
	if (kind == NULL)
		args[4] = NULL;
	(void)snprintf(path, sizeof(path), "%s/port", m->dir);
	(void)unlink(path);
	runproc_start(&m->server, PYTHON, args, NULL, NULL);
	for (int i = 0; i < 1000 && stat(path, &st) != 0; i++)
		(void)nanosleep(&pause_20ms, NULL);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	(void)fclose(f);
	m->port = (int)strtol(text, NULL, 10);
	assert_true(m->port > 0);
}

void
mailbox_stop(struct mailbox *m)
{
	assert_int_equal(kill(m->server.pid, SIGTERM), 0);
	runproc_wait(&m->server, 20);
	runproc_free(&m->server);
}

/* ---- its mails ----------------------------------------------------------- */
bool
mailbox_has(const struct mailbox *m, int n)
{
	char path[500];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%d.eml", m->dir, n);
	return stat(path, &st) == 0;
}

int
mailbox_count(const struct mailbox *m)
{
	int n = 0;

	while (mailbox_has(m, n + 1))
		n++;
	return n;
}

void
mailbox_wait(const struct mailbox *m, int n)
{
	for (int i = 0; i < 1000 && mailbox_count(m) < n; i++)
		(void)nanosleep(&pause_20ms, NULL);
	assert_int_equal(mailbox_count(m), n);
}

json_t *
mailbox_read(const struct mailbox *m, int n)
{
	char path[500];
	json_error_t error;

	(void)snprintf(path, sizeof(path), "%s/%d.json", m->dir, n);
	json_t *mail = json_load_file(path, 0, &error);
	if (mail == NULL)
		fail_msg("%s: %s", path, error.text);
	if (json_object_get(mail, "fault") != NULL)
		fail_msg("%s: %s", path, json_string_value(json_object_get(mail,
		    "fault")));
	return mail;
}

const char *
mailbox_to(const struct mailbox *m, int n)
{
	static char text[1000];
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/%d.to", m->dir, n);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	(void)fclose(f);
	return text;
}

const char *
mail_header(const json_t *mail, const char *name)
{
	const char *text = json_string_value(json_object_get(
	    json_object_get(mail, "headers"), name));

	if (text == NULL)
		fail_msg("no header %s", name);
	return text;
}

const char *
mail_part(const json_t *mail, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(
	    json_object_get(mail, "parts"), i), key));
}
