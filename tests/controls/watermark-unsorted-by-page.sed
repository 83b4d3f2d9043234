# The mark of a stream in no order moves with each page.
# file connectors/common/watermark.c
# test unit/test_watermark
# lines 2
s/if (w->rules.sorted && !w->rules.token/if (!w->rules.token/
