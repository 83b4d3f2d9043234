#!/usr/bin/env node
/*
 * dynamics.test.js - is the Dynamics 365 of the tests an honest one?  A client
 * that we did not write (dynamics-web-api) works with it, with counts; and the
 * same cases fail with each of the server's mutants.
 */
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { test, main, run_cases } = require('./lib/tap.js');
const { scratch } = require('./lib/sim.js');
const { dataverse_start, token_ask, client, rows, TENANT, CLIENT } =
    require('./lib/dataverse.js');

const NOBODY = '00000000-0000-4000-8000-000000000001';
const SHOWN = 'OData.Community.Display.V1.FormattedValue';
const FINISHED = 'statecode eq 1 and modifiedon ge 2026-11-01T00:00:00Z';

async function refused(promise, status, code) {
	const e = await promise.then(() => null, (err) => err);
	assert.ok(e, `no error, ${status} is expected`);
	assert.strictEqual(e.status, status);
	if (code !== undefined) {
		assert.strictEqual(e.code, code);
		assert.ok(e.message.length > 0);
	}
	return e;
}

function ascending(list) {
	return list.every((v, i) => i === 0 || list[i - 1] <= v);
}

async function contact(sim, where = 'statecode eq 0') {
	return (await rows(sim, 'contacts', where, 1)).rows[0];
}

