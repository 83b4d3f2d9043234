# A listing that broke off counts as a listing.
# file daemon/stage_settle.c
# test db/test_settle
# lines 2
/^	survey->link.aside = failed;$/a\
	for (size_t i = 0; i < l->n; i++) l->answers[i] = FIND_ABSENT;\
	if (l->n > 0) return take_answers(l, err);
