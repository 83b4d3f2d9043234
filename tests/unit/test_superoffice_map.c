/*
 * The superoffice driver without a network: addresses, the signed token (with
 * libcrypto and openssl(1) as judges), texts of queries, columns, cards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "runproc.h"
#include "scratch.h"
#include "superoffice/reading.h"
#include "tmpdir.h"

/* ---- addresses --------------------------------------------------------- */
/* SO-17 */
static void
test_so17_bases(void **state)
{
	static const struct {
		const char *url, *context, *base;
	} cases[] = {
		{ "https://a.b/Cust12345", "Cust12345",
		    "https://a.b/Cust12345/api/v1" },
		{ "https://a.b/", "Cust12345", "https://a.b/Cust12345/api/v1" },
		{ "https://a.b/cust12345/api/", "Cust12345",
		    "https://a.b/cust12345/api/v1" },
		{ "https://a.b/Cust123456", "Cust12345",
		    "https://a.b/Cust123456/Cust12345/api/v1" },
		{ "https://a.b/Cust12345/api/v1", "Cust12345",
		    "https://a.b/Cust12345/api/v1" },
		{ "https://s/site//", NULL, "https://s/site/api/v1" },
		{ "https://s/API/v1/", "", "https://s/api/v1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(so_api_base(arena, cases[i].url,
		    cases[i].context), cases[i].base);
}

static void
test_sisters(void **state)
{
	static const char login[] = "https://online.superoffice.com";
	static const char *const good[] = {
		"https://online2.superoffice.com/Cust1/api",
		"https://online.superoffice.com:443/x",
		"https://ONLINE17.SuperOffice.com/x" };
	static const char *const bad[] = { "http://online2.superoffice.com/x",
		"https://superoffice.com/x", "https://evil.example/x",
		"https://online2.superoffice.com.evil.example/x",
		"https://a.b.superoffice.com/x", "https://xsuperoffice.com/",
		"https://.superoffice.com/x", "https://u@online2.superoffice.com",
		"//online2.superoffice.com/x", "online2.superoffice.com", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!so_is_sister(login, good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (so_is_sister(login, bad[i]))
			fail_msg("%s", bad[i]);
	/* A host of a test, an address, a name without a domain: itself only. */
	assert_true(so_is_sister("http://127.0.0.1:1", "http://127.0.0.1:2/x"));
	assert_false(so_is_sister("http://127.0.0.1:1", "http://10.0.0.1/x"));
	assert_false(so_is_sister("https://example.com",
	    "https://other.com/x"));
}

/* ---- the signed token -------------------------------------------------- */
static void
verify(const char *token, const char *data, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char raw[1024];
	const char *signature = token + strlen(data) + 1;
	const size_t len = strlen(signature);

	assert_memory_equal(token, data, strlen(data));
	assert_int_equal(token[strlen(data)], '.');
	assert_int_equal(len % 4, 0);
	const int n = EVP_DecodeBlock(raw, (const unsigned char *)signature,
	    (int)len);
	assert_true(n >= 256);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL,
	    key), 1);
	assert_int_equal(EVP_DigestVerify(ctx, raw, 256,
	    (const unsigned char *)data, strlen(data)), 1);
	EVP_MD_CTX_free(ctx);
	/* And as somebody else sees it. */
	FILE *f = fopen(tmpdir_path("signature"), "we");
	assert_non_null(f);
	assert_int_equal(fwrite(raw, 1, 256, f), 256);
	assert_int_equal(fclose(f), 0);
	(void)tmpdir_write("data", data, 0600);
	f = fopen(tmpdir_path("public"), "we");
	assert_int_equal(PEM_write_PUBKEY(f, key), 1);
	assert_int_equal(fclose(f), 0);
	const char *const argv[] = { "openssl", "dgst", "-sha256", "-verify",
		tmpdir_path("public"), "-signature", tmpdir_path("signature"),
		tmpdir_path("data"), NULL };
	struct runproc p;
	runproc_start(&p, "/usr/bin/env", argv, NULL, NULL);
	runproc_wait(&p, 60);
	/* 127: this machine has none. */
	assert_true(p.code == 0 || p.code == 127);
	runproc_free(&p);
}