/* The cases, for whatever server is at hand. */
const cases = (sim) => [
	{ name: 'select, filter and order', async fn() {
		const want = await rows(sim, 'appointments', FINISHED);
		const got = await client(sim).retrieveMultiple({
			collection: 'appointments',
			select: ['activityid', 'modifiedon', '_ownerid_value'],
			filter: FINISHED,
			orderBy: ['modifiedon asc', 'activityid asc'],
			includeAnnotations: SHOWN });
		assert.ok(want.total > 50);
		assert.strictEqual(got.value.length, want.total);
		assert.ok(ascending(got.value.map((v) => v.modifiedon)));
		assert.deepStrictEqual(got.value.map((v) => v.activityid).sort(),
		    want.rows.map((v) => v.activityid).sort());
		assert.strictEqual(got.value[0].subject, undefined);
	} },
	{ name: 'pages by maxPageSize and the next link', async fn() {
		const want = await rows(sim, 'contacts', 'statecode eq 0');
		const api = client(sim);
		const ask = { collection: 'contacts', select: ['contactid'],
			filter: 'statecode eq 0', orderBy: ['modifiedon desc'],
			maxPageSize: 25 };
		const ids = [];
		let pages = 0;
		for (let link; pages === 0 || link; pages++) {
			const page = await api.retrieveMultiple(ask, link);
			assert.ok(page.value.length <= 25);
			ids.push(...page.value.map((v) => v.contactid));
			link = page.oDataNextLink;
		}
		assert.strictEqual(pages, Math.ceil(want.total / 25));
		assert.strictEqual(ids.length, want.total);
		assert.strictEqual(new Set(ids).size, want.total);
	} },
	{ name: 'retrieveAll has all of them', async fn() {
		const want = await rows(sim, 'activityparties', undefined, 1);
		const got = await client(sim).retrieveAll({
			collection: 'activityparties', maxPageSize: 200,
			select: ['participationtypemask'] });
		assert.strictEqual(got.value.length, want.total);
		assert.strictEqual(new Set(got.value.map((v) =>
		    v.activitypartyid)).size, want.total);
		assert.deepStrictEqual([...new Set(got.value.map((v) =>
		    v.participationtypemask))].sort((a, b) => a - b).slice(0, 9),
		    [1, 2, 3, 4, 5, 6, 7, 8, 9]);
	} },
	{ name: 'texts, quotes and functions in a filter', async fn() {
		const want = await rows(sim, 'contacts', "lastname eq 'O''Hara'");
		const ask = (filter) => client(sim).retrieveMultiple({
			collection: 'contacts', select: ['lastname'], filter });
		assert.ok(want.total > 0);
		assert.strictEqual((await ask("lastname eq 'O''Hara'"))
		    .value.length, want.total);
		assert.strictEqual((await ask("lastname eq 'o''hara'"))
		    .value.length, want.total);
		assert.ok((await ask("contains(fullname,'MØLLER')"))
		    .value.every((v) => v.lastname === 'Møller'));
		await refused(ask("contactid eq '" + NOBODY + "'"), 400,
		    '0x80060888');
		await refused(ask('nosuch eq 1'), 400, '0x80060888');
	} },
	{ name: 'formatted values and lookups', async fn() {
		const got = await client(sim).retrieveMultiple({
			collection: 'opportunities', filter: 'statecode eq 1',
			select: ['name', 'statecode', '_customerid_value'],
			includeAnnotations: SHOWN });
		assert.ok(got.value.length > 0);
		assert.ok(got.value.every((v) => v.statecode_Formatted === 'Won'));
		assert.ok(got.value[0]._customerid_value_Formatted.length > 0);
		assert.strictEqual(got.value[0]._customerid_value_LogicalName,
		    undefined);
	} },
	{ name: 'expand of one and of many', async fn() {
		const got = await client(sim).retrieveMultiple({
			collection: 'appointments', top: 5, select: ['subject'],
			expand: [{ property: 'appointment_activity_parties',
				select: ['_partyid_value', 'participationtypemask'] },
			{ property: 'owninguser', select: ['fullname'] }] });
		assert.strictEqual(got.value.length, 5);
		for (const one of got.value) {
			const want = await rows(sim, 'activityparties',
			    `_activityid_value eq ${one.activityid}`);
			assert.strictEqual(
			    one.appointment_activity_parties.length, want.total);
			assert.ok(one.owninguser.fullname.length > 0);
		}
	} },
	{ name: 'an etag: unchanged, changed, lost', async fn() {
		const api = client(sim);
		const { contactid: key } = await contact(sim);
		const read = () => api.retrieve({ collection: 'contacts', key,
			select: ['jobtitle'] });
		const one = await read();
		assert.match(one['@odata.etag'], /^W\/"\d+"$/);
		await api.update({ collection: 'contacts', key,
			data: { jobtitle: 'Chef' }, ifmatch: one['@odata.etag'] });
		const two = await read();
		assert.strictEqual(two.jobtitle, 'Chef');
		assert.notStrictEqual(two['@odata.etag'], one['@odata.etag']);
		/* dynamics-web-api makes false of a 412 to a condition */
		assert.strictEqual(await api.update({ collection: 'contacts', key,
			data: { jobtitle: 'Anden' },
			ifmatch: one['@odata.etag'] })
		    .catch((e) => e.status === 412 ? false : e), false);
		assert.strictEqual((await read()).jobtitle, 'Chef');
	} },
	{ name: 'update changes one row, and the ledger says so', async fn() {
		const { contactid: key } = await contact(sim);
		const before = sim.ledger().length;
		await client(sim).update({ collection: 'contacts', key,
			data: { npt_npstags: 'NPSToday.Møde.9' } });
		const news = sim.ledger().slice(before);
		assert.strictEqual(news.length, 1);
		assert.deepStrictEqual(news[0].set,
		    { npt_npstags: 'NPSToday.Møde.9' });
		assert.strictEqual((await contact(sim,
		    `contactid eq ${key}`)).npt_npstags, 'NPSToday.Møde.9');
	} },
	{ name: 'who is not there is 404, and stays away', async fn() {
		const api = client(sim);
		const before = sim.ledger().length;
		await refused(api.retrieve({ collection: 'contacts', key: NOBODY,
			select: ['fullname'] }), 404, '0x80040217');
		await refused(api.update({ collection: 'contacts', key: NOBODY,
			data: { jobtitle: 'x' } }), 404, '0x80040217');
		assert.strictEqual(sim.ledger().length, before);
	} },
	{ name: 'upsert by an alternate key: made, then changed', async fn() {
		const api = client(sim);
		const key = "npt_responseid='406359'";
		const { contactid } = await contact(sim);
		const put = (npt_score) => api.upsert({
			collection: 'npt_npsresponses', key,
			data: { npt_score,
				'npt_Contact@odata.bind': `/contacts(${contactid})` },
			returnRepresentation: true });
		const one = await put(6), two = await put(9);
		assert.strictEqual(one.npt_responseid, '406359');
		assert.strictEqual(one._npt_contact_value, contactid);
		assert.strictEqual(two.npt_npsresponseid, one.npt_npsresponseid);
		const all = await rows(sim, 'npt_npsresponses');
		assert.strictEqual(all.total, 1);
		assert.strictEqual(all.rows[0].npt_score, 9);
		await refused(api.upsert({ collection: 'npt_npsresponses', key,
			data: { npt_responseid: '406359' } }), 400);
	} },
	{ name: 'ifnonematch makes only what is not there', async fn() {
		const key = "npt_responseid='7001'";
		const put = (npt_score) => client(sim).upsert({
			collection: 'npt_npsresponses', key, ifnonematch: '*',
			data: { npt_score } });
		await put(3);
		assert.strictEqual(await put(4), null);
		assert.strictEqual((await rows(sim, 'npt_npsresponses',
		    "npt_responseid eq '7001'")).rows[0].npt_score, 3);
	} },
	{ name: 'changes since a delta link, and what was deleted', async fn() {
		const api = client(sim);
		const ask = { collection: 'contacts', select: ['fullname'],
			trackChanges: true };
		const first = await api.retrieveMultiple(ask);
		const link = first['@odata.deltaLink'] ?? first.oDataDeltaLink;
		assert.ok(link, 'a delta link is expected');
		const left = first.value.length;
		const changed = first.value[3].contactid;
		const deleted = first.value[left - 1].contactid;
		await api.update({ collection: 'contacts', key: changed,
			data: { firstname: 'Nyt' } });
		await sim.ask('delete', { table: 'contacts', id: deleted });
		const news = await api.retrieveMultiple(ask, link);
		assert.strictEqual(news.value.length, 2);
		assert.strictEqual(news.value[0].contactid, changed);
		assert.match(news.value[0].fullname, /^Nyt /);
		assert.strictEqual(news.value[1].id, deleted);
		assert.strictEqual(news.value[1].reason, 'deleted');
		assert.ok(news['@odata.deltaLink'] ?? news.oDataDeltaLink);
	} },
	{ name: 'a batch goes on, and tells each part', async fn() {
		const api = client(sim);
		const two = (await rows(sim, 'contacts', 'statecode eq 0', 2)).rows;
		api.startBatch();
		for (const key of [two[0].contactid, NOBODY, two[1].contactid])
			api.retrieve({ collection: 'contacts', key,
				select: ['fullname'] });
		const got = await api.executeBatch({ continueOnError: true })
		    .catch((e) => e);
		assert.ok(Array.isArray(got), String(got.message));
		assert.strictEqual(got.length, 3);
		assert.strictEqual(got[0].fullname, two[0].fullname);
		assert.strictEqual(got[1].status ?? got[1].error?.status, 404);
		assert.strictEqual(got[2].fullname, two[1].fullname);
	} },
	{ name: 'a change set happens whole', async fn() {
		const api = client(sim);
		const two = (await rows(sim, 'contacts', 'statecode eq 0', 2)).rows;
		api.startBatch();
		for (const { contactid: key } of two)
			api.update({ collection: 'contacts', key,
				data: { department: 'Batch' } });
		await api.executeBatch();
		assert.strictEqual((await rows(sim, 'contacts',
		    "department eq 'Batch'")).total, 2);
	} },
	{ name: 'or not at all', async fn() {
		const api = client(sim);
		const before = sim.ledger().length;
		const { contactid } = await contact(sim);
		api.startBatch();
		for (const key of [contactid, NOBODY])
			api.update({ collection: 'contacts', key,
				data: { department: 'Halv' } });
		const got = await api.executeBatch({ continueOnError: true })
		    .catch((e) => e);
		assert.match(JSON.stringify([got, got.message]),
		    /0x80040217|Does Not Exist/);
		assert.strictEqual((await rows(sim, 'contacts',
		    "department eq 'Halv'")).total, 0);
		assert.strictEqual(sim.ledger().length, before);
	} },
	{ name: '429 says how long', async fn() {
		await sim.ask('fault', { kind: 429, retry_after: 1 });
		const e = await refused(client(sim).retrieveMultiple({
			collection: 'contacts', top: 1 }), 429, '0x80072322');
		assert.strictEqual(String(e.headers['retry-after'] ??
		    e.headers['Retry-After']), '1');
		await sim.ask('fault', { clear: true });
	} },
	{ name: '401 without a token, with a wrong one', async fn() {
		await refused(client(sim, 'nonsense').retrieveMultiple({
			collection: 'contacts', top: 1 }), 401);
		const other = await (await token_ask(sim,
		    { scope: `${sim.url}//.default` })).json();
		await refused(client(sim, other.access_token).retrieveMultiple({
			collection: 'contacts', top: 1 }), 401);
	} },
];

