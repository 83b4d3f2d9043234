/*
 * The secrets, one for each way in which npsync proves itself: they lie in
 * files of their own, they reach the server they are for, and stand nowhere
 * else.  The servers give tokens, then refuse in every status and quote, in
 * each member of the answer, what they were sent.  Looked at: all that is
 * printed at log level debug, mails and posts of the alarms, the process while
 * it has the tokens, the configuration, the whole database, its log.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "buf.h"
#include "canary.h"
#include "db.h"
#include "mailbox.h"
#include "place.h"
#include "simhttpd.h"
#include "textfile.h"

#define NOW "2026-12-01T08:00"
#define ANSWER_MAX ((size_t)64 << 20)
#define HOOK_KEY 9		/* in secrets[] */

DB_STMT(tk_whole,
    "SELECT string_agg(query_to_xml(format('SELECT t::text AS r FROM npsync.%I t',"
    " table_name), true, false, '')::text, '') FROM information_schema.tables"
    " WHERE table_schema = 'npsync' AND table_type = 'BASE TABLE'");

/* Where it must arrive: in a header or body over HTTP, at the mail server, or,
 * as the key of a signature, nowhere; from_server: a token, in no file.
 * path: below which alone requests may hold it. */
enum { BY_HTTP = 1, BY_MAIL = 2, BY_SIGNATURE = 4, FROM_SERVER = 8 };
static const struct {
	const char *file, *word;
	int at;
	const char *path;
} secrets[] = {
	{ "npstoday", "kanari-np-Ab01", BY_HTTP, "/nps/" },
	{ "dynamics", "kanari-dyn-Ab02", BY_HTTP, "/dyn/" },
	{ "salesforce", "kanari-sf-Ab03", BY_HTTP, "/services/" },
	{ "superoffice", "kanari-so-Ab04", BY_HTTP, "/so/" },
	{ "hubspot", "kanari-hub-Ab05", BY_HTTP, "/hub/" },
	{ "header", "kanari-head-Ab06", BY_HTTP, "/head/" },
	{ "basic", "kanari-basic-Ab07", BY_HTTP, "/basic/" },
	{ "oauth", "kanari-oauth-Ab08", BY_HTTP, "/oauth/" },
	{ "asknicely", "kanari-ask-Ab09", BY_HTTP, "/api/v1/" },
	[HOOK_KEY] = { "hook", "kanari-hook-Ab10", BY_SIGNATURE, NULL },
	{ "smtp", "smtp-word", BY_MAIL, NULL },
	{ "bearer", "kanari-bearer-Ab11", BY_HTTP, "/bear/" },
	{ NULL, "kanari-token-dyn-Ab12", BY_HTTP | FROM_SERVER,
	    "/dyn/" },
	{ NULL, "kanari-token-sf-Ab13", BY_HTTP | FROM_SERVER,
	    "/services/" },
	{ NULL, "kanari-token-oauth-Ab14", BY_HTTP | FROM_SERVER,
	    "/oauth/" },
	{ NULL, "kanari-hookpath-Ab15", BY_HTTP | FROM_SERVER,
	    "/kanari-hookpath-Ab15" },
};

static struct {
	struct place place;
	struct mailbox mail;
	/* abroad: where a redirect leads that nobody may follow. */
	struct simhttpd *sim, *abroad;
	/* How often each came to where it belongs, and the first that came
	 * elsewhere: the servers' own threads'. */
	pthread_mutex_t lock;
	int arrived[ARRAY_LEN(secrets)];
	char astray[200];
	struct buf answer;
	char url[64], location[128];
	int status;
	bool gives;		/* tokens */
	int quoted, posts, signed_right;
	char line[256], headers[256];
} w = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- the server ------------------------------------------------------------ */
/* The value of a header of the request; "" = none. */
static const char *
header_of(const char *request, const char *name, char *out, size_t size)
{
	const char *at = strcasestr(request, name);

	out[0] = '\0';
	if (at != NULL) {
		at += strlen(name);
		(void)snprintf(out, size, "%.*s", (int)strcspn(at, "\r\n"), at);
	}
	return out;
}

static void
note_words(const char *target, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		const char *path = secrets[i].path;

		if (strstr(text, secrets[i].word) == NULL)
			continue;
		if (path != NULL &&
		    strncmp(target, path, strlen(path)) == 0)
			w.arrived[i]++;
		else if (w.astray[0] == '\0')
			(void)snprintf(w.astray, sizeof(w.astray), "%s in a "
			    "request for %.100s", secrets[i].word, target);
	}
}

