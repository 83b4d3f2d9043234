# Silences of an outage longer than their window are not looked for.
# file daemon/night.c
# test db/test_outage
# lines 2
s/^	    ? stage_forecast_since(&n->stage, n->missed_from, err)$/	    ? stage_forecast_since(\&n->stage, n->stage.night, err)/
