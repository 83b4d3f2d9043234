/*
 * nights_report.c - what happened in a world, in figures.
 */
#include "nights_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
report_reasons(void)
{
	const struct oracle *o = &scene.oracle;

	for (size_t i = 0; i < o->n; i++) {
		const struct oracle_row *row = &o->rows[i];
		int n = 0;
		if (row->state != ORACLE_SUPPRESSED)
			continue;
		for (size_t k = 0; k < o->n; k++)
			if (o->rows[k].state == ORACLE_SUPPRESSED &&
			    strcmp(o->rows[k].reason, row->reason) == 0) {
				if (k < i)
					break;
				n++;
			}
		if (n > 0)
			print_message("#   %-18s %4d\n", row->reason, n);
	}
}

void
nights_report(int doubles)
{
	static const char *const names[ORACLE_STATES] = { "waiting", "due",
		"sent", "unknown", "failed", "suppressed", "expired",
		"excluded" };
	int by_state[ORACLE_STATES] = { 0 }, by_event[FAKECRM_EVENTS] = { 0 };
	const struct nights_result *got = &scene.got;

	for (size_t i = 0; i < scene.oracle.n; i++) {
		by_state[scene.oracle.rows[i].state]++;
		by_event[scene.oracle.rows[i].event] +=
		    scene.oracle.rows[i].state == ORACLE_SENT;
	}
	print_message("# %d nights, %d with a transfer, %d with a fault; %d runs,"
	    " %d of them repeats that changed nothing\n", got->nights,
	    got->transfers, got->faults, got->runs, got->repeats);
	print_message("# %zu events queued; %d respondents at the service, "
	    "%d asked twice; %d excluded, %d put back\n", scene.oracle.n,
	    ledger_respondents(scene.sim), doubles, scene.excluded,
	    scene.included);
	for (int i = 0; i < FAKECRM_EVENTS; i++)
		print_message("#  sent for %-6s %5d\n",
		    oracle_event_name((enum fakecrm_event)i), by_event[i]);
	for (int i = 0; i < ORACLE_STATES; i++)
		print_message("#  %-15s %5d\n", names[i], by_state[i]);
	report_reasons();
	print_message("# %lld answers, %zu opted out; %d tags of answers in the "
	    "CRM, %d rows imported, %d looks at all tags\n",
	    simproc_stat(scene.sim, "answers"), scene.oracle.n_opted_out,
	    scene.n_tags, scene.imported, scene.tag_checks);
}
