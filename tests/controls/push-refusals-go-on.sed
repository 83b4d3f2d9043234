# A service that refuses everybody is asked on and on.
# file daemon/stage_push.c
# test db/test_push
# lines 2
s/if (p->refusals >= SAME_REFUSALS_MAX)/if (p->refusals < 0)/