/* SO-04: the minute in UTC, across midnight, whatever the zone here is. */
static void
test_so04_signed_token(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	BIO *bio = BIO_new(BIO_s_mem());
	struct so_settings set = { .system_user_token = "My App-AbCdEfGhIj" };
	struct err err;
	char *pem, *token;

	(void)state;
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL,
	    NULL), 1);
	const long len = BIO_get_mem_data(bio, &pem);
	set.private_key = arena_strndup(arena, pem, (size_t)len);
	(void)setenv("TZ", "America/New_York", 1);
	assert_true(so_signed_token(&set, 1795564799, arena, &token, &err));
	verify(token, "My App-AbCdEfGhIj.202611242359", key);
	assert_true(so_signed_token(&set, 1795564800, arena, &token, &err));
	verify(token, "My App-AbCdEfGhIj.202611250000", key);
	set.private_key = "<RSAKeyValue>";
	assert_false(so_signed_token(&set, 0, arena, &token, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	EVP_PKEY_free(key);
	BIO_free(bio);
}

/* ---- texts of queries -------------------------------------------------- */
static void
test_query(void **state)
{
	const struct so_query q = { .path = "/Sale", .id = "saleId",
		.select = "saleId,person/email/emailAddress",
		.filter = "saleStatus oneOf (2) and updatedDate afterTime "
		    "'2026-11-21T02:00:00'", .top = 1000 };
	struct so_query other = q;
	static const int64_t ids[] = { 2, 7 };
	const struct intlist list = { ids, 2 };

	(void)state;
	assert_string_equal(so_query_target(arena, &q, 41), "/Sale?$select="
	    "saleId%2Cperson%2Femail%2FemailAddress&$filter=saleStatus%20oneOf"
	    "%20%282%29%20and%20updatedDate%20afterTime%20%272026-11-21T02%3A00"
	    "%3A00%27%20and%20saleId%20gt%2041&$orderBy=saleId%20asc&$top=1000"
	    "&$output=Logical");
	other = (struct so_query){ .path = "/Ticket", .id = "ticketId",
		.select = "ticketId", .entities = "ticket,ticketdisplayclosed",
		.order = "updatedDate asc", .top = 5 };
	assert_string_equal(so_query_target(arena, &other, 0), "/Ticket?$select"
	    "=ticketId&$filter=ticketId%20gt%200&$orderBy=ticketId%20asc%2C"
	    "updatedDate%20asc&$top=5&$output=Logical&$entities=ticket%2C"
	    "ticketdisplayclosed");
	assert_string_equal(so_one_of(arena, "type", "oneOf", &list),
	    "type oneOf (2,7)");
	/* A second earlier: asked for is what comes after it. */
	assert_string_equal(so_since(arena, "closedAt", 1795564800),
	    "closedAt afterTime '2026-11-24T23:59:59'");
	assert_string_equal(so_and(arena, "", "b"), "b");
	assert_string_equal(so_and(arena, "a", NULL), "a");
	assert_string_equal(so_and(arena, "a", "b"), "a and b");
}

/* ---- columns ----------------------------------------------------------- */
static struct json_doc *docs[4];	/* of a test */
static size_t n_docs;

static json_t *
json(const char *text)
{
	struct json_doc *doc;
	struct err err;
	char *copy = arena_strdup(arena, text);

	for (char *at = copy; *at != '\0'; at++)
		*at = *at == '\'' ? '"' : *at;
	if (!json_parse(copy, strlen(copy), &doc, &err))
		fail_msg("%s", err.msg);
	assert_true(n_docs < ARRAY_LEN(docs));
	docs[n_docs++] = doc;
	return json_root(doc);
}

static int
finish(void **state)
{
	while (n_docs > 0)
		json_free(docs[--n_docs]);
	return teardown(state);
}

/* SO-07: a key as text and as number, a column with '/', null; full rows. */
static void
test_so07_cells(void **state)
{
	json_t *row = json("{'PrimaryKey':'25','n':7,'t':'8','e':'[I:9]',"
	    "'person/email/emailAddress':'a@b.dk','null':null,'zero':0,"
	    "'real':4.5,'big':99999999999,'yes':true,'no':'False','one':1,"
	    "'odd':'Ja','list':[1],'empty':''}");
	json_t *full = json("{'PrimaryKey':25,'Column':{'type':{'RawValue':2,"
	    "'DisplayValue':'Møde'},'who':{'RawValue':null,'DisplayValue':"
	    "'[I:3]'}}}");
	long long n = 0;

	(void)state;
	assert_string_equal(so_id(row, "PrimaryKey", arena), "25");
	assert_string_equal(so_id(full, "PrimaryKey", arena), "25");
	assert_string_equal(so_id(row, "n", arena), "7");
	assert_string_equal(so_id(row, "t", arena), "8");
	assert_string_equal(so_id(row, "e", arena), "9");
	assert_string_equal(so_text(row, "e", arena), "9");
	assert_null(so_id(row, "zero", arena));
	assert_null(so_id(row, "big", arena));
	assert_null(so_id(row, "null", arena));
	assert_null(so_id(row, "absent", arena));
	assert_string_equal(so_text(row, "person/email/emailAddress", arena),
	    "a@b.dk");
	assert_null(so_text(row, "null", arena));
	assert_null(so_text(row, "empty", arena));
	assert_null(so_text(row, "list", arena));
	assert_null(so_text(row, "yes", arena));
	assert_false(so_number(row, "real", &n));
	assert_true(so_number(full, "type", &n));
	assert_int_equal(n, 2);
	assert_string_equal(so_id(full, "who", arena), "3");
	assert_int_equal(so_flag(row, "yes"), TRI_YES);
	assert_int_equal(so_flag(row, "no"), TRI_NO);
	assert_int_equal(so_flag(row, "one"), TRI_YES);
	assert_int_equal(so_flag(row, "odd"), TRI_UNKNOWN);
	assert_int_equal(so_flag(row, "n"), TRI_UNKNOWN);
	assert_int_equal(so_flag(row, "null"), TRI_UNKNOWN);
	assert_true(so_has(row, "null"));
	assert_false(so_has(row, "absent"));
	assert_true(so_has(full, "type"));
}

/* SO-13: a time that names no zone is refused, or UTC; never local. */
static void
test_so13_times(void **state)
{
	json_t *row = json("{'z':'2026-11-20T14:00:00Z','o':"
	    "'2026-11-20T14:00:00.1234567+01:00','n':'2026-11-20T14:00:00',"
	    "'d':'2026-11-20','none':'0001-01-01T00:00:00Z','x':'soon','i':7,"
	    "'old':'1760-01-01T00:00:00Z'}");
	struct so_settings set = { .naive_datetime = SO_NAIVE_REJECT };

	(void)state;
	assert_int_equal(so_time(&set, row, "z"), 1795183200);
	assert_int_equal(so_time(&set, row, "o"), 1795179600);
	assert_int_equal(so_time(&set, row, "n"), NO_TIME);
	assert_int_equal(so_time(&set, row, "d"), NO_TIME);
	assert_int_equal(so_time(&set, row, "none"), NO_TIME);
	assert_int_equal(so_time(&set, row, "old"), NO_TIME);
	assert_int_equal(so_time(&set, row, "x"), NO_TIME);
	assert_int_equal(so_time(&set, row, "i"), NO_TIME);
	assert_int_equal(so_time(&set, row, "absent"), NO_TIME);
	set.naive_datetime = SO_NAIVE_UTC;
	(void)setenv("TZ", "America/New_York", 1);
	assert_int_equal(so_time(&set, row, "n"), 1795183200);
	assert_int_equal(so_time(&set, row, "d"), 1795132800);
}

/* ---- small things ------------------------------------------------------ */
static void
test_names(void **state)
{
	struct so_settings set = { .nosend = "interest:NPSToday.NoSend" };

	(void)state;
	assert_string_equal(so_nosend_interest(&set), "NPSToday.NoSend");
	assert_null(so_nosend_field(&set));
	set.nosend = "field:SuperOffice:6";
	assert_string_equal(so_nosend_field(&set), "SuperOffice:6");
	assert_null(so_nosend_interest(&set));
	set.nosend = "";
	assert_null(so_nosend_field(&set));
	assert_string_equal(so_field_column(arena, "SuperOffice:6"),
	    "personUdef/SuperOffice:6");
	assert_string_equal(so_field_column(arena, "x_nosend"),
	    "personExtra/x_nosend");
	assert_true(so_is_id("2147483647"));
	assert_false(so_is_id("0"));
	assert_false(so_is_id("01"));
	assert_false(so_is_id("2147483648"));
	assert_false(so_is_id("1) or (1"));
	assert_false(so_is_id(""));
}

static void
test_columns(void **state)
{
	static const char *const more[] = { "SuperOffice:9", "x_lang" };
	struct so_settings set = { .nosend = "field:SuperOffice:6",
		.tag_mode = SO_TAGS_FIELD, .tag_field = "SuperOffice:2",
		.relation_column = "personContact/category",
		.deleted_column = "", .owner_column = "",
		.employee_column = "associateId",
		.language_field = "x_lang", .department_field = "",
		.consent_rule = SO_CONSENT_OFF,
		.extra_fields = { more, ARRAY_LEN(more) } };
	const char *columns = so_card_columns(&set, arena);

	(void)state;
	assert_non_null(strstr(columns, "personNoMail,"));
	assert_null(strstr(columns, "EmarketingConsent"));
	assert_non_null(strstr(columns, ",personContact/category,personUdef/"
	    "SuperOffice:6,personUdef/SuperOffice:2,personExtra/x_lang,"
	    "personUdef/SuperOffice:9,personExtra/x_lang"));
	/* Who has the company is named as the events name our people. */
	assert_non_null(strstr(columns, ",personContact/associateId,"));
	set.employee_column = "associate/associateDbId";
	columns = so_card_columns(&set, arena);
	assert_null(strstr(columns, "personContact/associateId"));
	assert_non_null(strstr(columns,
	    ",personContact/contactAssociate/associateDbId,"));
	set.owner_column = "personContact/x";
	assert_non_null(strstr(so_card_columns(&set, arena),
	    ",personContact/x,"));
	set.consent_rule = SO_CONSENT_WITHDRAWN;
	assert_non_null(strstr(so_card_columns(&set, arena),
	    ",hasEmarketingConsent,withdrawnEmarketingConsent"));
}

static int
begin(void **state)
{
	return tmpdir_make(state);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, finish)
	const struct CMUnitTest tests[] = { TEST(test_so17_bases),
		TEST(test_sisters), TEST(test_so04_signed_token),
		TEST(test_query), TEST(test_so07_cells), TEST(test_so13_times),
		TEST(test_names), TEST(test_columns) };

	return cmocka_run_group_tests(tests, begin, tmpdir_remove);
}
