#!/usr/bin/env node
/*
 * superoffice.test.js - is tests/sim/superoffice what its page says?  The cases
 * are plain requests after the vendor's pages; the same cases must fail against
 * each server that is wrong in one way (--mutate).
 */
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const { test, main, run_cases, note } = require('./lib/tap.js');
const so = require('./lib/superoffice.js');

let sim, at;
let mutant = [];	/* options of the server that is judged now */

async function begin(...options) {
	if (sim)
		await sim.stop();
	sim = await so.tenant_start(['--seed-world', '80', '--events', '200',
		...options, ...mutant]);
	at = await so.client(sim);
}
const SINCE = "updatedDate afterTime '2026-10-20T00:00:00'";
const sales = (args) => at.archive('/Sale', { select: 'saleId,saleStatus',
	filter: `saleStatus oneOf (2) and ${SINCE} and saleId gt 0`,
	orderBy: 'saleId asc', top: 1000, output: 'Logical', ...args });
const rows = async (table, where, limit = 1000) =>
	(await sim.ask('rows', { table, where, limit })).rows;
const good = (res, status = 200) => {
	assert.strictEqual(res.status, status, res.text);
	return res.json;
};
const refused = (res, status = 400) => {
	assert.strictEqual(res.status, status, res.text);
	assert.strictEqual(res.json.Error, true);
	assert.ok(res.json.ErrorType.startsWith('So'));
};
const update = (PersonId, on, off) => at.call('POST',
    '/Agents/Person/UpdateInterests', { PersonId, EnableInterestIds: on,
	    DisableInterestIds: off });
const patch = (id, ops, headers) => at.call('PATCH',
    `/Person/${id}?$select=PersonId,CustomFields`, ops, headers);
const cases = [];
const check = (name, fn) => cases.push({ name, fn, limit_ms: 20000 });

check('a ticket: signature, minute, application and context count',
    async () => {
	await begin();
	const other = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
	for (const [args, code] of [
		[['202611252000', {}, other.privateKey], 7],
		[['202611251900'], 6], [['202611252100'], 6],
		[['202611252000', { ApplicationToken: 'x' }], 4],
		[['202611252000', { ContextIdentifier: 'Cust9' }], 4],
		[['202611252000', { SignedSystemToken: 'Other-1.2.3' }], 1]]) {
		const res = await so.login(sim, ...args);
		assert.strictEqual(res.IsSuccessful, false, JSON.stringify(args));
		assert.strictEqual(res.ErrorCode, code);
		assert.strictEqual(res.Token, null);
	}
	const told = so.claims((await so.login(sim)).Token);
	assert.match(told[so.TICKET], /^7T:/);
	assert.strictEqual(told['http://schemes.superoffice.net/identity/ctx'],
	    'Cust12345');
});

check('the JWT is signed with the key of the jwks', async () => {
	await begin();
	const { Token } = await so.login(sim);
	const jwks = await sim.get('/login/.well-known/jwks');
	const key = crypto.createPublicKey({ key: jwks.keys[0], format: 'jwk' });
	const cut = Token.lastIndexOf('.');
	assert.ok(crypto.verify('sha256', Buffer.from(Token.slice(0, cut)), key,
	    Buffer.from(Token.slice(cut + 1), 'base64url')));
});

check('no call without a ticket and the application token', async () => {
	await begin();
	for (const headers of [{ authorization: 'SOTicket 7T:none' },
		{ 'so-apptoken': 'other' }, { authorization: 'Basic bnBz' }])
		refused(await at.call('GET', '/MDOList/task', undefined, headers),
		    401);
	good(await at.call('GET', '/MDOList/task'));
	await sim.ask('expire', {});
	refused(await at.call('GET', '/MDOList/task'), 401);
});

check('a ticket slides for six hours', async () => {
	await begin();
	for (const hour of ['T01:00', 'T06:30', 'T12:00']) {
		await sim.ask('now', { now: `2026-11-26${hour}:00Z` });
		good(await at.call('GET', '/MDOList/task'));
	}
	await sim.ask('now', { now: '2026-11-26T18:01:00Z' });
	refused(await at.call('GET', '/MDOList/task'), 401);
});

