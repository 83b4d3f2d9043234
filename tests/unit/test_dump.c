/*
 * Files of dumps: names in the order of time, whole or not at all, only the
 * nights' oldest are removed, and a disk is not filled.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "clock.h"
#include "dump.h"
#include "tmpdir.h"

#define HOUR 3600
/* 2026-12-02T02:10:00Z */
#define NIGHT ((time_t)1796177400)

static int
count(const char *end)
{
	const char *path = tmpdir_path("dumps");
	const struct dirent *entry;
	int n = 0;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		const size_t len = strlen(entry->d_name), tail = strlen(end);
		n += len >= tail && strcmp(entry->d_name + len - tail, end) == 0;
	}
	(void)closedir(dir);
	return n;
}

static void
begin(struct dump_file *f, const char *path, time_t now, bool by_hand)
{
	struct err err = { 0 };

	if (!dump_begin(f, tmpdir, path, now, by_hand, 1000, &err))
		fail_msg("%s", err.msg);
}

static const char *
make(time_t now, bool by_hand)
{
	static char path[PATH_MAX];
	struct dump_file f;
	struct err err = { 0 };

	begin(&f, NULL, now, by_hand);
	assert_int_equal(write(f.fd, DUMP_MAGIC "x", 6), 6);
	if (!dump_publish(&f, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(f.bytes, 6);
	(void)snprintf(path, sizeof(path), "%s", f.path);
	dump_close(&f);
	return path;
}

static void
test_whole_or_not(void **state)
{
	struct dump_file f;
	struct stat st;

	(void)state;
	begin(&f, NULL, NIGHT, false);
	assert_int_equal(write(f.fd, "half", 4), 4);
	assert_int_equal(count(".dump"), 0);
	assert_int_equal(count(".new"), 1);
	dump_close(&f);
	assert_int_equal(count(".new"), 0);
	const char *path = make(NIGHT, false);
	assert_non_null(strstr(path, "/dumps/npsync-2026-12-02T0210Z.dump"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* What a killed one left goes with the next. */
	(void)tmpdir_write("dumps/npsync-2026-12-01T0210Z.dump.new", "half", 0600);
	(void)make(NIGHT, false);
	assert_int_equal(count(".new"), 0);
	assert_int_equal(count(".dump"), 1);
}

static void
test_newest_and_prune(void **state)
{
	char newest[PATH_MAX];
	struct err err = { 0 };
	bool found = false;

	(void)state;
	for (int i = 0; i < 9; i++)
		(void)make(NIGHT + i * 24 * HOUR, false);
	(void)make(NIGHT + HOUR, true);
	(void)tmpdir_write("dumps/npsync-mine.dump", DUMP_MAGIC, 0600);
	(void)tmpdir_write("dumps/zzz.dump", DUMP_MAGIC, 0600);
	assert_true(dump_prune(tmpdir, 7, &err));
	/* 7 nights, one by hand, two of somebody. */
	assert_int_equal(count(".dump"), 10);
	assert_true(dump_newest(tmpdir, newest, &found, &err) && found);
	assert_non_null(strstr(newest, "npsync-2026-12-10T0210Z.dump"));
	(void)make(NIGHT + 300 * HOUR, true);
	assert_true(dump_newest(tmpdir, newest, &found, &err) && found);
	assert_non_null(strstr(newest, "Z-hand.dump"));
	assert_true(dump_prune(tmpdir, 0, &err));
	assert_int_equal(count(".dump"), 4);
	assert_int_equal(count("-hand.dump"), 2);
}

static void
test_no_directory(void **state)
{
	char newest[PATH_MAX];
	struct err err = { 0 };
	bool found = true;

	(void)state;
	assert_true(dump_newest(tmpdir_path("nowhere"), newest, &found, &err));
	assert_false(found);
}

static void
test_refusals(void **state)
{
	struct dump_file f, other;
	struct err err = { 0 };

	(void)state;
	/* More than any disk has: nothing is left behind. */
	assert_false(dump_begin(&f, tmpdir, NULL, NIGHT, false, INT64_MAX / 2,
	    &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_non_null(strstr(err.msg, "are free"));
	dump_close(&f);
	assert_int_equal(count(".new"), 0);
	begin(&f, NULL, NIGHT, false);
	assert_true(f.file_max > 0);
	assert_false(dump_begin(&other, tmpdir, NULL, NIGHT, true, 0, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	dump_close(&other);
	dump_close(&f);
	/* Somebody's link is not followed. */
	const char *victim = tmpdir_write("victim", "mine", 0600);
	assert_int_equal(symlink(victim, tmpdir_path("x.new")), 0);
	assert_false(dump_begin(&f, tmpdir, tmpdir_path("x"), NIGHT, true, 0,
	    &err));
	dump_close(&f);
	struct stat st;
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 4);
}

static void
test_open(void **state)
{
	struct err err = { 0 };
	int fd = -1;

	(void)state;
	assert_true(dump_open(tmpdir_write("good", DUMP_MAGIC "..", 0600), &fd,
	    &err));
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	assert_int_equal(close(fd), 0);
	assert_false(dump_open(tmpdir_write("text", "-- SQL", 0600), &fd, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_false(dump_open(tmpdir_write("empty", "", 0600), &fd, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_false(dump_open(tmpdir_path("none"), &fd, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_or_not),
		cmocka_unit_test(test_newest_and_prune),
		cmocka_unit_test(test_no_directory),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
