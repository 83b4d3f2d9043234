/*
 * npsync check against a Dynamics 365 that lacks a column: it is named, --fix
 * makes it, and what failed because of it is fine then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "npsync.h"
#include "place.h"
#include "simhttpd.h"

#define NOW "2026-12-01T20:00"
#define API "/api/data/v9.2/"
#define COLUMN "/Attributes(LogicalName='npt_npstags') "

/* ---- the environment ---------------------------------------------------- */
static struct {
	bool made;
	int posts, patches;
} there;

static bool
asks(const char *request, const char *what)
{
	const char *at = strstr(request, what);

	return at != NULL && at < strchr(request, '\r');
}

static void
serve(void *arg, const char *request, const char *body, struct sim_reply *reply)
{
	(void)arg;
	reply->body = "{\"value\":[]}";
	if (asks(request, "POST /token ")) {
		reply->body = "{\"token_type\":\"Bearer\",\"expires_in\":3599,"
		    "\"access_token\":\"t\"}";
	} else if (asks(request, "POST " API)) {
		there.posts++;
		there.made = asks(request, "contact')/Attributes ") &&
		    strstr(body, "\"SchemaName\":\"npt_npstags\"") != NULL;
		reply->status = there.made ? 204 : 400;
		reply->body = "";
	} else if (asks(request, "PATCH ")) {
		there.patches++;
	} else if (asks(request, COLUMN) && !there.made) {
		reply->status = 404;
	} else if (asks(request, "/Attributes(")) {
		reply->body = asks(request, "donotemail") ?
		    "{\"AttributeType\":\"Boolean\"}" :
		    "{\"AttributeType\":\"Memo\",\"MaxLength\":4000}";
	} else if (asks(request, "EntityDefinitions(")) {
		reply->body = "{\"IsOptimisticConcurrencyEnabled\":true}";
	} else if (asks(request, "WhoAmI")) {
		reply->body = "{\"UserId\":\"1\"}";
	} else if (asks(request, "npt_npstags") && !there.made) {
		reply->status = 400;
		reply->body = "{\"error\":{\"code\":\"0x80060888\",\"message\":"
		    "\"Could not find a property named 'npt_npstags' on type "
		    "'Microsoft.Dynamics.CRM.contact'.\"}}";
	}
}

/* ---- the program -------------------------------------------------------- */
#define D365 "crm d365 (dynamics): "

static void
test_fix(void **state)
{
	struct simhttpd *sim = simhttpd_start_handler(serve, NULL);
	const struct runproc *r;
	char group[900];
	struct place p;

	(void)state;
	assert_non_null(sim);
	place_make(&p, "fix", "fix", true);
	place_export(&p, 1);
	(void)snprintf(group, sizeof(group), "crm = ( { name = \"d365\"; driver "
	    "= \"dynamics\"; base_url = \"%s\"; token_url = \"%s/token\"; "
	    "client_id = \"app\"; secret = \"file:%s\"; backoff_s = 0.0; "
	    "suppress_on = [ \"donotemail\" ]; phone_column = \"\"; }, {",
	    simhttpd_url(sim), simhttpd_url(sim), p.key);
	place_edit(&p, "crm = ( {", group);
	r = place_run(&p, NOW, 78, "check");
	says(r->out, "FAIL  " D365 "missing: column npt_npstags of contact "
	    "(text): make it, or correct tag_column\n");
	says(r->out, "ok    " D365 "has optimistic concurrency of contact\n");
	says(r->out, "FAIL  " D365 "contacts: HTTP 400 ");
	says(r->out, ": no column npt_npstags: create it");
	assert_int_equal(there.posts, 0);
	r = place_run(&p, NOW, 0, "check --fix");
	says(r->out, "ok    " D365 "made column npt_npstags of contact (text); "
	    "put it on the form\n");
	says(r->out, "ok    crm d365 (dynamics)\n");
	assert_int_equal(there.posts, 1);
	/* The files beside it have nothing of the kind. */
	says(r->out, "warn  crm crm (files): its tags are free text");
	r = place_run(&p, NOW, 0, "check --fix");
	says(r->out, "ok    " D365 "has column npt_npstags of contact (text)\n");
	says(r->out, "0 failed");
	assert_int_equal(there.posts, 1);
	assert_int_equal(there.patches, 0);
	place_free(&p);
	simhttpd_stop(sim);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fix) };

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("check_setup", tests, places_begin,
	    places_end);
}
