# Rows of a restored backup are not held.
# file daemon/stage_settle.c
# test db/test_settle
# lines 2
/^hold(/,/^}/s/return true;/return false;/
