/*
 * Certificates and protocol versions: what is refused gets no byte of a
 * request.  Keys and certificates are made here, so that nothing expires.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"

#define DAY 86400L

struct tls_case {
	const char *name, *san;
	long from_s, until_s;	/* of the certificate, from now */
	int max_version;	/* of the server; 0 = any */
	bool trusted;		/* the client is given the certificate */
	bool ok;
	enum err_kind kind;
	enum http_class class;
};

static const struct tls_case cases[] = {
	{ .name = "good", .san = "IP:127.0.0.1", .from_s = -DAY,
	    .until_s = DAY, .trusted = true, .ok = true, .class = HTTP_DONE },
	{ .name = "TLS 1.2", .san = "IP:127.0.0.1", .from_s = -DAY,
	    .until_s = DAY, .max_version = TLS1_2_VERSION, .trusted = true,
	    .ok = true, .class = HTTP_DONE },
	{ .name = "not trusted", .san = "IP:127.0.0.1", .from_s = -DAY,
	    .until_s = DAY, .kind = ERR_CONFIG, .class = HTTP_MISCONFIGURED },
	{ .name = "other address", .san = "IP:127.0.0.2", .from_s = -DAY,
	    .until_s = DAY, .trusted = true, .kind = ERR_CONFIG,
	    .class = HTTP_MISCONFIGURED },
	{ .name = "a name only", .san = "DNS:localhost", .from_s = -DAY,
	    .until_s = DAY, .trusted = true, .kind = ERR_CONFIG,
	    .class = HTTP_MISCONFIGURED },
	{ .name = "expired", .san = "IP:127.0.0.1", .from_s = -2 * DAY,
	    .until_s = -DAY, .trusted = true, .kind = ERR_CONFIG,
	    .class = HTTP_MISCONFIGURED },
	{ .name = "not yet valid", .san = "IP:127.0.0.1", .from_s = DAY,
	    .until_s = 2 * DAY, .trusted = true, .kind = ERR_CONFIG,
	    .class = HTTP_MISCONFIGURED },
	{ .name = "TLS 1.1", .san = "IP:127.0.0.1", .from_s = -DAY,
	    .until_s = DAY, .max_version = TLS1_1_VERSION, .trusted = true,
	    .kind = ERR_RETRY, .class = HTTP_SAFE },
};

struct server {
	SSL_CTX *ctx;
	X509 *cert;
	int fd, port, bytes;	/* bytes of a request that were read */
	char ca_file[64];
	pthread_t thread;
};

static void
cert_make(struct server *s, const struct tls_case *c)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	assert_non_null(key);
	assert_non_null(cert);
	assert_int_equal(X509_set_version(cert, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), c->from_s));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), c->until_s));
	X509_NAME *name = X509_get_subject_name(cert);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
			     (const unsigned char *)"127.0.0.1", -1, -1, 0), 1);
	assert_int_equal(X509_set_issuer_name(cert, name), 1);
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL,
	    NID_subject_alt_name, c->san);
	assert_non_null(san);
	assert_int_equal(X509_add_ext(cert, san, -1), 1);
	X509_EXTENSION_free(san);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	s->ctx = SSL_CTX_new(TLS_server_method());
	assert_non_null(s->ctx);
	assert_int_equal(SSL_CTX_use_certificate(s->ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(s->ctx, key), 1);
	EVP_PKEY_free(key);
	s->cert = cert;
}

static void
ca_file_write(struct server *s)
{
	const char *dir = getenv("TMPDIR");

	(void)snprintf(s->ca_file, sizeof(s->ca_file), "%.40s/npsync-caXXXXXX",
	    dir == NULL ? "/tmp" : dir);
	const int fd = mkstemp(s->ca_file);
	assert_true(fd >= 0);
	FILE *f = fdopen(fd, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, s->cert), 1);
	assert_int_equal(fclose(f), 0);
}

/* One connection, one request. */
static void *
serve(void *arg)
{
	static const char reply[] =
	    "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
	struct server *s = arg;
	char in[4096];
	const int fd = accept(s->fd, NULL, NULL);
	SSL *ssl = SSL_new(s->ctx);

	if (fd >= 0 && ssl != NULL && SSL_set_fd(ssl, fd) == 1 &&
	    SSL_accept(ssl) == 1) {
		const int n = SSL_read(ssl, in, sizeof(in));
		s->bytes = n > 0 ? n : 0;
		/* The body may come in a record of its own. */
		if (n > 0 && memcmp(in + n - 2, "{}", 2) != 0)
			(void)SSL_read(ssl, in, sizeof(in));
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
	cert_make(s, c);
	ca_file_write(s);
	if (c->max_version != 0) {
		SSL_CTX_set_security_level(s->ctx, 0);
		assert_int_equal(SSL_CTX_set_min_proto_version(s->ctx,
				     TLS1_VERSION), 1);
		assert_int_equal(SSL_CTX_set_max_proto_version(s->ctx,
				     c->max_version), 1);
	}
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
	assert_int_equal(pthread_join(s->thread, NULL), 0);
	assert_int_equal(close(s->fd), 0);
	assert_int_equal(unlink(s->ca_file), 0);
	SSL_CTX_free(s->ctx);
	X509_free(s->cert);
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
	settings.ca_file = c->trusted ? s.ca_file : NULL;
	assert_true(http_open(&settings, NULL, &http, &err));
	const struct http_req req = { .method = "POST",
		.url = arena_printf(arena, "https://127.0.0.1:%d/x", s.port),
		.body = "{}", .body_len = 2 };
	const bool ok = http_do(http, &req, arena, &res, &err);
	http_close(http);
	server_close(&s);
	if (ok != c->ok || http_classify(&res) != c->class ||
	    (!ok && err.kind != c->kind))
		fail_msg("%s: %s, CURLcode %d: %s", c->name,
		    http_class_name(http_classify(&res)), res.curl_code,
		    err.msg);
	assert_int_equal(s.bytes > 0, c->ok);
	assert_int_equal(res.phase, c->ok ? HTTP_COMPLETE : HTTP_NOT_SENT);
	arena_free(arena);
}

static void
test_servers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		one_case(&cases[i]);
}

/* A CA file that is not there stops the connector, not the machine. */
static void
test_no_ca_file(void **state)
{
	struct http_settings settings = http_defaults;
	struct http_req req = { .method = "GET", .repeatable = true,
		.url = "https://127.0.0.1:1/" };
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
	assert_int_equal(res.tries, 1);
	http_close(http);
	server_close(&s);
	assert_int_equal(s.bytes, 0);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_no_ca_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
