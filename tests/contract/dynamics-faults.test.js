#!/usr/bin/env node
/*
 * dynamics-faults.test.js - the faults, the controls and the restart of the
 * Dynamics 365 of the tests, as its page says, by plain requests.
 */
'use strict';

const assert = require('node:assert');
const { test, main } = require('./lib/tap.js');
const { dataverse_start, token_ask, token, rows } =
    require('./lib/dataverse.js');

const PREFIX = '/api/data/v9.2/';
const NOBODY = '00000000-0000-4000-8000-000000000001';
const LIST = 'contacts?$select=contactid&$orderby=modifiedon%20asc';

let sim, bearer;
async function begin(options) {
	if (sim)
		await sim.stop();
	sim = await dataverse_start(options);
	bearer = await token(sim);
}
const raw = (what, options = {}) => fetch(
    what.startsWith('http') ? what : sim.url + PREFIX + what, { ...options,
	    headers: { authorization: `Bearer ${bearer}`, accept:
		'application/json', 'odata-version': '4.0', ...options.headers } });
const json = async (what, options) => (await raw(what, options)).json();
const paged = (what, size = 20) => json(what,
    { headers: { prefer: `odata.maxpagesize=${size}` } });
const patch = (id, body, headers = { 'if-match': '*' }) => raw(
    `contacts(${id})`, { method: 'PATCH', body: JSON.stringify(body),
	    headers: { 'content-type': 'application/json', ...headers } });
const fault = (what) => sim.ask('fault', what);
const stats = () => sim.get('/sim/stats');
const one = async () => (await rows(sim, 'contacts', undefined, 1)).rows[0];

/* All pages; links: what was followed. */
async function walk(what, size = 20) {
	const ids = [];
	const links = [];
	for (let at = what; at; links.push(at)) {
		const page = await paged(at, size);
		assert.ok(page.value, JSON.stringify(page));
		ids.push(...page.value.map((v) => v.contactid));
		at = page['@odata.nextLink'];
	}
	return { ids, links };
}

test('statuses carry the code and the words of the service', async () => {
	await begin();
	for (const [kind, code] of [[403, '0x80040220'], [412, '0x80060882'],
		[404, '0x80040217'], [429, '0x80072322'], [503, '']]) {
		await fault({ kind });
		const res = await raw(LIST);
		assert.strictEqual(res.status, kind);
		assert.strictEqual((await res.json()).error.code, code);
	}
	await fault({ kind: 429, code: '0x80072326' });
	assert.match((await json(LIST)).error.message, /concurrent/);
	await fault({ kind: 500, bare: true });
	assert.deepStrictEqual(Object.keys((await json(LIST)).error), ['message']);
	await fault({ kind: 500, empty: true });
	assert.strictEqual(await (await raw(LIST)).text(), '');
	assert.strictEqual((await raw(LIST)).status, 200);
});

test('401: no body, a challenge; expired tokens stay so', async () => {
	await begin();
	await fault({ kind: 401, times: -1 });
	for (let i = 0; i < 3; i++) {
		const res = await raw(LIST);
		assert.strictEqual(res.status, 401);
		assert.strictEqual(await res.text(), '');
		assert.match(res.headers.get('www-authenticate'), /^Bearer /);
		bearer = await token(sim);
	}
	await fault({ clear: true });
	await fault({ kind: 'expired', on: 'list', after: 1 });
	assert.strictEqual((await raw(LIST)).status, 200);
	assert.strictEqual((await raw(LIST)).status, 401);
	assert.strictEqual((await raw(LIST)).status, 401);
	bearer = await token(sim);
	assert.strictEqual((await raw(LIST)).status, 200);
	await sim.ask('now', { now: '2026-11-25T21:00:01Z' });
	assert.strictEqual((await raw(LIST)).status, 401);
	await fault({ kind: 400, on: 'token' });
	assert.strictEqual((await token_ask(sim)).status, 400);
});

test('whoever comes before a Retry-After is over waits anew', async () => {
	await begin();
	await fault({ kind: 429, retry_after: 1 });
	assert.strictEqual((await raw(LIST)).headers.get('retry-after'), '1');
	assert.strictEqual((await raw(LIST)).status, 429);
	assert.strictEqual((await stats()).too_early, 1);
	await new Promise((r) => setTimeout(r, 1500));
	assert.strictEqual((await raw(LIST)).status, 200);
	await begin(['--rate', '3', '--window-s', '60']);
	for (const status of [200, 200, 200, 429])
		assert.strictEqual((await raw(LIST)).status, status);
});

