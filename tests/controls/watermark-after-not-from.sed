# A pass asks for what is later than the mark, not for the mark itself.
# file connectors/common/watermark.c
# test unit/test_watermark
# lines 2
s/return (top != NO_TIME && at > top ? top : at) - reach(w);/return (top != NO_TIME \&\& at > top ? top : at) - reach(w) + 1;/
