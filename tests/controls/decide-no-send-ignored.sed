# Cards that say NoSend are asked.
# file daemon/stage_decide.c
# test db/test_decide
# lines 2
s/( 8, 'no_send',         c.no_send IS TRUE, NULL)/( 8, 'no_send',         false, NULL)/
