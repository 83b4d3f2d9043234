# What the service says of the wait is not kept to.
# file daemon/stage_push.c
# test db/test_push
# lines 2
s/double wait_s = (double)v->retry_after_s;/double wait_s = 0;/
