# The next page may name a user: only the host is compared, the text is not.
# file daemon/url.c
# test unit/test_url
# lines 4
/^judge_origin(/,/^}/s/if (p->user != NULL || p->password != NULL)/if (p->user != NULL \&\& base->user != NULL)/
s/^	if (!same_text(p->host, base->host) || !same_authority(url, base))$/	if (!same_text(p->host, base->host) || (url == NULL \&\& !same_authority(url, base)))/
