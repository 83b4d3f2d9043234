# The claim takes its rows by IN (SELECT .. LIMIT), which may take more.
# file daemon/queue.c
# test db/test_queue
# lines 51
s/^    "   FROM pick p LEFT JOIN npsync.contact c/    "   FROM npsync.queue p LEFT JOIN npsync.contact c/
/^    "  SELECT q.queue_id, q.version, q.state, q.person, q.client_ref, q.campaign,"$/,/^    "   FOR UPDATE OF q SKIP LOCKED"$/H
/^    "  WHERE q.tenant_id = $1 AND q.queue_id = p.queue_id"$/{
s/.*/    "  WHERE q.tenant_id = $1 AND p.tenant_id = $1 AND p.queue_id = q.queue_id AND q.queue_id IN (SELECT x.queue_id FROM ("/
G
s/$/\n    ") x)"/
}
