# A row counts as absent while its answer may still be on its way.
# file daemon/stage_settle.c
# test db/test_settle
# lines 2
s/if (f->now - f->claimed_at < 2 \* (time_t)f->answer_s)/if (f->now < f->claimed_at)/
