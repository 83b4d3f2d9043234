#!/usr/bin/env node
/*
 * soql.test.js - every SOQL statement that npsync sends, read by a grammar that
 * other people wrote; and does tests/sim/salesforce find what such a statement
 * says?
 */
'use strict';

const assert = require('node:assert');
const { test, main, note } = require('./lib/tap.js');
const { sim_start } = require('./lib/sim.js');
const { place_make, has_connector, iso } = require('./lib/place.js');
const { faults_of, where_of, walk, holds, parseQuery } =
    require('./lib/soql.js');

const URI_MAX = 16384;
const IN_MAX = 200;

/* ---- the judge itself ------------------------------------------------------------ */
const good = [
	"SELECT Id,Subject,WhoId FROM Event WHERE EndDateTime >= " +
	    "2026-11-20T00:00:00Z AND EndDateTime < 2026-11-21T00:00:00+01:00 " +
	    'AND IsChild = false AND IsDeleted = false ORDER BY EndDateTime ' +
	    'ASC, Id ASC',
	'SELECT Id,IsWon FROM Opportunity WHERE IsClosed = true AND ' +
	    'SystemModstamp >= 2026-11-20T00:00:00Z ORDER BY SystemModstamp',
	'SELECT OpportunityId,ContactId FROM OpportunityContactRole WHERE ' +
	    "OpportunityId IN ('006RM0000000057YAA','006RM000000005jYAA') " +
	    'ORDER BY OpportunityId, IsPrimary DESC, CreatedDate',
	'SELECT Id,Account.Name,Owner.Email FROM Contact WHERE ' +
	    'LastActivityDate >= 2026-07-01 AND LastActivityDate <= 2026-08-01',
	"SELECT Id FROM Task WHERE (IsClosed = true AND (Type = 'Møde' OR " +
	    "Type = 'O\\'Hara \\\\ & +')) OR (NOT WhoId = null)",
];
const bad = [
	["SELECT Id FROM Event WHERE EndDateTime >= '2026-11-20T00:00:00Z'",
	    /EndDateTime >= STRING/],
	["SELECT Id FROM Task WHERE (Id != null) AND (IsClosed = 'true' OR " +
	    'ActivityDate = 2026-11-20)', /IsClosed = STRING/],
	["SELECT Id FROM Contact WHERE Account.SystemModstamp > '2026-01-01'",
	    /SystemModstamp > STRING/],
	['SELECT Id FROM Contact WHERE SystemModstamp >= 2026-11-20',
	    /SystemModstamp >= DATE/],
	['SELECT Id FROM Task WHERE ActivityDate > 2026-11-20T00:00:00Z',
	    /ActivityDate > DATETIME/],
	["SELECT Id FROM Task WHERE Id = 'a' AND Type = 'b' OR Type = 'c'",
	    /AND beside OR/],
	["SELECT Id FROM Contact WHERE Name = 'O'Hara'", /refuses/],
	['SELECT Id FROM Event WHERE EndDateTime >= 2026-11-20 00:00:00Z',
	    /refuses/],
	['SELECT Id WHERE Id = null', /refuses/],
	["SELECT Id FROM Contact WHERE Name = 'x' AND", /refuses/],
];

test('the judge lets good statements pass', () => {
	for (const soql of good)
		assert.deepStrictEqual(faults_of(soql), [], soql);
});

test('the judge sees what is wrong', () => {
	for (const [soql, why] of bad)
		assert.match(String(faults_of(soql)), why, soql);
});

/* ---- the server's answers beside those worked out here ------------------------------ */
let seed = 20261126;
const draw = (n) => {
	seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
	return (seed >>> 8) % n;
};
const pick = (list) => list[draw(list.length)];
const quoted = (s) => `'${s.replace(/[\\']/g, '\\$&')}'`;
const COLUMNS = 'Id,LastName,Email,AccountId,Account.Name,Owner.Name,' +
    'HasOptedOutOfEmail,LastActivityDate,SystemModstamp';