check('the archive has what is there, in order, page after page', async () => {
	await begin();
	const want = (await rows('sale', { saleStatus: 2 })).map((v) => v.saleId);
	const met = [];
	for (let last = 0, n = 1; n > 0;) {
		const { value } = good(await sales({ top: 7, filter:
		    `saleStatus oneOf (2) and ${SINCE} and saleId gt ${last}` }));
		n = value.length;
		assert.ok(n <= 7);
		met.push(...value.map((v) => v.saleId));
		last = met.at(-1);
	}
	assert.ok(want.length > 10);
	assert.deepStrictEqual(met, want);
	const { value } = good(await sales({ orderBy: 'saleId desc' }));
	assert.deepStrictEqual(value.map((v) => v.saleId), want.toReversed
	    ? want.toReversed() : [...want].reverse());
});

check('$select gives what was asked for, in its forms', async () => {
	await begin();
	const names = 'saleId,saleStatus,completed,updatedDate,person/fullName,' +
		'person/email/emailAddress,associateId';
	const slim = good(await sales({ select: names, top: 1 })).value[0];
	assert.deepStrictEqual(Object.keys(slim),
	    ['PrimaryKey', 'EntityName', ...names.split(',')]);
	assert.strictEqual(slim.PrimaryKey, String(slim.saleId));
	assert.strictEqual(slim.saleStatus, 'Solgt');
	assert.strictEqual(slim.completed, true);
	assert.match(slim.updatedDate, /Z$/);
	assert.match(slim.associateId, /^USR/);
	const full = good(await sales({ select: names, top: 1, mode: 'Full' }))
	    .value[0];
	assert.strictEqual(full.PrimaryKey, slim.saleId);
	assert.strictEqual(full.Column.saleStatus.RawValue, 2);
	const safe = good(await sales({ select: names, top: 1, jsonSafe: 'true' }));
	assert.ok('person_fullName' in safe.value[0]);
	const shown = good(await sales({ select: names, top: 1,
		output: 'Display' })).value[0];
	assert.strictEqual(typeof shown.completed, 'string');
});

check('times: without the header local and bare, updated always UTC',
    async () => {
	await begin();
	const select = 'saleId,date,updatedDate';
	const utc = good(await sales({ select, top: 1 })).value[0];
	const call = (zone) => at.archive('/Sale', { select, top: 1,
		orderBy: 'saleId', filter: 'saleStatus oneOf (2)' },
	{ 'so-timezone': zone });
	const local = good(await call('W. Europe Standard Time')).value[0];
	assert.doesNotMatch(local.date, /Z$|\+/);
	assert.notStrictEqual(local.date, utc.date.slice(0, 19));
	assert.strictEqual(local.updatedDate, utc.updatedDate.slice(0, 19));
	refused(await call('Mars'));
});

check('what a query may not say', async () => {
	await begin();
	for (const args of [{ select: 'saleId,motherId' }, { filter: '' },
		{ filter: 'nothing gt 0' }, { filter: 'personId gt 0' },
		{ filter: 'saleId oneOf (2)' }, { filter: 'saleStatus eq' },
		{ filter: 'saleId gt 0 and' }, { filter: '(saleId gt 0' },
		{ filter: 'saleTypeId eq 1' }, { filter: 'saleId gt 0)' },
		{ filter: "updatedDate afterTime 'then'" },
		{ orderBy: 'nothing' }, { orderBy: 'saleId up' },
		{ entities: 'person' }, { mode: 'Fat' }, { top: 'all' }])
		refused(await sales(args));
	good(await sales({ filter: 'getAllRows set true' }));
	refused(await at.archive('/Archive/Nothing', {}), 404);
});

