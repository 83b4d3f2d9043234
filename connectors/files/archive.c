/*
 * archive.c - the members of a zip archive that the tables name.
 */
#include "files.h"

#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

#include "common/zip.h"

static bool
is_wanted(const struct files *f, const char *base)
{
	for (int i = 0; i < FILES_KINDS; i++) {
		const char *pattern = f->table[i].file;
		if (*pattern != '\0' &&
		    fnmatch(pattern, base, FNM_PERIOD) == 0 &&
		    (!files_is_partial(base) || strcmp(base, pattern) == 0))
			return true;
	}
	return false;
}

/* Folders inside are passed over: archives are often made of one. */
bool
files_unpack(struct files *f, const char *name, int fd, struct err *err)
{
	struct zip zip;
	struct zip_member m;
	bool more = true;

	if (!zip_begin(&zip, fd, name, err))
		return false;
	for (;;) {
		int plain;
		if (!zip_next(&zip, &m, &more, err))
			return false;
		if (!more)
			return true;
		if (!is_wanted(f, zip_base(&m)))
			continue;
		if (!zip_unpack(&zip, &m, &f->source.unpack, &plain, err) ||
		    !files_hold(f, name, zip_base(&m), plain, err))
			return false;
	}
}
