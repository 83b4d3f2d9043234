# The next page may be without TLS.
# file daemon/url.c
# test unit/test_url
# lines 2
s/^	if (!same_text(p->scheme, base->scheme))$/	if (p->scheme == NULL || base->scheme == NULL)/
