# Who has opted out is asked.
# file daemon/stage_decide.c
# test db/test_decide
# lines 2
s/c.opted_out IS TRUE OR EXISTS (/false AND EXISTS (/
