#!/usr/bin/env node
/*
 * asknicely-load.test.js - a night with 2,000 answers at the AskNicely of the
 * tests (NPSYNC_LONG: 20,000), the large pages lying in its storage: how many
 * requests npsync makes, and that it has no more memory than with a tenth of them.
 * And a night that asks 300 people (NPSYNC_LONG: 20,000, at the service's own pace
 * of 40 minutes): each of them once, and from the first to the last npsync takes no
 * more memory.  What it has before them is of the CRM's pages.
 */
'use strict';

const assert = require('node:assert');
const { test, main, note } = require('./lib/tap.js');
const { sim_start } = require('./lib/sim.js');
const { place_make } = require('./lib/place.js');

const MORE_KIB = 16384;
/* While people are asked, how many they be: as much as a batch of them holds, and
 * what the allocator keeps of it. */
const SENDING_KIB = 3072;
const SENDS = process.env.NPSYNC_LONG ? 20000 : 300;
const RATE = 8;		/* a second: all that the service allows */
const ANSWERS = process.env.NPSYNC_LONG ? 20000 : 2000;
const KEY = 'k-0123456789abcdef';
const TENANT = 'contoso.onmicrosoft.com';
const CLIENT = '11111111-2222-4333-8444-555555555555';
const TOKEN = 'pat-eu1-11111111-2222-4333-8444-555555555555';

const crm = (server, secret) => `name = "hs"; driver = "hubspot";
	base_url = "${server.url}"; token = "${secret('token', TOKEN)}";`;

const survey = (sim, storage) => (secret) => `driver = "asknicely";
	base_url = "${sim.url}/api/v1"; api_key = "${secret('an', KEY)}";
	responses = { redirect_hosts = [ "127.0.0.1:${storage}" ]; };
	campaign = ( { id = "7749"; alias = "Møde"; },
		{ id = "7750"; alias = "Salg"; },
		{ id = "7751"; alias = "Tabt salg"; },
		{ id = "7752"; alias = "Sag lukket"; } );`;

async function night_of(answers) {
	const now = '2026-11-25T20:00:00Z';
	const sim = await sim_start('asknicely', ['--key', KEY, '--now', now,
		'--redirect-above', '999', '--limits', 'real']);
	const { storage_port } = await sim.get('/sim/stats');
	const place = await place_make('hubspot', ['--now', now, '--tags', 'text',
		'--seed-world', '50', '--events', '10'], crm,
	    { survey: survey(sim, storage_port), inactivity: false });
	await place.must(new Date(now), 'run', 'hourly');
	await place.must(new Date(now), 'activate');
	await sim.ask('fill', { answers, optouts: answers / 10,
		from: '2026-11-25T08:00:00Z', to: '2026-11-25T19:00:00Z' });
	const before = sim.requests().length;
	const { kib, text } = await place.measured(
	    new Date('2026-11-25T20:01:00Z'), 'run', 'hourly');
	const requests = sim.requests().length - before;
	const { violations, redirects } = await sim.get('/sim/stats');
	await place.stop();
	await sim.stop();
	return { kib, requests, text, violations, redirects };
}

test(`a night of ${ANSWERS / 10} and one of ${ANSWERS} answers`,
    { limit_ms: 290000 }, async () => {
	const small = await night_of(ANSWERS / 10), large = await night_of(ANSWERS);
	for (const [name, one] of Object.entries({ small, large }))
		note(`${name}: ${one.requests} requests, ${one.redirects} of ` +
		    `them redirected, npsync ${one.kib} KiB ${one.text}`);
	/* Pages of 1,000, their files, pages of opt-outs. */
	assert.ok(large.requests < 10 + ANSWERS / 500, `${large.requests} requests`);
	assert.ok(large.redirects >= ANSWERS / 1000);
	assert.ok(large.kib < small.kib + MORE_KIB);
	assert.deepStrictEqual(large.violations, {});
});

/* ---- sends --------------------------------------------------------------- */

/* Twice as many people, and events; night_max is what leaves. */
const dynamics = (server, secret) => `name = "dyn"; driver = "dynamics";
	base_url = "${server.url}"; client_id = "${CLIENT}";
	rate_per_second = 10.0;
	token_url = "${server.url}/${TENANT}/oauth2/v2.0/token";
	secret = "${secret('secret', 'sim-secret-0123456789')}";`;

async function night_that_asks(people) {
	const now = '2026-11-25T20:00:00Z';
	const sim = await sim_start('asknicely', ['--key', KEY, '--now', now,
		'--limits', 'real']);
	const { storage_port } = await sim.get('/sim/stats');
	const place = await place_make('dynamics', ['--now', now,
		'--seed-world', String(2 * people + 100),
		'--events', String(3 * people + 100), '--days', '1'], dynamics, {
		survey: (secret) => `rate_per_second = ${RATE}.0; ` +
		    survey(sim, storage_port)(secret),
		other: sim, inactivity: false,
		rules: `flood_floor = 0; company_max = 0; night_max = ${people};`,
	});
	await place.must(new Date('2026-11-24T07:00:00Z'), 'run', 'hourly');
	await place.must(new Date('2026-11-24T07:00:00Z'), 'activate');
	const before = sim.requests().length, began = Date.now();
	const seen = [];
	/* From the first to the last: what it does then is not of who is asked. */
	const timer = setInterval(() => {
		const sends = sim.requests().filter((l) =>
		    l.includes('/contact/trigger')).length;
		if (sends > 0 && sends < people)
			seen.push(place.rss());
	}, 500);
	const { kib, text } = await place.measured(
	    new Date('2026-11-26T00:10:00Z'), 'run', 'night');
	clearInterval(timer);
	const rss = seen.filter((n) => n > 0);
	/* Not told by this kernel, or too fast to be seen. */
	const sending = rss.length === 0 ? NaN : Math.max(...rss) - rss[0];
	const seconds = Math.round((Date.now() - began) / 1000);
	const requests = sim.requests().length - before;
	const asked = sim.ledger().filter((l) => l.kind === 'send')
	    .map((l) => l.email);
	const { violations, too_early } = await sim.get('/sim/stats');
	await place.stop();
	note(`${asked.length} sends: ${requests} requests, ${seconds} s, ` +
	    `npsync ${kib} KiB, +${sending} KiB while it asked`);
	return { kib, text, requests, asked, violations, too_early, sending };
}

test(`a night that asks ${SENDS / 10} people, and one that asks ${SENDS}`,
    { limit_ms: process.env.NPSYNC_LONG ? 5400000 : 290000 }, async () => {
	const small = await night_that_asks(SENDS / 10);
	const large = await night_that_asks(SENDS);
	for (const [one, people] of [[small, SENDS / 10], [large, SENDS]]) {
		assert.strictEqual(one.asked.length, people, one.text);
		assert.strictEqual(new Set(one.asked).size, people);
		assert.deepStrictEqual(one.violations, {});
		assert.strictEqual(one.too_early, 0);
		if (Number.isNaN(one.sending) && process.env.CI !== 'true')
			note('the memory while it asked could not be seen');
		else
			assert.ok(one.sending < SENDING_KIB,
			    `+${one.sending} KiB`);
		/* One a person; lists besides. */
		assert.ok(one.requests < people + 20, `${one.requests}`);
	}
	assert.ok(large.kib < small.kib + MORE_KIB);
});

main();
