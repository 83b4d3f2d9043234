/*
 * Signed tokens, with openssl(1) as the judge: it makes the keys, decodes what
 * was encoded and verifies what was signed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/jwt.h"
#include "runproc.h"
#include "scratch.h"
#include "tmpdir.h"

#define NOW ((time_t)1790000000)
#define DAY_S 86400

/* ---- the judge ----------------------------------------------------------- */
/* openssl(1); its output in out, which may be NULL.  Returns its exit code. */
static int
openssl(char *out, size_t size, const char *const *args)
{
	const char *argv[40] = { "openssl" };
	struct runproc p;

	for (size_t i = 0; args[i] != NULL; i++)
		argv[i + 1] = args[i];
	runproc_start(&p, "/usr/bin/env", argv, NULL, NULL);
	runproc_wait(&p, 60);
	const int code = p.code;
	if (out != NULL) {
		assert_true(p.out_len < size);
		memcpy(out, p.out, p.out_len);
		out[p.out_len] = '\0';
	}
	runproc_free(&p);
	return code;
}
#define OPENSSL(out, size, ...) \
	openssl(out, size, (const char *const[]){ __VA_ARGS__, NULL })
#define MAKE(...) assert_int_equal(OPENSSL(NULL, 0, __VA_ARGS__), 0)

static const char *
slurp(const char *name)
{
	char *text = arena_alloc(arena, 65536);
	FILE *f = fopen(tmpdir_path(name), "re");

	assert_non_null(text);
	assert_non_null(f);
	assert_true(fread(text, 1, 65535, f) > 0);
	(void)fclose(f);
	return text;
}

static void
make_key(const char *name, const char *bits)
{
	MAKE("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt",
	    arena_printf(arena, "rsa_keygen_bits:%s", bits), "-out",
	    tmpdir_path(name));
}

static void
make_certificate(const char *key, const char *name)
{
	MAKE("req", "-x509", "-new", "-key", tmpdir_path(key), "-days", "30",
	    "-subj", "/CN=npsync", "-out", tmpdir_path(name));
}

static int
make_all(void **state)
{
	if (tmpdir_make(state) != 0 || setup(state) != 0)
		return -1;
	make_key("key", "2048");
	make_key("other", "2048");
	make_certificate("key", "cert");
	make_certificate("other", "cert-other");
	MAKE("pkey", "-in", tmpdir_path("key"), "-pubout", "-out",
	    tmpdir_path("public"));
	return teardown(state);
}

/* One part of the token, decoded into a file of that name. */
static void
decode(const char *part, size_t len, const char *name)
{
	char text[8192];

	assert_true(len + 4 < sizeof(text));
	for (size_t i = 0; i < len; i++) {
		assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
		    "nopqrstuvwxyz0123456789-_", part[i]));
		text[i] = part[i] == '-' ? '+' : part[i] == '_' ? '/' : part[i];
	}
	for (; len % 4 != 0; len++)
		text[len] = '=';
	text[len] = '\0';
	(void)tmpdir_write("encoded", text, 0600);
	MAKE("base64", "-d", "-A", "-in", tmpdir_path("encoded"), "-out",
	    tmpdir_path(name));
}

/* header, claims, signature and signed lie there as files. */
static void
take_apart(const char *token)
{
	const char *dot = strchr(token, '.'), *last = strrchr(token, '.');
	const size_t len = (size_t)(last - token);

	assert_non_null(dot);
	assert_true(dot < last);
	assert_null(memchr(dot + 1, '.', (size_t)(last - dot - 1)));
	decode(token, (size_t)(dot - token), "header");
	decode(dot + 1, (size_t)(last - dot - 1), "claims");
	decode(last + 1, strlen(last + 1), "signature");
	(void)tmpdir_write("signed", arena_strndup(arena, token, len), 0600);
}

static int
verify(bool pss, const char *public)
{
	return pss ? OPENSSL(NULL, 0, "dgst", "-sha256", "-sigopt",
	    "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest",
	    "-verify", tmpdir_path(public), "-signature",
	    tmpdir_path("signature"), tmpdir_path("signed"))
	    : OPENSSL(NULL, 0, "dgst", "-sha256", "-verify", tmpdir_path(public),
	    "-signature", tmpdir_path("signature"), tmpdir_path("signed"));
}

