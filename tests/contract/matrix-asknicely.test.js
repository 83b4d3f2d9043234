#!/usr/bin/env node
/*
 * matrix-asknicely.test.js - nights with the AskNicely of the tests, one of each
 * case disturbed: who is asked in the end, how often, whose opt-out is kept, and
 * whose card carries a tag.  The first cases in the ordinary run, all with
 * NPSYNC_LONG=1.
 */
'use strict';

const assert = require('node:assert');
const { test, main, note } = require('./lib/tap.js');
const { sim_start } = require('./lib/sim.js');
const { at, Nights, LATER, LIMIT_MS } = require('./lib/matrix.js');
const { crm } = require('./lib/hubspot.js');

const KEY = 'k-0123456789abcdef';
const FAILS = [1, 69, 78];	/* of npsync(8): the service failed */
const ANY = [0, ...FAILS];
const FOR_EVER = { times: 1000000 };

const survey = (sim, storage) => (secret) => `driver = "asknicely";
	base_url = "${sim.url}/api/v1"; api_key = "${secret('an', KEY)}";
	backoff_s = 0.1; backoff_max_s = 0.2; rate_per_second = 8.0;
	timeout_s = 5;
	responses = { redirect_hosts = [ "127.0.0.1:${storage}" ]; };
	campaign = ( { id = "7749"; alias = "Møde"; },
		{ id = "7750"; alias = "Salg"; },
		{ id = "7751"; alias = "Tabt salg"; },
		{ id = "7752"; alias = "Sag lukket"; } );`;

class SurveyNights extends Nights {
	constructor() {
		super({ ...crm, named: /asknicely/ });
	}
	async begin() {
		const service = await sim_start('asknicely', ['--key', KEY, '--now',
			'2026-11-24T06:00:00Z', '--limits', 'real',
			'--redirect-above', '1']);
		const { storage_port } = await service.get('/sim/stats');
		this.crm.place = { other: service,
			survey: survey(service, storage_port) };
		await super.begin(0);
		this.service = service;
	}
	async faults(list) {
		for (const fault of [].concat(list ?? []))
			await this.service.ask('fault', fault);
	}
	async calm() {
		await this.service.ask('fault', { clear: true });
		await this.service.ask('mutate', { clear: true });
	}
	lines(kind) {
		return this.service.ledger().filter((l) => l.kind === kind);
	}
	asked() {
		return this.lines('send').map((l) => l.email);
	}
	async answers(n) {
		const now = at(this.day, 12);
		await this.place.clock(now);
		for (const { mail } of this.ready.splice(0, n)) {
			await this.service.ask('answer', { email: mail, answer: 9,
				at: now.toISOString() });
			this.answered.add(mail);
		}
	}
	async manners_check() {
		await super.manners_check();
		const { violations, too_early } = await this.service.get('/sim/stats');
		assert.deepStrictEqual(violations, {});
		assert.strictEqual(too_early, 0);
	}
	at_noon(...args) {
		return this.place.at(at(this.day, 12), ...args);
	}
	/* Rows whose outcome nobody knows: [id, mail]. */
	async doubts() {
		const { text } = await this.at_noon('--csv', 'queue',
		    '--transferred');
		return text.split('\n').filter((l) => /,unknown\b/.test(l))
		    .map((l) => [l.split(',')[0], [...this.mails.keys()]
			.find((m) => l.includes(m))]);
	}
	/* Of a person something happens once more, and the night of it. */
	async once_more({ mail, id }) {
		await this.place.clock(at(this.day, 18));
		await this.crm.event(this.sim, 'case', id, at(this.day, 18), {});
		await this.night(0);
	}
}

/*
 * One case: an evening of four people, its night, then the night after without a
 * fault.  lost: so many nobody can say of whether they were asked, and nobody asks
 * again; they are shown until a person settles them.
 */
