# A connector whose service promises no order says that it is sorted.
# file connectors/npstoday/feed.c
# test exchange/test_npstoday_watermark exchange/test_npstoday_feed
# lines 2
s/struct watermark_rules rules = { .zone = feed->zone,/struct watermark_rules rules = { .sorted = true, .zone = feed->zone,/
