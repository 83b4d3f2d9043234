/*
 * load.js - a day with few and one with many events, read by npsync in one go:
 * how many requests it makes, and that neither it nor the server has more memory
 * than with a tenth of them, but for the rows themselves.  One day alone stands
 * beside the run before it, which found none.
 */
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const { note } = require('./tap.js');
const { place_make } = require('./place.js');

const MORE_KIB = 16384;
const MINUTE = 60000;
/* Of CRMs that let few requests go; a day costs them half a minute besides. */
const long = Boolean(process.env.NPSYNC_LONG);
const slow_sizes = long ? [2000, 20000] : [2000];
const SLOW_LIMIT_MS = long ? 60 * MINUTE : 4 * MINUTE;

function rss(sim) {
	return Number(/VmRSS:\s+(\d+)/.exec(
	    fs.readFileSync(`/proc/${sim.pid}/status`, 'utf8'))[1]);
}

/* live: the moment of go-live, before the day; after: when it is over. */
async function day({ name, options, crm, live, after }) {
	const place = await place_make(name, options, crm, { inactivity: false });
	const { server, must } = place;
	const first = await place.measured(live, 'run', 'hourly');
	await must(live, 'activate');
	await place.clock(after);
	const before = server.requests().length, rss_before = rss(server);
	const { kib, text } = await place.measured(after, 'run', 'hourly');
	const requests = server.requests().length - before;
	const grown = rss(server) - rss_before;
	const again = await must(new Date(+after + 3 * MINUTE), 'run', 'hourly');
	const stats = await server.get('/sim/stats');
	await place.stop();
	return { kib, requests, grown, stats, first_kib: first.kib,
		queued: Number(/(\d+) queued/.exec(text)?.[1]),
		again: / queued/.test(again) };
}

/* of(events): the arguments of day(); sizes: one or two. */
async function days_compare(of, requests_max, sizes = [2000, 20000]) {
	const days = [];
	for (const events of sizes) {
		const one = await day(of(events));
		note(`${events} events: ${one.queued} queued, ${one.requests} ` +
		    `requests, npsync ${one.kib} KiB, server +${one.grown} KiB`);
		days.push(one);
	}
	const large = days.at(-1);
	const small = days.length > 1 ? days[0]
	    : { queued: sizes[0] / 20, kib: large.first_kib };
	assert.ok(large.queued > 9 * small.queued);
	assert.ok(large.requests < requests_max, `${large.requests} requests`);
	assert.ok(large.kib < small.kib + MORE_KIB);
	assert.ok(large.grown < MORE_KIB);
	assert.ok(days.every(({ again }) => !again));
	return { small, large };
}

module.exports = { days_compare, slow_sizes, SLOW_LIMIT_MS };
