# A 5xx counts as proof that nothing was taken.
# file daemon/outcome.c
# test unit/test_retry
# lines 2
s/STATUS(ANSWERED, 500, 599, HTTP_UNKNOWN, true)/STATUS(ANSWERED, 500, 599, HTTP_SAFE, true)/
