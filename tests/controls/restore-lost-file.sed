# A high-water file that is gone is no reason to doubt the database.
# file daemon/night_restore.c
# test db/test_restore
# lines 2
s/} else if (!found && s->tenant->sends > 0) {/} else if (!found \&\& s->tenant->sends < 0) {/
