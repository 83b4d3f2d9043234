# A page of events is taken in by a run that lost its lease.
# file daemon/event.c
# test db/test_intake
# lines 2
s/"   WHERE EXISTS (SELECT 1 FROM e)"/"   WHERE true OR EXISTS (SELECT 1 FROM e)"/
