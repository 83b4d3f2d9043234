# A claim is made though the lease may end before the answer.
# file daemon/stage_push.c
# test db/test_push
# lines 2
s/tenant_lease_left_s(stage->tenant) >/& -1000000 +/
