# A restored backup is noticed by its sends only.
# file daemon/highwater.c
# test unit/test_highwater
# lines 2
s/return mark->epoch >= epoch || mark->sends > sends;/return epoch > 0 \&\& mark->sends > sends;/
