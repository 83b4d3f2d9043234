# A match counts though the respondent is another row's.
# file daemon/stage_settle.c
# test db/test_settle
# lines 2
s/FIND_MATCHED \&\& (l->bound\[i\] ||/FIND_MATCHED \&\& (/
