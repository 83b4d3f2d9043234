#!/usr/bin/env node
/*
 * golden.test.js - the requests of npsync beside those that jsforce makes for
 * the same: method, path and what the body says.  Both speak to the same
 * recorder, which passes everything on to tests/sim/salesforce.
 */
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const jsforce = require('jsforce');
const { test, main, note } = require('./lib/tap.js');
const { scratch } = require('./lib/sim.js');
const { recorder_start } = require('./lib/recorder.js');
const { place_make, has_connector, iso } = require('./lib/place.js');

const HOUR = 3600000;
const USER = 'npsync@example.test';
const AUDIENCE = 'https://login.salesforce.com';
const ID = '003RM0000000010YAA', DEAL = '006RM000000005QYAQ';
const reason = has_connector('salesforce') ? null
    : 'npsync has no connector for Salesforce';
const from = new Date(Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR +
    7 * HOUR);
const at = (hours) => new Date(+from + hours * HOUR);
const form = (text) => Object.fromEntries(new URLSearchParams(text));
const query_of = (r) => new URLSearchParams(r.query).get('q');
const keys = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });

/* ---- what npsync sends ------------------------------------------------------------ */
async function installed(crm, options = [], more = '') {
	let recorder;
	const place = await place_make('salesforce', ['--contacts', '120',
	    '--history', '120', '--events', '20', '--page-max', '60', '--now',
	    iso(from), ...options], async (server, secret) => {
		recorder = await recorder_start(server.url);
		return 'name = "crm"; driver = "salesforce"; login_url = ' +
		    `"${recorder.url}"; client_id = "cid"; rate_per_second = ` +
		    `10.0; ${crm(secret)}`;
	}, { more });
	return { ...place, recorder,
		async stop() {
			await place.stop();
			await recorder.stop();
		} };
}

let ours = [];		/* all that npsync sent in its nights */
let checked = '';	/* what check said */
let org = null;		/* the installation, for jsforce afterwards */

test('a night with answers', { limit_ms: 240000, skip: reason }, async () => {
	org = await installed((secret) => `client_secret = "${secret('crm.key',
	    'sec')}"; ` +
	    'response_object = "NPSToday_Response__c"; chatter_post = true;', [
		'--field', 'Contact.NPS_Recent__c num',
		'--field', 'Contact.NPS_Comment__c text:255'], `
writeback = { history = true; feed = true; task = { at_most = 6; };
	fields = ( { value = "recent_score"; field = "NPS_Recent__c"; },
		{ value = "recent_comment"; field = "NPS_Comment__c"; } ); };
`);
	checked = await org.must(at(0), 'check');
	await org.must(at(1), 'run', 'hourly');
	await org.must(at(1.1), 'activate');
	await org.must(at(29), 'run', 'hourly');
	await org.must(at(43), 'run', 'night');
	await org.service.ask('auto',
	    { seed: 1, percent: 90, now: iso(at(52)) });
	await org.must(at(58), 'run', 'hourly');
	await org.must(at(67), 'run', 'night');
	ours = org.recorder.take();
	assert.ok(ours.length > 30, `${ours.length} requests`);
});

/* ---- what jsforce sends ---------------------------------------------------------- */
async function theirs(act, conn_of = connection) {
	const conn = await conn_of();
	org.recorder.take();
	await Promise.resolve(act(conn)).catch(() => {});
	return org.recorder.take();
}

const fresh = (more = {}) => new jsforce.Connection({ version: '62.0',
	instanceUrl: org.recorder.url, logLevel: 'NONE', oauth2: {
		loginUrl: org.recorder.url, clientId: 'cid',
		clientSecret: 'sec' }, ...more });

async function connection() {
	const conn = fresh();
	await conn.authorize({ grant_type: 'client_credentials' });
	return conn;
}

const said = (r) => r.body === '' ? null : JSON.parse(r.body);

function same(mine, other) {
	assert.ok(other, 'jsforce sent nothing');
	assert.strictEqual(mine.method, other.method);
	assert.strictEqual(mine.path, other.path);
	assert.deepStrictEqual(said(mine), said(other));
}

/* Without the night there is nothing to compare. */
const golden = (name, limit, fn) => test(name, { skip: reason,
	limit_ms: limit }, () => {
	assert.ok(org !== null && ours.length > 0, 'there was no night');
	return fn();
});

