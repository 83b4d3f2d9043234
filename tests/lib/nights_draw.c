/*
 * nights_draw.c - what a world is like, from its seed.
 */
#include "../sim/simtime.h"
#include "fakecrm.h"
#include "nights.h"

static int
draw(uint64_t *rng, int n)
{
	return fakecrm_random(rng, n);
}

void
nights_draw(struct nights_settings *set, uint64_t seed, int nights_max)
{
	static const int throttles[] = { 30, 30, 30, 14, 45, 90 };
	uint64_t rng = seed;
	int n = 0;

	*set = (struct nights_settings){ .seed = seed, .judge = true,
		.troubles = true };
	set->crm_seed = seed ^ UINT64_C(0x5eed);
	set->nights = 12 + draw(&rng, nights_max - 11);
	set->day = (int)sim_days(2026, 1, 5) + draw(&rng, 1200);
	set->throttle_days = throttles[draw(&rng, 6)];
	set->members = draw(&rng, 3) != 0;
	set->count_foreign = draw(&rng, 6) != 0;
	set->skew_s = draw(&rng, 3) == 0 ? 30 + draw(&rng, 200) : 0;
	if (draw(&rng, 2) == 0)
		set->skew_s = -set->skew_s;
	/* Else its Date is the machine's. */
	set->options[n++] = "--date-header";
	if (draw(&rng, 3) == 0)
		set->options[n++] = "--member-in-answer";
	if (draw(&rng, 4) == 0)
		set->options[n++] = "--person-id";
	if (draw(&rng, 4) == 0)
		set->options[n++] = "--case", set->options[n++] = "pascal";
	if (draw(&rng, 3) == 0)
		set->options[n++] = "--page-max", set->options[n++] = "40";
	if (draw(&rng, 3) == 0)
		set->options[n++] = "--paging", set->options[n++] = "next";
}
