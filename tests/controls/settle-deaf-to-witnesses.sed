# A list with holes is taken for whole.
# file daemon/stage_settle.c
# test db/test_settle
# lines 2
s/holes += is_hole(l, i);/holes += is_hole(l, i) \&\& l->n == 0;/
