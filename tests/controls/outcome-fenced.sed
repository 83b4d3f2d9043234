# An outcome needs the epoch: a late one is lost.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/"     AND ($15 OR EXISTS (SELECT 1 FROM e))"/"     AND EXISTS (SELECT 1 FROM e)"/
