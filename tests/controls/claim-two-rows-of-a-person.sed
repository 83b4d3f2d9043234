# The claim does not leave a row to a better one of the same person.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/AND o.person && q.person OFFSET 0)"/AND o.person \&\& q.person AND false OFFSET 0)"/
