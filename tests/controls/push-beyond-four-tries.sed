# A row is tried without end in one night.
# file daemon/stage_push.c
# test db/test_push
# lines 2
s/if (attempt == TRIES_A_NIGHT - 1)/if (attempt == TRIES_A_NIGHT)/
