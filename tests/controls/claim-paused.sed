# The claim does not look whether sending is paused.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/ AND NOT paused FOR SHARE/ FOR SHARE/