/* What a Basic header says. */
static void
note_basic(const char *target, const char *request)
{
	char coded[400], plain[400];

	(void)header_of(request, "\r\nAuthorization: Basic ", coded,
	    sizeof(coded));
	const size_t len = strlen(coded);
	if (len == 0 || len % 4 != 0)
		return;
	const int n = EVP_DecodeBlock((unsigned char *)plain,
	    (const unsigned char *)coded, (int)len);
	if (n > 0) {
		plain[n] = '\0';
		note_words(target, plain);
	}
}

/* Each word that came, by the path that it came to. */
static void
note_request(const char *request)
{
	char target[400];
	const char *at = strchr(request, ' ');

	assert_non_null(at);
	(void)snprintf(target, sizeof(target), "%.*s",
	    (int)strcspn(at + 1, " \r\n"), at + 1);
	note_words(target, request);
	note_basic(target, request);
}

static void
check_signature(const char *request, const char *body)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	char given[160], hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned len = 0;
	const char *key = secrets[HOOK_KEY].word;

	(void)header_of(request, "\r\nX-Npsync-Signature: sha256=", given,
	    sizeof(given));
	assert_non_null(HMAC(EVP_sha256(), key, (int)strlen(key),
	    (const unsigned char *)body, strlen(body), mac, &len));
	for (unsigned i = 0; i < len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	w.posts++;
	w.signed_right += strcmp(hex, given) == 0;
}

/* As text in JSON. */
static void
put_quoted(const char *text)
{
	for (; *text != '\0'; text++)
		buf_char(&w.answer, *text == '"' || *text == '\\' ||
			(unsigned char)*text < ' ' ? '\'' : *text);
}

/* In every member that anybody reads for a reason. */
static void
put_refusal(const char *request)
{
	static const char *const members[] = { "error", "error_description",
		"message", "Message", "errorCode", "errors", "title", "detail",
		"msg", "reason", "category", "text", "status" };

	/* Of 200 no list: each page would be a new one, thousands of times. */
	buf_str(&w.answer, w.status == 200 ? "{" : "[{");
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		buf_printf(&w.answer, "%s\"%s\":\"", i > 0 ? "," : "",
		    members[i]);
		put_quoted(request);
		buf_char(&w.answer, '"');
	}
	buf_str(&w.answer, w.status == 200 ? "}" : "}]");
}

static bool
is_token(const char *request)
{
	return strncmp(request, "POST ", 5) == 0 &&
	    strstr(request, "grant_type=") != NULL;
}

static const char *
token_of(const char *request)
{
	return strstr(request, " /dyn") != NULL ? "kanari-token-dyn-Ab12"
	    : strstr(request, " /services") != NULL ? "kanari-token-sf-Ab13"
	    : "kanari-token-oauth-Ab14";
}

static void
handle(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	(void)arg;
	(void)pthread_mutex_lock(&w.lock);
	note_request(request);
	buf_reset(&w.answer);
	reply->headers = w.headers;
	(void)snprintf(w.headers, sizeof(w.headers), "Content-Type: "
	    "application/json\r\n");
	if (strstr(request, "/kanari-hookpath-Ab15 ") != NULL)
		check_signature(request, body);
	if (w.gives && is_token(request)) {
		buf_printf(&w.answer, "{\"access_token\":\"%s\",\"token_type\":"
		    "\"Bearer\",\"expires_in\":3600,\"instance_url\":\"%s\"}",
		    token_of(request), w.url);
	} else {
		reply->status = w.status;
		if (w.status == 302)
			(void)snprintf(w.headers, sizeof(w.headers), "Location:"
			    " %s\r\n", w.location);
		put_refusal(request);
		w.quoted++;
	}
	reply->body = buf_text(&w.answer);
	(void)pthread_mutex_unlock(&w.lock);
}

static void
servers_start(void)
{
	static const struct sim_reply anything = { .repeat = 100000 };

	w.sim = simhttpd_start_handler(handle, NULL);
	w.abroad = simhttpd_start(&anything, 1);
	assert_true(w.sim != NULL && w.abroad != NULL);
	(void)snprintf(w.url, sizeof(w.url), "%s", simhttpd_url(w.sim));
	(void)snprintf(w.location, sizeof(w.location), "%s/?key=kanari-head-Ab06",
	    simhttpd_url(w.abroad));
}

