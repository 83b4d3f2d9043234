/*
 * stage_forecast.h - contacts that fell silent after a won deal become rows
 * for the next night, so that people see them on a whole working day.
 */
#ifndef NPSYNC_STAGE_FORECAST_H
#define NPSYNC_STAGE_FORECAST_H

#include "stage.h"

NPS_MUSTCHECK bool stage_forecast(struct stage *stage, struct err *err);
/* The same for each night since that one, by what is known of people now. */
NPS_MUSTCHECK bool stage_forecast_since(struct stage *stage, int night,
    struct err *err);

/* The window of vectors section 2 for night D, period P, width W. */
struct silence {
	int from, until;	/* last activity on a day in [from, until] */
	int won_until;		/* a won deal on or before */
};
struct silence forecast_window(int night, int period_days, int width_days);

#endif
