#!/usr/bin/env node
/*
 * superoffice-load.test.js - a day of 2,000 events in the SuperOffice of the
 * tests, one of 400 with the defaults; NPSYNC_LONG: 2,000 and 20,000 of each.  The day is there already; nobody sees it
 * before its hours have come.
 */
'use strict';

const assert = require('node:assert');
const { test, main, note } = require('./lib/tap.js');
const { tenant_options, crm_group } = require('./lib/superoffice.js');
const { days_compare, slow_sizes, small_sizes, SLOW_LIMIT_MS } =
	require('./lib/load.js');

const MANY = slow_sizes.at(-1);
/* With night: the day and the night after. */
const NIGHT = new Date('2026-11-26T02:10:00Z');
const day_of = (bookings, more, night) => (events) => ({ name: 'superoffice', night,
	live: new Date('2026-11-24T07:00:00Z'),
	after: new Date('2026-11-25T20:07:00Z'),
	options: tenant_options(['--seed-world', '5000', '--events',
		String(events), '--days', '1', '--bookings', bookings]),
	crm: crm_group(more) });

/* Without nosend no person is asked for alone: that is a request each, and ten
 * of them a second are let go.  Rows of bookings are asked for together, a
 * hundred at a time. */
test(`a day of ${slow_sizes.join(' and one of ')} events`,
    { limit_ms: SLOW_LIMIT_MS }, async () => {
	const { large } = await days_compare(day_of('1', 'nosend = ""; ' +
	    'tag_mode = "off";'), 50 + MANY / 40, slow_sizes);
	assert.deepStrictEqual(large.stats.violations, {});
	assert.strictEqual(large.stats.strayed, 0);
});

/* Interests for no-send and tags: who has some is asked for alone; one meeting
 * in twenty is a booking.  Only the pace is the test's: ten a second, not four. */
test(`with the defaults, a day of ${small_sizes.join(' and one of ')} events`,
    { limit_ms: SLOW_LIMIT_MS }, async () => {
	const { large } = await days_compare(day_of('5', '', NIGHT),
	    100 + small_sizes.at(-1), small_sizes, ', defaults');
	assert.deepStrictEqual(large.stats.violations, {});
	assert.strictEqual(large.stats.strayed, 0);
	note(JSON.stringify(large.stats.by_endpoint));
});

main();
