# The claim does not look at person_send: evidence stops nobody.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/"            AND s.sent_on > $3::date - greatest($5::int, 1)"/"            AND s.sent_on > $3::date + greatest($5::int, 1)"/
