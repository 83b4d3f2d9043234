#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "arena.h"
#include "buf.h"
#include "tmpdir.h"

#define MANY 100000

/* ---- what was met, as text ---------------------------------------------- */
struct met {
	struct buf text;
	struct arena *scratch;
	struct spool *spool;	/* a callback may put more into it */
	int n, stop_at;		/* stop at the n-th record; 0 = never */
	size_t used;		/* the most that scratch held */
	long long next;		/* id expected by on_numbered */
};

static void
text(struct buf *b, const char *s)
{
	if (s == NULL)
		buf_str(b, " -");
	else
		buf_printf(b, " \"%s\"", s);
}

static void
list(struct buf *b, const char *const *v)
{
	buf_str(b, v == NULL ? " none" : " [");
	for (; v != NULL && *v != NULL; v++)
		text(b, *v);
	buf_char(b, ']');
}

static void
pairs(struct buf *b, const char *const (*v)[2])
{
	buf_str(b, v == NULL ? " none" : " {");
	for (; v != NULL && (*v)[0] != NULL; v++) {
		text(b, (*v)[0]);
		text(b, (*v)[1]);
	}
	buf_char(b, '}');
}

static bool
count(struct met *m)
{
	if (arena_used(m->scratch) > m->used)
		m->used = arena_used(m->scratch);
	buf_char(&m->text, '\n');
	return ++m->n != m->stop_at;
}

static bool
on_contact(void *arg, const struct crm_contact *c)
{
	struct met *m = arg;
	struct buf *b = &m->text;
	const char *const texts[] = { c->contact_id, c->moved_to, c->name.full,
		c->name.first, c->name.last, c->email, c->phone, c->mobile,
		c->language, c->country, c->company_id, c->company, c->relation,
		c->segment, c->department, c->owner_id, c->owner_name,
		c->owner_email, c->opted_out_by, c->link };

	buf_str(b, "contact");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		text(b, texts[i]);
	buf_printf(b, " %d%d%d %d %d %lld", c->gone, c->anonymised, c->opted_out,
	    (int)c->employed, (int)c->consent, (long long)c->consent_at);
	list(b, c->tags);
	list(b, c->company_tags);
	pairs(b, c->extra);
	return count(m);
}

static bool
on_activity(void *arg, const struct crm_activity *a)
{
	struct met *m = arg;

	buf_str(&m->text, "activity");
	text(&m->text, a->contact_id);
	text(&m->text, a->activity_id);
	buf_printf(&m->text, " %d %d %d%d", (int)a->kind, a->day, a->done,
	    a->cancelled);
	return count(m);
}

static bool
on_event(void *arg, const struct crm_event *e)
{
	struct met *m = arg;
	struct buf *b = &m->text;

	buf_str(b, "event");
	text(b, e->trigger);
	text(b, e->event_id);
	text(b, e->contact_id);
	text(b, e->category);
	text(b, e->stage);
	text(b, e->employee_id);
	buf_printf(b, " %lld %lld %d", (long long)e->occurred_at,
	    (long long)e->transition_at, e->automatic);
	return count(m);
}

static bool
on_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct met *m = arg;

	buf_str(&m->text, "checkpoint");
	text(&m->text, resume);
	text(&m->text, watermark);
	return count(m);
}

/* ---- fixture --------------------------------------------------------------- */
struct fixture {
	struct spool *spool;
	struct met met, put;	/* put: rendered without the spool */
	struct err err;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	buf_init(&f->met.text, 1 << 20);
	buf_init(&f->put.text, 1 << 20);
	f->met.scratch = f->put.scratch = arena_new(1 << 20);
	*state = f;
	return f->met.scratch == NULL || setenv("TMPDIR", tmpdir, 1) != 0 ||
	    !spool_open(&f->spool, &f->err);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	spool_close(f->spool);
	buf_free(&f->met.text);
	buf_free(&f->put.text);
	arena_free(f->met.scratch);
	free(f);
	return 0;
}

static bool
replay(struct fixture *f, long long from, long long until)
{
	f->err = (struct err){ .kind = ERR_NONE };
	f->met.n = 0;
	buf_reset(&f->met.text);
	return spool_replay(f->spool, from, until, on_contact, on_activity,
	    on_event, on_checkpoint, &f->met, f->met.scratch, &f->err);
}

