# An opt-out that the service tells is not kept.
# file daemon/stage_push.c
# test db/test_push
# lines 1
/p->opted_out_rows\[p->n_opted_out++\] = (long)row->queue_id;/d
