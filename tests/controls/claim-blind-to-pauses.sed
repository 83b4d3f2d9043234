# The claim does not look at the pauses that were made since the decision.
# file daemon/queue.c
# test db/test_decide_rules
# lines 2
s/"            AND (p.trigger IS NULL OR p.trigger = q.trigger)"/"            AND false"/
