/* Which addresses are of this house. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http_address.h"

static const struct {
	const char *address;
	enum http_address kind;
} cases[] = {
#define PUBLIC(a) { a, HTTP_ADDRESS_PUBLIC }
#define PRIVATE(a) { a, HTTP_ADDRESS_PRIVATE }
#define LOOPBACK(a) { a, HTTP_ADDRESS_LOOPBACK }
	PUBLIC("1.1.1.1"), PUBLIC("9.255.255.255"), PUBLIC("11.0.0.0"),
	PUBLIC("100.63.255.255"), PUBLIC("100.128.0.0"), PUBLIC("126.0.0.1"),
	PUBLIC("128.0.0.1"), PUBLIC("169.253.255.255"), PUBLIC("169.255.0.0"),
	PUBLIC("172.15.255.255"), PUBLIC("172.32.0.0"), PUBLIC("192.0.1.0"),
	PUBLIC("192.167.255.255"), PUBLIC("192.169.0.0"),
	PUBLIC("198.17.255.255"), PUBLIC("198.20.0.0"),
	PUBLIC("223.255.255.255"),
	PRIVATE("0.0.0.0"), PRIVATE("10.0.0.1"), PRIVATE("10.255.255.255"),
	PRIVATE("100.64.0.0"), PRIVATE("100.127.255.255"),
	PRIVATE("169.254.169.254"), PRIVATE("172.16.0.0"),
	PRIVATE("172.31.255.255"), PRIVATE("192.0.0.8"),
	PRIVATE("192.168.1.1"), PRIVATE("198.18.0.0"),
	PRIVATE("198.19.255.255"), PRIVATE("224.0.0.1"),
	PRIVATE("255.255.255.255"),
	LOOPBACK("127.0.0.1"), LOOPBACK("127.255.255.254"),
	PUBLIC("2606:4700::1111"), PUBLIC("2a00::1"), PUBLIC("fe00::1"),
	PRIVATE("::"), PRIVATE("::2"), PRIVATE("fc00::1"), PRIVATE("fd12::1"),
	PRIVATE("fe80::1"), PRIVATE("febf::1"), PRIVATE("fec0::1"),
	PRIVATE("ff02::1"), PRIVATE("100::1"), LOOPBACK("::1"),
	/* The same in other clothes. */
	LOOPBACK("::ffff:127.0.0.1"), PRIVATE("::ffff:10.0.0.1"),
	PUBLIC("::ffff:1.1.1.1"), LOOPBACK("::ffff:0:127.0.0.1"),
	LOOPBACK("64:ff9b::127.0.0.1"), PRIVATE("64:ff9b::192.168.0.1"),
	PUBLIC("64:ff9b::1.1.1.1"), PRIVATE("64:ff9b:1::1"),
	LOOPBACK("2002:7f00:1::1"), PRIVATE("2002:a00:1::1"),
	PUBLIC("2002:101:101::1"), PRIVATE("::127.0.0.1"),
};

static enum http_address
kind_of(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return http_address_kind((const struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return http_address_kind((const struct sockaddr *)&v6);
}

static void
test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (kind_of(cases[i].address) != cases[i].kind)
			fail_msg("%s: %d", cases[i].address,
			    (int)kind_of(cases[i].address));
}

static void
test_other_families(void **state)
{
	const struct sockaddr local = { .sa_family = AF_UNIX };

	(void)state;
	assert_int_equal(http_address_kind(&local), HTTP_ADDRESS_PRIVATE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_other_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
