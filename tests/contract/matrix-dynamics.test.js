#!/usr/bin/env node
/*
 * matrix-dynamics.test.js - nights with the Dynamics 365 of the tests, one of
 * each case disturbed.
 */
'use strict';

const { matrix } = require('./lib/matrix.js');

const TENANT = 'contoso.onmicrosoft.com', CLIENT = 'cid', SECRET = 'sec';
const made = (sim, table, set, more = {}) =>
	sim.ask('record', { table, set, ...more });
const time = (t) => t.toISOString().replace(/\..*/, 'Z');

const events = {
	meet: (sim, person, ended, more) => made(sim, 'appointments', {
		subject: 'Møde', statecode: 1, statuscode: 3,
		actualend: time(ended), scheduledend: time(ended) },
	    { ...more, parties: person ? [{ contact: person, mask: 5 }] : [] }),
	sale: (sim, person, ended, more) => made(sim, 'opportunities', {
		name: 'Tilbud', statecode: 1, statuscode: 3, parentcontactid: person,
		actualclosedate: time(ended).slice(0, 10) }, more),
	case: (sim, person, ended, more) => made(sim, 'incidents', {
		title: 'Sag', statecode: 1, statuscode: 5,
		primarycontactid: person }, more),
};

const crm = {
	name: 'dynamics', named: /\bdyn\b/,
	options: ['--seed-world', '30', '--events', '30', '--tenant', TENANT,
		'--client-id', CLIENT, '--secret', SECRET],
	conf: (server, secret) => `name = "dyn"; driver = "dynamics";
		base_url = "${server.url}"; client_id = "${CLIENT}";
		token_url = "${server.url}/${TENANT}/oauth2/v2.0/token";
		secret = "${secret('secret', SECRET)}"; page_size = 200;
		max_wait_s = 2; rate_per_second = 10.0; backoff_s = 0.1;
		backoff_max_s = 0.2;`,
	tagged: { npt_npstags: 'VIP' },
	refusals: { nomail: { donotemail: true },
		nobulk: { donotbulkemail: true },
		nosend: { npt_npstags: 'NPSToday.NoSend', reason: 'no_send' } },
	person: async (sim, emailaddress1, fields) => (await made(sim, 'contacts', {
		firstname: 'Åse', lastname: 'Sørensen', emailaddress1, statecode: 0,
		statuscode: 1, donotemail: false, donotbulkemail: false,
		...fields })).id,
	event: (sim, kind, person, ended, { late_s = 0 }) =>
		events[kind](sim, person, ended, { late_s }),
	filler: (sim, count, ended) => events.meet(sim, null, ended, { count }),
	deals: (sim, person, count, ended) => made(sim, 'opportunities', {
		name: 'Gammel', statecode: 1, statuscode: 3,
		parentcontactid: person.id,
		actualclosedate: time(ended).slice(0, 10) }, { count }),
	async deals_edit(sim) {
		const { rows: [, user] } = await sim.ask('rows',
		    { table: 'systemusers', limit: 2 });
		await sim.ask('update', { table: 'opportunities',
			where: "name eq 'Gammel'",
			set: { _ownerid_value: user.systemuserid } });
	},
	/* What somebody else wrote just before us. */
	foreign: (sim) => new Map(sim.ledger().filter((l) => l.by === 'other' &&
		l.set?.npt_npstags !== undefined)
	    .map((l) => [l.id, l.set.npt_npstags.split(';')])),
	async tags(sim) {
		const { rows } = await sim.ask('rows', { table: 'contacts',
			limit: 1000 });
		return new Map(rows.map((r) => [r.contactid,
			(r.npt_npstags ?? '').split(/[\n,;]\s*/).filter(Boolean)]));
	},
};

const for_ever = { times: -1 };
const FAILS = [1, 69, 78];	/* of npsync(8): the CRM failed */
matrix({ crm, mutants: [{ name: 'next-dropped' },
	{ name: 'update-lost', tag: true }],
reads: [
	{ word: 'a token ends between pages', filler: 250,
		fault: { kind: 'expired', on: 'list', table: 'appointments',
			after: 1 } },
	{ word: '401 for ever', code: FAILS,
		fault: { kind: 401, on: 'data', ...for_ever } },
	{ word: 'committed late', late: 840 },
	{ word: 'one stamp on three pages', filler: 450 },
	{ word: 'a meeting entered three days late', kind: 'meet',
		ended_days: 3 },
	{ word: '429 for ever', code: FAILS, fault: { kind: 429, on: 'list',
		retry_after: 1, ...for_ever } },
	{ word: 'a page of HTML', code: FAILS, fault: { kind: 'html', on: 'list',
		...for_ever } },
	{ word: 'a body cut', filler: 250, fault: { kind: 'cut_body', on: 'list',
		after: 1 } },
	{ word: 'connections cut', code: FAILS, fault: { kind: 'cut_before',
		on: 'list', ...for_ever } },
], tags: [
	{ word: 'nothing wrong' },
	{ word: 'somebody was faster', fault: { kind: 'conflict', on: 'patch',
		set: { npt_npstags: 'VIP;Ny' } } },
	{ word: '429 for ever', code: FAILS, fault: { kind: 429, on: 'patch',
		retry_after: 1, ...for_ever } },
	{ word: 'cut behind the effect', fault: { kind: 'cut_after',
		on: 'patch' } },
] });