/* ---- what is signed ------------------------------------------------------ */
static json_t *
claims_new(void)
{
	json_t *claims = json_object();

	assert_int_equal(json_object_set_new(claims, "iss",
	    json_string("3MVG9.key")), 0);
	assert_int_equal(json_object_set_new(claims, "sub",
	    json_string("søren@firma.dk")), 0);
	assert_int_equal(json_object_set_new(claims, "aud",
	    json_string("https://login.salesforce.com")), 0);
	return claims;
}

static char *
sign(const struct jwt_signer *signer, json_t *claims)
{
	char *token = NULL;
	struct err err = { .kind = ERR_NONE };

	if (!jwt_sign(signer, claims, arena, &token, &err))
		fail_msg("%s", err.msg);
	json_decref(claims);
	return token;
}

/* SF-19 */
static void
test_salesforce(void **state)
{
	const struct jwt_signer signer = { .key = slurp("key") };
	json_t *claims = claims_new();
	struct err err;

	(void)state;
	assert_true(jwt_claims_add(claims, JWT_EXP, NOW, 180, &err));
	take_apart(sign(&signer, claims));
	assert_string_equal(slurp("header"), "{\"alg\":\"RS256\"}");
	assert_string_equal(slurp("claims"), "{\"iss\":\"3MVG9.key\","
	    "\"sub\":\"søren@firma.dk\",\"aud\":\"https://login.salesforce.com\","
	    "\"exp\":1790000180}");
	assert_int_equal(verify(false, "public"), 0);
	assert_int_not_equal(verify(true, "public"), 0);
	(void)tmpdir_write("signed", "other", 0600);
	assert_int_not_equal(verify(false, "public"), 0);
}

/* A text alone: as openssl dgst -sign makes it, to the letter (RFC 8017: the
 * same text and key give the same signature). */
