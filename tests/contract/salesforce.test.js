#!/usr/bin/env node
/*
 * salesforce.test.js - is tests/sim/salesforce honest?  jsforce, a client that
 * other people wrote, must work against it; and the same cases must fail
 * against each server that is wrong in one way (--mutate).
 *
 * jsforce asserts little itself: the cases count.
 */
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const jsforce = require('jsforce');
const { test, main, run_cases, note } = require('./lib/tap.js');
const { sim_start, scratch } = require('./lib/sim.js');

const JWT_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const USER = 'npsync@example.test';
const MANY = 450;
const keys = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const others = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });

/* ---- the org of a case ------------------------------------------------------ */
let sim;		/* the server that is judged now */
let rows;		/* ids of MANY accounts "Zz 0", "Zz 1", ... */

async function org_start(options = []) {
	const pem = path.join(scratch(), 'public.pem');
	fs.writeFileSync(pem,
	    keys.publicKey.export({ type: 'spki', format: 'pem' }));
	sim = await sim_start('salesforce', ['--jwt-key', pem, '--history',
	    '20', '--contacts', '60', ...options]);
	const records = [];
	for (let i = 0; i < MANY; i++)
		records.push({ object: 'Account', fields: { Name: `Zz ${i}` } });
	rows = (await sim.ask('record', { records })).ids;
}

function connection(more = {}) {
	return new jsforce.Connection({
		version: '62.0', instanceUrl: sim.url, logLevel: 'NONE',
		oauth2: { loginUrl: sim.url, clientId: 'cid',
			clientSecret: 'sec' }, ...more,
	});
}

/* One that has a token and no way to another. */
const bare = (accessToken) => new jsforce.Connection({ version: '62.0',
	instanceUrl: sim.url, accessToken, logLevel: 'NONE' });

async function signed_on(more) {
	const conn = connection(more);
	await conn.authorize({ grant_type: 'client_credentials' });
	return conn;
}

function assertion(claims, key = keys.privateKey) {
	const part = (o) =>
	    Buffer.from(JSON.stringify(o)).toString('base64url');
	const text = `${part({ alg: 'RS256' })}.${part({ iss: 'cid', sub: USER,
		aud: sim.url, exp: Math.floor(Date.now() / 1000) + 180,
		...claims })}`;
	return `${text}.${crypto.createSign('RSA-SHA256').update(text)
	    .sign(key).toString('base64url')}`;
}

async function by_jwt(token) {
	const conn = connection();
	await conn.authorize({ grant_type: JWT_GRANT, assertion: token });
	return conn;
}

/* Without a client between. */
async function raw(conn, method, what, body) {
	const res = await fetch(`${sim.url}/services/data/v62.0${what}`, {
		method, body: body && JSON.stringify(body), headers: {
			authorization: `Bearer ${conn.accessToken}`,
			'content-type': 'application/json',
		},
	});
	const text = await res.text();
	return { status: res.status, json: text ? JSON.parse(text) : null };
}

const refused = (promise, code) => assert.rejects(promise,
    (e) => (e.errorCode || e.name) === code ||
    assert.fail(`${e.errorCode || e.name}, not ${code}: ${e.message}`));

const all_of = (conn, soql, more = {}) => conn.query(soql, { autoFetch: true,
	maxFetch: 10000, headers: { 'Sforce-Query-Options': 'batchSize=200' },
	...more });

/* ---- the cases ------------------------------------------------------------------ */
const suite = [];
const judge = (name, fn) => suite.push({ name, fn, limit_ms: 10000 });

judge('client credentials give a token that reads', async () => {
	const conn = await signed_on();
	assert.strictEqual(conn.instanceUrl, sim.url);
	const found = await conn.query("SELECT Id FROM Account WHERE " +
	    "Name = 'Zz 7'");
	assert.strictEqual(found.totalSize, 1);
	assert.strictEqual(found.records[0].Id, rows[7]);
});

judge('a wrong secret gives none', async () => {
	await refused(signed_on({ oauth2: { loginUrl: sim.url,
		clientId: 'cid', clientSecret: 'wrong' } }), 'invalid_client');
	await refused(signed_on({ oauth2: { loginUrl: sim.url,
		clientId: 'nobody', clientSecret: 'sec' } }), 'invalid_client_id');
});

