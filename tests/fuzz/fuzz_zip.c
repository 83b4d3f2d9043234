/*
 * Archives.  The input is a file, read as a zip archive and as gzip: what is
 * unpacked is as long as was said, never above the ceiling, and an error is
 * one line.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/zip.h"

#define CEILING ((int64_t)1 << 18)

static bool
is_fair(const struct err *err)
{
	return (err->kind == ERR_PROTOCOL || err->kind == ERR_CONFIG) &&
	    text_valid(err->msg) && strchr(err->msg, '\n') == NULL;
}

/* Closes what was unpacked; its size. */
static int64_t
size_of(int fd)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && close(fd) == 0);
	return st.st_size;
}

static void
check_zip(int file)
{
	struct unpack u = { .max_bytes = CEILING };
	struct zip zip;
	struct zip_member m;
	struct err err = { .kind = ERR_NONE };
	int64_t bytes = 0;
	bool more = true;

	bool ok = zip_begin(&zip, file, "f.zip", &err);
	while (ok && (ok = zip_next(&zip, &m, &more, &err)) && more) {
		struct err why = { .kind = ERR_NONE };
		int fd;
		CHECK(*m.name != '\0' && *m.name != '/' &&
		    text_valid(m.name) && strchr(zip_base(&m), '/') == NULL);
		if (!zip_unpack(&zip, &m, &u, &fd, &why)) {
			CHECK(fd == -1 && is_fair(&why));
			continue;
		}
		const int64_t size = size_of(fd);
		CHECK(size == (int64_t)m.size);
		bytes += size;
	}
	CHECK(ok || is_fair(&err));
	CHECK(bytes <= u.bytes && u.bytes <= CEILING);
}

static void
check_gzip(int file)
{
	struct unpack u = { .max_bytes = CEILING };
	struct err err = { .kind = ERR_NONE };
	int fd;

	if (unpack_gzip(&u, file, "f.gz", &fd, &err))
		CHECK(size_of(fd) == u.bytes && unpack_is_gzip(file));
	else
		CHECK(fd == -1 && is_fair(&err));
	CHECK(u.bytes <= CEILING);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd == -1)
		fd = memfd_create("fuzz.zip", MFD_CLOEXEC);
	CHECK(fd >= 0 && ftruncate(fd, 0) == 0 &&
	    pwrite(fd, data, size, 0) == (ssize_t)size);
	check_zip(fd);
	check_gzip(fd);
	return 0;
}
