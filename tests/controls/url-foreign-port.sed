# The next page may be at another port.
# file daemon/url.c
# test unit/test_url
# lines 2
s/^	if (strcmp(p->port, base->port) != 0)$/	if (p->port == NULL)/
