# Who has opted out is asked.
# file daemon/decide_sql.h
# test db/test_decide
# lines 2
s/"(c.opted_out IS TRUE OR c.declined)"/"false"/