/* Nobody followed a redirect. */
static void
servers_stop(void)
{
	const size_t abroad = simhttpd_requests(w.abroad);

	simhttpd_stop(w.sim);
	simhttpd_stop(w.abroad);
	assert_int_equal(abroad, 0);
}

/* ---- the place --------------------------------------------------------------- */
static const char crms_text[] =
    "crm = (\n"
    "{ name = \"dyn\"; driver = \"dynamics\"; base_url = \"@/dyn\"; tenant = \"t\";\n"
    "  token_url = \"@/dyn/token\"; client_id = \"c\"; secret = \"file:#/dynamics\"; * },\n"
    "{ name = \"sf\"; driver = \"salesforce\"; login_url = \"@\"; client_id = \"c\";\n"
    "  client_secret = \"file:#/salesforce\"; * },\n"
    "{ name = \"so\"; driver = \"superoffice\"; mode = \"onsite\"; base_url = \"@/so\";\n"
    "  auth = \"basic\"; user = \"u\"; password = \"file:#/superoffice\";\n"
    "  consent_rule = \"withdrawn\"; * },\n"
    "{ name = \"hub\"; driver = \"hubspot\"; base_url = \"@/hub\";\n"
    "  token = \"credential:hubspot\"; * },\n"
    "{ name = \"head\"; driver = \"rest\"; profile = \"header.conf\"; base_url = \"@/head\";\n"
    "  secret = \"credential:header\"; * },\n"
    "{ name = \"basic\"; driver = \"rest\"; profile = \"basic.conf\"; base_url = \"@/basic\";\n"
    "  user = \"u\"; secret = \"file:#/basic\"; * },\n"
    "{ name = \"bearer\"; driver = \"rest\"; profile = \"bearer.conf\"; base_url = \"@/bear\";\n"
    "  secret = \"credential:bearer\"; * },\n"
    "{ name = \"oauth\"; driver = \"rest\"; profile = \"oauth.conf\"; base_url = \"@/oauth\";\n"
    "  user = \"u\"; secret = \"file:#/oauth\"; * },\n"
    "{";
static const char more_text[] =
    "mail = { smtp_url = \"smtp://127.0.0.1:%\"; from = \"npsync@npsync-demo.example\";\n"
    "  user = \"npsync\"; password = \"file:#/smtp\"; ca_file = \"!/ca.pem\"; };\n"
    "alarm = { fallback = \"x@npsync-demo.example\";\n"
    "  webhook = { url = \"@/kanari-hookpath-Ab15\"; secret = \"file:#/hook\"; };\n"
    "  health = { to = [ \"it@npsync-demo.example\" ]; }; };\n"
    "log = { level = \"debug\"; target = \"stderr\"; };";

/* @ the server, # the keys, % the port and ! the place of the mail server,
 * * what keeps a refusal short. */
static const char *
filled(const char *text)
{
	static char out[6000];
	struct buf b;

	buf_init(&b, sizeof(out) - 1);
	for (; *text != '\0'; text++)
		switch (*text) {
		case '@':
			if (strncmp(text, "@npsync", 7) == 0)
				buf_char(&b, '@');
			else
				buf_str(&b, w.url);
			break;
		case '#':
			buf_printf(&b, "%s/credentials", w.place.dir);
			break;
		case '%':
			buf_printf(&b, "%d", w.mail.port);
			break;
		case '!':
			buf_str(&b, w.mail.dir);
			break;
		case '*':
			buf_str(&b, "retries = 1; backoff_s = 0.0;");
			break;
		default:
			buf_char(&b, *text);
		}
	(void)snprintf(out, sizeof(out), "%s", buf_text(&b));
	buf_free(&b);
	return out;
}

static void
put_file(const char *name, const char *text, mode_t mode)
{
	char path[700];

	(void)snprintf(path, sizeof(path), "%s/%s", w.place.dir, name);
	textfile_write(path, text);
	assert_int_equal(chmod(path, mode), 0);
}

static void
put_profile(const char *name, const char *auth)
{
	char text[1000];

	(void)snprintf(text, sizeof(text), "summary = \"a test's\"; timezone = "
	    "\"UTC\"; auth = { %s };\ncheck = { path = \"/me\"; };\n"
	    "events = ( { name = \"deals\"; trigger = \"sale\"; read = { request ="
	    " { path = \"/deals\"; rows = [ \"/items\" ]; }; paging = { kind = "
	    "\"none\"; }; id = [ \"/id\" ]; }; contact = [ \"/person\", \"\" ]; "
	    "occurred_at = [ \"/closed\" ]; } );\n"
	    "contacts = { by_id = { request = { path = \"/people/{id}\"; }; id = "
	    "[ \"/id\" ]; at = [ \".\" ]; }; fields = { full_name = [ \"/name\" ];"
	    " email = [ \"/mail\" ]; language = [ \"/lang\", \"\" ]; }; };\n", auth);
	put_file(name, text, 0644);
}