test('bodies: a page, half, too short, none; cut and slow', async () => {
	await begin();
	await fault({ kind: 'html', status: 503 });
	const res = await raw(LIST);
	assert.strictEqual(res.status, 503);
	assert.match(res.headers.get('content-type'), /^text\/html/);
	for (const kind of ['half', 'garbage', 'cut_body']) {
		await fault({ kind });
		await assert.rejects(json(LIST), undefined, kind);
	}
	await fault({ kind: 'empty' });
	assert.strictEqual(await (await raw(LIST)).text(), '');
	await fault({ kind: 'slow', seconds: 1 });
	const began = Date.now();
	assert.strictEqual((await raw(LIST)).status, 200);
	assert.ok(Date.now() - began >= 1000);
});

test('a cut before and after: stored or not', async () => {
	await begin();
	const { contactid: id } = await one();
	for (const [kind, lines] of [['cut_before', 0], ['cut_after', 1]]) {
		const before = sim.ledger().length;
		await fault({ kind, on: 'patch' });
		await assert.rejects(patch(id, { jobtitle: kind }));
		assert.strictEqual(sim.ledger().length - before, lines, kind);
	}
	const before = sim.ledger().length;
	await fault({ kind: 503, on: 'patch', store: true });
	assert.strictEqual((await patch(id, { jobtitle: 'x' })).status, 503);
	assert.strictEqual(sim.ledger().length - before, 1);
});

test('pages: shorter, empty, a row twice, no more', async () => {
	await begin();
	const { ids: all } = await walk(LIST);
	assert.strictEqual(all.length, 120);
	assert.strictEqual(new Set(all).size, 120);
	await fault({ kind: 'short_page' });
	let { ids, links } = await walk(LIST);
	assert.deepStrictEqual(ids, all);
	assert.strictEqual(links.length, 7);
	await fault({ kind: 'empty_page', on: 'list', after: 2 });
	({ ids, links } = await walk(LIST));
	assert.deepStrictEqual(ids, all);
	assert.strictEqual(links.length, 7);
	await fault({ kind: 'duplicate_row' });
	({ ids } = await walk(LIST));
	assert.strictEqual(ids.length, 121);
	assert.strictEqual(new Set(ids).size, 120);
	await fault({ kind: 'no_next', on: 'list', after: 1 });
	assert.strictEqual((await walk(LIST)).ids.length, 40);
	await fault({ kind: 'link_again', on: 'list', after: 1 });
	assert.ok((await walk(LIST)).ids.length > 120);
});

test('links to elsewhere, where somebody counts', async () => {
	await begin();
	await fault({ kind: 'link_host' });
	const link = (await paged(LIST))['@odata.nextLink'];
	assert.strictEqual(new URL(link).port, String((await stats()).decoy));
	await assert.rejects(raw(link));
	assert.strictEqual((await stats()).strayed, 1);
	assert.strictEqual((await stats()).strayed_bearer, 1);
	await fault({ kind: 'link_scheme' });
	assert.match((await paged(LIST))['@odata.nextLink'], /^https:/);
});

test('a block of one stamp, larger than a page', async () => {
	await begin();
	const { ids: made } = await sim.ask('record', { table: 'contacts',
		count: 130, set: { lastname: 'Blok',
			modifiedon: '2026-11-25T12:00:00Z' } });
	const { ids } = await walk(`${LIST}&$filter=` +
	    encodeURIComponent("lastname eq 'Blok'"), 50);
	assert.deepStrictEqual([...ids].sort(), made.sort());
	assert.notDeepStrictEqual(ids, [...ids].sort());
});

test('somebody else was faster', async () => {
	await begin();
	const { contactid: id } = await one();
	const { '@odata.etag': tag } = await json(
	    `contacts(${id})?$select=npt_npstags`);
	await fault({ kind: 'conflict', on: 'patch', set: { npt_npstags: 'VIP' } });
	assert.strictEqual((await patch(id, { npt_npstags: 'a' },
	    { 'if-match': tag })).status, 412);
	const now = await json(`contacts(${id})?$select=npt_npstags`);
	assert.strictEqual(now.npt_npstags, 'VIP');
	assert.strictEqual((await patch(id, { npt_npstags: 'VIP;a' },
	    { 'if-match': now['@odata.etag'] })).status, 204);
});

test('a PATCH without If-Match makes what is not there', async () => {
	await begin();
	assert.strictEqual((await patch(NOBODY, { lastname: 'x' })).status, 404);
	assert.strictEqual((await patch(NOBODY, { lastname: 'x' }, {})).status,
	    204);
	assert.strictEqual((await stats()).complaints.patch_without_if_match, 1);
	assert.strictEqual((await rows(sim, 'contacts')).total, 121);
});