static void
assert_same(struct fixture *f)
{
	assert_true(replay(f, 0, spool_position(f->spool)));
	assert_int_equal(f->met.n, f->put.n);
	assert_string_equal(buf_text(&f->met.text), buf_text(&f->put.text));
}

/* The descriptor of the spool below that directory, or -1. */
static int
spool_fd_in(const char *dir)
{
	char real[PATH_MAX], start[PATH_MAX + 32];

	/* Links in the way do not show in /proc. */
	assert_non_null(realpath(dir, real));
	(void)snprintf(start, sizeof(start), "%s/npsync-spool-", real);
	for (int fd = 3; fd < 256; fd++) {
		char link[64], to[PATH_MAX];

		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		const ssize_t n = readlink(link, to, sizeof(to) - 1);
		if (n <= 0)
			continue;
		to[n] = '\0';
		if (strncmp(to, start, strlen(start)) == 0)
			return fd;
	}
	return -1;
}

static int
spool_fd(void)
{
	return spool_fd_in(tmpdir);
}

/* Everything into the file; nothing read, so that nothing is remembered. */
static void
flush_only(struct fixture *f)
{
	assert_true(spool_replay(f->spool, 0, 0, NULL, NULL, NULL, NULL, NULL,
	    f->met.scratch, &f->err));
}

/* ---- records ----------------------------------------------------------------- */
static const char *const tags[] = { "NPSToday.Møde.9", "", "VIP", NULL };
static const char *const one_tag[] = { "NoSend", NULL };
static const char *const no_tags[] = { NULL };
static const char *const extra[][2] = { { "størrelse", "50-99" },
	{ "empty", "" }, { "null", NULL }, { "", "no name" }, { NULL, NULL } };
static const char *const no_extra[][2] = { { NULL, NULL } };

static const struct crm_contact contacts[] = {
	{ .contact_id = "c1", .moved_to = "c2", .gone = true,
	    .name = { "Åse Ødegård", "Åse", "Ødegård" }, .email = "a@example.org",
	    .phone = "+4511111111", .mobile = "+4522222222", .language = "da",
	    .country = "DK", .company_id = "k1", .company = "Fjord \"A/S\"",
	    .relation = "customer", .segment = "large", .department = "sales",
	    .owner_id = "u1", .owner_name = "Owner", .owner_email = "u@example.org",
	    .link = "https://crm.example.org/c1", .employed = TRI_YES,
	    .consent = TRI_NO, .consent_at = 1764057600, .tags = tags,
	    .company_tags = one_tag, .extra = extra },
	{ .contact_id = NULL, .consent_at = NO_TIME },
	{ .contact_id = "", .moved_to = "", .name = { "", "", "" }, .email = "",
	    .phone = "", .mobile = "", .language = "", .country = "",
	    .company_id = "", .company = "", .relation = "", .segment = "",
	    .department = "", .owner_id = "", .owner_name = "",
	    .owner_email = "", .link = "", .opted_out_by = "", .tags = no_tags,
	    .company_tags = no_tags, .extra = no_extra },
	{ .contact_id = "c4", .anonymised = true, .employed = TRI_NO,
	    .consent = TRI_YES, .consent_at = 253402300799, .company_tags = tags },
	{ .contact_id = "c5", .opted_out = true,
	    .opted_out_by = "no mailings", .name.first = "line\nbreak",
	    .consent_at = -86400, .tags = one_tag },
};
static const struct crm_activity activities[] = {
	{ "c1", "a1", ACT_MEETING, 20261125, true, false },
	{ "c1", "a2", ACT_PHONE, 20261126, false, true },
	{ "", NULL, ACT_MAIL, NO_DAY, false, false },
	{ NULL, "", ACT_OTHER, -1, true, true },
	{ "c2", "a3", ACT_OTHER, INT_MAX, false, false },
};
static const struct crm_event events[] = {
	{ "meet", "e1", "c1", "Møde", "done", "u1", 1764057600, 1764057660, true },
	{ "sale", "e2", NULL, NULL, NULL, NULL, 0, NO_TIME, false },
	{ "", "", "", "", "", "", NO_TIME, 0, false },
	{ NULL, NULL, "c1", "", NULL, "", 253402300799, -1000, true },
};
static const char *const checkpoints[][2] = { { "page=2", "2026-11-25" },
	{ NULL, NULL }, { "", NULL }, { NULL, "" }, { "", "" },
	{ "offset:5000", NULL } };

