# An outcome is taken for another attempt than its own.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/ON r.queue_id = q.queue_id AND r.attempt = q.attempt"/ON r.queue_id = q.queue_id"/
