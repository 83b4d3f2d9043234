#include "tenant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"

#define LEASE_S 1200L

DB_STMT(tenant_find,
    "SELECT tenant_id, paused, encode(person_secret, 'hex'), sends,"
    "       extract(epoch from restored_at)::bigint"
    "  FROM npsync.tenant WHERE name = $1");
DB_STMT(tenant_strangers,
    "SELECT min(name) FROM npsync.tenant WHERE name <> ALL ($1::text[])");
DB_STMT(tenant_create,
    "INSERT INTO npsync.tenant (tenant_id, name, person_secret, created_at)"
    " SELECT coalesce(max(tenant_id), 0) + 1, $1, decode($2, 'hex'), $3::timestamptz"
    "   FROM npsync.tenant ON CONFLICT DO NOTHING");
/* $3: the lock of a holder at the same place was free, so it is dead. */
DB_STMT(tenant_acquire_lease,
    "UPDATE npsync.tenant SET epoch = epoch + 1, holder = $2,"
    "       lease_until = now() + interval '1200 s', wanted = false"
    " WHERE tenant_id = $1"
    "   AND (lease_until < now()"
    "        OR ($3 AND split_part(holder, ' ', 1) = split_part($2, ' ', 1)))"
    " RETURNING epoch, paused, sends, extract(epoch from restored_at)::bigint");
DB_STMT(tenant_pretend_lease,
    "UPDATE npsync.tenant SET epoch = epoch + 1, lease_until = now() + interval '1200 s'"
    " WHERE tenant_id = $1 RETURNING epoch");
DB_STMT(tenant_renew_lease,
    "UPDATE npsync.tenant SET lease_until = now() + interval '1200 s'"
    " WHERE tenant_id = $1 AND epoch = $2 RETURNING wanted");
DB_STMT(tenant_release_lease,
    "UPDATE npsync.tenant SET lease_until = '-infinity', holder = NULL"
    " WHERE tenant_id = $1 AND epoch = $2");
DB_STMT(tenant_set_wanted,
    "UPDATE npsync.tenant SET wanted = true WHERE tenant_id = $1");
DB_STMT(tenant_restored,
    "UPDATE npsync.tenant SET epoch = greatest(epoch, $3::bigint) + 1,"
    "       sends = greatest(sends, $4::bigint), restored_at = $5::timestamptz"
    " WHERE tenant_id = $1 AND epoch = $2"
    " RETURNING epoch, sends, extract(epoch from restored_at)::bigint");
DB_STMT(tenant_sends,
    "UPDATE npsync.tenant SET sends = greatest(sends, $3::bigint)"
    " WHERE tenant_id = $1 AND epoch = $2 RETURNING 1");
DB_STMT(tenant_restored_clear,
    "UPDATE npsync.tenant SET restored_at = NULL WHERE tenant_id = $1 AND epoch = $2"
    " RETURNING sends");
DB_STMT(tenant_pause,
    "UPDATE npsync.tenant SET paused = $2 WHERE tenant_id = $1");

/* $1 and $2 of every statement that asks for the lease. */
static void
lease_args(struct db_args *args, struct arena *arena,
    const struct tenant *tenant)
{
	db_args_init(args, arena);
	db_arg_int(args, tenant->id);
	db_arg_int(args, tenant->epoch);
}

static bool
check_strangers(struct db *db, const char *const *known, size_t n_known,
    struct arena *arena, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_array names;
	struct db_args args;

	db_array_init(&names);
	for (size_t i = 0; i < n_known; i++)
		db_array_text(&names, known[i]);
	db_args_init(&args, arena);
	db_arg_array(&args, &names);
	const bool ok = db_query(db, &tenant_strangers, &args, &r, err);
	db_array_free(&names);
	if (!ok)
		return false;
	if (!db_is_null(r, 0, 0))
		return err_set(err, ERR_CONFIG, "the database holds the tenant "
		    "\"%s\", which no configuration file names: correct `tenant`, "
		    "or add its file to conf.d/", db_text(r, 0, 0));
	return true;
}

static bool
create(struct db *db, const char *name, struct arena *arena, struct err *err)
{
	unsigned char secret[IDENTITY_SECRET_BYTES];
	char hex[2 * IDENTITY_SECRET_BYTES + 1];
	struct db_args args;

	if (!identity_random(secret, sizeof(secret), err))
		return false;
	text_hex(hex, secret, sizeof(secret));
	db_args_init(&args, arena);
	db_arg_text(&args, name);
	db_arg_text(&args, hex);
	db_arg_time(&args, clock_now());
	return db_query(db, &tenant_create, &args, NULL, err);
}

