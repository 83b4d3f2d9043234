# The claim does not look at rows of the person that are being sent.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/"            AND o.state = 'sending')"/"            AND o.state = 'sending' AND false)"/
