# The next page may be at another host.
# file daemon/url.c
# test unit/test_url
# lines 2
s/^	if (!same_text(p->host, base->host) || !same_authority(url, base))$/	if (!same_authority(url, base) \&\& p->host == NULL)/
