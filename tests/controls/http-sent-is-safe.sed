# A request that left and got no answer counts as not sent.
# file daemon/outcome.c
# test unit/test_retry
# lines 2
/^	{ SENT, OUTCOME_ANY_CODE, /{n;s/HTTP_UNKNOWN/HTTP_SAFE/}