/* ---- tokens ---------------------------------------------------------------------- */
golden('client credentials in the body', 20000, async () => {
	const mine = ours.filter((r) => r.path === '/services/oauth2/token');
	assert.ok(mine.length > 0);
	const [other] = await theirs((c) =>
	    c.authorize({ grant_type: 'client_credentials' }),
	    async () => fresh());
	for (const r of mine) {
		assert.strictEqual(r.method, other.method);
		assert.strictEqual(r.path, other.path);
		assert.deepStrictEqual(form(r.body), form(other.body));
		assert.match(r.headers['content-type'],
		    /^application\/x-www-form-urlencoded/);
		assert.strictEqual(r.headers.authorization, undefined);
	}
});

golden('client credentials in a header', 60000, async () => {
	const place = await installed(
	    (secret) => `client_secret = "${secret('crm.key', 'sec')}"; ` +
	    'secret_in = "header";');
	await place.must(at(0), 'check');
	const [r] = place.recorder.take();
	await place.stop();
	assert.deepStrictEqual(form(r.body),
	    { grant_type: 'client_credentials' });
	assert.strictEqual(r.headers.authorization,
	    'Basic ' + Buffer.from('cid:sec').toString('base64'));
});

golden('a JSON Web Token', 60000, async () => {
	const pem = path.join(scratch(), 'public.pem');
	fs.writeFileSync(pem,
	    keys.publicKey.export({ type: 'spki', format: 'pem' }));
	const place = await installed((secret) => `auth = "jwt"; ` +
	    `jwt_user = "${USER}"; jwt_audience = "${AUDIENCE}"; jwt_key = ` +
	    `"${secret('jwt.pem', keys.privateKey.export({ type: 'pkcs8',
		    format: 'pem' }))}";`,
	    ['--jwt-key', pem]);
	await place.must(at(0), 'check');
	const [r] = place.recorder.take();
	await place.stop();
	assert.strictEqual(r.status, 200);
	const sent = form(r.body);
	assert.deepStrictEqual(Object.keys(sent).sort(),
	    ['assertion', 'grant_type']);
	const [other] = await theirs((c) => c.authorize({
		grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
		assertion: sent.assertion }), async () => fresh());
	const beside = form(other.body);
	assert.deepStrictEqual([r.method, r.path, sent.grant_type,
		sent.assertion], [other.method, other.path, beside.grant_type,
		beside.assertion]);
	/* What it says, and that it is signed, by node's own crypto. */
	const [head, claims, signature] = sent.assertion.split('.');
	const read = (part) => JSON.parse(Buffer.from(part, 'base64url'));
	assert.deepStrictEqual(read(head), { alg: 'RS256', ...(read(head).typ &&
		{ typ: 'JWT' }) });
	const { exp, ...rest } = read(claims);
	assert.deepStrictEqual(rest, { iss: 'cid', sub: USER, aud: AUDIENCE });
	const now = +at(0) / 1000;
	assert.ok(Number.isInteger(exp) && exp > now && exp <= now + 300,
	    `exp ${exp}, now ${now}`);
	assert.doesNotMatch(sent.assertion, /[=+/]/);
	assert.ok(crypto.createVerify('RSA-SHA256').update(`${head}.${claims}`)
	    .verify(keys.publicKey, Buffer.from(signature, 'base64url')));
});

/* ---- reading ---------------------------------------------------------------------- */
golden('every data call carries the token and wants JSON', 20000, () => {
	const data = ours.filter((r) =>
	    r.path.startsWith('/services/data/v62.0/'));
	assert.ok(data.length > 20);
	for (const r of data) {
		assert.match(r.headers.authorization, /^Bearer 00D\S+$/);
		assert.match(r.headers.accept, /application\/json/);
		if (r.body !== '')
			assert.match(r.headers['content-type'],
			    /^application\/json/);
	}
});

golden('statements', 60000, async () => {
	const mine = ours.filter((r) => query_of(r) !== null);
	assert.ok(mine.length > 10);
	for (const r of mine.slice(-12)) {
		const [other] = await theirs((c) => c.query(query_of(r),
		    { autoFetch: false, scanAll: r.path.endsWith('/queryAll') }));
		same(r, other);
		assert.strictEqual(query_of(r), query_of(other));
		assert.doesNotMatch(r.query, /\+/, 'a blank is %20');
	}
});