judge('a signed assertion gives a token', async () => {
	const conn = await by_jwt(assertion({}));
	assert.strictEqual((await conn.query('SELECT COUNT() FROM Account ' +
	    "WHERE Name LIKE 'Zz %'")).totalSize, MANY);
});

judge('an assertion by another key gives none', () =>
    refused(by_jwt(assertion({}, others.privateKey)), 'invalid_grant'));

judge('an assertion for another place gives none', () =>
    refused(by_jwt(assertion({ aud: 'https://elsewhere.example' })),
	'invalid_grant'));

judge('an assertion in milliseconds, or too old, gives none', async () => {
	await refused(by_jwt(assertion({ exp: Date.now() + 180000 })),
	    'invalid_grant');
	await refused(by_jwt(assertion({
		exp: Math.floor(Date.now() / 1000) - 1 })), 'invalid_grant');
});

judge('a token that was never given reads nothing', () =>
    refused(bare('00Dx!made.up')
	.query('SELECT Id FROM Account'), 'INVALID_SESSION_ID'));

judge('450 rows come in three pages, each once, in order', async () => {
	const conn = await signed_on();
	const before = sim.requests().length;
	const found = await all_of(conn, "SELECT Id, Name FROM Account WHERE " +
	    "Name LIKE 'Zz %' ORDER BY CreatedDate, Id");
	assert.strictEqual(found.totalSize, MANY);
	assert.strictEqual(found.records.length, found.totalSize);
	assert.deepStrictEqual(found.records.map((r) => r.Id), rows);
	assert.deepStrictEqual(sim.requests().slice(before)
	    .map((l) => JSON.parse(l).on), ['query', 'next', 'next']);
});

