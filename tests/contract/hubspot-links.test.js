#!/usr/bin/env node
/*
 * hubspot-links.test.js - whom an event is about changes, and nothing else does:
 * HubSpot moves no stamp of a record when it is linked to a contact (HS-14).
 *
 * How the program could fail: a deal that got its contact a day after it was won
 * is nobody's for ever; who was taken off before the night is asked; who was
 * asked is asked again, under his own id or that of the card he was merged into;
 * who is linked now to what ended before go-live is asked about it.
 */
'use strict';

const assert = require('node:assert');
const { test, main, note } = require('./lib/tap.js');
const { place_make } = require('./lib/place.js');

const TOKEN = 'pat-eu1-11111111-2222-4333-8444-555555555555';
const LIMIT_MS = 240000;
const FIRST = Date.parse('2026-11-24T00:00:00Z');
const at = (day, hour) => new Date(FIRST + (day * 24 + hour) * 3600000);

let place, before;		/* of the day before go-live */
const made = async (type, set, contacts = []) => (await place.server.ask(
    'record', { type, contacts, set: { ...set, hubspot_owner_id: '778899' } }))
    .id;
const person = (word) => made('contacts', { firstname: 'Åse',
	lastname: 'Sørensen', email: `${word}@kunde.example` });
const meeting = (ended, ...contacts) => made('meetings', {
	hs_meeting_title: 'Møde', hs_timestamp: ended.toISOString(),
	hs_meeting_start_time: ended.toISOString(),
	hs_meeting_end_time: ended.toISOString(),
	hs_meeting_outcome: 'COMPLETED' }, contacts);
const deal = (closed, ...contacts) => made('deals', { dealname: 'Aftale',
	dealtype: 'newbusiness', dealstage: 'closedwon',
	closedate: closed.toISOString() }, contacts);
const ticket = (...contacts) => made('tickets', { subject: 'Sag',
	hs_pipeline_stage: '4' }, contacts);
const link = (type, id, contact, gone = false) => place.server.ask('link',
    { type, id, to: 'contacts', with: contact, gone });
const asked = () => place.service.ledger().filter((l) =>
	l.kind === 'respondent').map((l) => l.email.split('@')[0]).sort();
const night = (day) => place.must(at(day, 2.2), 'run', 'night');

async function begin() {
	place = await place_make('hubspot', ['--now', '2026-11-24T06:00:00Z',
		'--tags', 'text', '--seed-world', '5', '--events', '0'],
	(server, secret) => `name = "hs"; driver = "hubspot";
		base_url = "${server.url}"; token = "${secret('token', TOKEN)}";
		search_rate = 5.0; rate_per_second = 10.0;`,
	{ inactivity: false });
	before = await meeting(at(-1, 10));
	await place.must(at(0, 7), 'run', 'hourly');
	await place.must(at(0, 7), 'activate');
}

test('a contact that comes late is asked, one that left is not',
    { limit_ms: LIMIT_MS }, async () => {
	await begin();
	await place.clock(at(0, 17));
	const who = {};
	for (const word of ['buyer', 'guest', 'caller', 'stranger', 'second',
		'first', 'early'])
		who[word] = await person(word);
	const sold = await deal(at(0, 17));
	const met = await meeting(at(0, 16));
	const closed = await ticket();
	const other = await meeting(at(0, 15), who.stranger);
	const shared = await meeting(at(0, 14), who.first);
	await place.clock(at(0, 20));
	await link('meetings', other, who.stranger, true);
	await night(1);
	assert.deepStrictEqual(asked(), ['first']);
	/* In the day after, long after overlap_s, and two days after. */
	await place.clock(at(1, 10));
	await link('deals', sold, who.buyer);
	await link('meetings', met, who.guest);
	await link('meetings', before, who.early);
	await night(2);
	const second = asked();
	await place.clock(at(2, 10));
	await link('tickets', closed, who.caller);
	await link('meetings', shared, who.second);
	await night(3);
	note(`asked: first; then ${second}; then ${asked()}`);
	assert.deepStrictEqual(second, ['buyer', 'first', 'guest']);
	assert.match(await place.must(at(3, 3), 'explain',
	    'early@kunde.example'), /before npsync was started|before_start/);
	/* The links go to the survivor, whose address nobody asked. */
	await place.clock(at(3, 10));
	await place.server.ask('merge', { type: 'contacts',
		loser: who.first, winner: await person('heir') });
	await night(4);
	await night(5);
	assert.deepStrictEqual(asked(), ['buyer', 'caller', 'first', 'guest',
		'second']);
});

main(async () => { if (place) await place.stop(); });
