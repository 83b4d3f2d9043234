# The claim counts no sends: only the throttle stops a second survey.
# file daemon/queue.c
# test db/test_decide_limits
# lines 2
s/FROM freq f WHERE f.most <="/FROM freq f WHERE f.most + 100 <="/
