/*
 * load.js - a day with few and one with many events, read by npsync in one go:
 * how many requests it makes, and that neither it nor the server has more memory
 * than with a tenth of them, but for the rows themselves.
 */
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const { note } = require('./tap.js');
const { place_make } = require('./place.js');

const MORE_KIB = 16384;
const MINUTE = 60000;

function rss(sim) {
	return Number(/VmRSS:\s+(\d+)/.exec(
	    fs.readFileSync(`/proc/${sim.pid}/status`, 'utf8'))[1]);
}

/* live: the moment of go-live, before the day; after: when it is over. */
async function day({ name, options, crm, live, after }) {
	const place = await place_make(name, options, crm, { inactivity: false });
	const { server, must } = place;
	await must(live, 'run', 'hourly');
	await must(live, 'activate');
	await place.clock(after);
	const before = server.requests().length, rss_before = rss(server);
	const { kib, text } = await place.measured(after, 'run', 'hourly');
	const requests = server.requests().length - before;
	const grown = rss(server) - rss_before;
	const again = await must(new Date(+after + 3 * MINUTE), 'run', 'hourly');
	const stats = await server.get('/sim/stats');
	await place.stop();
	return { kib, requests, grown, stats,
		queued: Number(/(\d+) queued/.exec(text)?.[1]),
		again: / queued/.test(again) };
}

/* of(events): the arguments of day(). */
async function days_compare(of, requests_max) {
	const small = await day(of(2000)), large = await day(of(20000));
	for (const [name, one] of Object.entries({ small, large }))
		note(`${name}: ${one.queued} queued, ${one.requests} requests, ` +
		    `npsync ${one.kib} KiB, server +${one.grown} KiB`);
	assert.ok(large.queued > 9 * small.queued);
	assert.ok(large.requests < requests_max, `${large.requests} requests`);
	assert.ok(large.kib < small.kib + MORE_KIB);
	assert.ok(large.grown < MORE_KIB);
	assert.ok(!small.again && !large.again);
	return { small, large };
}

module.exports = { days_compare };
