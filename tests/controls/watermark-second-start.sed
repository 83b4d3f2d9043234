# A pass that goes on counts from now, not from when its first page was read.
# file connectors/common/watermark.c
# test unit/test_watermark
# lines 1
/^	w->started = started;$/d
