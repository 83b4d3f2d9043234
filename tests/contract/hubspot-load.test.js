#!/usr/bin/env node
/*
 * hubspot-load.test.js - a day of 20,000 events in the HubSpot of the tests: how
 * many requests npsync makes, and that neither it nor the server has more memory
 * than with a tenth of them, but for the rows themselves.
 */
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const { test, main, note } = require('./lib/tap.js');
const { sim_start } = require('./lib/sim.js');
const { night_start } = require('./lib/night.js');

const MORE_KIB = 16384;
const TOKEN = 'pat-eu1-11111111-2222-4333-8444-555555555555';

const crm = (sim) => (secret) => `{ name = "hs"; driver = "hubspot";
	base_url = "${sim.url}"; token = "${secret('token', TOKEN)}";
	search_rate = 4.0; rate_per_second = 10.0; }`;

function rss(sim) {
	return Number(/VmRSS:\s+(\d+)/.exec(
	    fs.readFileSync(`/proc/${sim.pid}/status`, 'utf8'))[1]);
}

/* The day is there already; nobody sees it before its hours have come. */
async function day(events) {
	const sim = await sim_start('hubspot', ['--now', '2026-11-25T20:00:00Z',
		'--tags', 'text', '--seed-world', '5000',
		'--events', String(events), '--days', '1']);
	const night = await night_start({ crm: crm(sim) });
	const run = async (now, ...args) => {
		const res = await night.measured(now, ...args);
		assert.strictEqual(res.code, 0, res.out);
		return res;
	};
	await sim.ask('now', { now: '2026-11-24T07:00:00Z' });
	await run('2026-11-24 08:00', 'run', 'hourly');
	await run('2026-11-24 08:00', 'activate');
	await sim.ask('now', { now: '2026-11-25T20:30:00Z' });
	const before = sim.requests().length, rss_before = rss(sim);
	const { kib, out } = await run('2026-11-25 21:30', 'run', 'hourly');
	const requests = sim.requests().length - before;
	const grown = rss(sim) - rss_before;
	const again = await run('2026-11-25 21:33', 'run', 'hourly');
	const { violations, refused, search_peak } = await sim.get('/sim/stats');
	await night.stop();
	await sim.stop();
	return { kib, requests, grown, violations, refused, search_peak,
		queued: Number(/(\d+) queued/.exec(out)?.[1]),
		again: / queued/.test(again.out) };
}

test('a day of 2,000 and one of 20,000 events', { limit_ms: 300000 },
    async () => {
	const small = await day(2000), large = await day(20000);
	for (const [name, one] of Object.entries({ small, large }))
		note(`${name}: ${one.queued} queued, ${one.requests} requests, ` +
		    `npsync ${one.kib} KiB, server +${one.grown} KiB`);
	assert.ok(large.queued > 9 * small.queued);
	assert.ok(large.requests < 500);
	assert.ok(large.kib < small.kib + MORE_KIB);
	assert.ok(large.grown < MORE_KIB);
	assert.ok(!small.again && !large.again);
	assert.deepStrictEqual(large.violations, {});
	assert.deepStrictEqual(large.refused, {});
	/* HS-17 */
	assert.ok(large.search_peak <= 5);
});

main();