test('late commits are seen later than their stamp says', async () => {
	await begin();
	const late = `${LIST}&$filter=${encodeURIComponent("lastname eq 'Sen'")}`;
	await sim.ask('record', { table: 'contacts', set: { lastname: 'Sen' },
		late_s: 300 });
	assert.strictEqual((await json(late)).value.length, 0);
	await sim.ask('now', { now: '2026-11-25T20:05:00Z' });
	assert.strictEqual((await json(late)).value.length, 1);
	assert.strictEqual((await rows(sim, 'contacts', "lastname eq 'Sen'"))
	    .rows[0].modifiedon, '2026-11-25T20:00:00Z');
});

test('late commits are in the changes that follow', async () => {
	await begin();
	const track = { headers: { prefer: 'odata.track-changes' } };
	await sim.ask('record', { table: 'contacts', set: { lastname: 'Sen' },
		late_s: 300 });
	const first = await json('contacts?$select=lastname', track);
	await sim.ask('now', { now: '2026-11-25T20:06:00Z' });
	const news = await json(first['@odata.deltaLink'], track);
	assert.deepStrictEqual(news.value.map((v) => v.lastname), ['Sen']);
	assert.strictEqual((await json(news['@odata.deltaLink'], track))
	    .value.length, 0);
	for (const what of ['contacts?$select=lastname&$top=1',
		'contacts?$filter=statecode%20eq%200', 'incidents'])
		assert.strictEqual((await raw(what, track)).status, 400, what);
});

test('a merge, a bulk job', async () => {
	await begin();
	const [a, b] = (await rows(sim, 'contacts', 'statecode eq 0', 2)).rows
	    .map((v) => v.contactid);
	await sim.ask('merge', { table: 'contacts', loser: a, winner: b });
	const loser = (await rows(sim, 'contacts', `contactid eq ${a}`)).rows[0];
	assert.deepStrictEqual([loser.merged, loser.statecode, loser.masterid],
	    [true, 1, `contact:${b}`]);
	assert.strictEqual((await rows(sim, 'activityparties',
	    `_partyid_value eq ${a}`)).total, 0);
	const { total } = await rows(sim, 'opportunities', 'statecode eq 1');
	const { changed } = await sim.ask('update', { table: 'opportunities',
		where: 'statecode eq 1', set: { actualvalue: 1 } });
	assert.strictEqual(changed, total);
	assert.strictEqual((await rows(sim, 'opportunities',
	    'modifiedon ge 2026-11-25T20:00:00Z and actualvalue eq 1')).total,
	    total);
});

test('batches with bare line ends, and with a part too few', async () => {
	await begin();
	const { contactid: id } = await one();
	const part = (key) => '--b\r\nContent-Type: application/http\r\n' +
	    'Content-Transfer-Encoding: binary\r\n\r\n' +
	    `GET ${PREFIX}contacts(${key})?$select=fullname HTTP/1.1\r\n` +
	    'Accept: application/json\r\n\r\n';
	const send = async (body) => {
		const res = await raw('$batch', { method: 'POST', body, headers: {
			'content-type': 'multipart/mixed; boundary="b"',
			prefer: 'odata.continue-on-error' } });
		return { status: res.status, text: await res.text() };
	};
	const body = `${part(id)}${part(NOBODY)}${part(id)}--b--\r\n`;
	const good = await send(body);
	assert.strictEqual(good.status, 200);
	assert.deepStrictEqual(good.text.match(/HTTP\/1\.1 \d+/g),
	    ['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
	await fault({ kind: 'batch_lf', on: 'batch' });
	assert.ok(!(await send(body)).text.includes('\r'));
	await fault({ kind: 'part_gone', on: 'batch', nth: 2 });
	assert.strictEqual((await send(body)).text.match(/HTTP\/1\.1/g).length, 2);
	assert.strictEqual((await send(body.replaceAll('\r', ''))).status, 400);
	await fault({ kind: 429, on: 'row', after: 1, retry_after: 1 });
	assert.deepStrictEqual((await send(body)).text.match(/HTTP\/1\.1 \d+/g),
	    ['HTTP/1.1 200', 'HTTP/1.1 429', 'HTTP/1.1 200']);
});

test('a restart changes nothing', async () => {
	await begin();
	const { contactid: id } = await one();
	await patch(id, { npt_npstags: 'NPSToday.Møde.9' });
	await sim.ask('column', { table: 'contacts', column: 'npt_x int 10' });
	await patch(id, { npt_x: 7 });
	await sim.ask('delete', { table: 'contacts',
		id: (await rows(sim, 'contacts', `contactid ne ${id}`, 1))
		    .rows[0].contactid });
	const before = await rows(sim, 'contacts');
	const { version } = await stats();
	const old = sim;
	sim = null;
	await old.stop();
	sim = await dataverse_start(['--ledger', old.dir]);
	assert.deepStrictEqual(await rows(sim, 'contacts'), before);
	assert.strictEqual((await stats()).version, version);
});

main(async () => { if (sim) await sim.stop(); });
