# An unknown outcome deletes the evidence: the person may be asked again.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/p.t IN ('deferred', 'failed')) d"/p.t IN ('deferred', 'failed', 'unknown')) d"/
