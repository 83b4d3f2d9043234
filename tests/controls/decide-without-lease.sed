# A run that lost its lease decides.
# file daemon/stage_decide.c
# test db/test_decide
# lines 1
/^    CAND_COLUMNS$/{n;/AND EXISTS (SELECT 1 FROM e)"/d}
