# The days between two surveys are one too few.
# file daemon/stage_decide.c
# test db/test_decide
# lines 2
s/AND s.sent_on > $2::date - $4::int AND/AND s.sent_on > $2::date - $4::int + 1 AND/
