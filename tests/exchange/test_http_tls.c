/*
 * Bad TLS servers: refused, and not one byte of a request reaches them.  And what
 * the environment would do to a good one: nothing.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "curlcodes.h"
#include "http.h"
#include "runproc.h"
#include "textfile.h"

#define DAY 86400L

enum signer { BY_CA, BY_ITSELF, BY_NAMESAKE, BY_NO_CA };
enum trust { TRUST_CA, TRUST_IT, TRUST_SYSTEM };

struct tls_case {
	const char *name, *host, *san, *cn, *usage;
	long from_s, until_s;
	int max_version, rsa_bits;
	bool sha1;
	enum signer signer;
	enum trust trust;
	bool ok;
	enum err_kind kind;
	enum http_class class;
};

#define NOW .from_s = -DAY, .until_s = DAY
#define HERE .san = "IP:127.0.0.1"
#define REFUSED .kind = ERR_CONFIG, .class = HTTP_MISCONFIGURED
#define BROKEN .kind = ERR_RETRY, .class = HTTP_SAFE
#define GOOD .ok = true, .class = HTTP_DONE

static const struct tls_case cases[] = {
	{ .name = "good", HERE, NOW, GOOD },
	{ .name = "good, by name", .host = "localhost",
	    .san = "DNS:x.example,DNS:localhost", NOW, GOOD },
	{ .name = "good, RSA 2048", HERE, NOW, .rsa_bits = 2048, GOOD },
	{ .name = "self-signed and trusted", HERE, NOW, .signer = BY_ITSELF,
	    .trust = TRUST_IT, GOOD },
	{ .name = "expired", HERE, .from_s = -2 * DAY, .until_s = -DAY,
	    REFUSED },
	{ .name = "not yet valid", HERE, .from_s = DAY, .until_s = 2 * DAY,
	    REFUSED },
	{ .name = "self-signed", HERE, NOW, .signer = BY_ITSELF, REFUSED },
	{ .name = "unknown to the system", HERE, NOW, .trust = TRUST_SYSTEM,
	    REFUSED },
	{ .name = "wrong host", .host = "localhost", .san = "DNS:x.example",
	    NOW, REFUSED },
	/* The signature that does not fit hides behind another error. */
	{ .name = "wrong CA of the same name", HERE, NOW,
	    .signer = BY_NAMESAKE, BROKEN },
	{ .name = "signed by what is no CA", HERE, NOW, .signer = BY_NO_CA,
	    REFUSED },
	{ .name = "TLS 1.0", HERE, NOW, .max_version = TLS1_VERSION, BROKEN },
	{ .name = "TLS 1.1", HERE, NOW, .max_version = TLS1_1_VERSION,
	    BROKEN },
	{ .name = "SHA-1", HERE, NOW, .sha1 = true, REFUSED },
	{ .name = "RSA 1024", HERE, NOW, .rsa_bits = 1024, REFUSED },
	{ .name = "name in the subject only", .host = "localhost",
	    .cn = "localhost", NOW, REFUSED },
	{ .name = "address in the subject only", .cn = "127.0.0.1", NOW,
	    REFUSED },
	{ .name = "other address", .san = "IP:127.0.0.2", NOW, REFUSED },
	{ .name = "address as a name", .san = "DNS:127.0.0.1", NOW, REFUSED },
	{ .name = "wildcard for all", .host = "localhost", .san = "DNS:*",
	    NOW, REFUSED },
	{ .name = "partial wildcard", .host = "localhost", .san = "DNS:l*t",
	    NOW, REFUSED },
	{ .name = "wildcard in an address", .san = "DNS:*.0.0.1", NOW,
	    REFUSED },
	{ .name = "for clients only", HERE, NOW, .usage = "clientAuth",
	    REFUSED },
};

struct server {
	SSL_CTX *ctx;
	int fd, port, bytes;	/* bytes of a request that were read */
	char request[4096];	/* the first of them */
	char ca_file[400];
	pthread_t thread;
};

/* ---- certificates ---------------------------------------------------------- */
struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

static void
identity_free(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->cert);
}

static void
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
set_name(X509_NAME *name, const char *cn)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
			     (const unsigned char *)cn, -1, -1, 0), 1);
}

/* Not signed yet. */
static struct identity
identity_make(const char *cn, int rsa_bits, long from_s, long until_s)
{
	struct identity id = { .cert = X509_new() };

	id.key = rsa_bits == 0 ? EVP_EC_gen("P-256")
	    : EVP_RSA_gen((unsigned)rsa_bits);
	assert_non_null(id.key);
	assert_non_null(id.cert);
	assert_int_equal(X509_set_version(id.cert, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(id.cert), 7),
	    1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(id.cert), from_s));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(id.cert), until_s));
	set_name(X509_get_subject_name(id.cert), cn);
	assert_int_equal(X509_set_pubkey(id.cert, id.key), 1);
	return id;
}