static bool
find(struct db *db, const char *name, struct arena *arena,
    struct tenant *tenant, bool *found, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_text(&args, name);
	if (!db_query(db, &tenant_find, &args, &r, err))
		return false;
	*found = db_rows(r) == 1;
	if (!*found)
		return true;
	tenant->id = db_int(r, 0, 0);
	tenant->paused = db_bool(r, 0, 1);
	tenant->sends = db_int(r, 0, 3);
	tenant->restored_at = db_time(r, 0, 4);
	tenant->name = arena_strdup(arena, name);
	if (!identity_secret_parse(db_text(r, 0, 2), tenant->secret))
		return err_set(err, ERR_BUG, "tenant: person_secret is not 32 bytes");
	return true;
}

bool
tenant_open(struct db *db, const char *name, const char *const *known,
    size_t n_known, struct arena *arena, struct tenant *tenant,
    struct err *err)
{
	bool found = false;

	*tenant = (struct tenant){ .lock_fd = -1, .restored_at = NO_TIME };
	if (!check_strangers(db, known, n_known, arena, err) ||
	    !find(db, name, arena, tenant, &found, err))
		return false;
	if (found)
		return true;
	if (!create(db, name, arena, err) ||
	    !find(db, name, arena, tenant, &found, err))
		return false;
	if (!found)
		return err_set(err, ERR_BUG, "tenant \"%s\" could not be made", name);
	return true;
}

bool
tenant_pretend(struct db *db, struct tenant *tenant, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	if (arena == NULL)
		return err_nomem(err);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	if (!db_query(db, &tenant_pretend_lease, &args, &r, err))
		return false;
	tenant->epoch = db_int(r, 0, 0);
	tenant->renewed_ms = clock_boottime_ms();
	return true;
}

static void
read_line(const char *path, char *out, size_t size)
{
	out[0] = '\0';
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	const ssize_t n = read(fd, out, size - 1);
	(void)close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, " \n")] = '\0';
}

/* The lock proves on this machine, across containers that share the state
 * directory too, that no other process of the tenant is alive. */
static bool
lock(struct tenant *tenant, const char *state_dir, bool *is_free, struct err *err)
{
	char path[4096];

	*is_free = false;
	if (state_dir == NULL)
		return true;
	if (snprintf(path, sizeof(path), "%s/tenant-%lld.lock", state_dir,
	        tenant->id) >= (int)sizeof(path))
		return err_set(err, ERR_CONFIG, "state_dir: path too long");
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, ERR_SYSTEM, "lock file %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		const bool busy = errno == EWOULDBLOCK;
		(void)close(fd);
		if (busy)
			return err_set(err, ERR_BUSY,
			    "another run of tenant \"%s\" is active", tenant->name);
		return err_errno(err, ERR_SYSTEM, "lock file %s", path);
	}
	tenant->lock_fd = fd;
	*is_free = true;
	return true;
}

static void
unlock(struct tenant *tenant)
{
	if (tenant->lock_fd >= 0)
		(void)close(tenant->lock_fd);
	tenant->lock_fd = -1;
}

/* Which lock file of which machine: only its free lock proves a holder dead.
 * Another state directory on the same machine has a lock of its own.  False:
 * cannot be said. */
