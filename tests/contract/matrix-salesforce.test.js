#!/usr/bin/env node
/*
 * matrix-salesforce.test.js - nights with the Salesforce of the tests, one of
 * each case disturbed.
 */
'use strict';

const assert = require('node:assert');
const { matrix } = require('./lib/matrix.js');

const time = (t) => t.toISOString().replace(/\..*/, 'Z');
const made = async (sim, object, fields, { count = 1, ...more } = {}) =>
	(await sim.ask('record', { records: Array.from({ length: count }, () =>
		({ object, fields, ...more })) })).ids;
const deals = async (sim, person, Name, ended, more = {}) => {
	const ids = await made(sim, 'Opportunity', { Name, StageName: 'Closed Won',
		CloseDate: time(ended).slice(0, 10) }, more);
	await sim.ask('record', { records: ids.map((OpportunityId) => ({
		object: 'OpportunityContactRole', fields: { OpportunityId,
			ContactId: person, IsPrimary: true } })) });
};

const events = {
	meet: (sim, WhoId, ended, more) => made(sim, 'Event', { Subject: 'Møde',
		...WhoId ? { WhoId } : {}, StartDateTime: time(ended),
		EndDateTime: time(ended) }, more),
	sale: (sim, person, ended, more) => deals(sim, person, 'Handel', ended,
	    more),
	case: (sim, ContactId, ended, more) => made(sim, 'Case', { ContactId,
		Status: 'Closed', Subject: 'Sag' }, more),
};

const KEY = 'NPSToday_Tags__c';
const crm = {
	name: 'salesforce', named: /\bsf\b/,
	options: ['--contacts', '0', '--page-max', '200'],
	conf: (server, secret) => `name = "sf"; driver = "salesforce";
		login_url = "${server.url}"; client_id = "cid";
		client_secret = "${secret('secret', 'sec')}";
		rate_per_second = 10.0; backoff_s = 0.1; backoff_max_s = 0.2;`,
	tagged: { [KEY]: 'VIP' },
	refusals: { optout: { HasOptedOutOfEmail: true },
		nosend: { [KEY]: 'NPSToday.NoSend', reason: 'no_send' } },
	person: async (sim, Email, fields) => (await made(sim, 'Contact', {
		FirstName: 'Åse', LastName: 'Sørensen', Email,
		...fields }))[0],
	event: (sim, kind, person, ended, { visible_at }) =>
		events[kind](sim, person, ended,
		    visible_at ? { visible_at: time(visible_at) } : {}),
	filler: (sim, count, ended) => events.meet(sim, null, ended, { count }),
	deals: (sim, { id }, count, ended) => deals(sim, id, 'Gammel', ended,
	    { count }),
	deals_edit: (sim) => sim.ask('touch', { query:
		"SELECT Id FROM Opportunity WHERE Name = 'Gammel'",
		fields: { NextStep: 'Ny' } }),
	/* Cards whose tags were ever written. */
	async tags(sim) {
		const found = new Map();
		for (const l of sim.ledger())
			if (l.object === 'Contact' && l.fields?.[KEY] !== undefined)
				found.set(l.id, (l.fields[KEY] ?? '')
				    .split(/[\n,;]\s*/).filter(Boolean));
		return found;
	},
	stats_check: ({ violations }) => assert.strictEqual(violations,
	    undefined),
};

const for_ever = { times: -1 };
const FAILS = [1, 69, 78];	/* of npsync(8): the CRM failed */
matrix({ crm, mutants: [{ name: 'drop-next' },
	{ name: 'write-lost', tag: true }],
reads: [
	{ word: 'a token ends between pages', filler: 250,
		fault: { kind: 'expire', on: 'next' } },
	{ word: '401 for ever', code: FAILS, fault: { kind: 'session',
		on: 'any', text: 'Session expired or invalid', ...for_ever } },
	{ word: 'committed late', late: 840 },
	{ word: 'one stamp on three pages', filler: 450 },
	{ word: 'a meeting entered three days late', kind: 'meet',
		ended_days: 3 },
	{ word: '429 for ever', code: FAILS, fault: { kind: 429, on: 'query',
		retry_after: 1, ...for_ever } },
	{ word: 'the quota is used', code: FAILS, fault: { kind: 'request_limit',
		on: 'query', ...for_ever } },
	{ word: 'a page of HTML', code: FAILS, fault: { kind: 'html',
		on: 'query', ...for_ever } },
	{ word: 'a body cut', filler: 250, fault: { kind: 'truncated',
		on: 'next' } },
	{ word: 'connections cut', code: FAILS, fault: { kind: 'cut_before',
		on: 'query', ...for_ever } },
], tags: [
	{ word: 'nothing wrong' },
	{ word: 'a record is locked', code: [0, 1], fault: { kind: 'lock',
		on: 'any', records: 1 } },
	{ word: '429 for ever', code: FAILS, fault: { kind: 429,
		on: 'collection', retry_after: 1, ...for_ever } },
	{ word: 'cut behind the effect', code: [0, 1],
		fault: { kind: 'cut_after', on: 'collection' } },
] });
