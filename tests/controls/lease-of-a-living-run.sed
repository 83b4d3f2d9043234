# The free lock of another state directory proves a holder dead.
# file daemon/tenant.c
# test db/test_refresh
# lines 2
s/OR ($3 AND split_part(holder, ' ', 1) = split_part($2, ' ', 1)))"/OR $3)"/
