# Cards that say NoSend are asked.
# file daemon/decide_sql.h
# test db/test_decide
# lines 2
s/R(8, "no_send", "c.no_send IS TRUE"/R(8, "no_send", "false"/