/* One of each table in turn, at[i] = where the i-th begins. */
static size_t
put_all(struct fixture *f, long long *at)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(checkpoints); i++) {
		if (i < ARRAY_LEN(contacts)) {
			at[n++] = spool_position(f->spool);
			assert_true(spool_put_contact(f->spool, &contacts[i], &f->err));
			on_contact(&f->put, &contacts[i]);
		}
		if (i < ARRAY_LEN(activities)) {
			at[n++] = spool_position(f->spool);
			assert_true(spool_put_activity(f->spool, &activities[i],
			    &f->err));
			on_activity(&f->put, &activities[i]);
		}
		if (i < ARRAY_LEN(events)) {
			at[n++] = spool_position(f->spool);
			assert_true(spool_put_event(f->spool, &events[i], &f->err));
			on_event(&f->put, &events[i]);
		}
		at[n++] = spool_position(f->spool);
		assert_true(spool_put_checkpoint(f->spool, checkpoints[i][0],
		    checkpoints[i][1], &f->err));
		on_checkpoint(&f->put, checkpoints[i][0], checkpoints[i][1]);
	}
	at[n] = spool_position(f->spool);
	return n;
}

/* ---- tests --------------------------------------------------------------------- */
static void
file_is_private_and_unlinked(void **state)
{
	struct fixture *f = *state;
	const int fd = spool_fd();
	struct stat st;
	int n = 0;
	DIR *dir = opendir(tmpdir);

	assert_non_null(f->spool);
	assert_int_not_equal(fd, -1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	assert_int_equal(n, 2);		/* . and .. */
}

static void
close_gives_the_file_back(void **state)
{
	struct fixture *f = *state;

	spool_close(f->spool);
	f->spool = NULL;
	assert_int_equal(spool_fd(), -1);
	spool_close(NULL);
}

static void
open_names_the_directory(void **state)
{
	static char long_dir[PATH_MAX + 10];
	const char *const missing = tmpdir_path("missing");
	struct spool *spool = NULL;
	struct err err = { .kind = ERR_NONE };

	(void)state;
	assert_int_equal(setenv("TMPDIR", missing, 1), 0);
	assert_false(spool_open(&spool, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.msg, missing));
	memset(long_dir, 'x', sizeof(long_dir) - 1);
	assert_int_equal(setenv("TMPDIR", long_dir, 1), 0);
	assert_false(spool_open(&spool, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_int_equal(err.code, ENAMETOOLONG);
	assert_null(spool);
	/* Empty is as good as none: /tmp. */
	assert_int_equal(setenv("TMPDIR", "", 1), 0);
	assert_true(spool_open(&spool, &err));
	assert_int_not_equal(spool_fd_in("/tmp"), -1);
	spool_close(spool);
	spool = NULL;
	assert_int_equal(unsetenv("TMPDIR"), 0);
	assert_true(spool_open(&spool, &err));
	assert_int_not_equal(spool_fd_in("/tmp"), -1);
	spool_close(spool);
}

static void
every_member_comes_back(void **state)
{
	struct fixture *f = *state;
	long long at[64];

	(void)put_all(f, at);
	assert_same(f);
	/* And once more: reading takes nothing away. */
	assert_same(f);
}

/* A new member must be written too, here and in spool.c. */
static void
no_member_is_new(void **state)
{
	(void)state;
	if (sizeof(void *) != 8)
		skip();
	assert_int_equal(sizeof(struct crm_contact), 216);
	assert_int_equal(sizeof(struct crm_activity), 32);
	assert_int_equal(sizeof(struct crm_event), 72);
}

static void
position_is_the_length_of_the_file(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	long long at[64];

	assert_int_equal(spool_position(f->spool), 0);
	const size_t n = put_all(f, at);
	flush_only(f);
	assert_int_equal(fstat(spool_fd(), &st), 0);
	assert_int_equal(st.st_size, at[n]);
	assert_int_equal(spool_position(f->spool), at[n]);
}

static void
ranges_are_half_open(void **state)
{
	struct fixture *f = *state;
	long long at[64];
	const size_t n = put_all(f, at);
	size_t line[64] = { 0 };
	const char *all;

	/* Where each record's text begins; a record may hold line ends. */
	for (size_t i = 0; i < n; i++) {
		assert_true(replay(f, at[i], at[i + 1]));
		assert_int_equal(f->met.n, 1);
		line[i + 1] = line[i] + f->met.text.len;
	}
	all = buf_text(&f->put.text);
	assert_int_equal(line[n], strlen(all));
	for (size_t from = 0; from <= n; from++) {
		for (size_t until = from; until <= n; until++) {
			assert_true(replay(f, at[from], at[until]));
			assert_int_equal(f->met.n, until - from);
			assert_int_equal(f->met.text.len, line[until] - line[from]);
			assert_memory_equal(buf_text(&f->met.text),
			    all + line[from], line[until] - line[from]);
		}
	}
}

static void
wrong_ranges_are_our_fault(void **state)
{
	struct fixture *f = *state;
	long long at[64];
	const size_t n = put_all(f, at);
	const long long bad[][2] = { { -1, at[1] }, { at[1], at[0] },
		{ 0, at[n] + 1 }, { at[n] + 1, at[n] + 1 }, { 0, 1 },
		{ 0, at[1] - 1 }, { 0, at[1] + 11 }, { 1, at[1] },
		{ at[1] - 1, at[2] }, { LLONG_MIN, LLONG_MAX } };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(replay(f, bad[i][0], bad[i][1]));
		assert_int_equal(f->err.kind, ERR_BUG);
		assert_int_equal(arena_used(f->met.scratch), 0);
	}
}

static void
null_function_skips_its_kind(void **state)
{
	struct fixture *f = *state;
	long long at[64];
	const size_t n = put_all(f, at);
	const size_t expected[] = { ARRAY_LEN(contacts), ARRAY_LEN(activities),
		ARRAY_LEN(events), ARRAY_LEN(checkpoints), 0 };

	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		f->met.n = 0;
		assert_true(spool_replay(f->spool, 0, at[n],
		    i == 0 ? on_contact : NULL, i == 1 ? on_activity : NULL,
		    i == 2 ? on_event : NULL, i == 3 ? on_checkpoint : NULL,
		    &f->met, f->met.scratch, &f->err));
		assert_int_equal(f->met.n, expected[i]);
	}
}

static void
callback_stops_at_any_record(void **state)
{
	struct fixture *f = *state;
	long long at[64];
	const size_t n = put_all(f, at);

	for (int stop = 1; stop <= (int)n; stop++) {
		f->met.stop_at = stop;
		assert_false(replay(f, 0, at[n]));
		assert_int_equal(f->err.kind, ERR_CANCELLED);
		assert_int_equal(f->met.n, stop);
		assert_int_equal(arena_used(f->met.scratch), 0);
	}
	f->met.stop_at = 0;
	assert_same(f);
}

static void
scratch_holds_one_record(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 50; i++)
		assert_true(spool_put_contact(f->spool, &contacts[0], &f->err));
	/* What was there and what failed there before does not matter. */
	assert_non_null(arena_alloc(f->met.scratch, 1000));
	assert_null(arena_alloc(f->met.scratch, 2 << 20));
	assert_true(arena_failed(f->met.scratch));
	assert_true(replay(f, 0, spool_position(f->spool)));
	assert_int_equal(f->met.n, 50);
	assert_in_range(f->met.used, 1, 1000);
	assert_int_equal(arena_used(f->met.scratch), 0);
}

