#!/usr/bin/env node
/*
 * superoffice-load.test.js - a day of 2,000 events in the SuperOffice of the tests;
 * NPSYNC_LONG: one of 20,000 besides.  The day is there already; nobody sees it
 * before its hours have come.
 */
'use strict';

const assert = require('node:assert');
const { test, main } = require('./lib/tap.js');
const { tenant_options, crm_group } = require('./lib/superoffice.js');
const { days_compare, slow_sizes, SLOW_LIMIT_MS } = require('./lib/load.js');

const MANY = slow_sizes.at(-1);
/* Without nosend no person is asked for alone: that is a request each, and ten
 * of them a second are let go.  Rows of bookings are asked for together, a
 * hundred at a time. */
const of = (events) => ({ name: 'superoffice',
	live: new Date('2026-11-24T07:00:00Z'),
	after: new Date('2026-11-25T20:07:00Z'),
	options: tenant_options(['--seed-world', '5000', '--events',
		String(events), '--days', '1', '--bookings', '1']),
	crm: crm_group('nosend = ""; tag_mode = "off";') });

test(`a day of ${slow_sizes.join(' and one of ')} events`,
    { limit_ms: SLOW_LIMIT_MS }, async () => {
	const { large } = await days_compare(of, 50 + MANY / 40, slow_sizes);
	assert.deepStrictEqual(large.stats.violations, {});
	assert.strictEqual(large.stats.strayed, 0);
});

main();