check('conditions: and before or, parentheses, every operator', async () => {
	await begin();
	const all = await rows('sale', {});
	const find = async (filter) => good(await sales({ filter })).value
	    .map((v) => v.saleId);
	const have = (fn) => all.filter(fn).map((v) => v.saleId);
	const day = (v) => Math.floor(v.updatedDate / 86400);
	const nov10 = Date.UTC(2026, 10, 10) / 86400000;
	for (const [filter, fn] of [
		['saleId lt 9 and saleStatus oneOf (3) or saleId eq 11',
			(v) => (v.saleId < 9 && v.saleStatus === 3) || v.saleId === 11],
		['saleId lt 9 and (saleStatus oneOf (3) or saleId ge 5)',
			(v) => v.saleId < 9 && (v.saleStatus === 3 || v.saleId >= 5)],
		['saleStatus notOneOf (1,2)', (v) => v.saleStatus === 3],
		['saleId in (3,5,7)', (v) => [3, 5, 7].includes(v.saleId)],
		['saleId between (4,6)', (v) => v.saleId > 3 && v.saleId < 7],
		['completed set false', (v) => v.saleStatus === 1],
		["updatedDate before '2026-11-10'", (v) => day(v) < nov10],
		["updatedDate after '2026-11-10'", (v) => day(v) > nov10],
		["updatedDate beforeTime '2026-11-10T12:00:00'",
			(v) => v.updatedDate < (nov10 + 0.5) * 86400],
		["updatedDate afterTime '2026-11-10T12:00:00'",
			(v) => v.updatedDate > (nov10 + 0.5) * 86400],
		["heading begins 'tilbud' and heading notContains 'x'", () => true],
		["heading is 'other'", () => false]])
		assert.deepStrictEqual(await find(filter), have(fn), filter);
});

check('persons: entities, consent, two addresses, interests', async () => {
	await begin('--email-rows');
	const select = 'personId,retired,withdrawnEmarketingConsent,' +
		'email/emailAddress,personInterestIds';
	const people = async (args) => good(await at.archive('/Person', { select,
		filter: 'personId gt 0', orderBy: 'personId', top: 1000,
		output: 'Logical', ...args })).value;
	const all = await rows('person', {});
	const found = await people();
	const mails = all.reduce((n, v) => n + Math.max(1, v.emails.length), 0);
	assert.strictEqual(found.length, mails);
	assert.ok(mails > all.length);
	assert.strictEqual((await people({ select: 'personId' })).length,
	    all.length);
	const retired = await people({ entities: 'retiredPerson' });
	assert.ok(retired.length > 0 && retired.every((v) => v.retired));
	for (const v of all)
		assert.strictEqual(found.find((x) => x.personId === v.personId)
		    .withdrawnEmarketingConsent,
		v.legalBaseEmarketing === 'WITHDRAWN');
	const golf = await people({ filter: 'personInterestIds oneOf (1)',
		select: 'personId' });
	assert.deepStrictEqual(golf.map((v) => v.personId), all.filter(
	    (v) => v.interests.includes(1)).map((v) => v.personId));
});

check('closed tickets may need their entity', async () => {
	await begin('--closed-entity');
	const tickets = async (more) => good(await at.archive('/Ticket', {
		select: 'ticketId', filter: 'status oneOf (2)', top: 1000,
		orderBy: 'ticketId', ...more })).value.length;
	assert.strictEqual(await tickets({}), 0);
	assert.strictEqual(await tickets({
		entities: 'ticket,ticketdisplayclosed' }),
	(await rows('ticket', { status: 2 })).length);
});

check('a sale has its history, a change moves updated', async () => {
	await begin();
	const { id } = await sim.ask('record', { table: 'sale',
		set: { personId: 3, saleStatus: 1 } });
	await sim.ask('now', { now: '2026-11-26T01:00:00Z' });
	await sim.ask('record', { table: 'sale', id, set: { saleStatus: 2 } });
	const seen = good(await sales({ filter:
	    "updatedDate afterTime '2026-11-26T00:00:00'" })).value;
	assert.deepStrictEqual(seen.map((v) => v.saleId), [id]);
	const { value } = good(await at.archive('/Archive/SaleHistory', {
		select: 'saleId,saleStatus,updatedDate', top: 10, mode: 'Full',
		filter: `saleId eq ${id}`, orderBy: 'updatedDate asc' }));
	assert.deepStrictEqual(value.map((v) => v.Column.saleStatus.RawValue),
	    [1, 2]);
});

check('interests: those named and no others', async () => {
	await begin();
	const { id } = await sim.ask('record', { table: 'person',
		set: { interests: [1, 2] } });
	good(await update(id, [4], [2]), 204);
	const now = async () => (await rows('person', { personId: id }))[0]
	    .interests;
	assert.deepStrictEqual(await now(), [1, 4]);
	refused(await update(id, [1], [1]), 500);
	refused(await update(id, [99], []));
	refused(await update(9999, [1], []), 404);
	assert.deepStrictEqual(await now(), [1, 4]);
	const { Interests } = good(await at.call('GET', `/Person/${id}`));
	assert.deepStrictEqual(Interests.filter((v) => v.Selected)
	    .map((v) => v.Id), [1, 4]);
	assert.strictEqual(sim.ledger().at(-1).was.interests.join(), '1,2');
});

