#include "http_address.h"

#include <netinet/in.h>
#include <string.h>

/* Networks that no service on the Internet has (IANA's registries of special
 * purpose addresses). */
static const struct {
	uint8_t net[4];
	int bits;
	enum http_address kind;
} networks4[] = {
	{ { 127, 0, 0, 0 }, 8, HTTP_ADDRESS_LOOPBACK },
	{ { 0, 0, 0, 0 }, 8, HTTP_ADDRESS_PRIVATE },
	{ { 10, 0, 0, 0 }, 8, HTTP_ADDRESS_PRIVATE },
	{ { 100, 64, 0, 0 }, 10, HTTP_ADDRESS_PRIVATE },
	{ { 169, 254, 0, 0 }, 16, HTTP_ADDRESS_PRIVATE },
	{ { 172, 16, 0, 0 }, 12, HTTP_ADDRESS_PRIVATE },
	{ { 192, 0, 0, 0 }, 24, HTTP_ADDRESS_PRIVATE },
	{ { 192, 0, 2, 0 }, 24, HTTP_ADDRESS_PRIVATE },
	{ { 192, 168, 0, 0 }, 16, HTTP_ADDRESS_PRIVATE },
	{ { 198, 18, 0, 0 }, 15, HTTP_ADDRESS_PRIVATE },
	{ { 198, 51, 100, 0 }, 24, HTTP_ADDRESS_PRIVATE },
	{ { 203, 0, 113, 0 }, 24, HTTP_ADDRESS_PRIVATE },
	{ { 224, 0, 0, 0 }, 3, HTTP_ADDRESS_PRIVATE },
};

/* IPv4 in the clothes of IPv6: where its four bytes stand. */
static const struct {
	uint8_t net[12];
	int bits;
	size_t at;
} wrapped[] = {
	{ { [10] = 0xff, [11] = 0xff }, 96, 12 },	/* mapped */
	{ { [8] = 0xff, [9] = 0xff }, 96, 12 },		/* translated */
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, 12 },		/* NAT64 */
	{ { 0x20, 0x02 }, 16, 2 },			/* 6to4 */
};

static const struct {
	uint8_t net[2];
	int bits;
} private6[] = {
	{ { 0x00, 0x00 }, 8 },		/* ::, compatible, discard */
	{ { 0x01, 0x00 }, 8 },
	{ { 0xfc, 0x00 }, 7 },		/* unique local */
	{ { 0xfe, 0x80 }, 9 },		/* link and site local */
	{ { 0xff, 0x00 }, 8 },		/* multicast */
};

static bool
starts_with(const uint8_t *address, const uint8_t *net, int bits)
{
	const int whole = bits / 8;
	const unsigned mask = (0xffu << (8 - bits % 8)) & 0xffu;

	return memcmp(address, net, (size_t)whole) == 0 &&
	    (bits % 8 == 0 || ((address[whole] ^ net[whole]) & mask) == 0);
}

static enum http_address
kind4(const uint8_t *address)
{
	for (size_t i = 0; i < ARRAY_LEN(networks4); i++)
		if (starts_with(address, networks4[i].net, networks4[i].bits))
			return networks4[i].kind;
	return HTTP_ADDRESS_PUBLIC;
}

static enum http_address
kind6(const uint8_t *address)
{
	if (memcmp(address, &in6addr_loopback, sizeof(in6addr_loopback)) == 0)
		return HTTP_ADDRESS_LOOPBACK;
	for (size_t i = 0; i < ARRAY_LEN(wrapped); i++)
		if (starts_with(address, wrapped[i].net, wrapped[i].bits))
			return kind4(address + wrapped[i].at);
	for (size_t i = 0; i < ARRAY_LEN(private6); i++)
		if (starts_with(address, private6[i].net, private6[i].bits))
			return HTTP_ADDRESS_PRIVATE;
	return HTTP_ADDRESS_PUBLIC;
}

enum http_address
http_address_kind(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	/* Copied, for a sockaddr is aligned less than what it stands for. */
	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return kind4((const uint8_t *)&v4.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		return kind6((const uint8_t *)&v6.sin6_addr);
	}
	return HTTP_ADDRESS_PRIVATE;
}
