# An answer that cannot be read is dropped and nobody told.
# file connectors/npstoday/feed.c
# test exchange/test_npstoday_feed
# lines 2
s/^		complain_about(p, m.key, m.reason);$/		(void)complain_about;/
