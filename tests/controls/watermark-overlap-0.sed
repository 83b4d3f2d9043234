# A pass begins at the mark: what became visible late is lost.
# file connectors/common/watermark.c
# test unit/test_watermark
# lines 2
s/return (top != NO_TIME && at > top ? top : at) - reach(w);/return reach(w) < 0 ? 0 : top != NO_TIME \&\& at > top ? top : at;/
