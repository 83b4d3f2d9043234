# The claim does not compare the epoch: a run that was replaced goes on.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"/SELECT 1 FROM npsync.tenant WHERE tenant_id = $1"/