/* The body fits, its lists may not. */
static void
small_scratch_is_no_damage(void **state)
{
	struct fixture *f = *state;
	enum { TAGS = 5000 };
	static const char *v[TAGS + 1];
	const struct crm_contact c = { .contact_id = "c", .tags = v };
	const size_t sizes[] = { 1000, 40000 };

	for (size_t i = 0; i < TAGS; i++)
		v[i] = "";
	assert_true(spool_put_contact(f->spool, &c, &f->err));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct arena *small = arena_new(sizes[i]);
		assert_non_null(small);
		assert_false(spool_replay(f->spool, 0, spool_position(f->spool),
		    on_contact, NULL, NULL, NULL, &f->met, small, &f->err));
		assert_int_equal(f->err.kind, ERR_NOMEM);
		arena_free(small);
	}
	assert_true(replay(f, 0, spool_position(f->spool)));
}

static void
put_goes_on_after_a_replay(void **state)
{
	struct fixture *f = *state;
	long long at[64];

	(void)put_all(f, at);
	assert_same(f);
	(void)put_all(f, at);
	assert_same(f);
}

static bool
on_event_put(void *arg, const struct crm_event *e)
{
	struct met *m = arg;

	m->n++;
	return spool_put_event(m->spool, e, NULL);
}

