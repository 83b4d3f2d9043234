#!/usr/bin/env node
/*
 * superoffice-openapi.test.js - nights of npsync against the SuperOffice of the
 * tests, with tags as interests and in a field, with fields and follow-ups, each request held against the extract of the vendor's published
 * description (tests/sim/parts/superoffice/openapi.json): path, verb, parameters,
 * headers, members of the body.  The rules are worked out here once
 * more, beside those of the test server; for each there is a request that must
 * not pass.
 */
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test, main, note } = require('./lib/tap.js');
const { tenant_options, crm_group } = require('./lib/superoffice.js');
const { place_make } = require('./lib/place.js');

const described = JSON.parse(fs.readFileSync(path.join(__dirname,
    '../sim/parts/superoffice/openapi.json'), 'utf8'));
const deref = (v) => (v && v.$ref ? v.$ref.slice(2).split('/')
    .reduce((at, key) => at[key], described) : v);

/* ---- the rules ------------------------------------------------------------- */
function path_find(what) {
	if (described.paths[what])
		return what;
	return Object.keys(described.paths).find((p) => new RegExp(
	    `^${p.replace(/[$.]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`)
	    .test(what));
}

function value_wrong(schema, v) {
	const { type } = schema;
	if (schema.enum)
		return !schema.enum.some((e) => e.toLowerCase() ===
		    String(v).toLowerCase());
	if (v === null || type === undefined)
		return false;
	if (type === 'array')
		return !Array.isArray(v) || (schema.items?.type &&
		    v.some((one) => value_wrong(schema.items, one)));
	if (type === 'integer')
		return !Number.isInteger(typeof v === 'string' && /^\d+$/.test(v)
		    ? Number(v) : v);
	if (type === 'boolean')
		return !['true', 'false'].includes(String(v).toLowerCase());
	return type === 'string' && typeof v !== 'string';
}

function object_wrong(schema, body) {
	const wrong = [];
	for (const [key, v] of Object.entries(body)) {
		const is = schema.properties[key];
		if (is === undefined)
			wrong.push(`unknown-member ${key}`);
		else if (value_wrong(is, v))
			wrong.push(`value-of-member ${key}`);
	}
	for (const key of schema.required ?? [])
		if (!(key in body))
			wrong.push(`missing-member ${key}`);
	return wrong;
}

function body_wrong(schema, body) {
	if (body === undefined)
		return ['missing-body'];
	if (schema.type === 'array')
		return Array.isArray(body)
		    ? body.flatMap((one) => object_wrong(schema.items, one))
		    : ['value-of-body'];
	return typeof body === 'object' && !Array.isArray(body)
	    ? object_wrong(schema, body) : ['value-of-body'];
}

const parse = (text) => {
	try { return JSON.parse(text); } catch { return undefined; }
};

/* What is wrong with {method, path, args, headers, body}. */
function judge(r) {
	const wrong = [];
	const found = path_find(r.path);
	if (!found)
		return ['unknown-path'];
	const operation = described.paths[found][r.method.toLowerCase()];
	if (!operation)
		return ['unknown-verb'];
	const all = operation.parameters.map(deref);
	const form = all.some((p) => p.in === 'formData') && r.body;
	const args = form ? Object.fromEntries(new URLSearchParams(r.body))
		: r.args;
	const where = form ? 'formData' : 'query';
	for (const [name, v] of Object.entries(args)) {
		const p = all.find((one) => one.in === where && one.name === name);
		if (!p)
			wrong.push(`unknown-parameter ${name}`);
		else if (value_wrong(p, v))
			wrong.push(`value-of-parameter ${name}`);
	}
	for (const p of all)
		if (p.in === where && p.required && !(p.name in args))
			wrong.push(`missing-parameter ${p.name}`);
	const body = all.find((p) => p.in === 'body');
	if (body && !r.secret)
		wrong.push(...body_wrong(deref(body.schema), parse(r.body)));
	else if (!body && !form && r.body)
		wrong.push('unexpected-body');
	const headers = Object.keys(r.headers).map((h) => h.toLowerCase());
	const need = [...described['x-headers-always'],
		...(r.path.startsWith('/api/v1') ? described['x-headers-data'] : [])];
	for (const name of need)
		if (!headers.includes(name.toLowerCase()))
			wrong.push(`missing-header ${name}`);
	return wrong;
}