async function send_case(w, one) {
	await w.evening(one);
	const four = w.ready.slice(-4);
	await one.before?.(w, four);
	await w.faults(one.fault);
	const first = await w.night(one.code ?? 0);
	const asked = w.asked().slice(w.mark).length;
	if (first.code !== 0) {
		const { text } = await w.place.at(at(w.day, 3), 'status');
		assert.match(text, w.crm.named, text);
	}
	await w.calm();
	await w.night(0);
	const doubts = await w.doubts();
	assert.strictEqual(doubts.length, one.lost ?? 0, `${doubts}`);
	for (const [, mail] of doubts) {
		w.expected.delete(mail);
		w.ready = w.ready.filter((r) => r.mail !== mail);
	}
	await one.after?.(w, four);
	w.asked_check();
	if (doubts.length > 0) {
		await w.place.must(at(w.day, 12), 'resolve', ...doubts.map(
		    ([id]) => id), '--not-sent', '--reason', 'looked', '--yes');
		assert.deepStrictEqual(await w.doubts(), []);
	}
	await w.manners_check();
	note(`${one.word}: exit ${first.code}, then 0; ${asked} asked at first, ` +
	    `${doubts.length} in doubt`);
}

/* Three answer; reading them is disturbed. */
async function answer_case(w, one) {
	if (w.ready.length < 3) {
		await w.evening({ word: `for-${one.word.replaceAll(/\W+/g, '-')}` });
		await w.night(0);
	}
	await w.answers(3);
	await w.faults(one.fault);
	if (one.mutant !== undefined)
		await w.service.ask('mutate', { name: one.mutant });
	const first = await w.night(one.code ?? 0);
	await w.calm();
	await w.night(0);
	await w.tags_check();
	await w.night(0);
	await w.tags_check();
	w.asked_check();
	await w.manners_check();
	note(`${one.word}: exit ${first.code}, then 0; a tag for each answer`);
}

const unsubscribe = (w, { mail }) => w.service.ask('optout', { email: mail,
	at: at(w.day, 17).toISOString() });

/* Declined at the service after the last look at its list, which breaks off in
 * the night: npsync learns it from the answer to its send, and keeps it. */
const declined = {
	async before(w, [one]) {
		await w.service.ask('contact', { email: one.mail });
		await unsubscribe(w, one);
		w.expected.delete(one.mail);
	},
	async after(w, [one]) {
		const refused = () => w.lines('import').filter((l) =>
			l.email === one.mail && l.why).length;
		assert.strictEqual(refused(), 1);
		w.ready = w.ready.filter((r) => r.mail !== one.mail);
		await w.once_more(one);
		assert.strictEqual(refused(), 1, 'tried again');
	},
};
/* Nobody could say whether for good: not asked, told, tried anew. */
const unsure = {
	...declined,
	async after(w, [one]) {
		const refused = () => w.lines('import').filter((l) =>
			l.email === one.mail && l.why).length;
		assert.strictEqual(refused(), 2);
		w.ready = w.ready.filter((r) => r.mail !== one.mail);
		await w.once_more(one);
		assert.strictEqual(refused(), 2, 'tried again');
	},
};
const deactivated = {
	async before(w, [one]) {
		await w.service.ask('contact', { email: one.mail, active: false });
		w.expected.delete(one.mail);
	},
	async after(w, [one]) {
		assert.ok(!w.asked().includes(one.mail));
		await w.service.ask('contact', { email: one.mail, active: true });
		await w.once_more(one);
		w.expected.add(one.mail);
	},
};

/* Somebody else has asked them already; the rule of the account says no. */
const held_back = {
	async before(w, four) {
		for (const { mail } of four) {
			const res = await fetch(
			    `${w.service.url}/api/v1/contact/trigger`, {
				method: 'POST', headers: { 'X-apikey': KEY },
				body: new URLSearchParams({ email: mail }) });
			assert.match(await res.text(), /Message Sent/);
		}
	},
	async after(w, four) {
		const { text } = await w.at_noon('--csv', 'alarms');
		assert.match(text, /raised,suppressed,asknicely,/);
		assert.match(text, /4 of 4 people/);
		w.ready = w.ready.filter((r) => !four.includes(r));
	},
};