/* Each secret in a file of its own. */
static void
keys_write(void)
{
	char path[700], text[200];

	(void)snprintf(path, sizeof(path), "%s/credentials", w.place.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		(void)canary_add(secrets[i].at, secrets[i].word, 0);
		if (secrets[i].file == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "credentials/%s",
		    secrets[i].file);
		(void)snprintf(text, sizeof(text), "%s\n", secrets[i].word);
		put_file(path, text, 0600);
	}
	/* base64 of "u:" and the passwords, as Basic carries them. */
	(void)canary_add(0, "dTprYW5hcmktYmFzaWMtQWIwNw==", 0);
	(void)canary_add(0, "dTprYW5hcmktc28tQWIwNA==", 0);
}

static void
place_prepare(void)
{
	char dir[420];

	place_make(&w.place, "keys", "keys", false);
	(void)snprintf(dir, sizeof(dir), "%s/mail", w.place.dir);
	mailbox_make(&w.mail, dir);
	mailbox_start(&w.mail, "--tls");
	servers_start();
	keys_write();
	put_profile("header.conf", "style = \"header\"; header = \"X-Key\";");
	put_profile("basic.conf", "style = \"basic\";");
	put_profile("bearer.conf", "style = \"bearer\";");
	put_profile("oauth.conf", "style = \"oauth2\"; oauth2 = { token_path = "
	    "\"/token\"; };");
	(void)snprintf(dir, sizeof(dir), "%s/nps", w.url);
	place_edit(&w.place, "http://127.0.0.1:9", dir);
	(void)snprintf(dir, sizeof(dir), "file:%s", w.place.key);
	place_edit(&w.place, dir, "credential:npstoday");
	place_edit(&w.place, "log = { level = \"warning\"; };",
	    filled(more_text));
	place_edit(&w.place, "crm = ( {", filled(crms_text));
	place_export(&w.place, 1);
}

/* ---- runs --------------------------------------------------------------------- */
static void
run(const char *args)
{
	const struct runproc *r = place_run(&w.place, NOW, -2, args);
	char what[200];

	(void)snprintf(what, sizeof(what), "npsync %s, status %d", args,
	    w.status);
	if (r->code != 0 && r->code != 1 && r->code != 69 && r->code != 78)
		fail_msg("%s: exit %d\n%s%s", what, r->code, r->out, r->err);
	canary_note(what, r->err);
	canary_note(what, r->out);
}

static void
status(int code, bool gives)
{
	(void)pthread_mutex_lock(&w.lock);
	w.status = code;
	w.gives = gives;
	(void)pthread_mutex_unlock(&w.lock);
}

static void
runs(void)
{
	static const int codes[] = { 302, 400, 401, 500 };

	status(401, false);
	run("check");
	status(200, true);
	run("check");
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		status(codes[i], true);
		run("check");
		run("run hourly");
	}
	run("run night");
	run("campaigns");
	run("lists");
	run("--json status");
	run("status");
	run("runs");
	run("alarms");
}

/* Stopped behind its tenth answer, tokens in its hands. */
static void
look_at_process(void)
{
	static const char *const env[] = {
		"NPSYNC_FAILPOINT=http.after/*=stop@10", NULL };
	struct runproc r;
	siginfo_t info;

	status(500, true);
	place_use("npsync-fault", env);
	place_start(&r, &w.place, NOW, "run hourly");
	place_use(NULL, NULL);
	assert_int_equal(waitid(P_PID, (id_t)r.pid, &info,
	    WSTOPPED | WEXITED | WNOWAIT), 0);
	assert_int_equal(info.si_code, CLD_STOPPED);
	canary_sample(r.pid);
	assert_int_equal(kill(r.pid, SIGCONT), 0);
	runproc_wait(&r, 60);
	canary_note("a run that was looked at", r.err);
	canary_note("a run that was looked at", r.out);
	runproc_free(&r);
}

