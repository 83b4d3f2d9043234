# The claim does not look whether the lease still holds.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/ AND lease_until > now() AND NOT paused FOR SHARE/ AND NOT paused FOR SHARE/