function comparison(rows) {
	const row = pick(rows), order = pick(['=', '!=', '<', '<=', '>', '>=']);
	const day = row.LastActivityDate ?? '2026-08-01';
	switch (draw(8)) {
	case 0: return `LastName ${order} ${quoted(row.LastName)}`;
	case 1: return `LastName LIKE '${pick(['A%', '%e%', '_e%', "O\\'%", 'ø%',
	    '%n', '%'])}'`;
	case 2: return `HasOptedOutOfEmail ${pick(['=', '!='])} ` +
	    pick(['true', 'false']);
	case 3: return `LastActivityDate ${order} ${day}`;
	case 4: return `SystemModstamp ${order} ` +
	    row.SystemModstamp.replace('.000+0000', pick(['Z', '+00:00']));
	case 5: return `AccountId ${pick(['IN', 'NOT IN'])} (` +
	    [...new Set([pick(rows), pick(rows), row].map((r) => r.AccountId)
	    .filter(Boolean).concat(rows[0].AccountId))]
	    .map(quoted).join(', ') + ')';
	case 6: return `Email ${pick(['=', '!='])} null`;
	default: return `${pick(['Account', 'Owner'])}.Name ${order} ` +
	    quoted(row.Owner.Name);
	}
}

/* No NOT right inside of a NOT: the parser loses a parenthesis there. */
function condition(rows, depth, denied = false) {
	const kind = depth === 0 ? 0 : draw(4);
	if (kind === 0 || (kind === 1 && denied))
		return comparison(rows);
	if (kind === 1)
		return `NOT ${inner(rows, depth - 1, true)}`;
	return Array.from({ length: 2 + draw(2) }, () =>
	    inner(rows, depth - 1)).join(kind === 2 ? ' AND ' : ' OR ');
}

const inner = (rows, depth, denied) => depth === 0 ? comparison(rows)
    : `(${condition(rows, depth, denied)})`;

test('the server finds what the statement says', { limit_ms: 60000 },
    async () => {
	const sim = await sim_start('salesforce',
	    ['--contacts', '150', '--history', '300', '--plain']);
	const token = (await (await fetch(`${sim.url}/services/oauth2/token`, {
		method: 'POST', body: new URLSearchParams({ client_id: 'cid',
			client_secret: 'sec', grant_type: 'client_credentials' }),
	})).json()).access_token;
	const ask = async (soql) => {
		const res = await fetch(`${sim.url}/services/data/v62.0/query?q=` +
		    encodeURIComponent(soql),
		    { headers: { authorization: `Bearer ${token}` } });
		const json = await res.json();
		assert.strictEqual(res.status, 200,
		    `${soql}: ${JSON.stringify(json)}`);
		return json.records;
	};
	const rows = await ask(`SELECT ${COLUMNS} FROM Contact`);
	let some = 0;
	for (let i = 0; i < 400; i++) {
		const soql = 'SELECT Id FROM Contact WHERE ' +
		    condition(rows, 3);
		assert.deepStrictEqual(faults_of(soql), [], soql);
		const where = where_of(soql);
		const expected = rows.filter((r) => holds(where, r))
		    .map((r) => r.Id);
		const found = (await ask(soql)).map((r) => r.Id);
		assert.deepStrictEqual(found, expected, soql);
		some += found.length > 0 && found.length < rows.length;
	}
	await sim.stop();
	assert.ok(some > 200, `only ${some} of 400 found some of the rows`);
});

/* ---- what npsync sends ------------------------------------------------------------------ */
const HOUR = 3600000;
const statements = [];

/* The days before and after go-live: history, a day with events of each kind,
 * answers, a night without anything new. */
