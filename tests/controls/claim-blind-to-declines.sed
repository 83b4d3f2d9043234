# The claim does not look at who declined since the decision.
# file daemon/queue.c
# test db/test_queue
# lines 4
s/"            AND (h.gone OR h.anonymised OR (NOT q.test/"            AND false AND (h.gone OR h.anonymised OR (NOT q.test/
s/"            AND x.scope IN ('all', q.campaign)))"/"            AND false))"/