static void
identity_sign(struct identity *id, const struct identity *by, bool sha1)
{
	assert_int_equal(X509_set_issuer_name(id->cert,
			     X509_get_subject_name(by->cert)), 1);
	assert_true(X509_sign(id->cert, by->key,
			sha1 ? EVP_sha1() : EVP_sha256()) > 0);
}

static struct identity
ca_make(const char *basic_constraints)
{
	struct identity ca = identity_make("npsync test", 0, -DAY, DAY);

	add_extension(ca.cert, NID_basic_constraints, basic_constraints);
	identity_sign(&ca, &ca, false);
	return ca;
}

static struct identity
leaf_make(const struct tls_case *c, const struct identity *ca)
{
	struct identity leaf = identity_make(c->cn != NULL ? c->cn : "leaf",
	    c->rsa_bits, c->from_s, c->until_s);

	if (c->san != NULL)
		add_extension(leaf.cert, NID_subject_alt_name, c->san);
	if (c->usage != NULL)
		add_extension(leaf.cert, NID_ext_key_usage, c->usage);
	identity_sign(&leaf, c->signer == BY_ITSELF ? &leaf : ca, c->sha1);
	return leaf;
}

static void
ca_file_write(struct server *s, X509 *cert)
{
	const char *dir = getenv("TMPDIR");

	const int n = snprintf(s->ca_file, sizeof(s->ca_file),
	    "%s/npsync-caXXXXXX", dir == NULL ? "/tmp" : dir);
	assert_in_range(n, 1, sizeof(s->ca_file) - 1);
	const int fd = mkstemp(s->ca_file);
	assert_true(fd >= 0);
	FILE *f = fdopen(fd, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, cert), 1);
	assert_int_equal(fclose(f), 0);
}

