#!/usr/bin/env node
/*
 * odata.test.js - are npsync's requests to Dynamics 365 well formed?  The
 * program runs nights against the Dynamics 365 of the tests; every query is
 * parsed by @odata/parser, every batch by Python's own parser of multipart
 * bodies, and what changes a row is compared with what dynamics-web-api sends.
 */
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { defaultParser } = require('@odata/parser');
const { test, main, note } = require('./lib/tap.js');
const { WORLD, dataverse_start, client, rows, TENANT, CLIENT } =
    require('./lib/dataverse.js');
const { place_make } = require('./lib/place.js');

const PREFIX = '/api/data/v9.2/';
const COLUMNS = ['npt_npsresponse.npt_type text 20',
	'npt_npsresponse.npt_ratedon time', 'contact.npt_average real',
	'contact.npt_comment text 255', 'contact.npt_recentdate day',
	'contact.npt_recentscore int 10'];
const FIELDS = `writeback = { history = true; feed = true; fields = (
	{ value = "average_total"; field = "npt_average"; },
	{ value = "recent_comment"; field = "npt_comment"; },
	{ value = "recent_date"; field = "npt_recentdate"; },
	{ value = "recent_score"; field = "npt_recentscore"; } );
	task = { at_most = 6; }; };`;

/* Each line of the nights that follow, and how they went. */
const stories = [
	{ name: 'one by one', crm: '' },
	{ name: 'in batches', crm: 'batch_size = 10; page_size = 40; ' +
	    'inactivity_source = "parties"; owner_email = true; ' +
	    'meeting_sets = [ "appointments", "phonecalls" ];' },
	{ name: 'by functions, close activities, and change tracking', crm:
	    'in_style = "function"; deal_source = "opportunitycloses"; ' +
	    'case_source = "incidentresolutions"; contact_mirror = "delta";' },
];

/* Six people, to each of whom one thing happens. */
async function day_record(sim) {
	const { rows: people } = await rows(sim, 'contacts', 'statecode eq 0 ' +
	    "and donotemail eq false and donotbulkemail eq false and " +
	    'emailaddress1 ne null', 6);
	const { rows: [user] } = await rows(sim, 'systemusers', undefined, 1);
	const set = { _ownerid_value: user.systemuserid };
	for (const one of people.slice(0, 3))
		await sim.ask('record', { table: 'appointments',
			set: { ...set, subject: 'Møde', statecode: 1, statuscode: 3,
				actualend: '2026-11-24T18:00:00Z',
				scheduledend: '2026-11-24T18:00:00Z' },
			parties: [{ contact: one.contactid, mask: 5 },
				{ systemuser: user.systemuserid, mask: 7 },
				{ unresolved: 'x@y.example', mask: 6 }] });
	for (const [i, state] of [[3, 1], [4, 2]]) {
		const { id } = await sim.ask('record', { table: 'opportunities',
			set: { ...set, name: 'Tilbud', statecode: state,
				statuscode: 2 + state, actualclosedate: '2026-11-24',
				parentcontactid: people[i].contactid } });
		await sim.ask('record', { table: 'opportunitycloses', set: {
			...set, subject: 'Lukket', statecode: 1, statuscode: 2,
			opportunityid: id, opportunitystatecode: state,
			actualend: '2026-11-24T18:00:00Z' } });
	}
	const { id } = await sim.ask('record', { table: 'incidents', set: { ...set,
		title: 'Sag', statecode: 1, statuscode: 5,
		primarycontactid: people[5].contactid } });
	await sim.ask('record', { table: 'incidentresolutions', set: { ...set,
		subject: 'Lukket', statecode: 1, statuscode: 2, incidentid: id,
		actualend: '2026-11-24T18:00:00Z' } });
	return people;
}