async function nights(options, crm, what) {
	const from = new Date(Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR +
	    7 * HOUR);
	const at = (hours) => new Date(+from + hours * HOUR);
	const place = await place_make('salesforce', ['--contacts', '120',
	    '--history', '250', '--events', '30', '--now',
	    iso(from), ...options], (server, secret) => `name = "crm"; ` +
	    `driver = "salesforce"; login_url = "${server.url}"; client_id = ` +
	    `"cid"; client_secret = "${secret('crm.key', 'sec')}"; ` +
	    `rate_per_second = 10.0; ${crm}`);
	const { must } = place;
	const touch = (query, fields) =>
	    place.server.ask('touch', { query, fields });
	try {
		await must(at(0), 'check');
		await must(at(1), 'run', 'hourly');
		await must(at(1.1), 'activate');
		await place.server.ask('now', { now: iso(at(20)) });
		await touch('SELECT Id FROM Opportunity WHERE IsClosed = false ' +
		    'LIMIT 12', { StageName: 'Closed Won' });
		await touch('SELECT Id FROM Case WHERE IsClosed = false LIMIT 9',
		    { Status: 'Closed' });
		await must(at(29), 'run', 'hourly');
		await must(at(43), 'run', 'night');
		await place.service.ask('now', { now: iso(at(52)) });
		await place.service.ask('auto', { seed: 1, percent: 80,
			now: iso(at(52)) });
		await must(at(58), 'run', 'hourly');
		await must(at(67), 'run', 'night');
		const seen = place.server.requests().map((l) => JSON.parse(l));
		assert.ok(seen.length > 20, `${seen.length} requests`);
		statements.push(...seen.filter((r) => r.q !== undefined));
		what.push(...seen);
	} finally {
		await place.stop();
	}
}

const reason = has_connector('salesforce') ? null
    : 'npsync has no connector for Salesforce';
const plain = [], options = [];

test('nights with the defaults', { limit_ms: 240000, skip: reason },
    () => nights(['--page-max', '50'], '', plain));

test('nights with what else can be read',
    { limit_ms: 240000, skip: reason },
    () => nights(['--shared-activities'], 'meeting_who_relation = true; ' +
	'use_account_contact_relation = true; employment_field = ' +
	'"EmploymentStatus__c"; employment_left_values = [ "Left" ]; ' +
	'nosend_field = "NoNPS__c"; language_field = "Language__c"; ' +
	'relation_field = "Account.Type"; company_tag_field = ' +
	'"NPSToday_Tags__c"; deal_contact_rule = "primary_then_first"; ' +
	'case_status_exclude = [ "Duplicate", "O\'Hara\'s" ]; ' +
	'meeting_filter = "Type != \'Te & kaffe + 1\'"; in_list_max = 20;',
	options));

test('nights with tasks as meetings', { limit_ms: 240000, skip: reason },
    () => nights([], 'meeting_object = "Task"; activity_use_queryall = false;',
	options));

test('every statement is one that the grammar takes', { skip: reason },
    () => {
	const all = new Set(statements.map((r) => r.q));
	for (const soql of all)
		assert.deepStrictEqual(faults_of(soql), [], soql);
	const shapes = new Set([...all].map((q) => q
	    .replace(/'[^']*'|\d[\dTZ:.+-]+/g, '?').replace(/(\?,)+\?/g, '?')));
	note(`${all.size} statements of ${shapes.size} shapes`);
	assert.ok(shapes.size >= 8, [...shapes].join('\n'));
});

test('every statement was answered', { skip: reason }, () => {
	for (const r of statements)
		assert.strictEqual(r.status, 200, r.q);
});

test('no statement is too long, no list has too many', { skip: reason },
    () => {
	for (const r of statements) {
		assert.ok(r.uri.length <= URI_MAX, r.uri.length);
		walk(where_of(r.q), (c) => {
			if (Array.isArray(c.value))
				assert.ok(c.value.length <= IN_MAX);
		});
	}
});

test('rows that change while they are read are in an order',
    { skip: reason }, () => {
	for (const r of statements) {
		const q = parseQuery(r.q);
		const windowed = [];
		walk(where_of(r.q), (c) => {
			if (/^(SystemModstamp|EndDateTime|ClosedDate)$/
			    .test(c.field))
				windowed.push(c.field);
		});
		if (windowed.length > 0)
			assert.ok([].concat(q.orderBy ?? []).length > 0, r.q);
	}
});

test('a next page is asked for as it was named', { skip: reason }, () => {
	const pages = plain.filter((r) => r.on === 'next');
	assert.ok(pages.length > 3, `${pages.length} pages`);
	for (const r of pages) {
		assert.match(r.uri, /^\/services\/data\/v62\.0\/query\/01g\w+-\d+$/);
		assert.strictEqual(r.status, 200);
	}
});

test('a night asks for few tokens', { skip: reason }, () => {
	const tokens = plain.filter((r) => r.on === 'token').length;
	/* check, two hourly runs, two nights, one more hourly run */
	assert.ok(tokens <= 6, `${tokens} tokens`);
});

main();