static void
test_text(void **state)
{
	const struct jwt_signer signer = { .key = slurp("key") };
	const char *signature = NULL;
	struct err err;
	char theirs[1024];

	(void)state;
	assert_true(jwt_sign_text(&signer, "My App-1.202611250200", arena,
	    &signature, &err));
	(void)tmpdir_write("signed", "My App-1.202611250200", 0600);
	MAKE("dgst", "-sha256", "-sign", tmpdir_path("key"), "-out",
	    tmpdir_path("signature"), tmpdir_path("signed"));
	MAKE("base64", "-A", "-in", tmpdir_path("signature"), "-out",
	    tmpdir_path("encoded"));
	(void)snprintf(theirs, sizeof(theirs), "%s", slurp("encoded"));
	assert_string_equal(signature, theirs);
	assert_false(jwt_sign_text(&(struct jwt_signer){ .key = "none" }, "x",
	    arena, &signature, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
}

static void
test_read(void **state)
{
	static const char *const none[] = { NULL, "", ".", "..", "a.b", "a..c",
		"a.e30", "a.W10.c", "a.!!!!.c", "a.eyJ4Ijox.c" };
	const struct jwt_signer signer = { .key = slurp("key") };
	struct json_doc *doc = NULL;

	(void)state;
	assert_true(jwt_claims_read(sign(&signer, claims_new()), &doc));
	assert_string_equal(json_string_value(json_object_get(json_root(doc),
	    "sub")), "søren@firma.dk");
	json_free(doc);
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		assert_false(jwt_claims_read(none[i], &doc));
		json_free(doc);
	}
}

/* What openssl says of the certificate, as lower-case digits. */
static void
fingerprint_is(const char *digest, const char *header_key)
{
	char text[512], wanted[160], found[160];
	struct json_doc *doc = NULL;
	struct err err;
	size_t n = 0;

	assert_int_equal(OPENSSL(text, sizeof(text), "x509", "-noout",
	    "-fingerprint", digest, "-in", tmpdir_path("cert")), 0);
	for (const char *s = strchr(text, '=') + 1; *s > ' '; s++)
		if (*s != ':')
			wanted[n++] = *s >= 'A' ? (char)(*s - 'A' + 'a') : *s;
	wanted[n] = '\0';
	assert_true(json_parse(slurp("header"), strlen(slurp("header")), &doc,
	    &err));
	const char *thumb = json_string_value(
	    json_object_get(json_root(doc), header_key));
	assert_non_null(thumb);
	decode(thumb, strlen(thumb), "thumb");
	json_free(doc);
	assert_int_equal(OPENSSL(text, sizeof(text), "enc", "-base64", "-in",
	    tmpdir_path("thumb")), 0);
	const unsigned char *raw = (const unsigned char *)slurp("thumb");
	for (size_t i = 0; i < n / 2; i++)
		(void)snprintf(found + 2 * i, 3, "%02x", raw[i]);
	assert_string_equal(found, wanted);
}

static void
begins_so(const char *header)
{
	assert_memory_equal(slurp("header"), header, strlen(header));
}

/* As Microsoft Entra ID asks for it, now and before. */
static void
test_thumbprints(void **state)
{
	struct jwt_signer signer = { .key = slurp("key"), .typ = "JWT",
		.certificate = slurp("cert"), .thumbprint = JWT_X5T_S256,
		.pss = true };

	(void)state;
	take_apart(sign(&signer, claims_new()));
	begins_so("{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\"");
	fingerprint_is("-sha256", "x5t#S256");
	assert_int_equal(verify(true, "public"), 0);
	assert_int_not_equal(verify(false, "public"), 0);
	signer.thumbprint = JWT_X5T;
	signer.pss = false;
	take_apart(sign(&signer, claims_new()));
	begins_so("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5t\":\"");
	fingerprint_is("-sha1", "x5t");
	assert_int_equal(verify(false, "public"), 0);
}

static void
test_claims(void **state)
{
	json_t *a = json_object(), *b = json_object();
	struct err err;
	const unsigned all = JWT_IAT | JWT_NBF | JWT_EXP | JWT_JTI;

	(void)state;
	assert_true(jwt_claims_add(a, all, NOW, 300, &err));
	assert_true(jwt_claims_add(b, all, NOW, 300, &err));
	assert_int_equal(json_integer_value(json_object_get(a, "iat")), NOW);
	assert_int_equal(json_integer_value(json_object_get(a, "nbf")), NOW);
	assert_int_equal(json_integer_value(json_object_get(a, "exp")),
	    NOW + 300);
	const char *id = json_string_value(json_object_get(a, "jti"));
	assert_int_equal(strlen(id), 36);
	assert_int_equal(id[14], '4');
	assert_string_not_equal(id,
	    json_string_value(json_object_get(b, "jti")));
	json_decref(a);
	json_decref(b);
}

/* ---- forms of a key ------------------------------------------------------ */
static const char *
replaced(const char *text, char what, const char *by)
{
	char *out = arena_alloc(arena, 2 * strlen(text) + 1);
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text != what) {
			out[n++] = *text;
			continue;
		}
		memcpy(out + n, by, strlen(by));
		n += strlen(by);
	}
	out[n] = '\0';
	return out;
}

static void
test_forms(void **state)
{
	const char *const forms[] = { replaced(slurp("key"), '\n', "\\n"),
		replaced(slurp("key"), '\n', "\r\n"),
		arena_printf(arena, "%s%s", slurp("cert"), slurp("key")),
		arena_strndup(arena, slurp("key"), strlen(slurp("key")) - 1) };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const struct jwt_signer signer = { .key = forms[i],
			.certificate = forms[2] };
		if (i == 2) {
			/* Key first, as some write it. */
			MAKE("rsa", "-traditional", "-in", tmpdir_path("key"),
			    "-out", tmpdir_path("old"));
			take_apart(sign(&(const struct jwt_signer){
			    .key = slurp("old") }, claims_new()));
			assert_int_equal(verify(false, "public"), 0);
		}
		take_apart(sign(&signer, claims_new()));
		assert_int_equal(verify(false, "public"), 0);
	}
}

/* ---- what is wrong with it ----------------------------------------------- */
/* Nothing of a key's text stands in the message. */
static void
keeps_quiet(const char *key, const char *msg)
{
	const size_t len = strlen(key);
	char piece[13];

	for (size_t i = 0; i + 12 < len; i++) {
		if (memchr(key + i, '-', 12) != NULL ||
		    memchr(key + i, ' ', 12) != NULL)
			continue;
		memcpy(piece, key + i, 12);
		piece[12] = '\0';
		assert_null(strstr(msg, piece));
	}
}