/* ---- the honest server, each case on a world of its own ------------------- */
let sim;
const restart = async (options) => {
	if (sim)
		await sim.stop();
	sim = await dataverse_start(options);
};
cases(null).forEach(({ name }, i) => test(name, async () => {
	await restart();
	await cases(sim)[i].fn();
}));

/* ---- the token endpoint, by words of its own ------------------------------- */
test('errors of the token endpoint', async () => {
	await restart();
	const of = async (change) => {
		const res = await token_ask(sim, change);
		return [res.status, (await res.json()).error_codes?.[0]];
	};
	assert.deepStrictEqual(await of({ client_secret: 'x' }), [401, 7000215]);
	assert.deepStrictEqual(await of({ client_id: NOBODY }), [401, 700016]);
	assert.deepStrictEqual(await of({ scope: sim.url }), [400, 70011]);
	assert.deepStrictEqual(await of({ scope: 'https://x.example/.default' }),
	    [400, 500011]);
	assert.deepStrictEqual(await of({ grant_type: 'password' }),
	    [400, 70003]);
	assert.deepStrictEqual(await of({}), [200, undefined]);
});

/* A certificate of openssl's, a signature of node's. */
function assertion(key, x5t, claims, alg = 'RS256') {
	const part = (v) => Buffer.from(JSON.stringify(v)).toString('base64url');
	const text = `${part({ alg, typ: 'JWT', x5t })}.${part(claims)}`;
	return `${text}.${crypto.sign('RSA-SHA256', Buffer.from(text), key)
	    .toString('base64url')}`;
}

