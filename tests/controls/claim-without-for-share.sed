# The claim's fence does not lock the tenant: a takeover slips in between.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/ AND NOT paused FOR SHARE/ AND NOT paused/