static void
callback_may_put(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		assert_true(spool_put_event(f->spool, &events[i], &f->err));
	const long long end = spool_position(f->spool);
	f->met.spool = f->spool;
	assert_true(spool_replay(f->spool, 0, end, NULL, NULL, on_event_put,
	    NULL, &f->met, f->met.scratch, &f->err));
	assert_int_equal(f->met.n, ARRAY_LEN(events));
	assert_int_equal(spool_position(f->spool), 2 * end);
	assert_true(replay(f, end, 2 * end));
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		on_event(&f->put, &events[i]);
	assert_string_equal(buf_text(&f->met.text), buf_text(&f->put.text));
}

static void
long_texts_fit(void **state)
{
	struct fixture *f = *state;
	const size_t sizes[] = { 65400, 65512, 65513, 65514, 65535, 65536,
		65537, 300000 };
	char *s = malloc(300001);

	assert_non_null(s);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		memset(s, 'a' + (int)i, sizes[i]);
		s[sizes[i]] = '\0';
		assert_true(spool_put_checkpoint(f->spool, s, "w", &f->err));
		on_checkpoint(&f->put, s, "w");
		assert_true(spool_put_event(f->spool, &events[0], &f->err));
		on_event(&f->put, &events[0]);
	}
	free(s);
	assert_same(f);
}

static void
record_has_a_ceiling(void **state)
{
	struct fixture *f = *state;
	const size_t size = (size_t)17 << 20;
	char *s = malloc(size);

	assert_non_null(s);
	memset(s, 'x', size - 1);
	s[size - 1] = '\0';
	assert_false(spool_put_checkpoint(f->spool, s, NULL, &f->err));
	free(s);
	assert_int_equal(f->err.kind, ERR_NOMEM);
	assert_int_equal(spool_position(f->spool), 0);
	assert_true(spool_put_event(f->spool, &events[0], &f->err));
	on_event(&f->put, &events[0]);
	assert_same(f);
}

static void
number_outside_its_enum_is_refused(void **state)
{
	struct fixture *f = *state;
	struct crm_activity a = activities[0];
	struct crm_contact c = contacts[0];

	a.kind = (enum act_kind)(ACT_OTHER + 1);
	assert_false(spool_put_activity(f->spool, &a, &f->err));
	assert_int_equal(f->err.kind, ERR_BUG);
	c.consent = (enum tri)(TRI_YES + 1);
	assert_false(spool_put_contact(f->spool, &c, &f->err));
	assert_int_equal(f->err.kind, ERR_BUG);
	assert_int_equal(spool_position(f->spool), 0);
}

/* ---- full disk --------------------------------------------------------------- */
static bool
put_numbered(struct spool *spool, long long i, struct err *err)
{
	char id[32];
	const struct crm_contact c = { .contact_id = id, .name.full = "Åse",
		.email = "a@example.org", .consent_at = (time_t)i, .tags = tags,
		.extra = extra };

	(void)snprintf(id, sizeof(id), "c%lld", i);
	return spool_put_contact(spool, &c, err);
}

static bool
on_numbered(void *arg, const struct crm_contact *c)
{
	struct met *m = arg;
	char id[32];

	if (arena_used(m->scratch) > m->used)
		m->used = arena_used(m->scratch);
	(void)snprintf(id, sizeof(id), "c%lld", m->next);
	if (strcmp(c->contact_id, id) != 0 || c->consent_at != m->next)
		return false;
	m->next++;
	return true;
}