/* A line of exchanges.jsonl. */
function request_of(line) {
	const at = new URL(line.uri, 'http://x');
	const path_ = decodeURIComponent(at.pathname)
	    .replace(/^\/Cust12345\/api/, '/api');
	return { ...line, path: path_, args: Object.fromEntries(at.searchParams),
		/* Its body is in no record. */
		secret: /Authenticate$|oauth/.test(path_) };
}

/* ---- the nights -------------------------------------------------------------- */
/* crm: of npsync's group for it; more: beside the groups. */
async function recorded({ crm = '', more = '' } = {}) {
	const place = await place_make('superoffice', tenant_options(
	    ['--seed-world', '120', '--events', '40', '--days', '1', '--record']),
	crm_group(crm), { more });
	const { server, service, must } = place;
	const live = new Date('2026-11-24T07:00:00Z');
	await must(live, 'run', 'hourly');
	await must(live, 'activate');
	await must(new Date('2026-11-26T02:10:00Z'), 'run', 'night');
	await service.ask('auto', { seed: 1, percent: 100,
		now: '2026-11-26T18:00:00Z' });
	await must(new Date('2026-11-27T02:10:00Z'), 'run', 'night');
	const lines = fs.readFileSync(path.join(server.dir, 'exchanges.jsonl'),
	    'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l));
	const stats = await server.get('/sim/stats');
	const ledger = server.ledger();
	const answers = service.ledger().filter((l) => l.kind === 'answer').length;
	await place.stop();
	return { lines, stats, ledger, answers };
}

/* Of somebody's card, before and after: what npsync wrote. */
const written = ({ ledger }, table) => ledger.filter((l) => l.by === 'api' &&
	l.table === table);

/* Nothing that the description does not have; what was asked, by path. */
function described_check({ lines, stats }) {
	const wrong = lines.flatMap((line) => judge(request_of(line))
	    .map((w) => `${line.method} ${line.uri.slice(0, 80)}: ${w}`));
	const kinds = new Set(lines.map((l) => `${l.method} ` +
	    path_find(request_of(l).path)));
	note(`${lines.length} requests: ${[...kinds].sort().join(', ')}`);
	assert.deepStrictEqual(wrong, []);
	assert.deepStrictEqual(stats.violations, {});
	assert.strictEqual(stats.strayed, 0);
	return [...kinds];
}

let seen;
test('two nights: each request is described', { limit_ms: 120000 },
    async () => {
	seen = await recorded();
	const kinds = described_check(seen);
	for (const want of ['GET /api/v1/Appointment', 'GET /api/v1/Sale',
		'GET /api/v1/Ticket', 'GET /api/v1/Person'])
		assert.ok(kinds.some((k) => k.startsWith(want) ||
		    k.includes('/Archive/')), want);
});

test('no secret is in an address', () => {
	for (const { uri } of seen.lines)
		assert.doesNotMatch(uri, /7T:|AbCdEf|sec(?![a-z])/);
});

test('answers became interests, and nobody lost one', () => {
	const changes = written(seen, 'person');
	note(`${changes.length} persons changed`);
	assert.ok(changes.length > 0);
	const ours = new Set(written(seen, 'interest').map((l) => l.id));
	for (const { set, was } of changes)
		assert.deepStrictEqual(set.interests.filter((i) => !ours.has(i)),
		    was.interests.filter((i) => !ours.has(i)));
});

const PANEL = `writeback = { fields = (
	{ value = "recent_score"; field = "SuperOffice:3"; },
	{ value = "recent_comment"; field = "SuperOffice:1"; } );
	task = { at_most = 10; }; };`;
test('fields and follow-ups: each request is described',
    { limit_ms: 120000 }, async () => {
	const nights = await recorded({ more: PANEL,
		crm: 'task_type_id = 5; task_associate_id = 1;' });
	const kinds = described_check(nights);
	for (const want of ['POST /api/v1/Appointment',
		'PATCH /api/v1/Person/{id}'])
		assert.ok(kinds.includes(want), want);
	const cards = written(nights, 'person').filter((l) => l.set.custom);
	const tasks = written(nights, 'appointment');
	note(`${nights.answers} answers: ${cards.length} cards with fields, ` +
	    `${tasks.length} follow-ups`);
	assert.ok(nights.answers > 3);
	assert.strictEqual(cards.length, nights.answers);
	assert.strictEqual(tasks.length, nights.answers);
	for (const { set, was } of cards) {
		assert.match(set.custom['SuperOffice:3'], /^\[I:(\d|10)\]$/);
		assert.strictEqual(set.custom['SuperOffice:2'],
		    was.custom['SuperOffice:2']);
	}
	assert.strictEqual(new Set(tasks.map((l) => l.set.personId)).size,
	    tasks.length);
	for (const { set } of tasks) {
		assert.strictEqual(set.type, 5);
		assert.strictEqual(set.completed, false);
		assert.ok(set.associateId > 0 && set.contactId > 0);
	}
});

test('tags in a field: each request is described', { limit_ms: 120000 },
    async () => {
	const nights = await recorded({
		crm: 'tag_mode = "field"; tag_field = "SuperOffice:2";' });
	const kinds = described_check(nights);
	assert.ok(kinds.includes('PATCH /api/v1/Person/{id}'));
	assert.ok(!kinds.some((k) => /UpdateInterests/.test(k)));
	const cards = written(nights, 'person');
	note(`${nights.answers} answers: ${cards.length} cards with tags`);
	assert.ok(nights.answers > 3);
	assert.strictEqual(cards.length, nights.answers);
	for (const { set, was } of cards) {
		const before = was.custom['SuperOffice:2'] ?? '';
		const [ours, ...more] = set.custom['SuperOffice:2'].split(';')
		    .filter((t) => !before.split(';').includes(t));
		assert.match(ours, /^NPSToday\..+\.(\d|10)$/);
		assert.deepStrictEqual(more, []);
		assert.ok(set.custom['SuperOffice:2'].startsWith(before));
	}
});

/* ---- each rule refuses something -------------------------------------------- */
const good = { method: 'POST', path: '/api/v1/Agents/Person/UpdateInterests',
	args: {}, headers: { Accept: 'x', 'User-Agent': 'x', Authorization: 'x',
		'SO-TimeZone': 'x' },
	body: JSON.stringify({ PersonId: 1, EnableInterestIds: [1],
		DisableInterestIds: [] }) };
const list = { ...good, method: 'GET', path: '/api/v1/Sale', body: undefined };
const body = (v) => ({ ...good, body: JSON.stringify(v) });
for (const [rule, r] of [
	['unknown-path', { ...good, path: '/api/v1/Agents/Person/Nothing' }],
	['unknown-verb', { ...good, method: 'DELETE' }],
	['unknown-parameter', { ...list, args: { $expand: 'x' } }],
	['value-of-parameter', { ...list, args: { $top: 'all' } }],
	['value-of-parameter', { ...list, args: { $mode: 'Fat' } }],
	['missing-parameter', { ...good, path: '/login/common/oauth/tokens',
		body: 'grant_type=refresh_token' }],
	['missing-header', { ...list, headers: { Accept: 'x' } }],
	['missing-body', { ...good, body: undefined }],
	['unexpected-body', { ...list, body: '{}' }],
	['value-of-body', body([])],
	['unknown-member', body({ ...JSON.parse(good.body), Note: 'x' })],
	['missing-member', body({ PersonId: 1, EnableInterestIds: [1] })],
	['value-of-member', body({ ...JSON.parse(good.body), PersonId: 'x' })],
	['value-of-member', { ...good, method: 'PATCH',
		path: '/api/v1/Person/1', body: JSON.stringify(
		    [{ op: 'move', path: 'x' }]) }],
	[null, good], [null, list]])
	test(`${rule ?? 'nothing'} is found`, () => {
		const wrong = judge(r);
		assert.deepStrictEqual(wrong.map((w) => w.split(' ')[0])
		    .filter((w, i, a) => a.indexOf(w) === i),
		rule === null ? [] : [rule]);
	});

main();
