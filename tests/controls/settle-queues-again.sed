# What a dead run was sending is queued again, not unknown.
# file daemon/queue.c daemon/queue_settle.c
# test db/test_queue
# lines 4
s/{ ACTOR_SETTLE, QUEUE_SENDING, QUEUE_UNKNOWN }/{ ACTOR_SETTLE, QUEUE_SENDING, QUEUE_DEFERRED }/
s/(int)db_int(r, (int)i, 1), QUEUE_UNKNOWN,/(int)db_int(r, (int)i, 1), QUEUE_DEFERRED,/