static void
full_disk_keeps_what_is_whole(void **state)
{
	struct fixture *f = *state;
	const int fd = spool_fd(), kept = dup(fd);
	const int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	long long n = 0, at = 0;

	assert_true(kept >= 0 && full >= 0);
	assert_int_equal(dup2(full, fd), fd);
	for (; n < MANY; n++, at = spool_position(f->spool))
		if (!put_numbered(f->spool, n, &f->err))
			break;
	assert_in_range(n, 1, MANY - 1);
	assert_int_equal(f->err.kind, ERR_SYSTEM);
	assert_int_equal(f->err.code, ENOSPC);
	assert_non_null(strstr(f->err.msg, tmpdir));
	assert_int_equal(spool_position(f->spool), at);
	f->err.kind = ERR_NONE;
	assert_false(spool_replay(f->spool, 0, at, on_numbered, NULL, NULL,
	    NULL, &f->met, f->met.scratch, &f->err));
	assert_int_equal(f->err.kind, ERR_SYSTEM);
	assert_int_equal(f->met.next, 0);
	/* Room again: nothing is missing, nothing is there twice. */
	assert_int_equal(dup2(kept, fd), fd);
	assert_true(put_numbered(f->spool, n++, &f->err));
	assert_true(spool_replay(f->spool, 0, spool_position(f->spool),
	    on_numbered, NULL, NULL, NULL, &f->met, f->met.scratch, &f->err));
	assert_int_equal(f->met.next, n);
	(void)close(full);
	(void)close(kept);
}

/* ---- damage ---------------------------------------------------------------------- */
static void
cut_file_is_noticed(void **state)
{
	struct fixture *f = *state;
	long long at[64];
	const size_t n = put_all(f, at);

	flush_only(f);
	for (long long len = at[n] - 1; len >= 0; len--) {
		assert_int_equal(ftruncate(spool_fd(), (off_t)len), 0);
		assert_false(replay(f, 0, at[n]));
		assert_int_equal(f->err.kind, ERR_BUG);
		assert_non_null(strstr(f->err.msg, tmpdir));
		assert_true(f->met.n < (int)n);
	}
}

static void
read_error_has_its_errno(void **state)
{
	struct fixture *f = *state;
	const int fd = spool_fd();
	const int dir = open(tmpdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(put_numbered(f->spool, 0, &f->err));
	flush_only(f);
	assert_true(dir >= 0);
	assert_int_equal(dup2(dir, fd), fd);
	(void)close(dir);
	assert_false(replay(f, 0, spool_position(f->spool)));
	assert_int_equal(f->err.kind, ERR_SYSTEM);
	assert_int_equal(f->err.code, EISDIR);
}

/* Reads the first record's bytes, for a test that changes them. */
static size_t
first_bytes(struct fixture *f, unsigned char *bytes, size_t size)
{
	flush_only(f);
	const ssize_t n = pread(spool_fd(), bytes, size, 0);

	assert_in_range(n, 13, size - 1);
	return (size_t)n;
}

/* A spool of its own for each change: it remembers what it read. */
static bool
replay_bytes(struct fixture *f, const unsigned char *bytes, size_t n)
{
	spool_close(f->spool);
	f->spool = NULL;
	assert_true(spool_open(&f->spool, &f->err));
	/* As many bytes as a record would be, then overwritten. */
	assert_true(spool_put_contact(f->spool, &contacts[0], &f->err));
	assert_int_equal(spool_position(f->spool), n);
	flush_only(f);
	assert_int_equal(pwrite(spool_fd(), bytes, n, 0), n);
	return replay(f, 0, (long long)n);
}

static void
any_changed_byte_is_noticed(void **state)
{
	struct fixture *f = *state;
	const unsigned char flips[] = { 0x01, 0x03, 0x80, 0xff };
	unsigned char bytes[1000];

	assert_true(spool_put_contact(f->spool, &contacts[0], &f->err));
	const size_t n = first_bytes(f, bytes, sizeof(bytes));
	assert_true(replay_bytes(f, bytes, n));
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < ARRAY_LEN(flips); k++) {
			bytes[i] ^= flips[k];
			assert_false(replay_bytes(f, bytes, n));
			assert_int_equal(f->err.kind, ERR_BUG);
			assert_int_equal(f->met.n, 0);
			bytes[i] ^= flips[k];
		}
	}
}