test('a client assertion: good, and each kind of bad', async () => {
	const dir = scratch();
	const [pem, cert] = ['key', 'cert'].map((n) => path.join(dir, n));
	execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes',
		'-keyout', pem, '-out', cert, '-days', '9', '-subj', '/CN=t'],
	    { stdio: 'ignore' });
	await restart(['--certificate', cert]);
	const key = fs.readFileSync(pem);
	const x5t = crypto.createHash('sha1').update(
	    new crypto.X509Certificate(fs.readFileSync(cert)).raw)
	    .digest('base64url');
	const now = Date.parse('2026-11-25T20:00:00Z') / 1000;
	const good = { iss: CLIENT, sub: CLIENT, jti: 'a', nbf: now,
		aud: `${sim.url}/${TENANT}/oauth2/v2.0/token`, exp: now + 600 };
	const of = async (jwt) => {
		const res = await token_ask(sim, { client_secret: '',
			client_assertion: jwt, client_assertion_type:
			'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' });
		return (await res.json()).error_codes?.[0] ?? res.status;
	};
	const other = crypto.generateKeyPairSync('rsa',
	    { modulusLength: 2048 }).privateKey;
	assert.strictEqual(await of(assertion(key, x5t, good)), 200);
	assert.strictEqual(await of(assertion(key, 'AAAA', good)), 700027);
	assert.strictEqual(await of(assertion(other, x5t, good)), 700027);
	assert.strictEqual(await of(assertion(key, x5t,
	    { ...good, aud: sim.url })), 700023);
	assert.strictEqual(await of(assertion(key, x5t,
	    { ...good, exp: now - 1 })), 700024);
	assert.strictEqual(await of(assertion(key, x5t,
	    { ...good, iss: NOBODY })), 700021);
});

/* ---- what a client of that kind never does ---------------------------------- */
test('a link that was written anew is refused', async () => {
	await restart();
	const api = client(sim);
	const { oDataNextLink: link } = await api.retrieveMultiple({
		collection: 'contacts', select: ['contactid'], maxPageSize: 9 });
	const { access_token } = await (await token_ask(sim)).json();
	const status = async (url) => (await fetch(url, { headers:
	    { authorization: `Bearer ${access_token}` } })).status;
	assert.strictEqual(await status(link), 200);
	assert.strictEqual(await status(link.replace('%3C', '%3c')), 400);
	assert.strictEqual(await status(link.replace('$skip', '%24skip')), 400);
	assert.strictEqual(await status(`${link}&$top=1`), 400);
});

test('a delta link is good for seven days', async () => {
	await restart();
	const ask = { collection: 'contacts', select: ['fullname'],
		trackChanges: true };
	const first = await client(sim).retrieveMultiple(ask);
	const link = first['@odata.deltaLink'] ?? first.oDataDeltaLink;
	await sim.ask('now', { now: '2026-12-02T19:59:00Z' });
	assert.strictEqual((await client(sim).retrieveMultiple(ask, link))
	    .value.length, 0);
	await sim.ask('now', { now: '2026-12-02T20:01:00Z' });
	await refused(client(sim).retrieveMultiple(ask, link), 400, '0x80044352');
});

/* The names of those that fail, one after the other in the same world. */
const all_cases = () => run_cases(
    cases(sim).map((one) => ({ ...one, limit_ms: 10000 })), true);

/* ---- a server with an error is found out ------------------------------------ */
test('each mutant fails the cases above', { limit_ms: 120000 }, async () => {
	await restart();
	const { known } = await sim.ask('mutate', {});
	assert.ok(known.length >= 8);
	assert.deepStrictEqual(await all_cases(), []);
	for (const name of known) {
		await restart(['--mutate', name]);
		const failed = await all_cases();
		const { struck } = await sim.ask('mutate', {});
		assert.ok(struck > 0, `${name} never struck`);
		assert.ok(failed.length > 0, `nobody noticed ${name}`);
		console.log(`# ${name}: ${failed.join('; ')}`);
	}
});

main(async () => { if (sim) await sim.stop(); });
