# A tag is noted as written before the CRM was asked to write it.
# file daemon/stage_writeback.c
# test torture/test_crm_effects
# lines 10
/^	if (!tag_want_done(/,/^	}$/d
/^	if (!put(b, writes, n, "written", results, &ended, err))$/i\
	for (size_t i = 0; i < n; i++)\
		results[i] = (struct put_result){ .outcome = PUT_DONE };\
	if (!tag_want_done(stage->db, stage->tenant->id, b->crm->link.name, rows,\
	        results, n, clock_now(), stage->scratch, &late))\
		return false;