/* Go-live, a day, its night, answers, and the night after. */
async function story_tell(story) {
	const place = await place_make('dynamics', [...WORLD, '--now',
	    '2026-11-24T07:00:00Z', ...COLUMNS.flatMap((c) => ['--column', c])],
	    (server, secret) => `name = "dyn"; driver = "dynamics";
		base_url = "${server.url}";
		token_url = "${server.url}/${TENANT}/oauth2/v2.0/token";
		client_id = "${CLIENT}"; rate_per_second = 10.0;
		secret = "${secret('secret', 'sim-secret-0123456789')}";
		response_table = "npt_npsresponses"; ${story.crm}`,
	    { more: FIELDS, inactivity: false });
	const { server: sim, service, must } = place;
	const at = (text) => new Date(`2026-11-${text}:00Z`);
	story.check = await must(at('24T07:00'), 'check');
	await must(at('24T07:00'), 'run', 'hourly');
	await must(at('24T07:00'), 'activate');
	await place.clock(at('24T19:00'));
	story.people = await day_record(sim);
	await must(at('25T02:10'), 'run', 'night');
	await service.ask('auto', { seed: 3, percent: 100,
		now: '2026-11-25T18:00:00Z' });
	await must(at('26T02:10'), 'run', 'night');
	story.before = sim.ledger().length;
	await must(at('26T02:20'), 'run', 'night');
	story.after = sim.ledger().length;
	story.ledger = sim.ledger();
	story.stats = await sim.get('/sim/stats');
	story.respondents = service.ledger()
	    .filter((l) => l.kind === 'respondent');
	story.requests = fs.readFileSync(path.join(sim.dir, 'exchanges.jsonl'),
	    'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l))
	    .filter((r) => r.uri.startsWith(PREFIX));
	story.tags = (await rows(sim, 'contacts', 'npt_npstags ne null')).rows;
	story.answers = (await rows(sim, 'npt_npsresponses')).rows;
	await place.stop();
}

/* ---- the nights ------------------------------------------------------------- */
for (const story of stories) {
	test(`nights ${story.name}: six are asked, six answer`,
	    { limit_ms: 120000 }, async () => {
		await story_tell(story);
		assert.deepStrictEqual(story.respondents.map((r) => r.email).sort(),
		    story.people.map((p) => p.emailaddress1).sort());
		const tags = story.tags.filter((c) =>
		    /^NPSToday\.|[\n,;]\s*NPSToday\./.test(c.npt_npstags));
		assert.deepStrictEqual(tags.map((c) => c.contactid).sort(),
		    story.people.map((p) => p.contactid).sort());
		assert.strictEqual(story.answers.length, 6);
		assert.strictEqual(story.after, story.before);
		note(`${story.requests.length} requests, ` +
		    JSON.stringify(story.stats.complaints));
	});
}

test('nothing was held against it', () => {
	for (const { name, stats, requests } of stories) {
		assert.deepStrictEqual(stats.complaints, {}, name);
		assert.strictEqual(stats.strayed, 0);
		assert.strictEqual(stats.too_early, 0);
		for (const r of requests)
			assert.ok([200, 201, 204].includes(r.status),
			    `${name}: ${r.status} ${r.method} ${r.uri} ` +
			    `${r.body}`);
	}
});

/* ---- queries ---------------------------------------------------------------- */
const query_of = (r) => {
	const at = r.uri.indexOf('?');
	return at < 0 ? null : decodeURIComponent(r.uri.slice(at + 1));
};
const is_link = (q) => /\$(skip|delta)token=/.test(q);

test('@odata/parser accepts each query of a first page', () => {
	const seen = new Set();
	let skipped = 0;
	for (const r of stories.flatMap((s) => s.requests)) {
		const q = query_of(r);
		if (q === null || is_link(q) || seen.has(q))
			continue;
		seen.add(q);
		if (q.includes('Microsoft.Dynamics.CRM.In('))
			skipped++;
		else
			assert.doesNotThrow(() => defaultParser.query(q), q);
	}
	assert.ok(seen.size - skipped > 20);
	assert.ok(skipped > 0);
	note(`${seen.size - skipped} queries parsed, ${skipped} with In(...) not`);
});

test('every query names its columns, and no blank is a plus', () => {
	for (const r of stories.flatMap((s) => s.requests)) {
		const q = r.uri.split('?')[1] ?? '';
		assert.ok(!q.includes('+') && !q.includes(' '), r.uri);
		if (r.method === 'GET' && /^\w+$/.test(r.uri.slice(PREFIX.length)
		    .split('?')[0]) && !r.uri.includes('WhoAmI'))
			assert.match(q, /\$select=/, r.uri);
	}
});

test('pages: the same size is asked for again, links as they came', () => {
	const links = stories.flatMap((s) => s.requests)
	    .filter((r) => is_link(r.uri));
	assert.ok(links.length > 5);
	for (const r of links)
		assert.match(r.prefer, /odata\.maxpagesize=\d+/, r.uri);
});

test('headers of every call', () => {
	for (const r of stories.flatMap((s) => s.requests)) {
		if (r.inner)
			continue;
		assert.strictEqual(r.odata_version, '4.0');
		assert.match(r.accept ?? '', /application\/json|multipart\/mixed|\*/);
	}
});

/* ---- batches ---------------------------------------------------------------- */
const PARTS = `
import email, email.policy, json, sys
n = []
for line in sys.stdin:
    one = json.loads(line)
    m = email.message_from_bytes(
        (f"Content-Type: {one['type']}\\r\\n\\r\\n" + one['body']).encode(),
        policy=email.policy.HTTP)
    assert m.is_multipart() and not m.defects, m.defects
    assert '\\n' not in one['body'].replace('\\r\\n', '')
    for part in m.iter_parts():
        assert not part.defects, part.defects
        assert part.get_content_type() == 'application/http'
        assert part['Content-Transfer-Encoding'] == 'binary'
        head, _, body = part.get_payload().partition('\\r\\n\\r\\n')
        lines = head.split('\\r\\n')
        method, uri, version = lines[0].split(' ')
        assert version == 'HTTP/1.1'
        heads = dict(l.split(': ', 1) for l in lines[1:])
        n.append({'method': method, 'uri': uri, 'heads': heads,
            'body': json.loads(body) if body.strip() else None})
print(json.dumps(n))
`;

test("Python's parser reads each part of each batch", () => {
	const batches = stories.flatMap((s) => s.requests)
	    .filter((r) => r.uri.endsWith('$batch'));
	assert.ok(batches.length > 0);
	const parts = JSON.parse(execFileSync('python3', ['-c', PARTS], {
		input: batches.map((b) => JSON.stringify({ type: b.content_type,
			body: b.body })).join('\n') }));
	assert.ok(parts.length >= batches.length);
	for (const p of parts) {
		assert.match(p.uri, /^(\/api\/data\/v9\.2\/|http:|\w+\()/);
		if (p.method === 'PATCH')
			assert.ok(p.heads['If-Match'] || p.uri.includes('='), p.uri);
		assert.ok(p.body === null ||
		    p.heads['Content-Type'].startsWith('application/json'));
	}
	note(`${batches.length} batches of ${parts.length} parts`);
});

/* ---- golden requests -------------------------------------------------------- */
/* What matters of a request; where two clients may differ is left out. */
function shape(r) {
	return { method: r.method, path: r.uri.split('?')[0],
		if_match: r.if_match ?? null,
		type: (r.content_type ?? '').split(';')[0],
		body: r.body ? JSON.parse(r.body) : null };
}

async function recorded(fn) {
	const sim = await dataverse_start(COLUMNS.flatMap((c) =>
	    ['--column', c]));
	await fn(client(sim), sim);
	const all = fs.readFileSync(path.join(sim.dir, 'exchanges.jsonl'), 'utf8')
	    .split('\n').filter(Boolean).map((l) => JSON.parse(l))
	    .filter((r) => r.uri.startsWith(PREFIX));
	await sim.stop();
	return all[all.length - 1];
}

const sent = (match) => stories[0].requests.filter((r) => match(r));
const key_of = (uri) => /\((.*)\)/.exec(decodeURIComponent(uri))[1];

test('golden: a card is changed as dynamics-web-api changes it', async () => {
	const ours = sent((r) => r.method === 'PATCH' &&
	    r.uri.startsWith(`${PREFIX}contacts(`));
	assert.ok(ours.length >= 6);
	for (const one of ours) {
		const theirs = await recorded((api) => api.update({
			collection: 'contacts', key: key_of(one.uri),
			data: JSON.parse(one.body), ifmatch: one.if_match })
		    .catch(() => null));
		assert.deepStrictEqual(shape(one), shape(theirs));
	}
});

test('golden: an answer is put as dynamics-web-api puts it', async () => {
	const ours = sent((r) => r.method === 'PATCH' &&
	    r.uri.startsWith(`${PREFIX}npt_npsresponses(`));
	assert.strictEqual(ours.length >= 6, true);
	const one = ours[0];
	const theirs = await recorded((api) => api.upsert({
		collection: 'npt_npsresponses', key: key_of(one.uri),
		data: JSON.parse(one.body) }).catch(() => null));
	const bare = (s) => ({ ...s, path: decodeURIComponent(s.path) });
	assert.deepStrictEqual(bare(shape(one)), bare(shape(theirs)));
});

test('golden: the same columns are asked for in the same way', async () => {
	const one = sent((r) => r.uri.startsWith(`${PREFIX}contacts?`) &&
	    r.uri.includes('modifiedon%20ge') && !is_link(r.uri))[0];
	const q = new URLSearchParams(one.uri.split('?')[1]);
	const nav = /^(\w+)\(\$select=([^)]*)\)$/.exec(q.get('$expand'));
	const theirs = await recorded((api) => api.retrieveMultiple({
		collection: 'contacts', select: q.get('$select').split(','),
		filter: q.get('$filter'), orderBy: q.get('$orderby').split(','),
		expand: [{ property: nav[1], select: nav[2].split(',') }],
		maxPageSize: Number(/maxpagesize=(\d+)/.exec(one.prefer)[1]) }));
	const parts = (uri) => Object.fromEntries([...new URLSearchParams(
	    uri.split('?')[1])].map(([k, v]) => [k, v.replace(/, /g, ',')]));
	assert.deepStrictEqual(parts(one.uri), parts(theirs.uri));
	assert.strictEqual(/odata\.maxpagesize=\d+/.exec(one.prefer)[0],
	    /odata\.maxpagesize=\d+/.exec(theirs.prefer)[0]);
});

main();
