# Rows are rescued whoever sends them: by age, not by epoch.
# file daemon/queue.c daemon/queue_settle.c
# test db/test_queue
# lines 4
s/" WHERE tenant_id = $1 AND state = 'sending' AND epoch < $2"/" WHERE tenant_id = $1 AND state = 'sending' AND $2::bigint > 0"/
s/"     AND ($15 OR q.state <> 'sending' OR q.epoch < $3)"/"     AND ($15 OR q.state <> 'sending' OR $3 > 0)"/
