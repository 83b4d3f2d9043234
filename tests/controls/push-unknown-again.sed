# A row whose answer got lost is sent again.
# file daemon/stage_push.c
# test db/test_push
# lines 2
s/add_move(p, row, QUEUE_UNKNOWN, v, NO_TIME);/add_move(p, row, QUEUE_DEFERRED, v, clock_now());/