/* The server's certificate, and a file with what the client shall trust. */
static void
certificates_make(struct server *s, const struct tls_case *c)
{
	const bool is_ca = c->signer != BY_NO_CA;
	struct identity ca = ca_make(is_ca ? "critical,CA:TRUE"
					   : "critical,CA:FALSE");
	struct identity namesake = ca_make("critical,CA:TRUE");
	struct identity leaf =
	    leaf_make(c, c->signer == BY_NAMESAKE ? &namesake : &ca);

	s->ctx = SSL_CTX_new(TLS_server_method());
	assert_non_null(s->ctx);
	/* It shows what it should not have. */
	SSL_CTX_set_security_level(s->ctx, 0);
	assert_int_equal(SSL_CTX_use_certificate(s->ctx, leaf.cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(s->ctx, leaf.key), 1);
	ca_file_write(s, c->trust == TRUST_IT ? leaf.cert : ca.cert);
	identity_free(&ca);
	identity_free(&namesake);
	identity_free(&leaf);
}

/* ---- the server ------------------------------------------------------------ */
/* One connection, one request. */
static void *
serve(void *arg)
{
	static const char reply[] =
	    "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
	struct server *s = arg;
	char *in = s->request;
	const size_t size = sizeof(s->request) - 1;
	const int fd = accept(s->fd, NULL, NULL);
	SSL *ssl = SSL_new(s->ctx);

	if (fd >= 0 && ssl != NULL && SSL_set_fd(ssl, fd) == 1 &&
	    SSL_accept(ssl) == 1) {
		char body[16];
		const int n = SSL_read(ssl, in, (int)size);
		s->bytes = n > 0 ? n : 0;
		/* The body may come in a record of its own. */
		if (n > 0 && memcmp(in + n - 2, "{}", 2) != 0)
			(void)SSL_read(ssl, body, sizeof(body));
		if (n > 0)
			(void)SSL_write(ssl, reply, sizeof(reply) - 1);
		(void)SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

static void
server_open(struct server *s, const struct tls_case *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);

	*s = (struct server){ .fd = socket(AF_INET, SOCK_STREAM, 0) };
	certificates_make(s, c);
	assert_int_equal(SSL_CTX_set_min_proto_version(s->ctx, TLS1_VERSION),
	    1);
	if (c->max_version != 0)
		assert_int_equal(SSL_CTX_set_max_proto_version(s->ctx,
				     c->max_version), 1);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(s->fd, (const struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(s->fd, 4), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
	s->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void
server_close(struct server *s)
{
	/* Nobody may have come. */
	(void)shutdown(s->fd, SHUT_RDWR);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	assert_int_equal(close(s->fd), 0);
	assert_int_equal(unlink(s->ca_file), 0);
	SSL_CTX_free(s->ctx);
}

/* ---- cases ----------------------------------------------------------------- */
static bool met[CURL_LAST];

/* It is one of those that lib/curlcodes.c knows of this program. */
static void
code_met(const char *name, const struct http_res *res)
{
	const struct curlcode *c = curlcode_find(res->curl_code);

	if (c == NULL || c->why == NULL || strcmp(c->why, CURLCODES_TLS) != 0 ||
	    (c->phases & 1u << res->phase) == 0)
		fail_msg("%s: CURLcode %d (%s), %s, is not said to be met here",
		    name, res->curl_code, c == NULL ? "?" : c->name,
		    http_phase_name(res->phase));
	met[res->curl_code] = true;
}

static void
one_case(const struct tls_case *c)
{
	struct http_settings settings = http_defaults;
	struct http *http = NULL;
	struct server s;
	struct arena *arena = arena_new(1u << 20);
	struct http_res res;
	struct err err = { .kind = ERR_NONE };

	server_open(&s, c);
	settings.connect_timeout_s = 20;
	settings.ca_file = c->trust == TRUST_SYSTEM ? NULL : s.ca_file;
	assert_true(http_open(&settings, NULL, &http, &err));
	const struct http_req req = { .method = "POST",
		.url = arena_printf(arena, "https://%s:%d/x",
		    c->host == NULL ? "127.0.0.1" : c->host, s.port),
		.body = "{}", .body_len = 2 };
	const bool ok = http_do(http, &req, arena, &res, &err);
	http_close(http);
	server_close(&s);
	if (ok != c->ok || http_classify(&res) != c->class ||
	    (!ok && err.kind != c->kind))
		fail_msg("%s: %s, CURLcode %d: %s", c->name,
		    http_class_name(http_classify(&res)), res.curl_code,
		    err.msg);
	if ((s.bytes > 0) != c->ok)
		fail_msg("%s: %d bytes of a request", c->name, s.bytes);
	assert_int_equal(res.phase, c->ok ? HTTP_COMPLETE : HTTP_NOT_SENT);
	if (!c->ok)
		code_met(c->name, &res);
	arena_free(arena);
}

static void
test_servers(void **state)
{
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		one_case(&cases[i]);
		refused += !cases[i].ok;
	}
	assert_true(refused >= 14);
	print_message("# %zu bad servers refused, 0 bytes of a request\n",
	    refused);
}

/* "" is the default of the option: the system's certificates, not a file. */
static void
test_empty_ca_file(void **state)
{
	struct http_settings settings = http_defaults;
	struct http_req req = { .method = "GET", .repeatable = true };
	struct http *http = NULL;
	struct arena *arena = arena_new(1u << 16);
	struct server s;
	struct http_res res;
	struct err err;

	(void)state;
	server_open(&s, &cases[0]);
	req.url = arena_printf(arena, "https://127.0.0.1:%d/", s.port);
	settings.ca_file = "";
	assert_true(http_open(&settings, NULL, &http, &err));
	assert_false(http_do(http, &req, arena, &res, &err));
	/* A server of nobody's, not a file that cannot be read. */
	assert_int_equal(res.curl_code, CURLE_PEER_FAILED_VERIFICATION);
	http_close(http);
	server_close(&s);
	arena_free(arena);
}

/* A CA file that is not there stops the connector, not the machine. */
static void
test_no_ca_file(void **state)
{
	struct http_settings settings = http_defaults;
	struct http_req req = { .method = "GET", .repeatable = true };
	struct http *http = NULL;
	struct arena *arena = arena_new(1u << 16);
	struct server s;
	struct http_res res;
	struct err err;

	(void)state;
	server_open(&s, &cases[0]);
	req.url = arena_printf(arena, "https://127.0.0.1:%d/", s.port);
	settings.ca_file = "/nonexistent/ca.pem";
	assert_true(http_open(&settings, NULL, &http, &err));
	assert_false(http_do(http, &req, arena, &res, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	code_met("no CA file", &res);
	assert_int_equal(res.tries, 1);
	http_close(http);
	server_close(&s);
	assert_int_equal(s.bytes, 0);
	arena_free(arena);
}

static void
test_codes_met(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_curlcodes; i++)
		if (curlcodes[i].why != NULL && !met[curlcodes[i].code] &&
		    strcmp(curlcodes[i].why, CURLCODES_TLS) == 0)
			fail_msg("%s is said to be provoked here",
			    curlcodes[i].name);
}

/* ---- the environment -------------------------------------------------------- */
/* libcurl reads it once in a process: each case has one of its own. */
#define NETRC "default login canary password canary\n"

static bool
get_by_ours(const struct server *s, const char *url)
{
	AUTO(arena) struct arena *arena = arena_new(1u << 16);
	struct http_settings settings = http_defaults;
	const struct http_req req = { .method = "POST", .url = url,
		.body = "{}", .body_len = 2 };
	struct http *http = NULL;
	struct http_res res;
	struct err err;

	settings.ca_file = s->ca_file;
	assert_true(http_open(&settings, NULL, &http, &err));
	const bool ok = http_do(http, &req, arena, &res, &err);
	http_close(http);
	return ok;
}

/* As a program does that thinks of nothing: the CURLcode. */
static int
get_by_anybody(const struct server *s, const char *url)
{
	CURL *easy = curl_easy_init();

	assert_non_null(easy);
	(void)curl_easy_setopt(easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file);
	(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "{}");
	(void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	const CURLcode code = curl_easy_perform(easy);
	curl_easy_cleanup(easy);
	return (int)code;
}

/* The process of a case; it prints the request that the server was sent. */
static int
child(const char *who)
{
	static struct server s;
	char url[64];

	server_open(&s, &cases[0]);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/x", s.port);
	const int code = strcmp(who, "ours") == 0 ? !get_by_ours(&s, url)
	    : get_by_anybody(&s, url);
	server_close(&s);
	(void)printf("%s", s.request);
	return code;
}

static const char *self;
static struct {
	char dir[400], home[420], netrc[420], keys[420], log[440], named[440];
} at;

static void
places_make(void)
{
	const char *dir = getenv("TMPDIR");

	const int n = snprintf(at.dir, sizeof(at.dir), "%s/npsync-envXXXXXX",
	    dir == NULL ? "/tmp" : dir);
	assert_in_range(n, 1, sizeof(at.dir) - 1);
	assert_non_null(mkdtemp(at.dir));
	(void)snprintf(at.netrc, sizeof(at.netrc), "%s/.netrc", at.dir);
	(void)snprintf(at.keys, sizeof(at.keys), "%s/keys", at.dir);
	(void)snprintf(at.home, sizeof(at.home), "HOME=%s", at.dir);
	(void)snprintf(at.log, sizeof(at.log), "SSLKEYLOGFILE=%s", at.keys);
	(void)snprintf(at.named, sizeof(at.named), "NETRC=%s", at.netrc);
	textfile_write(at.netrc, NETRC);
}

/* True: the key log was written; said: what the server was sent. */
static bool
is_logged(const char *who, const char *const *env, struct runproc *said)
{
	const char *const args[] = { who, NULL };

	runproc_start(said, self, args, env, NULL);
	runproc_wait(said, 60);
	if (said->code != 0)
		fail_msg("%s: exit %d\n%s", who, said->code, said->err);
	assert_non_null(strstr(said->out, "POST /x HTTP/1.1"));
	const bool logged = access(at.keys, F_OK) == 0;
	if (logged)
		assert_int_equal(unlink(at.keys), 0);
	return logged;
}

/* Nobody listens there. */
#define PROXIES "https_proxy=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", \
	"all_proxy=http://127.0.0.1:1", "ALL_PROXY=http://127.0.0.1:1", \
	"no_proxy=", "NO_PROXY="

static void
test_environment(void **state)
{
	static const char *const anybody[] = { "anybody", NULL };
	struct runproc said;

	(void)state;
	places_make();
	const char *const plain[] = { at.home, at.log, "no_proxy=*", NULL };
	const char *const proxies[] = { at.home, PROXIES, NULL };
	const char *const all[] = { at.home, at.log, at.named, PROXIES, NULL };

	/* Otherwise: the keys of the connection in a file, and a password. */
	assert_true(is_logged("anybody", plain, &said));
	assert_non_null(strstr(said.out, "Authorization: Basic"));
	runproc_free(&said);
	/* And a request to where the environment says, not to the server. */
	runproc_start(&said, self, anybody, proxies, NULL);
	runproc_wait(&said, 60);
	assert_int_equal(said.code, CURLE_COULDNT_CONNECT);
	assert_string_equal(said.out, "");
	runproc_free(&said);
	assert_false(is_logged("ours", all, &said));
	assert_null(strstr(said.out, "Authorization"));
	runproc_free(&said);
	assert_int_equal(unlink(at.netrc), 0);
	assert_int_equal(rmdir(at.dir), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_no_ca_file),
		cmocka_unit_test(test_empty_ca_file),
		cmocka_unit_test(test_codes_met),
		cmocka_unit_test(test_environment),
	};

	if (argc == 2)
		return child(argv[1]);
	self = argv[0];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
