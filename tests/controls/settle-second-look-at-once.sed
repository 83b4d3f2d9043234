# The second look for a missing respondent may follow at once.
# file daemon/stage_settle.c
# test db/test_settle
# lines 2
s/if (f->now - f->absent_at < (time_t)f->second_look_min \* 60)/if (f->now < f->absent_at)/