const sends = [
	{ word: '401 for ever', code: FAILS, fault: { kind: 401, on: 'any',
		...FOR_EVER } },
	{ word: 'the connection is cut after the send',
		fault: { kind: 'cut_after' } },
	{ word: '429 with Retry-After', fault: { kind: 429, retry_after: 2,
		times: 2 } },
	{ word: '429 without Retry-After', fault: { kind: 429, times: 2 } },
	/* The breaker looks after a minute, and after two more. */
	{ word: '429 for ever', code: ANY, limit_ms: 600000, fault: { kind: 429,
		retry_after: 2, ...FOR_EVER } },
	{ word: '500 before the send took effect', lost: 1,
		fault: { kind: 500 } },
	{ word: '500 after it', fault: { kind: 500, store: true } },
	{ word: 'cut before', lost: 1, fault: { kind: 'cut_before' } },
	{ word: 'a page of HTML', lost: 1, fault: { kind: 'html' } },
	{ word: 'a page of HTML, and sent', fault: { kind: 'html',
		store: true } },
	{ word: 'an empty result', lost: 1, fault: { kind: 'no_result' } },
	{ word: 'an empty result, and sent', fault: { kind: 'no_result',
		store: true } },
	{ word: 'a third text', lost: 1, fault: { kind: 'third' } },
	{ word: 'a body cut', fault: { kind: 'truncated' } },
	{ word: 'declined, and the list of it is cut', code: ANY, ...declined,
		fault: { kind: 'truncated', on: 'optouts', ...FOR_EVER } },
	{ word: 'declined, and the look fails', code: FAILS, ...unsure, fault: [
		{ kind: 500, on: 'lookup', ...FOR_EVER },
		{ kind: 'empty_page', on: 'optouts', ...FOR_EVER }] },
	{ word: 'declined, and no contact is found', code: FAILS, ...unsure,
		fault: [{ kind: 404, on: 'lookup', ...FOR_EVER },
			{ kind: 'empty_page', on: 'optouts', ...FOR_EVER }] },
	{ word: 'deactivated, and later active again', ...deactivated },
	{ word: 'a contact rule holds all back', ...held_back },
];
const answers = [
	{ word: 'answers: nothing wrong' },
	{ word: 'answers: stored at a foreign host', code: FAILS,
		mutant: 'storage-foreign' },
	{ word: 'answers: the stored body is cut', code: ANY,
		fault: { kind: 'truncated', on: 'storage', ...FOR_EVER } },
	{ word: 'answers: 500 for ever', code: FAILS,
		fault: { kind: 500, on: 'responses', ...FOR_EVER } },
	{ word: 'answers: a page of HTML', code: FAILS,
		fault: { kind: 'html', on: 'responses', ...FOR_EVER } },
	{ word: 'answers: reals for numbers', mutant: 'numbers-real' },
];

/* A server that is wrong so must make one of the two fail. */
async function mutant_case(name) {
	const w = new SurveyNights();
	let failed = null;
	await w.begin();
	await w.service.ask('mutate', { name });
	w.calm = async () => {};
	try {
		await send_case(w, { word: 'mutant' });
		await answer_case(w, { word: 'mutant' });
	} catch (e) {
		failed = e;
	}
	await w.place.stop();
	assert.ok(failed, 'no check noticed it');
	note(`${name}: ${String(failed.message).split('\n')[0]}`);
}

const w = new SurveyNights();
let ready = false;
function add(one, ordinary, run) {
	test(one.word, { limit_ms: LIMIT_MS, ...one,
		skip: ordinary ? undefined : LATER }, async () => {
		if (!ready)
			await w.begin();
		ready = true;
		try {
			await run(w, { ...one, word: one.word.replaceAll(/\W+/g,
			    '-') });
		} finally {
			await w.calm();
			w.asked_forget();
		}
	});
}
/* First: who declines later has a tag of ours that is no answer's. */
for (const one of answers)
	add(one, one === answers[0], answer_case);
for (const one of sends)
	add(one, sends.indexOf(one) < 2, send_case);
for (const name of ['sends-twice', 'send-lie', 'answers-lost'])
	test(`notices a server with ${name}`, { limit_ms: LIMIT_MS, skip: LATER },
	    () => mutant_case(name));

main(async () => { if (w.place) await w.place.stop(); });