static bool
lock_place(const struct tenant *tenant, char *out, size_t size)
{
	char machine[64];
	struct stat st;

	read_line("/etc/machine-id", machine, sizeof(machine));
	if (tenant->lock_fd < 0 || machine[0] == '\0' ||
	    fstat(tenant->lock_fd, &st) != 0) {
		(void)snprintf(out, size, "unknown");
		return false;
	}
	(void)snprintf(out, size, "%s:%llx:%llx", machine,
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return true;
}

bool
tenant_acquire(struct db *db, struct tenant *tenant, const char *state_dir,
    struct err *err)
{
	char place[128], boot[64], holder[256];
	AUTO(arena) struct arena *arena = arena_new(4096);
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;
	bool lock_is_free;

	if (arena == NULL)
		return err_nomem(err);
	if (!lock(tenant, state_dir, &lock_is_free, err))
		return false;
	const bool is_known = lock_place(tenant, place, sizeof(place));
	read_line("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	(void)snprintf(holder, sizeof(holder), "%s %s %ld", place,
	    boot[0] != '\0' ? boot : "unknown", (long)getpid());
	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_text(&args, holder);
	db_arg_bool(&args, lock_is_free && is_known);
	if (!db_query(db, &tenant_acquire_lease, &args, &r, err)) {
		unlock(tenant);
		return false;
	}
	if (db_rows(r) == 0) {
		unlock(tenant);
		return err_set(err, ERR_BUSY,
		    "another run of tenant \"%s\" is active", tenant->name);
	}
	tenant->epoch = db_int(r, 0, 0);
	tenant->paused = db_bool(r, 0, 1);
	tenant->sends = db_int(r, 0, 2);
	tenant->restored_at = db_time(r, 0, 3);
	tenant->renewed_ms = clock_boottime_ms();
	return true;
}

bool
tenant_lost(const struct tenant *tenant, struct err *err)
{
	return err_set(err, ERR_BUSY, "another run of tenant \"%s\" took over",
	    tenant->name);
}

bool
tenant_renew(struct db *db, struct tenant *tenant, long every_s, bool *wanted,
    struct err *err)
{
	AUTO(arena) struct arena *arena = NULL;
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;
	const int64_t now_ms = clock_boottime_ms();

	if (now_ms - tenant->renewed_ms < (int64_t)every_s * 1000)
		return true;
	if ((arena = arena_new(4096)) == NULL)
		return err_nomem(err);
	lease_args(&args, arena, tenant);
	if (!db_query(db, &tenant_renew_lease, &args, &r, err))
		return false;
	if (db_rows(r) == 0)
		return tenant_lost(tenant, err);
	tenant->renewed_ms = now_ms;
	if (wanted != NULL)
		*wanted = db_bool(r, 0, 0);
	return true;
}

bool
tenant_want(struct db *db, const struct tenant *tenant, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	struct db_args args;

	if (arena == NULL)
		return err_nomem(err);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	return db_query(db, &tenant_set_wanted, &args, NULL, err);
}

void
tenant_release(struct db *db, struct tenant *tenant)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	struct db_args args;
	struct err ignored;

	if (tenant->epoch != 0 && arena != NULL) {
		lease_args(&args, arena, tenant);
		/* A lost connection leaves the lease to the free lock. */
		if (!db_query(db, &tenant_release_lease, &args, NULL, &ignored))
			(void)ignored;
	}
	tenant->epoch = 0;
	unlock(tenant);
}

bool
tenant_mark_restored(struct db *db, struct tenant *tenant,
    long long epoch_seen, long long sends_seen, time_t at, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	if (arena == NULL)
		return err_nomem(err);
	lease_args(&args, arena, tenant);
	db_arg_int(&args, epoch_seen);
	db_arg_int(&args, sends_seen);
	db_arg_time(&args, at);
	if (!db_query(db, &tenant_restored, &args, &r, err))
		return false;
	if (db_rows(r) == 0)
		return tenant_lost(tenant, err);
	tenant->epoch = db_int(r, 0, 0);
	tenant->sends = db_int(r, 0, 1);
	tenant->restored_at = db_time(r, 0, 2);
	return true;
}

bool
tenant_put_sends(struct db *db, const struct tenant *tenant, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	if (arena == NULL)
		return err_nomem(err);
	lease_args(&args, arena, tenant);
	db_arg_int(&args, tenant->sends);
	if (!db_query(db, &tenant_sends, &args, &r, err))
		return false;
	return db_rows(r) == 1 || tenant_lost(tenant, err);
}

bool
tenant_clear_restored(struct db *db, struct tenant *tenant, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	if (arena == NULL)
		return err_nomem(err);
	lease_args(&args, arena, tenant);
	if (!db_query(db, &tenant_restored_clear, &args, &r, err))
		return false;
	if (db_rows(r) == 0)
		return tenant_lost(tenant, err);
	tenant->restored_at = NO_TIME;
	return true;
}

long
tenant_lease_left_s(const struct tenant *tenant)
{
	return LEASE_S - (long)((clock_boottime_ms() - tenant->renewed_ms) / 1000);
}

bool
tenant_set_paused(struct db *db, struct tenant *tenant, bool paused,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	struct db_args args;

	if (arena == NULL)
		return err_nomem(err);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_bool(&args, paused);
	tenant->paused = paused;
	return db_query(db, &tenant_pause, &args, NULL, err);
}
