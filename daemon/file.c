#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool
file_write(int fd, const char *data, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

bool
file_sync_dir(const char *dir)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	const bool ok = fsync(fd) == 0;
	const int why = errno;
	(void)close(fd);
	errno = why;
	return ok;
}
