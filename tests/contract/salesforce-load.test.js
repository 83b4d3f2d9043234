#!/usr/bin/env node
/*
 * salesforce-load.test.js - a day of 20,000 meetings in the Salesforce of the
 * tests, after 300 of its history.
 */
'use strict';

const assert = require('node:assert');
const { test, main, note } = require('./lib/tap.js');
const { has_connector } = require('./lib/place.js');
const { days_compare } = require('./lib/load.js');

const LIVE = new Date('2026-11-24T07:00:00Z');
const HOUR = 3600000;
const reason = has_connector('salesforce') ? null
    : 'npsync has no connector for Salesforce';

const of = (events) => ({ name: 'salesforce', live: LIVE,
	after: new Date(+LIVE + 37 * HOUR),
	options: ['--now', '2026-11-24T07:00:00Z', '--contacts', '5000',
		'--history', '300', '--events', String(events)],
	crm: (server, secret) => `name = "sf"; driver = "salesforce";
	login_url = "${server.url}"; client_id = "cid"; rate_per_second = 10.0;
	client_secret = "${secret('secret', 'sec')}";` });

test('a day of 2,000 and one of 20,000 events',
    { limit_ms: 240000, skip: reason }, async () => {
	const { large } = await days_compare(of, 50);
	const { by_endpoint } = large.stats;
	note(JSON.stringify(by_endpoint));
	/* One after another run: the same token is asked for once in each. */
	assert.ok(by_endpoint.token <= 4, `${by_endpoint.token} tokens`);
});

main();
