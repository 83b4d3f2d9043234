# Every attempt has a reference of its own: the service cannot tell it again.
# file daemon/queue.c
# test db/test_queue
# lines 2
s/"        absent_at = NULL, listed_at = NULL,"/"        absent_at = NULL, listed_at = NULL, client_ref = gen_random_uuid(),"/
