/*
 * sim.h - tests/sim/superoffice as a process of the test, with a connector
 * opened on it as the system user, or onsite (--onsite) with a password.  The
 * server ends with the test, however that ends.
 */
#ifndef TESTS_SUPEROFFICE_SIM_H
#define TESTS_SUPEROFFICE_SIM_H

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "crmsim.h"
#include "json.h"
#include "rig.h"
#include "tmpdir.h"

#define SIM_NOW "2026-11-25T02:00:00Z"
#define SIM_ARGS 20

struct world {
	struct rig rig;
	const char *key;	/* of the application, PEM */
	struct crmsim *sim;
};

/* One key for all tests of a program: making it takes a while. */
static inline void
world_key(struct world *w)
{
	static char text[4096];
	static EVP_PKEY *key;

	if (key == NULL) {
		BIO *bio = BIO_new(BIO_s_mem());
		key = EVP_RSA_gen(2048);
		assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL,
		    0, NULL, NULL), 1);
		const int n = BIO_read(bio, text, sizeof(text) - 1);
		assert_true(n > 0);
		text[n] = '\0';
		(void)BIO_free(bio);
	}
	assert_int_equal(tmpdir_make(NULL), 0);
	FILE *f = fopen(tmpdir_path("public.pem"), "we");
	assert_non_null(f);
	assert_int_equal(PEM_write_PUBKEY(f, key), 1);
	(void)fclose(f);
	w->key = text;
}

static inline void
world_start(struct world *w, const char *const *options)
{
	const char *args[SIM_ARGS + 3] = { "--public-key" };
	size_t n = 2;

	*w = (struct world){ .sim = NULL };
	world_key(w);
	args[1] = tmpdir_path("public.pem");
	while (options != NULL && *options != NULL) {
		assert_true(n < SIM_ARGS + 2);
		args[n++] = *options++;
	}
	w->sim = crmsim_start("superoffice", SIM_NOW, args);
}

static inline void
world_stop(struct world *w)
{
	crmsim_stop(w->sim);
	assert_int_equal(tmpdir_remove(NULL), 0);
}

/* The answer is the caller's; ' stands for ". */
#define world_ask(w, ...) \
	((void)crmsim_ask((w)->sim, __VA_ARGS__), crmsim_keep((w)->sim))
#define world_tell(...) json_free(world_ask(__VA_ARGS__))

/* The id of a row that was made or changed. */
#define world_record(w, ...) world_id(world_ask(w, "record", __VA_ARGS__))
static inline long long
world_id(struct json_doc *doc)
{
	const long long id = json_integer_value(json_object_get(json_root(doc),
	    "id"));

	json_free(doc);
	return id;
}

/* How many rows of a table are so; where as an object without braces. */
static inline long long
world_count(struct world *w, const char *table, const char *where)
{
	struct json_doc *doc = world_ask(w, "rows", "{'table':'%s','where':"
	    "{%s},'limit':0}", table, where);
	const long long n = json_integer_value(json_object_get(json_root(doc),
	    "total"));

	json_free(doc);
	return n;
}

static inline long long
world_stat(struct world *w, const char *path)
{
	return crmsim_stat(w->sim, path);
}

/* Nothing that the published description does not have. */
static inline void
world_manners(struct world *w)
{
	const json_t *all = json_object_get(crmsim_stats(w->sim),
	    "violations");

	if (json_object_size(all) != 0)
		fail_msg("%s", json_object_iter_key(json_object_iter(
		    (json_t *)(uintptr_t)all)));
	assert_int_equal(crmsim_stat(w->sim, "/strayed"), 0);
}

/* how: to get in, with %s for the server's address. */
static inline void
world_settings(struct world *w, const char *how, const char *more)
{
	struct rig *rig = &w->rig;
	const char *at = strstr(how, "%s");

	rig_begin(rig, NULL, 0);
	rig->now = rig_time(SIM_NOW);
	if (!rig_settings(rig, arena_printf(rig->arena, "%.*s%s%s "
	    "interest_list = 'PersonInterest'; %s", (int)(at - how), how,
	    crmsim_url(w->sim), at + 2, more)))
		fail_msg("%s", rig->err.msg);
}

static inline void
world_open(struct world *w, const char *more)
{
	struct rig *rig = &w->rig;

	world_settings(w, "login_host = '%s'; context_id = 'Cust12345'; "
	    "client_secret = 'credential:a'; system_user_token = "
	    "'credential:b'; private_key = 'credential:c';", more);
	rig->set.client_secret = "sec";
	rig->set.system_user_token = "NPS Sync-AbCdEfGhIj";
	rig->set.private_key = w->key;
	if (!rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

static inline void
world_open_onsite(struct world *w, const char *password, const char *more)
{
	world_settings(w, "mode = 'onsite'; auth = 'basic'; user = 'npsync'; "
	    "password = 'credential:p'; base_url = '%s/site';", more);
	w->rig.set.password = password;
	if (!rig_open(&w->rig))
		fail_msg("%s", w->rig.err.msg);
}

static inline void
world_close(struct world *w)
{
	rig_end(&w->rig);
}

#endif
