# The days between two surveys are one too few.
# file daemon/decide_sql.h
# test db/test_decide
# lines 2
s/a.day > $2::date - f.days"/a.day > $2::date - f.days + 1"/
