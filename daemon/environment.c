#include "environment.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "npsync.h"

#define NAME_MAX_BYTES ((size_t)256)

static bool
is_trap(const char *name, size_t len)
{
	static const char *const names[] = { "GETCONF_DIR", "HOSTALIASES",
		"LOCALDOMAIN", "NLSPATH", "QLOGDIR", "RESOLV_ADD_TRIM_DOMAINS",
		"RESOLV_HOST_CONF", "RESOLV_OVERRIDE_TRIM_DOMAINS", "RES_OPTIONS",
		"SSH_AGENT_PID", "SSH_AUTH_SOCK" };
	static const char *const begins[] = { "CURL_", "GCONV_", "LD_", "MALLOC_",
		"NETRC", "OPENSSL_", "PG", "SSLKEYLOGFILE", "SSL_" };
	static const char proxy[] = "_proxy";
	const size_t tail = sizeof(proxy) - 1;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	/* Any case: libcurl reads both. */
	return len > tail && strncasecmp(name + len - tail, proxy, tail) == 0;
}

void
environment_clear(void)
{
	char name[NAME_MAX_BYTES];

	for (char **e = environ; e != NULL && *e != NULL;) {
		const size_t len = strcspn(*e, "=");
		if (len >= sizeof(name) || !is_trap(*e, len)) {
			e++;
			continue;
		}
		memcpy(name, *e, len);
		name[len] = '\0';
		/* It moves the others: begin again. */
		e = unsetenv(name) == 0 ? environ : e + 1;
	}
}