check('a new interest is on the list', async () => {
	await begin();
	const made = good(await at.call('POST', '/List/PersonInterest/Items',
	    { Name: 'NPSToday.Forår.9', Tooltip: 'npsync' }));
	const list = good(await at.call('GET', '/MDOList/persint'));
	assert.strictEqual(list.find((v) => v.Name === 'NPSToday.Forår.9')?.Id,
	    made.Id);
	refused(await at.call('GET', '/List/Nothing/Items'), 404);
	refused(await at.call('POST', '/List/PersonInterest/Items', {}));
});

check('PATCH: one key, the others stay; test, If-Unmodified-Since',
    async () => {
	await begin();
	const { id } = await sim.ask('record', { table: 'person',
		set: { custom: { 'SuperOffice:2': 'VIP' } } });
	const op = (op_, key, value) => ({ op: op_, path: `CustomFields/${key}`,
		value });
	good(await patch(id, [op('replace', 'SuperOffice:1', 'a')]));
	refused(await patch(id, [op('test', 'SuperOffice:1', 'b'),
		op('replace', 'SuperOffice:1', 'c')]), 409);
	good(await patch(id, [op('test', 'SuperOffice:1', 'a'),
		op('replace', 'SuperOffice:1', 'c')]));
	const fields = async () => (await rows('person', { personId: id }))[0]
	    .custom;
	assert.deepStrictEqual(await fields(), { 'SuperOffice:1': 'c',
		'SuperOffice:2': 'VIP' });
	const old = { 'if-unmodified-since': 'Wed, 25 Nov 2026 19:59:59 GMT' };
	refused(await patch(id, [op('replace', 'SuperOffice:1', 'd')], old), 412);
	good(await patch(id, [op('replace', 'SuperOffice:1', 'd')],
	    { 'if-unmodified-since': 'Wed, 25 Nov 2026 20:00:00 GMT' }));
	refused(await patch(id, [op('replace', 'nothing', 'd')]));
	refused(await patch(id, [op('move', 'SuperOffice:1', 'd')]));
	refused(await patch(9999, []), 404);
	good(await patch(id, { CustomFields: { 'SuperOffice:1': null } }));
	assert.strictEqual((await fields())['SuperOffice:1'], 'd');
});

check('what is not there is 404', async () => {
	await begin();
	for (const what of ['/Person/9999', '/Sale/9999', '/Person/x'])
		refused(await at.call('GET', what), 404);
});

for (const one of cases)
	test(one.name, { limit_ms: one.limit_ms }, one.fn);

/* Which case must notice it. */
const guards = {
	'a ticket': ['signature-any', 'minute-any'],
	'no call without': ['ticket-any', 'app-token-any'],
	'the archive has': ['wrong-order', 'row-dropped', 'filter-ignored',
		'top-ignored'],
	'$select gives': ['select-ignored', 'key-number', 'zone-ignored'],
	'what a query may not': ['unknown-ok', 'error-200'],
	'a sale has its history': ['stamp-still', 'history-open'],
	'interests: those': ['enable-ignored', 'disable-ignored',
		'others-cleared', 'both-ok'],
	'a new interest': ['item-lost'],
	'PATCH': ['patch-lost', 'test-ignored', 'unmodified-ignored',
		'custom-others'],
	'what is not there': ['missing-200'],
};

test('each mutant fails the case that guards against it',
    { limit_ms: 240000 }, async () => {
	await begin();
	const { known } = await sim.ask('mutate', {});
	assert.deepStrictEqual(Object.values(guards).flat().sort(),
	    known.sort());
	const missed = [];
	for (const [name, mutants] of Object.entries(guards)) {
		const one = cases.find((c) => c.name.startsWith(name));
		for (const m of mutants) {
			mutant = ['--mutate', m];
			if ((await run_cases([one], true)).length === 0)
				missed.push(m);
		}
	}
	mutant = [];
	note(`${known.length} mutants`);
	assert.deepStrictEqual(missed, []);
});

main(async () => sim && sim.stop());
