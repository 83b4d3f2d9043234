/*
 * http_address.h - what kind of network an address belongs to.
 */
#ifndef NPSYNC_HTTP_ADDRESS_H
#define NPSYNC_HTTP_ADDRESS_H

#include <sys/socket.h>

#include "npsync.h"

enum http_address { HTTP_ADDRESS_PUBLIC,
	HTTP_ADDRESS_PRIVATE,	/* and link-local, multicast, reserved */
	HTTP_ADDRESS_LOOPBACK };

/* What is neither IPv4 nor IPv6 counts as private. */
enum http_address http_address_kind(const struct sockaddr *address);

#endif
