#include "stage.h"

#define RENEW_EVERY_S 300
#define YIELD_POLL_S 2

bool
stage_breathe(struct stage *stage, struct err *err)
{
	bool wanted = false;

	if (stage->cancelled())
		return err_set(err, ERR_CANCELLED, "stopped by a signal");
	if (!tenant_renew(stage->db, stage->tenant,
	        stage->may_yield ? YIELD_POLL_S : RENEW_EVERY_S, &wanted, err))
		return false;
	if (wanted && stage->may_yield) {
		stage->yielded = true;
		return err_set(err, ERR_CANCELLED, "made way for the night");
	}
	return true;
}
