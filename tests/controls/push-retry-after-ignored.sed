# What the service says of the wait is not kept to.
# file daemon/stage_push.c
# test db/test_push
# lines 2
s/double wait_s = v->retry_after_s > 0 ?/double wait_s = false ?/
