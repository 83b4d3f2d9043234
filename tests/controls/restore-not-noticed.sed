# The high-water file is ignored: a restored backup sends again.
# file daemon/night_restore.c
# test db/test_restore
# lines 2
s/if (found && highwater_is_above(/if (found \&\& dir == NULL \&\& highwater_is_above(/