golden('the pages behind', 60000, async () => {
	const mine = ours.filter((r) => /\/query\/01g/.test(r.path));
	assert.ok(mine.length > 0);
	for (const r of mine.slice(-2)) {
		const [other] = await theirs((c) => c.queryMore(r.path));
		same(r, other);
		assert.strictEqual(r.query, other.query);
	}
});

golden('describe', 20000, async () => {
	const mine = ours.find((r) => r.path.endsWith('/Contact/describe'));
	const [other] = await theirs((c) => c.describe('Contact'));
	same(mine, other);
});

/* ---- writing ------------------------------------------------------------------------ */
/* A connector that only reads says so in `check`. */
const reads_only = () => /cannot write/.test(checked);
const written = (name, limit, fn) => golden(name, limit, () =>
    reads_only() ? note(`${name}: this connector writes none`) : fn());

const writes = (re, method) => ours.filter((r) => r.method === method &&
    re.test(r.path));

written('many records in one call', 30000, async () => {
	const mine = writes(/\/composite\/sobjects$/, 'PATCH');
	assert.ok(mine.length > 0, 'no collection was written');
	for (const r of mine.slice(-3)) {
		const { records } = said(r);
		assert.ok(records.length > 0 && records.length <= 200);
		assert.strictEqual(new Set(records.map((x) => x.id)).size,
		    records.length);
		const [other] = await theirs((c) => c.sobject('Contact').update(
		    records.map(({ attributes, id, ...fields }) =>
			({ Id: id, ...fields }))));
		same(r, other);
	}
});

written('answers by their external id', 30000, async () => {
	const mine = writes(/NPSToday_Response__c\/NPSToday_ResponseId__c$/,
	    'PATCH');
	assert.ok(mine.length > 0, 'no answer was written');
	for (const r of mine.slice(-3)) {
		const [other] = await theirs((c) =>
		    c.sobject('NPSToday_Response__c').upsert(said(r).records
			.map(({ attributes, ...fields }) => fields),
		    'NPSToday_ResponseId__c'));
		same(r, other);
	}
});

written('a post in the feed', 20000, async () => {
	const mine = writes(/\/chatter\/feed-elements$/, 'POST');
	assert.ok(mine.length > 0, 'nothing was posted');
	const { subjectId, body } = said(mine[0]);
	const [other] = await theirs((c) =>
	    c.chatter.resource('/feed-elements').create({
		body: { messageSegments: [{ type: 'Text',
			text: body.messageSegments[0].text }] },
		feedElementType: 'FeedItem', subjectId }));
	same(mine[0], other);
});

written('a task', 20000, async () => {
	const mine = writes(/\/sobjects\/Task$/, 'POST');
	assert.ok(mine.length > 0, 'no task was made');
	const [other] = await theirs((c) =>
	    c.sobject('Task').create(said(mine[0])));
	same(mine[0], other);
	assert.match(said(mine[0]).ActivityDate, /^\d{4}-\d\d-\d\d$/);
});

/* The judge itself: what differs must be seen. */
golden('a difference is seen', 20000, async () => {
	const [other] = await theirs((c) => c.sobject('Contact').update(
	    [{ Id: ID, NPS_Recent__c: 9 }]));
	const good = { method: 'PATCH', path:
	    '/services/data/v62.0/composite/sobjects', body: JSON.stringify({
		allOrNone: false, records: [{ id: ID, NPS_Recent__c: 9,
		attributes: { type: 'Contact' } }] }) };
	same(good, other);
	for (const wrong of [{ method: 'POST' }, { path: good.path + '/' },
	    { body: good.body.replace('"id"', '"Id"') },
	    { body: good.body.replace('9', '"9"') },
	    { body: good.body.replace('"allOrNone":false,', '') },
	    { body: good.body.replace(ID, DEAL) }])
		assert.throws(() => same({ ...good, ...wrong }, other));
});

golden('each effect of the night was taken once', 60000, async () => {
	const effects = org.server.ledger().filter((l) => l.by === 'api' &&
	    l.at < iso(at(68)));
	const keys_of = effects.filter((l) => l.kind === 'insert' &&
	    l.object === 'NPSToday_Response__c')
	    .map((l) => l.fields.NPSToday_ResponseId__c);
	assert.strictEqual(new Set(keys_of).size, keys_of.length);
	note(`${effects.length} effects in ${ours.length} requests`);
});

main(async () => {
	if (org !== null)
		await org.stop();
});
