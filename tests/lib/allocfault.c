#include "allocfault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#define SITES_MAX 8192
#define TEXT_MAX 512
#define WEAK __attribute__((weak))

/* There only in a program linked with --wrap. */
void *__real_malloc(size_t) WEAK;
void *__real_calloc(size_t, size_t) WEAK;
void *__real_realloc(void *, size_t) WEAK;
char *__real_strdup(const char *) WEAK;
char *__real_strndup(const char *, size_t) WEAK;
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
char *__wrap_strdup(const char *);
char *__wrap_strndup(const char *, size_t);

/* From the linker: where the program lies. */
extern const char __executable_start[], etext[];

static struct {
	bool on, good;		/* good: fail for good */
	pthread_t thread;
	long nth, hit;		/* 0 = none */
	uint64_t number;
	long calls, failed;
	struct allocfault_site site[SITES_MAX];
	size_t n;
	char list[TEXT_MAX];
} a;

/* ---- sites --------------------------------------------------------------- */
struct walk {
	struct allocfault_site *site;
	size_t n;
	int skip;
};

static _Unwind_Reason_Code
walk_one(struct _Unwind_Context *context, void *arg)
{
	struct walk *walk = arg;
	const uintptr_t at = (uintptr_t)_Unwind_GetIP(context);
	const uintptr_t start = (uintptr_t)__executable_start;

	if (walk->skip-- > 0)
		return _URC_NO_REASON;
	if (walk->n == ALLOCFAULT_DEPTH)
		return _URC_END_OF_STACK;
	/* Who called us back out of a library is part of the site, the
	 * library's own frames are not: they lie elsewhere in each run. */
	if (at >= start && at < (uintptr_t)etext)
		walk->site->offset[walk->n++] = at - start;
	return _URC_NO_REASON;
}

/* walk_one is not called for itself: site_here, wrap_is_failing, the
 * wrapper. */
#define FRAMES_OF_OURS 3

static __attribute__((noinline)) void
site_here(struct allocfault_site *site)
{
	struct walk walk = { .site = site, .skip = FRAMES_OF_OURS };

	*site = (struct allocfault_site){ .number =
	    UINT64_C(14695981039346656037) };
	(void)_Unwind_Backtrace(walk_one, &walk);
	for (size_t i = 0; i < walk.n; i++)
		site->number = (site->number ^ site->offset[i]) *
		    UINT64_C(1099511628211);
}

static struct allocfault_site *
site_find(const struct allocfault_site *site)
{
	for (size_t i = 0; i < a.n; i++)
		if (a.site[i].number == site->number)
			return &a.site[i];
	if (a.n == SITES_MAX)
		return NULL;
	a.site[a.n] = *site;
	return &a.site[a.n++];
}

static __attribute__((noinline)) bool
is_failing(void)
{
	struct allocfault_site here;

	if (!a.on || pthread_equal(a.thread, pthread_self()) == 0)
		return false;
	a.calls++;
	site_here(&here);
	struct allocfault_site *site = site_find(&here);
	const long hits = site == NULL ? 0 : ++site->hits;
	const bool fails = (a.good && a.failed > 0) || a.calls == a.nth ||
	    (a.hit > 0 && here.number == a.number && hits == a.hit);
	if (!fails)
		return false;
	a.failed++;
	errno = ENOMEM;
	return true;
}

/* ---- what the linker calls instead ------------------------------------------ */
void *
__wrap_malloc(size_t size)
{
	return is_failing() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return is_failing() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return is_failing() ? NULL : __real_realloc(old, size);
}

char *
__wrap_strdup(const char *s)
{
	return is_failing() ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
	return is_failing() ? NULL : __real_strndup(s, n);
}

/* ---- interface ----------------------------------------------------------- */
bool
allocfault_works(void)
{
	return __real_malloc != NULL;
}

void
allocfault_count(void)
{
	a.on = a.good = false;
	a.nth = a.hit = a.calls = a.failed = 0;
	a.number = 0;
	a.n = 0;
	a.thread = pthread_self();
	a.on = true;
}

void
allocfault_nth(long n, bool for_good)
{
	allocfault_count();
	a.nth = n;
	a.good = for_good;
}

void
allocfault_site(uint64_t number, long hit, bool for_good)
{
	allocfault_count();
	a.number = number;
	a.hit = hit;
	a.good = for_good;
}

void
allocfault_off(void)
{
	a.on = false;
}

long
allocfault_calls(void)
{
	return a.calls;
}

long
allocfault_failed(void)
{
	return a.failed;
}

const struct allocfault_site *
allocfault_sites(size_t *n)
{
	*n = a.n;
	return a.site;
}

/* ---- a program of its own ---------------------------------------------------- */
static _Noreturn void
bad(const char *text)
{
	(void)dprintf(STDERR_FILENO, "allocfault: cannot read \"%s\"\n", text);
	_exit(98);
}

/* "NUMBER@HIT" in hexadecimal and decimal, "N": digits up to the end. */
static uint64_t
number(const char *text, unsigned base)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t n = 0;

	if (*text == '\0' || strlen(text) > 18)
		bad(text);
	for (; *text != '\0'; text++) {
		const char *at = strchr(digits, *text);
		if (at == NULL || at >= digits + base)
			bad(text);
		n = n * base + (uint64_t)(at - digits);
	}
	return n;
}

static void
list_write(void)
{
	a.on = false;
	const int fd = open(a.list, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0666);

	if (fd < 0)
		bad(a.list);
	for (size_t i = 0; i < a.n; i++) {
		const struct allocfault_site *site = &a.site[i];
		(void)dprintf(fd, "%llx %ld",
		    (unsigned long long)site->number, site->hits);
		for (size_t k = 0; k < ALLOCFAULT_DEPTH &&
		     site->offset[k] != 0; k++)
			(void)dprintf(fd, " %llx",
			    (unsigned long long)site->offset[k]);
		(void)dprintf(fd, "\n");
	}
	(void)close(fd);
}

static void
say_failed(void)
{
	a.on = false;
	(void)dprintf(STDERR_FILENO, "allocfault: %ld of %ld failed\n",
	    a.failed, a.calls);
}

static __attribute__((constructor)) void
begin(void)
{
	char text[TEXT_MAX];
	const char *given = getenv("NPSYNC_ALLOCFAULT");

	if (given == NULL || !allocfault_works())
		return;
	if (strlen(given) >= sizeof(text))
		bad(given);
	(void)snprintf(text, sizeof(text), "%s", given);
	if (strncmp(text, "list=", 5) == 0) {
		(void)snprintf(a.list, sizeof(a.list), "%s", text + 5);
		allocfault_count();
		(void)atexit(list_write);
		return;
	}
	const size_t len = strlen(text);
	const bool good = len > 0 && text[len - 1] == '+';
	if (good)
		text[len - 1] = '\0';
	char *at = strchr(text, '@');
	if (strncmp(text, "nth=", 4) == 0) {
		allocfault_nth((long)number(text + 4, 10), good);
	} else if (strncmp(text, "site=", 5) == 0 && at != NULL) {
		*at++ = '\0';
		allocfault_site(number(text + 5, 16), (long)number(at, 10),
		    good);
	} else {
		bad(given);
	}
	(void)atexit(say_failed);
}
