# A match counts though the respondent is another row's.
# file daemon/stage_settle.c
# test db/test_settle
# lines 2
s/if (bound || f->remote_id\[0\]/if (f->remote_id[0]/
