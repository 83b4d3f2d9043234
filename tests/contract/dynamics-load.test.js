#!/usr/bin/env node
/*
 * dynamics-load.test.js - a day of 20,000 events in the Dynamics 365 of the
 * tests.  The day is there already; nobody sees it before its hours have come.
 */
'use strict';

const assert = require('node:assert');
const { test, main } = require('./lib/tap.js');
const { TENANT, CLIENT } = require('./lib/dataverse.js');
const { days_compare } = require('./lib/load.js');

const of = (events) => ({ name: 'dynamics',
	live: new Date('2026-11-24T07:00:00Z'),
	after: new Date('2026-11-25T20:07:00Z'),
	options: ['--now', '2026-11-25T20:00:00Z', '--seed-world', '5000',
		'--events', String(events), '--days', '1'],
	crm: (server, secret) => `name = "dyn"; driver = "dynamics";
	base_url = "${server.url}"; client_id = "${CLIENT}";
	rate_per_second = 10.0;
	token_url = "${server.url}/${TENANT}/oauth2/v2.0/token";
	secret = "${secret('secret', 'sim-secret-0123456789')}";` });

test('a day of 2,000 and one of 20,000 events', { limit_ms: 240000 },
    async () => {
	const { large } = await days_compare(of, 300);
	assert.deepStrictEqual(large.stats.complaints, {});
});

main();
