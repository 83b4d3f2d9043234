# A page that failed counts as the last one: the mark moves past the rest.
# file connectors/npstoday/feed.c
# test exchange/test_npstoday_feed
# lines 2
/^	if (!npstoday_get(p->n, p->feed->method/{n;s/return false;/return *step = PAGING_LAST, checkpoint(p, true, err);/}
