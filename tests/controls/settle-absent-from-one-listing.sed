# Absence from one listing sends the row again.
# file daemon/stage_settle.c
# test db/test_settle
# lines 2
s/return SETTLE_FIRST_LOOK;/return f->retried ? SETTLE_GIVE_UP : SETTLE_AGAIN;/
