# The claim is committed with the outcome: the request leaves before.
# file daemon/stage_push.c
# test db/test_push
# lines 3
s/^	if (!queue_claim(stage->db, stage->tenant, &want, p->batch, &rows, got,$/	if (!db_begin(stage->db, 5000, err) || !queue_claim(stage->db, stage->tenant, \&want, p->batch, \&rows, got,/
/queue_move(stage->db, stage->tenant, ACTOR_PUSH, "push",$/,/^		return false;$/s/^		return false;$/		return false;\
	if (!db_commit(stage->db, err)) return false;/
