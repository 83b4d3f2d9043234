#!/usr/bin/env node
/*
 * superoffice-load.test.js - a day of 20,000 events in the SuperOffice of the
 * tests: how many requests npsync makes, and that it has no more memory than
 * with a tenth of them.
 */
'use strict';

const assert = require('node:assert');
const { test, main, note } = require('./lib/tap.js');
const { tenant_start, crm_group } = require('./lib/superoffice.js');
const { night_start } = require('./lib/night.js');

const MORE_KIB = 16384;

/* The day is there already; nobody sees it before its hours have come.  Without
 * nosend no person is asked for alone: that is a request each, and ten of them a
 * second are let go. */
async function day(events) {
	const sim = await tenant_start(['--seed-world', '5000', '--events',
		String(events), '--days', '1', '--bookings', '1']);
	const night = await night_start({ crm: crm_group(sim,
	    'nosend = ""; tag_mode = "off";') });
	const run = async (now, ...args) => {
		const res = await night.measured(now, ...args);
		assert.strictEqual(res.code, 0, res.out);
		return res;
	};
	await sim.ask('now', { now: '2026-11-24T07:00:00Z' });
	await run('2026-11-24 08:00', 'run', 'hourly');
	await run('2026-11-24 08:00', 'activate');
	await sim.ask('now', { now: '2026-11-25T20:07:00Z' });
	const before = sim.requests().length;
	const { kib, out } = await run('2026-11-25 21:07', 'run', 'hourly');
	const requests = sim.requests().length - before;
	const again = await run('2026-11-25 21:10', 'run', 'hourly');
	const { violations, strayed } = await sim.get('/sim/stats');
	await night.stop();
	await sim.stop();
	return { kib, requests, violations, strayed,
		queued: Number(/(\d+) queued/.exec(out)?.[1]),
		again: / queued/.test(again.out) };
}

test('a day of 2,000 and one of 20,000 events', { limit_ms: 280000 },
    async () => {
	const small = await day(2000), large = await day(20000);
	for (const [name, one] of Object.entries({ small, large }))
		note(`${name}: ${one.queued} queued, ${one.requests} requests, ` +
		    `npsync ${one.kib} KiB`);
	assert.ok(large.queued > 5 * small.queued);
	assert.ok(large.kib < small.kib + MORE_KIB);
	assert.ok(!small.again && !large.again);
	for (const one of [small, large]) {
		assert.deepStrictEqual(one.violations, {});
		assert.strictEqual(one.strayed, 0);
	}
});

main();
