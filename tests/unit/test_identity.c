/* identity.c: addresses, telephone numbers, keys (vectors D1-D7, F8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "identity.h"

static struct arena *arena;

static const unsigned char secret[IDENTITY_SECRET_BYTES] = { 1, 2, 3 };
static const unsigned char other_secret[IDENTITY_SECRET_BYTES] = { 3, 2, 1 };

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new((size_t)64 << 20);
	return arena == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* ---- addresses ----------------------------------------------------------- */

static void
test_addresses(void **state)
{
	static const struct {
		const char *text, *normalised, *domain;
	} cases[] = {
		{ "anna@x.dk", "anna@x.dk", "x.dk" },
		{ "A.B@X.dk", "a.b@x.dk", "x.dk" },	/* D1 */
		{ "a.b@x.dk ", "a.b@x.dk", "x.dk" },
		{ "\t a.b@x.dk\r\n", "a.b@x.dk", "x.dk" },
		{ "\xc2\xa0" "a.b@x.dk\xc2\xa0", "a.b@x.dk", "x.dk" },
		{ "ab@x.dk", "ab@x.dk", "x.dk" },	/* D2 */
		{ "a+crm@x.dk", "a+crm@x.dk", "x.dk" },
		{ "S\xc3\x98REN@x.dk", "s\xc3\xb8ren@x.dk", "x.dk" },
		/* D4: NFD and NFC, Unicode and punycode */
		{ "jo\xcc\x88rg@x.dk", "j\xc3\xb6rg@x.dk", "x.dk" },
		{ "J\xc3\x96RG@x.dk", "j\xc3\xb6rg@x.dk", "x.dk" },
		{ "a@r\xc3\xb8" "dgr\xc3\xb8" "d.dk",
		    "a@xn--rdgrd-vuad.dk", "xn--rdgrd-vuad.dk" },
		{ "a@R\xc3\x98" "DGR\xc3\x98" "D.dk",
		    "a@xn--rdgrd-vuad.dk", "xn--rdgrd-vuad.dk" },
		{ "a@XN--rdgrd-vuad.DK", "a@xn--rdgrd-vuad.dk",
		    "xn--rdgrd-vuad.dk" },
		{ "a@bo\xcc\x88rse.de", "a@xn--brse-5qa.de",
		    "xn--brse-5qa.de" },
		/* a sharp s is a letter of its own in a domain */
		{ "a@stra\xc3\x9f" "e.de", "a@xn--strae-oqa.de",
		    "xn--strae-oqa.de" },
		{ "o'brien_x-1%y=z@a.b.co.uk", "o'brien_x-1%y=z@a.b.co.uk",
		    "a.b.co.uk" },
		{ "a@3m.com", "a@3m.com", "3m.com" },
		{ "a@r3---sn.example.com", "a@r3---sn.example.com",
		    "r3---sn.example.com" },
		{ "1234567890123456789012345678901234567890123456789012345678"
		  "901234@x.dk",
		    "1234567890123456789012345678901234567890123456789012345678"
		    "901234@x.dk", "x.dk" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *out, *domain;
		if (identity_address(arena, cases[i].text, &out, &domain) !=
		    ADDRESS_OK)
			fail_msg("case %zu is no address", i);
		assert_string_equal(out, cases[i].normalised);
		assert_string_equal(domain, cases[i].domain);
		assert_true(domain > out && domain < out + strlen(out));
		/* Normalised once is normalised for good. */
		const char *again;
		assert_int_equal(identity_address(arena, out, &again, &domain),
		    ADDRESS_OK);
		assert_string_equal(again, out);
	}
}

static void
test_no_address(void **state)
{
	static const char *const none[] = { NULL, "", " ", "\t\r\n",
		"\xc2\xa0" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		const char *out = "x", *domain = "x";
		assert_int_equal(identity_address(arena, none[i], &out,
		    &domain), ADDRESS_NONE);
		assert_null(out);
		assert_null(domain);
	}
}

static void
test_bad_addresses(void **state)
{
	static const char *const bad[] = {
		"anna", "anna.x.dk", "@x.dk", "anna@", "@", "a@@x.dk",
		"a@b@x.dk", "anna@x", "anna@localhost", "anna@x..dk",
		"anna@.dk", "anna@x.dk.", "anna@-x.dk", "anna@x-.dk",
		"anna@x_y.dk", "anna@x dk.dk", "an na@x.dk", "anna @x.dk",
		"anna@ x.dk", "Anna <anna@x.dk>", "<anna@x.dk>",
		"anna@x.dk;bo", "anna;bo@x.dk", "anna,bo@x.dk",
		"mailto:anna@x.dk", "\"anna\"@x.dk", "anna@[10.0.0.1]",
		"anna@10.0.0.1", ".anna@x.dk", "anna.@x.dk", "an..na@x.dk",
		"an\nna@x.dk", "an\x01na@x.dk", "an\xe2\x80\x8bna@x.dk",
		"an\xc2\xa0na@x.dk", "an\xe2\x80\xaena@x.dk", "anna@x.dk\x01",
		"ann\xff@x.dk", "anna@\xff.dk", "anna@xn--zzzzzzz9.dk",
		"anna@x.d\xe2\x80\x8bk.", "\xc3@x.dk",
		/* 65 bytes before the sign */
		"12345678901234567890123456789012345678901234567890123456789"
		"012345@x.dk",
		/* a label of 64 */
		"a@1234567890123456789012345678901234567890123456789012345678"
		"901234.dk",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *out = "x", *domain = "x";
		if (identity_address(arena, bad[i], &out, &domain) !=
		    ADDRESS_BAD)
			fail_msg("case %zu: %s", i, bad[i]);
		assert_null(out);
		assert_null(domain);
	}
}

/* 254 bytes pass, 255 do not, and a megabyte costs nothing. */
static void
test_total_length(void **state)
{
	static char text[1 << 20];
	const char *out, *domain;

	(void)state;
	for (size_t len = 254; len <= 255; len++) {
		memset(text, 'a', sizeof(text));
		text[len] = '\0';
		text[1] = '@';
		for (size_t i = 50; i + 3 < len; i += 50)
			text[i] = '.';
		assert_int_equal(identity_address(arena, text, &out, &domain),
		    len == 254 ? ADDRESS_OK : ADDRESS_BAD);
	}
	memset(text, 'a', sizeof(text) - 1);
	assert_int_equal(identity_address(arena, text, &out, &domain),
	    ADDRESS_BAD);
}

static void
test_address_out_of_memory(void **state)
{
	AUTO(arena) struct arena *tiny = arena_new(8);
	const char *out, *domain;

	(void)state;
	assert_int_equal(identity_address(tiny, "anna@example.dk", &out,
	    &domain), ADDRESS_BAD);
	assert_true(arena_failed(tiny));
}

/* D6 */
static void
test_roles(void **state)
{
	static const char *const roles[] = { "info@x.dk", "post@x.dk",
		"kontakt@x.dk", "contact@x.dk", "mail@x.dk", "office@x.dk",
		"sales@x.dk", "salg@x.dk", "support@x.dk", "admin@x.dk",
		"info+web@x.dk", "s\xc3\xa4lj@x.se", "myynti@x.fi",
		"vertrieb@x.de", "no-reply@x.dk", "abuse@x.dk",
		"\xc3\xb8konomi@x.dk" };
	static const char *const people[] = { "anna@x.dk", "info.anna@x.dk",
		"infoanna@x.dk", "inf@x.dk", "salgado@x.dk", "+@x.dk",
		"aaron@x.dk", "\xc3\xb8ystein@x.no", "@x.dk", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (!identity_is_role(roles[i]))
			fail_msg("%s is a role", roles[i]);
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		if (identity_is_role(people[i]))
			fail_msg("%s is a person", people[i]);
}

/* ---- telephone numbers --------------------------------------------------- */

static void
test_phones(void **state)
{
	static const struct {
		const char *text, *country, *e164;
	} cases[] = {
		{ "+45 12 34 56 78", "+45", "+4512345678" },
		{ "+45 12 34 56 78", NULL, "+4512345678" },
		{ "0045 12345678", NULL, "+4512345678" },
		{ "12345678", "+45", "+4512345678" },
		{ "12345678", "45", "+4512345678" },
		{ "12-34-56-78", "+45", "+4512345678" },
		{ "12.34.56.78", "+45", "+4512345678" },
		{ "(12) 34 56 78", "+45", "+4512345678" },
		{ "4512345678", "+45", "+4512345678" },
		{ "45123456", "+45", "+4545123456" },
		{ "12\xc2\xa0" "34\xc2\xa0" "56\xe2\x80\x91" "78", "+45",
		    "+4512345678" },
		{ "\xe2\x80\xaa+4512345678\xe2\x80\xac", "+45",
		    "+4512345678" },
		{ "070-123 45 67", "+46", "+46701234567" },
		{ "+46 (0)70 123 45 67", "+45", "+46701234567" },
		{ "040 123 4567", "+358", "+358401234567" },
		{ "0171/1234567", "+49", "+491711234567" },
		{ "06 1234 5678", "+39", "+390612345678" },
		{ "+47 22 33 44 55", "+45", "+4722334455" },
		{ "+299 12 34 56", "+45", "+299123456" },
		{ "+1 (555) 010-0199", "+45", "+15550100199" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = identity_phone(arena, cases[i].text,
		    cases[i].country);
		if (got == NULL || strcmp(got, cases[i].e164) != 0)
			fail_msg("case %zu: %s", i, got);
	}
}

static void
test_bad_phones(void **state)
{
	static const struct {
		const char *text, *country;
	} cases[] = {
		{ NULL, "+45" }, { "", "+45" }, { " ", "+45" }, { "+", "+45" },
		{ "12345678", NULL }, { "12345678", "" }, { "12345678", "+" },
		{ "12345678", "+0" }, { "12345678", "+45x" },
		{ "1234567", "+45" }, { "123456789", "+45" },
		{ "02345678", "+45" }, { "112", "+45" }, { "112", "+46" },
		{ "+45", "+45" }, { "+1234567", "+45" },
		{ "+1234567890123456", "+45" },
		{ "+0012345678", "+45" }, { "++4512345678", "+45" },
		{ "12+345678", "+45" }, { "12345678 lok. 12", "+45" },
		{ "tlf 12345678", "+45" }, { "12345678,12345679", "+45" },
		{ "ukendt", "+45" }, { "000000000", "+45" },
		{ "123456789012345678901234567890", "+46" },
		{ "12345678\xff", "+45" }, { "00", NULL }, { "0", "+46" },
		{ "\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6\xd9\xa7"
		  "\xd9\xa8", "+45" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = identity_phone(arena, cases[i].text,
		    cases[i].country);
		if (got != NULL)
			fail_msg("case %zu: %s", i, got);
	}
}

/* ---- keys ---------------------------------------------------------------- */

/* The key of an address as a card carries it. */
static const char *
key_of(const char *email)
{
	char *key = arena_alloc(arena, IDENTITY_KEY_HEX);
	const char *out, *domain;
	struct err err;

	assert_int_equal(identity_address(arena, email, &out, &domain),
	    ADDRESS_OK);
	assert_true(identity_key_address(secret, out, key, &err));
	return key;
}

static void
test_same_person(void **state)
{
	(void)state;
	/* D1 */
	assert_string_equal(key_of("A.B@X.dk"), key_of("a.b@x.dk "));
	/* D2 */
	assert_string_not_equal(key_of("a.b@x.dk"), key_of("ab@x.dk"));
	assert_string_not_equal(key_of("a+crm@x.dk"), key_of("a@x.dk"));
	/* D4 */
	assert_string_equal(key_of("j\xc3\xb6rg@x.dk"),
	    key_of("jo\xcc\x88rg@x.dk"));
	assert_string_equal(key_of("a@r\xc3\xb8" "dgr\xc3\xb8" "d.dk"),
	    key_of("a@xn--rdgrd-vuad.dk"));
}

static void
card(const char *connector, const char *id, char out[IDENTITY_KEY_HEX])
{
	struct err err;

	assert_true(identity_key_card(secret, connector, id, out, &err));
}

static void
test_cards(void **state)
{
	char a[IDENTITY_KEY_HEX], b[IDENTITY_KEY_HEX];

	(void)state;
	/* D7: exact unless the connector says otherwise */
	card("crm", "AbC", a);
	card("crm", "abc", b);
	assert_string_not_equal(a, b);
	card("crm", "AbC", b);
	assert_string_equal(a, b);
	/* D3: two connectors, two cards; nor does a border move */
	card("other", "AbC", b);
	assert_string_not_equal(a, b);
	card("ab", "c", a);
	card("a", "bc", b);
	assert_string_not_equal(a, b);
}

/* The three kinds never meet, even over one and the same text. */
static void
test_kinds_are_apart(void **state)
{
	char address[IDENTITY_KEY_HEX], phone[IDENTITY_KEY_HEX],
	    crm[IDENTITY_KEY_HEX], again[IDENTITY_KEY_HEX];
	struct err err;

	(void)state;
	assert_true(identity_key_address(secret, "+4512345678", address,
	    &err));
	assert_true(identity_key_phone(secret, "+4512345678", phone, &err));
	card("+4512345678", "", crm);
	assert_string_not_equal(address, phone);
	assert_string_not_equal(address, crm);
	assert_string_not_equal(phone, crm);
	/* Another tenant's secret, another key. */
	assert_true(identity_key_address(other_secret, "+4512345678", again,
	    &err));
	assert_string_not_equal(address, again);
}

/* The bytes themselves: stored keys must be found by every later version.
 * printf 'address\0anna@example.dk' | openssl dgst -sha256 -mac HMAC
 * -macopt hexkey:010203 followed by 29 zero bytes */
static void
test_known_keys(void **state)
{
	char key[IDENTITY_KEY_HEX];
	struct err err;

	(void)state;
	assert_true(identity_key_address(secret, "anna@example.dk", key,
	    &err));
	assert_string_equal(key,
	    "\\x13f6d130d602ff25936b77d966f57b61"
	    "56837f38558ce2050648ec8d91adf8e5");
	assert_true(identity_key_phone(secret, "+4512345678", key, &err));
	assert_string_equal(key,
	    "\\x55679dde33b5bd4bc9907b3ac1cd9fd8"
	    "75c1db40bca5588f538fcecb4c6c99f5");
	card("superoffice", "4711", key);
	assert_string_equal(key,
	    "\\xec4760c1b1700088ebc0536995a28e39"
	    "453f446a066567d6797d6f06a71e1e7d");
}

static void
test_key_too_long(void **state)
{
	static char text[100000];
	char key[IDENTITY_KEY_HEX];
	struct err err = { .kind = ERR_NONE };

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	assert_false(identity_key_card(secret, "crm", text, key, &err));
	assert_int_equal(err.kind, ERR_REJECTED);
	assert_null(strstr(err.msg, "aaa"));
}

/* ---- random -------------------------------------------------------------- */

static void
test_uuid(void **state)
{
	char uuid[37], before[37] = "";
	struct err err;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(identity_uuid(uuid, &err));
		assert_int_equal(strlen(uuid), 36);
		assert_int_equal(strspn(uuid, "0123456789abcdef-"), 36);
		assert_true(uuid[8] == '-' && uuid[13] == '-' &&
		    uuid[18] == '-' && uuid[23] == '-');
		assert_int_equal(uuid[14], '4');
		assert_non_null(strchr("89ab", uuid[19]));
		assert_string_not_equal(uuid, before);
		memcpy(before, uuid, sizeof(before));
	}
}

static void
test_random(void **state)
{
	unsigned char a[1000] = { 0 }, b[1000] = { 0 };
	struct err err;

	(void)state;
	assert_true(identity_random(a, 999, &err));
	assert_true(identity_random(b, 999, &err));
	assert_memory_not_equal(a, b, 999);
	assert_int_equal(a[999], 0);
	assert_true(identity_random(a, 0, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_total_length),
		cmocka_unit_test(test_address_out_of_memory),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_phones),
		cmocka_unit_test(test_bad_phones),
		cmocka_unit_test(test_same_person),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_kinds_are_apart),
		cmocka_unit_test(test_known_keys),
		cmocka_unit_test(test_key_too_long),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