/* The format's sum, so that a change gets past it. */
static void
seal(unsigned char *bytes, size_t n)
{
	uint32_t kind, sum;

	memcpy(&kind, bytes, sizeof(kind));
	sum = 2166136261u ^ kind;
	for (size_t i = 12; i < n; i++)
		sum = (sum ^ bytes[i]) * 16777619u;
	memcpy(bytes + 8, &sum, sizeof(sum));
}

/* Wild lengths, counts and numbers behind a right sum: read or refused, never
 * followed; sanitizers watch. */
static void
wild_bytes_are_never_followed(void **state)
{
	struct fixture *f = *state;
	const unsigned char flips[] = { 0x01, 0x03, 0x7f, 0x80, 0xff };
	unsigned char bytes[1000];
	int n_read = 0, n_refused = 0;

	assert_true(spool_put_contact(f->spool, &contacts[0], &f->err));
	const size_t n = first_bytes(f, bytes, sizeof(bytes));
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < ARRAY_LEN(flips); k++) {
			if (i >= 4 && i < 12)
				continue;
			bytes[i] ^= flips[k];
			seal(bytes, n);
			if (replay_bytes(f, bytes, n))
				n_read++;
			else if (f->err.kind == ERR_BUG)
				n_refused++;
			else
				fail_msg("byte %zu: %s", i, f->err.msg);
			bytes[i] ^= flips[k];
		}
	}
	/* Letters of texts may change; lengths, counts and flags may not. */
	assert_in_range(n_read, 100, INT_MAX);
	assert_in_range(n_refused, 500, INT_MAX);
}

struct change {
	const char *after;	/* its first place in the record ... */
	size_t len, skip;	/* ... and where the byte lies from its start */
	unsigned char was, is;
};
#define AFTER(text) (text), sizeof(text) - 1

/* What no sum would let through: each breaks one rule of the format. */
static const struct change changes[] = {
	{ AFTER("VIP"), 3, '\0', 'x' },		/* a text without its end */
	{ AFTER("VIP"), 1, 'I', '\0' },		/* one with two */
	{ AFTER("størrelse"), (size_t)-8, 8, 7 },	/* a text left over */
	{ AFTER("org/c1"), 7, 1, 2 },		/* gone */
	{ AFTER("org/c1"), 7 + 24, 2, 3 },	/* employed */
	{ AFTER("org/c1"), 7 + 32, 1, 4 },	/* consent */
};

static void
each_rule_of_the_format_is_checked(void **state)
{
	struct fixture *f = *state;
	unsigned char bytes[1000];

	assert_true(spool_put_contact(f->spool, &contacts[0], &f->err));
	const size_t n = first_bytes(f, bytes, sizeof(bytes));
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		const struct change *c = &changes[i];
		unsigned char *at = memmem(bytes, n, c->after, c->len);

		assert_non_null(at);
		at += (ptrdiff_t)c->skip;
		assert_int_equal(*at, c->was);
		*at = c->is;
		seal(bytes, n);
		if (replay_bytes(f, bytes, n) || f->err.kind != ERR_BUG)
			fail_msg("change %zu was not refused", i);
		*at = c->was;
	}
	seal(bytes, n);
	assert_true(replay_bytes(f, bytes, n));
}

/* The head of the first record becomes that one. */
static void
put_head(uint32_t kind, uint32_t len)
{
	uint32_t head[3] = { kind, len, 2166136261u ^ kind };

	assert_int_equal(pwrite(spool_fd(), head, sizeof(head), 0),
	    sizeof(head));
}

static void
unknown_kind_is_damage(void **state)
{
	struct fixture *f = *state;
	const uint32_t kinds[] = { 0, 5, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		assert_true(spool_put_contact(f->spool, &contacts[0], &f->err));
		flush_only(f);
		put_head(kinds[i], 0);
		assert_false(replay(f, 0, 12));
		assert_int_equal(f->err.kind, ERR_BUG);
	}
}

