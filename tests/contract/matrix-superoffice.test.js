#!/usr/bin/env node
/*
 * matrix-superoffice.test.js - nights with the SuperOffice of the tests, one of
 * each case disturbed.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { matrix } = require('./lib/matrix.js');
const { scratch } = require('./lib/sim.js');
const { crm_group, keys } = require('./lib/superoffice.js');

const PEM = path.join(scratch(), 'public.pem');
fs.writeFileSync(PEM, keys.publicKey.export({ type: 'spki', format: 'pem' }));

const time = (t) => t.toISOString().replace(/\..*/, 'Z');
const made = (sim, table, set, more = {}) =>
	sim.ask('record', { table, set, ...more });

const events = {
	meet: (sim, personId, ended, more) => made(sim, 'appointment', { personId,
		endDate: time(ended), date: time(ended) }, more),
	sale: (sim, personId, ended, more) => made(sim, 'sale', { personId },
	    more),
	case: (sim, personId, ended, more) => made(sim, 'ticket', { personId,
		closedAt: time(ended) }, more),
};

const crm = {
	name: 'superoffice', named: /\bso\b/,
	options: ['--public-key', PEM, '--seed-world', '30', '--events', '30'],
	conf: crm_group(`page_size = 200; backoff_s = 0.1;
		backoff_max_s = 0.2;`),
	tagged: { interests: [1] },
	/* SO-18 */
	refusals: { nomail: { personNoMail: true,
		reason: 'opted_out: no mailings' },
		withdrawn: { legalBaseEmarketing: 'WITHDRAWN',
			reason: 'opted_out: e-marketing consent withdrawn' },
		nosend: { interests: [3], reason: 'no_send' } },
	person: async (sim, mail, fields) => (await made(sim, 'person', {
		contactId: (await made(sim, 'contact', { name: mail })).id,
		emails: [{ emailAddress: mail, emailId: 0, emailProtocol: 'SMTP',
			emailHasBounced: false, emailBounceCount: 0 }],
		...fields })).id,
	event: (sim, kind, person, ended, { late_s = 0 }) =>
		events[kind](sim, person, ended, { late_s }),
	filler: (sim, count, ended) => events.meet(sim, 0, ended, { count }),
	deals: (sim, person, count) => made(sim, 'sale', { personId: person.id,
		heading: 'Gammel' }, { count }),
	calm: (sim) => sim.ask('state', { state: 'Running' }),
	deals_edit: (sim) => sim.ask('update', { table: 'sale',
		where: { heading: 'Gammel' }, set: { associateId: 2 } }),
	async tags(sim) {
		const ask = async (table) => (await sim.ask('rows', { table,
			limit: 1000 })).rows;
		const names = new Map((await ask('interest')).map((r) =>
			[r.interestId, r.name]));
		return new Map((await ask('person')).map((r) =>
			[String(r.personId), r.interests.map((i) =>
				names.get(i))]));
	},
};

const for_ever = { times: -1 };
const FAILS = [1, 69, 78];	/* of npsync(8): the CRM failed */
matrix({ crm, mutants: [{ name: 'filter-ignored' }, { name: 'row-dropped' },
	{ name: 'enable-ignored', tag: true },
	{ name: 'others-cleared', tag: true }],
reads: [
	{ word: 'a ticket ends between pages', filler: 250,
		fault: { kind: 'expired', on: 'archive', provider:
		    'FindAppointment', after: 1 } },
	/* SO-16: each pool in the night, 01:00 to 03:00 (UTC+1). */
	{ word: 'pools start again', filler: 450, fault: [{ kind: 'recycle',
		on: 'archive', provider: 'FindAppointment', after: 1 },
	{ kind: 'recycle', on: 'archive', provider: 'FindSale' },
	{ kind: 'recycle', on: 'archive', provider: 'Person', times: 2 }] },
	/* SO-01 */
	{ word: 'the tenant moves between pages', filler: 450, fault: [
		{ kind: 'moved', on: 'archive', provider: 'FindAppointment',
			after: 1 },
		{ kind: 'moved', on: 'archive', provider: 'Person' }] },
	{ word: '421 for ever', code: FAILS, fault: { kind: 421, on: 'data',
		...for_ever } },
	{ word: '503 twice', filler: 250, fault: [{ kind: 503, text: 'html',
		on: 'archive', provider: 'FindAppointment', after: 1 },
	{ kind: 503, on: 'archive', provider: 'Person' }] },
	{ word: '503 for ever', code: FAILS, fault: { kind: 503, text: 'html',
		on: 'data', ...for_ever } },
	{ word: 'maintenance offline', code: FAILS, says: /maint|running/i,
		fault: { control: 'state', state: 'OfflineMaintenance' } },
	{ word: 'maintenance online', fault: { control: 'state',
		state: 'OnlineMaintenance' } },
	{ word: '401 for ever', code: FAILS,
		fault: { kind: 401, on: 'data', ...for_ever } },
	{ word: 'committed late', late: 840 },
	{ word: 'one stamp on three pages', filler: 450 },
	{ word: 'a meeting entered three days late', kind: 'meet',
		ended_days: 3 },
	{ word: '429 for ever', code: FAILS, fault: { kind: 429, on: 'archive',
		retry_after: 1, ...for_ever } },
	{ word: 'a page of HTML', code: FAILS, fault: { kind: 'html',
		on: 'archive', ...for_ever } },
	{ word: 'a body cut', filler: 250, fault: { kind: 'truncated',
		on: 'archive', provider: 'FindAppointment', after: 1 } },
	{ word: 'connections cut', code: FAILS, fault: { kind: 'cut_before',
		on: 'archive', ...for_ever } },
], tags: [
	{ word: 'nothing wrong' },
	{ word: 'somebody else holds the card', code: [0, 1],
		fault: { kind: 409, on: 'interests' } },
	{ word: 'pools start again', fault: { kind: 'recycle',
		on: 'interests' } },
	{ word: 'pools start again and again', fault: [
		{ kind: 'recycle', on: 'interests' },
		{ kind: 'recycle', on: 'entity' }] },
	{ word: 'the tenant moves', fault: { kind: 'moved', on: 'interests' } },
	{ word: '503 once', code: [0, 1], fault: { kind: 503, text: 'html',
		on: 'interests' } },
	{ word: '429 for ever', code: FAILS, fault: { kind: 429,
		on: 'interests', retry_after: 1, ...for_ever } },
	{ word: 'cut behind the effect', code: [0, 1],
		fault: { kind: 'cut_after', on: 'interests' } },
] });
