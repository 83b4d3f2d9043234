# A page ends at a time, though many records share it.
# file connectors/common/watermark.c
# test unit/test_watermark
# lines 2
s/if (by_stamp != 0)/if (by_stamp != 0 || la > 0)/