/* A wild length inside a big file is damage, no lack of memory. */
static void
wild_length_is_damage(void **state)
{
	struct fixture *f = *state;
	const size_t size = (size_t)9 << 20;
	char *s = malloc(size);

	assert_non_null(s);
	memset(s, 'x', size - 1);
	s[size - 1] = '\0';
	for (int i = 0; i < 2; i++)
		assert_true(spool_put_checkpoint(f->spool, s, NULL, &f->err));
	free(s);
	flush_only(f);
	put_head(4, (16 << 20) + 1);
	assert_false(replay(f, 0, spool_position(f->spool)));
	assert_int_equal(f->err.kind, ERR_BUG);
}

/* The body fills its block of memory to the last byte, so that a sanitizer
 * sees a step beyond it. */
static void
text_never_leaves_its_record(void **state)
{
	struct fixture *f = *state;
	enum { LEN = 20007, SIZE = 12 + 4 + LEN + 1 + 4 };
	static char s[LEN + 1];
	static unsigned char bytes[SIZE];

	memset(s, 'x', LEN);
	assert_true(spool_put_checkpoint(f->spool, s, NULL, &f->err));
	assert_int_equal(spool_position(f->spool), SIZE);
	flush_only(f);
	assert_int_equal(pread(spool_fd(), bytes, SIZE, 0), SIZE);
	bytes[SIZE - 4] = 8;
	seal(bytes, SIZE);
	assert_int_equal(pwrite(spool_fd(), bytes, SIZE, 0), SIZE);
	assert_false(replay(f, 0, SIZE));
	assert_int_equal(f->err.kind, ERR_BUG);
}

/* ---- size ------------------------------------------------------------------------ */
static long
peak_kb(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

static void
put_and_replay(struct fixture *f, long long until)
{
	long long from = f->met.next;

	const long long at = spool_position(f->spool);
	for (; from < until; from++)
		assert_true(put_numbered(f->spool, from, &f->err));
	assert_true(spool_replay(f->spool, at, spool_position(f->spool),
	    on_numbered, NULL, NULL, NULL, &f->met, f->met.scratch, &f->err));
	assert_int_equal(f->met.next, until);
}

/* First of all tests, since a peak never falls. */
static void
memory_is_flat(void **state)
{
	struct fixture *f = *state;

	put_and_replay(f, 1000);
	const long before = peak_kb();
	put_and_replay(f, MANY);
	assert_in_range(peak_kb() - before, 0, 2048);
	assert_in_range(f->met.used, 1, 2000);
	assert_in_range(spool_position(f->spool), 10 << 20, INT_MAX);
	f->met.next = 0;
	assert_true(spool_replay(f->spool, 0, spool_position(f->spool),
	    on_numbered, NULL, NULL, NULL, &f->met, f->met.scratch, &f->err));
	assert_int_equal(f->met.next, MANY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_is_flat),
		TEST(file_is_private_and_unlinked),
		TEST(close_gives_the_file_back),
		cmocka_unit_test(open_names_the_directory),
		TEST(every_member_comes_back),
		cmocka_unit_test(no_member_is_new),
		TEST(position_is_the_length_of_the_file),
		TEST(ranges_are_half_open),
		TEST(wrong_ranges_are_our_fault),
		TEST(null_function_skips_its_kind),
		TEST(callback_stops_at_any_record),
		TEST(scratch_holds_one_record),
		TEST(small_scratch_is_no_damage),
		TEST(put_goes_on_after_a_replay),
		TEST(callback_may_put),
		TEST(long_texts_fit),
		TEST(record_has_a_ceiling),
		TEST(number_outside_its_enum_is_refused),
		TEST(full_disk_keeps_what_is_whole),
		TEST(cut_file_is_noticed),
		TEST(read_error_has_its_errno),
		TEST(any_changed_byte_is_noticed),
		TEST(wild_bytes_are_never_followed),
		TEST(each_rule_of_the_format_is_checked),
		TEST(unknown_kind_is_damage),
		TEST(wild_length_is_damage),
		TEST(text_never_leaves_its_record),
	};

	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