judge('a page has what was asked for, and says where the next is', async () => {
	const conn = await signed_on();
	const sizes = [], soql = "SELECT Id FROM Account WHERE Name LIKE 'Zz %'";
	let page = await conn.query(soql,
	    { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
	for (;;) {
		sizes.push(page.records.length);
		assert.strictEqual(page.totalSize, MANY);
		assert.strictEqual(page.done, page.nextRecordsUrl === undefined);
		if (page.done)
			break;
		page = await conn.queryMore(page.nextRecordsUrl,
		    { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
	}
	assert.deepStrictEqual(sizes, [200, 200, 50]);
});

judge('a query that is wrong is refused by name', async () => {
	const conn = await signed_on();
	await refused(conn.query('SELECT * FROM Account'), 'MALFORMED_QUERY');
	await refused(conn.query("SELECT Id FROM Account WHERE Name = 'O'Hara'"),
	    'MALFORMED_QUERY');
	await refused(conn.query('SELECT Nothing__c FROM Account'),
	    'INVALID_FIELD');
	await refused(conn.query('SELECT Id FROM Nothing'), 'INVALID_TYPE');
	await refused(conn.query('SELECT Id FROM Event WHERE EndDateTime >= ' +
	    "'2026-11-20T00:00:00Z'"), 'INVALID_FIELD');
	await refused(conn.query("SELECT Id FROM Contact WHERE Name = 'a' AND " +
	    "Name = 'b' OR Name = 'c'"), 'MALFORMED_QUERY');
});

judge('texts with quotes and backslashes are found', async () => {
	const conn = await signed_on();
	const name = "O'Hara \\ søn & co + 1";
	const { id } = await conn.sobject('Account').create({ Name: name });
	const literal = name.replace(/[\\']/g, '\\$&');
	const found = await conn.query(
	    `SELECT Id FROM Account WHERE Name = '${literal}'`);
	assert.deepStrictEqual(found.records.map((r) => r.Id), [id]);
});

judge('times are as the service writes them', async () => {
	const conn = await signed_on();
	const { id } = await conn.sobject('Event').create({ Subject: 'x',
		StartDateTime: '2026-11-20T09:00:00Z',
		EndDateTime: '2026-11-20T10:00:00.000+0000' });
	const row = await conn.sobject('Event').retrieve(id);
	assert.strictEqual(row.EndDateTime, '2026-11-20T10:00:00.000+0000');
	assert.strictEqual(+jsforce.SfDate.parseDate(row.EndDateTime),
	    Date.UTC(2026, 10, 20, 10));
	assert.strictEqual((await conn.query('SELECT Id FROM Event WHERE ' +
	    'EndDateTime = 2026-11-20T11:00:00+01:00')).totalSize, 1);
});

judge('a token that ended is renewed, and the call repeated', async () => {
	let renewed = 0;
	const conn = await signed_on({
		refreshFn: (c, done) => {
			renewed++;
			c.authorize({ grant_type: 'client_credentials' })
			    .then(() => done(null, c.accessToken), done);
		},
	});
	await sim.ask('expire', {});
	const found = await all_of(conn,
	    "SELECT Id FROM Account WHERE Name LIKE 'Zz %'");
	assert.strictEqual(found.records.length, MANY);
	assert.strictEqual(renewed, 1);
	await sim.ask('expire', {});
	await refused(bare(conn.accessToken).query('SELECT Id FROM Account'),
	    'INVALID_SESSION_ID');
});

judge('what is used of the quota is told', async () => {
	const conn = await signed_on();
	await conn.query('SELECT COUNT() FROM Account');
	const first = conn.limitInfo.apiUsage;
	assert.ok(first.used > 0 && first.limit === 100000);
	await conn.query('SELECT COUNT() FROM Account');
	assert.strictEqual(conn.limitInfo.apiUsage.used, first.used + 1);
});

judge('many records in one call: each has its own result', async () => {
	const conn = await signed_on();
	const [a, b] = rows;
	const was = await conn.sobject('Account').retrieve(a);
	await sim.ask('now', { now: new Date(Date.now() + 5000).toISOString()
	    .replace(/\..*/, 'Z') });
	const results = await conn.sobject('Account').update([
		{ Id: a, Website: 'a.example' },
		{ Id: '001RM000003zzzzYAB', Website: 'x' },
		{ Id: b, Website: 'x'.repeat(256) },
		{ Id: rows[2], Website: 'c.example' },
	]);
	assert.deepStrictEqual(results.map((r) => r.success),
	    [true, false, false, true]);
	assert.deepStrictEqual([results[0].id, results[3].id], [a, rows[2]]);
	assert.deepStrictEqual(results.map((r) => r.errors.map(
	    (e) => e.statusCode)), [[], ['MALFORMED_ID'], ['STRING_TOO_LONG'],
	    []]);
	const is = await conn.sobject('Account').retrieve(a);
	assert.strictEqual(is.Website, 'a.example');
	assert.ok(is.SystemModstamp > was.SystemModstamp);
	assert.strictEqual((await conn.sobject('Account').retrieve(b)).Website,
	    null);
});

judge('a record that is not there is an error', async () => {
	const conn = await signed_on();
	const { id } = await conn.sobject('Account').create({ Name: 'Gone' });
	const never = (await conn.sobject('Account').create({ Name: 'x' })).id
	    .slice(0, 12) + 'zzz';
	await conn.sobject('Account').destroy(id);
	const results = await conn.sobject('Account').update([
		{ Id: id, Website: 'x' }, { Id: never, Website: 'x' }]);
	assert.deepStrictEqual(results.map((r) => r.errors[0].statusCode),
	    ['ENTITY_IS_DELETED', 'INVALID_CROSS_REFERENCE_KEY']);
	await refused(conn.sobject('Account').retrieve(never), 'NOT_FOUND');
	const seen = async (more) => (await conn.query(
	    `SELECT Id FROM Account WHERE Id = '${id}'`, more)).totalSize;
	assert.strictEqual(await seen({}), 0);
	assert.strictEqual(await seen({ scanAll: true }), 1);
});

judge('201 records are too many for one call', async () => {
	const conn = await signed_on();
	const records = rows.slice(0, 201).map((id) => ({
		attributes: { type: 'Account' }, id, Website: 'w.example' }));
	const one = await raw(conn, 'PATCH', '/composite/sobjects',
	    { allOrNone: false, records });
	assert.strictEqual(one.status, 400);
	await assert.rejects(conn.sobject('Account').update(
	    rows.slice(0, 201).map((Id) => ({ Id, Website: 'w.example' }))));
	const results = await conn.sobject('Account').update(
	    rows.slice(0, 201).map((Id) => ({ Id, Website: 'w.example' })),
	    { allowRecursive: true });
	assert.strictEqual(results.length, 201);
	assert.ok(results.every((r) => r.success));
});

judge('an external id makes one record, then changes it', async () => {
	const conn = await signed_on();
	const put = (score) => conn.sobject('NPSToday_Response__c').upsert([
		{ NPSToday_ResponseId__c: '406359', Score__c: score },
		{ NPSToday_ResponseId__c: '406360', Score__c: 1 },
	], 'NPSToday_ResponseId__c');
	const first = await put(6), second = await put(9);
	assert.deepStrictEqual(first.map((r) => r.created), [true, true]);
	assert.deepStrictEqual(second.map((r) => r.created), [false, false]);
	assert.deepStrictEqual(second.map((r) => r.id), first.map((r) => r.id));
	const found = await conn.query('SELECT Id, Score__c FROM ' +
	    "NPSToday_Response__c WHERE NPSToday_ResponseId__c = '406359'");
	assert.deepStrictEqual(found.records.map((r) => r.Score__c), [9]);
});

judge('calls in one call: each has its own answer', async () => {
	const conn = await signed_on();
	const part = (n, date, body) => ({ method: 'PATCH', referenceId: `r${n}`,
		url: `/services/data/v62.0/sobjects/Account/${rows[n]}`,
		httpHeaders: { 'If-Unmodified-Since': date.toUTCString() },
		body });
	const send = (compositeRequest) => conn.requestPost(
	    '/services/data/v62.0/composite',
	    { allOrNone: false, compositeRequest });
	const was = jsforce.SfDate.parseDate((await conn.sobject('Account')
	    .retrieve(rows[310])).LastModifiedDate);
	const codes = (answer) => answer.compositeResponse.map((a) =>
	    [a.referenceId, a.httpStatusCode]);
	assert.deepStrictEqual(codes(await send([
		part(310, was, { Website: 'ten.example' }),
		part(311, new Date(+was - 3600000), { Website: 'x.example' }),
		part(312, was, { Nothing__c: 1 })])),
	    [['r310', 204], ['r311', 412], ['r312', 400]]);
	const site = async (n) => (await conn.sobject('Account')
	    .retrieve(rows[n])).Website;
	assert.deepStrictEqual([await site(310), await site(311)],
	    ['ten.example', null]);
	await assert.rejects(send([part(1, was, {}), part(1, was, {})]));
	await assert.rejects(send(Array.from({ length: 26 }, (_, i) =>
	    part(i, was, {}))));
});

judge('a post stands in the feed once', async () => {
	const conn = await signed_on();
	const who = (await conn.query('SELECT Id FROM Contact LIMIT 1'))
	    .records[0].Id;
	const post = await conn.chatter.resource('/feed-elements').create({
		body: { messageSegments: [{ type: 'Text', text: 'NPS 9' }] },
		feedElementType: 'FeedItem', subjectId: who });
	assert.strictEqual(post.feedElementType, 'FeedItem');
	const found = await conn.query(
	    `SELECT Id, Body FROM FeedItem WHERE ParentId = '${who}'`);
	assert.deepStrictEqual(found.records.map((r) => [r.Id, r.Body]),
	    [[post.id, 'NPS 9']]);
});

judge('describe names columns, their types and what may be done', async () => {
	const conn = await signed_on();
	const all = (await conn.describe('Contact')).fields;
	const of = (name) => all.find((f) => f.name === name);
	assert.strictEqual(of('HasOptedOutOfEmail').type, 'boolean');
	assert.strictEqual(of('NPSToday_Tags__c').filterable, false);
	assert.strictEqual(of('SystemModstamp').updateable, false);
	assert.deepStrictEqual(of('AccountId').referenceTo, ['Account']);
	const found = await conn.query('SELECT ' + all.map((f) => f.name)
	    .join(', ') + ' FROM Contact LIMIT 1');
	assert.strictEqual(found.records.length, 1);
});

judge('parents come with their row, also those of two kinds', async () => {
	const conn = await signed_on();
	const found = await all_of(conn, 'SELECT Id, AccountId, Account.Name, ' +
	    'Owner.Name FROM Case WHERE AccountId != null');
	assert.ok(found.records.length > 0);
	for (const r of found.records) {
		const a = await (await fetch(
		    `${sim.url}/sim/record?id=${r.AccountId}`)).json();
		assert.strictEqual(r.Account.Name, a.Name);
		assert.strictEqual(r.Account.attributes.type, 'Account');
		assert.ok(r.Owner.Name);
	}
});

/* ---- jobs of Bulk API 2.0 --------------------------------------------------------- */
const WITH_WORDS = 'SELECT Id,Name,Owner.Name FROM Account WHERE Name LIKE ' +
    "'Zz %'";

async function job_done(conn, query) {
	const { json: job } = await raw(conn, 'POST', '/jobs/query', {
		operation: 'query', query, contentType: 'CSV',
		columnDelimiter: 'COMMA', lineEnding: 'LF' });
	assert.strictEqual(job.state, 'UploadComplete');
	const early = await raw(conn, 'GET', `/jobs/query/${job.id}/results`);
	assert.deepStrictEqual([early.status, early.json[0].errorCode],
	    [412, 'JOB_NOT_COMPLETE']);
	let state = job;
	for (let i = 0; i < 5 && state.state !== 'JobComplete'; i++)
		state = (await raw(conn, 'GET', `/jobs/query/${job.id}`)).json;
	assert.strictEqual(state.state, 'JobComplete');
	assert.strictEqual(state.numberRecordsProcessed, MANY);
	return job.id;
}

judge('jsforce reads a job to its end', async () => {
	const conn = await signed_on();
	const stream = await conn.bulk2.query(WITH_WORDS,
	    { pollInterval: 10, pollTimeout: 5000 });
	const found = await stream.toArray();
	assert.strictEqual(found.length, MANY);
	assert.deepStrictEqual(found.map((r) => r.Id).sort(), [...rows].sort());
	assert.ok(found.every((r) => r.Name.startsWith('Zz ')));
});

judge('a job by its pages: each with its head, to the word null', async () => {
	const conn = await signed_on();
	const id = await job_done(conn, WITH_WORDS);
	let locator = '', n = 0, pages = 0;
	for (; locator !== 'null' && pages < 9; pages++) {
		const res = await fetch(`${sim.url}/services/data/v62.0/jobs/query/` +
		    `${id}/results?maxRecords=200` +
		    (locator && `&locator=${locator}`), { headers: {
			authorization: `Bearer ${conn.accessToken}`,
			accept: 'text/csv' } });
		const lines = (await res.text()).trimEnd().split('\n');
		assert.strictEqual(lines[0], '"Id","Name","Owner.Name"');
		assert.strictEqual(lines.length - 1,
		    Number(res.headers.get('sforce-numberofrecords')));
		n += lines.length - 1;
		locator = res.headers.get('sforce-locator');
	}
	assert.deepStrictEqual([n, pages], [MANY, 3]);
	const gone = await raw(conn, 'DELETE', `/jobs/query/${id}`);
	assert.strictEqual(gone.status, 204);
	assert.strictEqual((await raw(conn, 'GET', `/jobs/query/${id}`)).status,
	    404);
	const unfit = await raw(conn, 'POST', '/jobs/query', { operation: 'query',
		query: 'SELECT COUNT() FROM Account' });
	assert.strictEqual(unfit.status, 400);
});

/* ---- the honest server, then those that lie ---------------------------------------- */
const mutants = ['drop-next', 'done-early', 'wrong-order', 'missing-200',
    'no-error', 'created-true', 'ids-lower', 'token-forever', 'secret-any',
    'jwt-unsigned', 'audience-any', 'malformed-ok', 'quoted-ok',
    'where-ignored', 'over-200', 'total-wrong', 'stamp-still', 'date-z',
    'limit-gone', 'batch-ignored', 'chatter-lost', 'write-lost', 'expiry-any',
    'describe-blind', 'unmodified-ignored', 'bulk-head-once',
    'bulk-end-early'];

for (const one of suite) {
	test(one.name, { limit_ms: one.limit_ms }, async () => {
		if (sim === undefined)
			await org_start();
		try {
			await one.fn();
		} catch (e) {
			honest = false;
			throw e;
		}
	});
}

/* ---- what goes wrong on request does -------------------------------------------------- */
test('a row that is committed late has the stamp of before', async () => {
	const conn = await signed_on();
	const count = async () => (await conn.query('SELECT Id FROM Case WHERE ' +
	    "Subject = 'late' AND SystemModstamp < 2026-01-02T00:00:00Z"))
	    .totalSize;
	await sim.ask('record', { object: 'Case', fields: { Subject: 'late' },
		stamp: '2026-01-01T00:00:00Z', after_queries: 1 });
	assert.deepStrictEqual([await count(), await count()], [0, 1]);
});

test('locks strike as many records as was said', async () => {
	const conn = await signed_on();
	const put = async () => (await conn.sobject('Account').update(
	    rows.slice(0, 4).map((Id) => ({ Id, Phone: '1' }))))
	    .map((r) => r.errors[0]?.statusCode ?? 'good');
	await sim.ask('fault', { kind: 'lock', on: 'collection', records: 2 });
	const locked = 'UNABLE_TO_LOCK_ROW';
	assert.deepStrictEqual(await put(), [locked, locked, 'good', 'good']);
	assert.deepStrictEqual(await put(), Array(4).fill('good'));
	assert.strictEqual(sim.ledger().filter((l) => l.fields?.Phone === '1')
	    .length, 6);
});

test('a dead cursor, another host, a quota, a page, half a body', async () => {
	const conn = await signed_on();
	const soql = "SELECT Id FROM Account WHERE Name LIKE 'Zz %'";
	const first = await conn.query(soql,
	    { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
	for (let i = 0; i < 10; i++)
		await conn.query('SELECT Id FROM Lead');
	await refused(conn.queryMore(first.nextRecordsUrl),
	    'INVALID_QUERY_LOCATOR');
	await sim.ask('fault', { kind: 'next_host', on: 'query' });
	/* jsforce puts its own host there, and waits for ever for half a body. */
	const plainly = () => fetch(`${sim.url}/services/data/v62.0/query?q=` +
	    encodeURIComponent(soql), { headers: {
		authorization: `Bearer ${conn.accessToken}`,
		'sforce-query-options': 'batchSize=200' } })
	    .then((r) => r.json());
	const away = await plainly();
	assert.match(away.nextRecordsUrl, /^http:\/\/127\.0\.0\.9:9\//);
	await sim.ask('fault', { kind: 'request_limit', on: 'query' });
	await refused(conn.query(soql), 'REQUEST_LIMIT_EXCEEDED');
	await sim.ask('fault', { kind: 420, on: 'query' });
	assert.strictEqual((await fetch(`${sim.url}/services/data/v62.0/query`))
	    .status, 420);
	await sim.ask('fault', { kind: 'truncated', on: 'query' });
	await assert.rejects(plainly());
	assert.strictEqual((await plainly()).totalSize, MANY);
});

test('the list of mutants is the server\'s', async () => {
	const { known } = await sim.ask('mutate', {});
	assert.deepStrictEqual([...known].sort(), [...mutants].sort());
	await sim.stop();
});

/* Which cases notice: all are tried, the first is told. */
const caught = {};
let honest = true;	/* a suite that fails anyway notices nothing */
for (const name of mutants) {
	test(`these cases notice ${name}`, { limit_ms: 60000 }, async () => {
		await org_start(['--mutate', name]);
		assert.ok(honest, 'the honest server failed');
		const failed = await run_cases(suite.map((c) =>
		    ({ ...c, limit_ms: 5000 })), true);
		const { struck } = await sim.ask('mutate', {});
		await sim.stop();
		assert.ok(failed.length > 0, `${name}: no case failed`);
		assert.ok(struck > 0, `${name} never struck`);
		assert.ok(failed.length <= suite.length / 2 ||
		    ['where-ignored', 'write-lost', 'ids-lower'].includes(name),
		    `${name}: fails ${failed.join('; ')}`);
		caught[name] = failed;
	});
}

test('each case can fail', () => {
	const able = new Set(Object.values(caught).flat());
	note(`${mutants.length} mutants, ${suite.length} cases, ` +
	    `${able.size} of them failed at least once`);
	assert.deepStrictEqual(suite.map((c) => c.name)
	    .filter((n) => !able.has(n)), []);
});

main();
