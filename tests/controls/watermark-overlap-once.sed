# The mark may lie at the present: what is late by the overlap is lost.
# file connectors/common/watermark.c
# test unit/test_watermark
# lines 2
s/return w->started - (w->lag_s > w->overlap_s ? w->lag_s : w->overlap_s);/return w->started;/
