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
const small_sizes = long ? [2000, 20000] : [400];
const SLOW_LIMIT_MS = long ? 60 * MINUTE : 4 * MINUTE;

function rss(sim) {
	return Number(/VmRSS:\s+(\d+)/.exec(
	    fs.readFileSync(`/proc/${sim.pid}/status`, 'utf8'))[1]);
}

/* live: the moment of go-live, before the day; after: when it is over; night: when
 * their cards are read, though so many at once are held as a flood; may be left
 * out. */
async function day({ name, options, crm, live, after, night }) {
	const place = await place_make(name, options, crm, { inactivity: false });
	const { server, must } = place;
	const first = await place.measured(live, 'run', 'hourly');
	await must(live, 'activate');
	await place.clock(after);
	const before = server.requests().length, rss_before = rss(server);
	const { kib, text } = await place.measured(after, 'run', 'hourly');
	const requests = server.requests().length - before;
	const grown = rss(server) - rss_before;
	const log = server.requests();
	const again = await must(new Date(+after + 3 * MINUTE), 'run', 'hourly');
	const so_far = server.requests().length;
	const asking = night && await place.measured(night, 'run', 'night');
	const stats = await server.get('/sim/stats');
	const night_requests = server.requests().length - so_far;
	const asked = place.service.ledger().filter((l) =>
		l.kind === 'respondent').length;
	await place.stop();
	if (night)
		note(`the night after: ${asked} asked (a flood is held), ` +
		    `${night_requests} requests, npsync ${asking.kib} KiB`);
	return { kib, requests, grown, stats, log, first_kib: first.kib,
		queued: Number(/(\d+) queued/.exec(text)?.[1]),
		again: / queued/.test(again) };
}

/* of(events): the arguments of day(); how: what is said of it; sizes: one or
 * two. */
async function days_compare(of, requests_max, sizes = [2000, 20000], how = '') {
	const days = [];
	for (const events of sizes) {
		const one = await day(of(events));
		note(`${events} events${how}: ${one.queued} queued, ${one.requests} ` +
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

module.exports = { days_compare, slow_sizes, small_sizes, SLOW_LIMIT_MS };
