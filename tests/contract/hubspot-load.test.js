#!/usr/bin/env node
/*
 * hubspot-load.test.js - a day of 2,000 events in the HubSpot of the tests, one
 * of 400 with nothing but the defaults; NPSYNC_LONG: 2,000 and 20,000 of each.  The day is there already; nobody sees it
 * before its hours have come.
 */
'use strict';

const assert = require('node:assert');
const { test, main, note } = require('./lib/tap.js');
const { days_compare, slow_sizes, small_sizes, SLOW_LIMIT_MS } =
	require('./lib/load.js');

const MANY = slow_sizes.at(-1);
/* All contacts are read at first, by searches: four a second. */
const PERSONS = MANY / 4;
const TOKEN = 'pat-eu1-11111111-2222-4333-8444-555555555555';

/* With night: the day and the night after. */
const NIGHT = new Date('2026-11-26T02:10:00Z');
const day_of = (persons, more, night) => (events) => ({ name: 'hubspot', night,
	live: new Date('2026-11-24T07:00:00Z'),
	after: new Date('2026-11-25T20:30:00Z'),
	options: ['--now', '2026-11-25T20:00:00Z', '--tags', 'text',
		'--seed-world', String(persons), '--events', String(events),
		'--days', '1'],
	crm: (server, secret) => `name = "hs"; driver = "hubspot";
	base_url = "${server.url}"; token = "${secret('token', TOKEN)}"; ${more}` });

function orderly(stats) {
	assert.deepStrictEqual(stats.violations, {});
	assert.deepStrictEqual(stats.refused, {});
}

/*
 * HS-17: of `rate` searches a second one more has no room in any second.  By the
 * server's clock, so one that was held up there may be close to the next; by our
 * own to the millisecond: test_hubspot_sim.
 */
function paced(log, rate) {
	const at = log.map((l) => JSON.parse(l)).filter((l) => l.on === 'search')
	    .map((l) => l.ms);
	const close = at.filter((ms, i) => i >= rate && ms - at[i - rate] < 950);
	note(`${at.length} searches, ${close.length} with ${rate} before them ` +
	    'in less than 0.95 s');
	assert.ok(at.length > 20);
	assert.ok(close.length <= at.length / 50);
}

test(`a day of ${slow_sizes.join(' and one of ')} events`,
    { limit_ms: SLOW_LIMIT_MS }, async () => {
	const { large } = await days_compare(day_of(PERSONS, 'search_rate = 4.0; ' +
	    'rate_per_second = 10.0; window_s = 86400;'), 100 + MANY / 50,
	slow_sizes);
	orderly(large.stats);
	paced(large.log, 4);
});

const LARGEST = small_sizes.at(-1);
test(`with the defaults, a day of ${small_sizes.join(' and one of ')} events`,
    { limit_ms: SLOW_LIMIT_MS }, async () => {
	const { large } = await days_compare(day_of(LARGEST / 4, '', NIGHT),
	    150 + LARGEST / 25, small_sizes, ', defaults');
	orderly(large.stats);
	paced(large.log, 3);
});

main();
