# A list with holes is taken for whole.
# file daemon/stage_settle.c
# test db/test_settle
# lines 2
s/holes += l->answers\[l->n + i\] == FIND_ABSENT;/holes += l->answers[l->n + i] == FIND_ABSENT \&\& l->n == 0;/