static void
refused(const char *key, const char *certificate, const char *wanted)
{
	const struct jwt_signer signer = { .key = key,
		.certificate = certificate, .thumbprint = certificate == NULL
		? JWT_NO_THUMBPRINT : JWT_X5T };
	struct err err = { .kind = ERR_NONE };
	json_t *claims = claims_new();
	char *token = NULL;

	assert_false(jwt_sign(&signer, claims, arena, &token, &err));
	assert_null(token);
	assert_int_equal(err.kind, ERR_CONFIG);
	if (strstr(err.msg, wanted) == NULL)
		fail_msg("\"%s\", not \"%s\"", err.msg, wanted);
	keeps_quiet(key, err.msg);
	assert_false(jwt_check(&signer, &err));
	assert_non_null(strstr(err.msg, wanted));
	json_decref(claims);
}

static void
test_refusals(void **state)
{
	const char *key = slurp("key");

	(void)state;
	refused("", NULL, "no PEM text");
	refused(arena_printf(arena, "%s%070000d", key, 0), NULL,
	    "more than 65536 bytes of PEM");
	refused("secret, but no key", NULL, "no PEM text");
	refused(slurp("public"), NULL, "no private key");
	refused(slurp("cert"), NULL, "no private key");
	refused(arena_strndup(arena, key, 27), NULL, "no END line");
	refused(arena_strndup(arena, key, 900), NULL, "no END line");
	refused(replaced(replaced(key, 'a', "b"), 'k', "m"), NULL, "damaged");
	refused(key, "", "a certificate is needed");
	refused(key, "none", "certificate cannot be read");
	refused(key, slurp("cert-other"), "does not belong");
}

static void
test_kinds(void **state)
{
	(void)state;
	make_key("short", "1024");
	refused(slurp("short"), NULL, "1024 bits, fewer than 2048");
	MAKE("genpkey", "-algorithm", "EC", "-pkeyopt",
	    "ec_paramgen_curve:P-256", "-out", tmpdir_path("ec"));
	refused(slurp("ec"), NULL, "no RSA key");
	MAKE("pkey", "-in", tmpdir_path("key"), "-aes256", "-passout",
	    "pass:word", "-out", tmpdir_path("locked"));
	refused(slurp("locked"), NULL, "is encrypted");
	MAKE("rsa", "-traditional", "-in", tmpdir_path("key"), "-aes128",
	    "-passout", "pass:word", "-out", tmpdir_path("locked-old"));
	refused(slurp("locked-old"), NULL, "is encrypted");
	refused("-----BEGIN OPENSSH PRIVATE KEY-----\nYWJj\n-----END OPENSSH "
	    "PRIVATE KEY-----\n", NULL, "form of OpenSSH");
}

/* ---- its end ------------------------------------------------------------- */
static time_t
date_of(const char *which)
{
	char text[128];
	time_t at = NO_TIME;

	assert_int_equal(OPENSSL(text, sizeof(text), "x509", "-noout", which,
	    "-dateopt", "iso_8601", "-in", tmpdir_path("cert")), 0);
	char *s = strchr(text, '=') + 1;
	s[strcspn(s, "\n")] = '\0';
	assert_true(clock_parse_iso(s, "UTC", &at));
	return at;
}

static int
days_left(time_t now)
{
	struct err err;
	int days = -99;

	assert_true(jwt_days_left(slurp("cert"), now, &days, &err));
	return days;
}

static void
test_end(void **state)
{
	const time_t end = date_of("-enddate"), begin = date_of("-startdate");
	struct err err;
	int days;

	(void)state;
	assert_int_equal(days_left(begin), 30);
	assert_int_equal(days_left(end - 10 * DAY_S), 10);
	assert_int_equal(days_left(end - 10 * DAY_S + 1), 9);
	assert_int_equal(days_left(end - 1), 0);
	assert_int_equal(days_left(end), 0);
	assert_int_equal(days_left(end + 1), -1);
	assert_true(days_left(end + 3 * DAY_S) < -2);
	assert_false(jwt_days_left(slurp("cert"), begin - 1, &days, &err));
	assert_non_null(strstr(err.msg, "not valid yet"));
	assert_false(jwt_days_left("", begin, &days, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_salesforce, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_thumbprints, setup,
		    teardown),
		cmocka_unit_test(test_claims),
		cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end, setup, teardown),
	};

	return cmocka_run_group_tests(tests, make_all, tmpdir_remove);
}
