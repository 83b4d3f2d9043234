/*
 * writerig.h - the driver for HubSpot, opened by a configuration, and a server
 * that answers in the order of a script and keeps the exact requests.
 */
#ifndef NPSYNC_TESTS_HUBSPOT_WRITERIG_H
#define NPSYNC_TESTS_HUBSPOT_WRITERIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conf.h"
#include "connect.h"
#include "simhttpd.h"
#include "tag_write.h"
#include "tmpdir.h"

#define OBJECTS "/crm/objects/2026-09/"
#define PROPERTIES "/crm/properties/2026-09/contacts"
#define READ "POST " OBJECTS "contacts/batch/read "
#define UPDATE "POST " OBJECTS "contacts/batch/update "
#define GETS(property, text) { .target = "GET " PROPERTIES "/" property " ", \
	.body = text }
#define READS(text) { .target = READ, .body = text }
#define UPDATES(text) { .target = UPDATE, .body = text }
#define LIST { .target = "GET " OBJECTS "contacts?limit=1 ", \
	.body = "{\"results\":[{\"id\":\"900\"}]}" }
/* Of a portal that is another one. */
#define EMPTY_LIST { .target = "GET " OBJECTS "contacts?limit=1 ", \
	.body = "{\"results\":[]}" }
#define NO_LIST { .target = "GET " OBJECTS "contacts?limit=1 ", \
	.status = 404, .body = "<html>No" }
/* As HubSpot has it: it does not say what is not there. */
#define NOT_FOUND "{\"status\":\"error\",\"message\":\"resource not found\"," \
	"\"correlationId\":\"c0rr\"}"
#define TEXT "{\"type\":\"string\",\"fieldType\":\"textarea\"}"
#define ROWS(rows) "{\"status\":\"COMPLETE\",\"results\":[" rows "]}"
#define ROW(id, tags) "{\"id\":\"" id "\",\"properties\":{\"npstoday_tags\":" \
	tags "},\"archived\":false}"
#define GOOD(id) "{\"id\":\"" id "\",\"properties\":{}}"
#define FAULT(category, message) "{\"status\":\"error\",\"message\":\"" message \
	"\",\"correlationId\":\"c0rr\",\"category\":\"" category "\"}"

static struct rig {
	struct arena *arena;
	struct conf *conf;
	struct conf_crm group;
	struct crm crm;
	struct simhttpd *sim;
	struct err err;
} rig;

static inline void
rig_configure(const char *options)
{
	const char *url = simhttpd_url(rig.sim);
	const char *text = arena_printf(rig.arena, "tenant = \"lab\";\n"
	    "rules = { own_domains = [ \"own.example\" ]; };\n"
	    "survey = { driver = \"npstoday\"; base_url = \"%s\"; api_key = "
	    "\"file:%s/key\"; };\n"
	    "crm = ( { name = \"hs\"; driver = \"hubspot\"; base_url = \"%s\"; "
	    "token = \"file:%s/key\"; backoff_s = 0.0; %s%s } );\n",
	    url, tmpdir, url, tmpdir, strstr(options, "retries") != NULL ? ""
	    : "retries = 1; ", options);

	(void)tmpdir_write("key", "pat-eu1-s3cret\n", 0600);
	if (!conf_load(tmpdir_write("npsync.conf", text, 0600), rig.arena,
	        &rig.conf, &rig.err) ||
	    !conf_load_secrets(rig.conf, rig.arena, &rig.err))
		fail_msg("%s", rig.err.msg);
	rig.group = rig.conf->crm[0];
	rig.group.http.rate_per_second = 0;
}

static inline void
rig_begin(const char *options)
{
	assert_non_null(rig.sim);
	rig_configure(options);
	if (!crm_open(&rig.crm, &rig.group, "Europe/Copenhagen", NULL,
	    &rig.err))
		fail_msg("%s", rig.err.msg);
}

static inline void
rig_open(const char *options, const struct sim_reply *script, size_t n)
{
	rig = (struct rig){ .arena = arena_new((size_t)64 << 20),
		.sim = simhttpd_start(script, n) };
	rig_begin(options);
}

/* all: the whole script must have been used. */
static inline void
rig_close(bool all)
{
	const char *said = simhttpd_problem(rig.sim, all);
	char problem[1024];

	(void)snprintf(problem, sizeof(problem), "%s", said == NULL ? "" : said);
	crm_close(&rig.crm);
	simhttpd_stop(rig.sim);
	arena_free(rig.arena);
	if (problem[0] != '\0')
		fail_msg("%s", problem);
}

/* ---- tags, driven by the core -------------------------------------------- */
static inline bool
rig_breathe(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return true;
}

static inline bool
rig_tags(const struct crm_tag_write *writes, size_t n,
    struct put_result *results)
{
	struct tag_writer writer;

	tag_writer_init(&writer, &rig.crm, rig.arena, rig_breathe, NULL);
	writer.backoff_s = 0;	/* all of a call again at once */
	writer.backoff_max_s = 0;
	rig.err = (struct err){ .kind = ERR_NONE };
	return tag_write(&writer, writes, n, results, &rig.err);
}

/* "done gone rejected", in the order of the writes. */
static inline const char *
rig_words(const struct put_result *results, size_t n)
{
	static const char *const words[] = { "done", "unchanged", "gone",
		"rejected", "conflict", "again", "unknown", "denied" };
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = arena_printf(rig.arena, "%s%s%s", text,
		    i == 0 ? "" : " ", words[results[i].outcome]);
	return text;
}

static inline void
rig_fails(bool ok, enum err_kind kind, const char *part)
{
	if (ok)
		fail_msg("expected an error with \"%s\"", part);
	if (rig.err.kind != kind || strstr(rig.err.msg, part) == NULL)
		fail_msg("got %s: %s", err_kind_name(rig.err.kind),
		    rig.err.msg);
}

#endif
