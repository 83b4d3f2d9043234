#!/usr/bin/env node
/*
 * hubspot-load.test.js - a day of 2,000 events in the HubSpot of the tests;
 * NPSYNC_LONG: one of 20,000 besides.  The day is there already; nobody sees it
 * before its hours have come.
 */
'use strict';

const assert = require('node:assert');
const { test, main } = require('./lib/tap.js');
const { days_compare, slow_sizes, SLOW_LIMIT_MS } = require('./lib/load.js');

const MANY = slow_sizes.at(-1);
/* All contacts are read at first, by searches: four a second. */
const PERSONS = MANY / 4;
const TOKEN = 'pat-eu1-11111111-2222-4333-8444-555555555555';

const of = (events) => ({ name: 'hubspot',
	live: new Date('2026-11-24T07:00:00Z'),
	after: new Date('2026-11-25T20:30:00Z'),
	options: ['--now', '2026-11-25T20:00:00Z', '--tags', 'text',
		'--seed-world', String(PERSONS), '--events', String(events),
		'--days', '1'],
	crm: (server, secret) => `name = "hs"; driver = "hubspot";
	base_url = "${server.url}"; token = "${secret('token', TOKEN)}";
	search_rate = 4.0; rate_per_second = 10.0; window_s = 86400;` });

test(`a day of ${slow_sizes.join(' and one of ')} events`,
    { limit_ms: SLOW_LIMIT_MS }, async () => {
	const { large } = await days_compare(of, 100 + MANY / 50, slow_sizes);
	assert.deepStrictEqual(large.stats.violations, {});
	assert.deepStrictEqual(large.stats.refused, {});
	/* HS-17 */
	assert.ok(large.stats.search_peak <= 5);
});

main();