/* The same tenant, its surveys at another service. */
static void
other_service(void)
{
	char text[600], now[200];

	(void)snprintf(now, sizeof(now), "survey = {\n\tdriver = \"npstoday\"; "
	    "backoff_s = 0.05;\n\tbase_url = \"%s/nps\";\n\tapi_key = "
	    "\"credential:npstoday\";", w.url);
	(void)snprintf(text, sizeof(text), "survey = { driver = \"asknicely\"; "
	    "backoff_s = 0.0; retries = 1; base_url = \"%s/api/v1\"; api_key = "
	    "\"credential:asknicely\"; campaign = ( { id = \"7749\"; } );",
	    w.url);
	place_edit(&w.place, now, text);
	place_edit(&w.place, "rate_per_second = 10.0;", "");
	static const int codes[] = { 200, 302, 401 };
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		status(codes[i], true);
		run("check");
		run("run hourly");
	}
}

/* ---- what must hold them, and what must not ------------------------------------ */
static void
note_database(void)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { .kind = ERR_NONE };
	struct db *db = place_open_database(&w.place);

	if (!db_query(db, &tk_whole, NULL, &r, &err))
		fail_msg("%s", err.msg);
	/* A row of the demo is there. */
	says(db_text(r, 0, 0), "npsync-demo.example");
	canary_note("the database", db_text(r, 0, 0));
	db_close(db);
}

static void
note_file(const char *dir, const char *name)
{
	char path[900];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	char *text = textfile_read(path);
	canary_note(name, text);
	free(text);
}

static void
note_files(void)
{
	char name[16], state[320];

	/* As sent, and decoded: quoted-printable breaks words. */
	for (int i = 1; i <= mailbox_count(&w.mail); i++) {
		(void)snprintf(name, sizeof(name), "%d.eml", i);
		note_file(w.mail.dir, name);
		(void)snprintf(name, sizeof(name), "%d.json", i);
		note_file(w.mail.dir, name);
	}
	(void)snprintf(state, sizeof(state), "%s", w.place.dir);
	(void)snprintf(strrchr(state, '/'), 20, "/state");
	note_file(state, "pg.log");
	/* The path of the webhook stands there; nothing else. */
	place_edit(&w.place, "/kanari-hookpath-Ab15", "/hook");
	note_file(w.place.dir, "npsync.conf");
}

static bool
in_file(const char *dir, const char *name, const char *word)
{
	char path[900];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	char *text = textfile_read(path);
	const bool found = strstr(text, word) != NULL;
	free(text);
	return found;
}

static void
all_arrived(void)
{
	int kept = 0, by_http = 0, by_mail = 0;
	char dir[400];

	(void)snprintf(dir, sizeof(dir), "%s/credentials", w.place.dir);
	if (w.astray[0] != '\0')
		fail_msg("%s", w.astray);
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		const bool http = w.arrived[i] > 0;
		const bool mail = in_file(w.mail.dir, "auth",
		    secrets[i].word);
		if (http != ((secrets[i].at & BY_HTTP) != 0) ||
		    mail != ((secrets[i].at & BY_MAIL) != 0))
			fail_msg("%s: over HTTP %d, to the mail server %d",
			    secrets[i].word, http, mail);
		if (secrets[i].file != NULL)
			assert_true(in_file(dir, secrets[i].file,
			    secrets[i].word));
		kept += secrets[i].file != NULL;
		by_http += http;
		by_mail += mail;
	}
	print_message("# %zu secrets: %d in files of their own; %d at the "
	    "servers they are for, %d at the mail server, 1 as the key of %d "
	    "posts\n", ARRAY_LEN(secrets), kept, by_http, by_mail, w.posts);
	assert_true(w.posts > 0 && w.signed_right == w.posts);
	assert_true(mailbox_count(&w.mail) > 0);
}

static void
test_keys(void **state)
{
	const char *which = "";

	(void)state;
	canary_begin();
	buf_init(&w.answer, ANSWER_MAX);
	place_prepare();
	runs();
	look_at_process();
	other_service();
	servers_stop();
	mailbox_stop(&w.mail);
	all_arrived();
	note_database();
	note_files();
	canary_control();
	const struct canary_seen seen = canary_seen();
	const int found = canary_hits(seen.text, &which);
	print_message("# %d answers that quote; %d texts of %zu bytes, %d files "
	    "of /proc (%d environments read, %d denied to its own user): %d "
	    "canaries\n", w.quoted, seen.texts, seen.len, seen.files,
	    seen.environs, seen.denied, found);
	assert_true(w.quoted >= 80 && seen.texts > 40);
	assert_int_equal(found, 0);
	place_free(&w.place);
	buf_free(&w.answer);
	canary_end();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("torture-canary-keys", tests,
	    places_begin, places_end);
}
