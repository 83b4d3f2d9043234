# A claim leaves no row of history.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/'push', $7, state, 'sending' FROM pick"/'push', $7, state, 'sending' FROM pick WHERE false"/
