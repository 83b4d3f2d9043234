/*
 * matrix.js - an installation with a CRM of tests/sim goes through nights, of
 * which one of each case is disturbed: who is asked in the end, how often, and
 * whose card carries a tag.
 *
 * How the program could fail such a night: an event is lost with the page that
 * broke; somebody is asked twice because a pass was begun anew, or against a no that
 * stood on the card; a fault that lasts is told by nobody; a tag is lost, or takes
 * another one with it.
 */
'use strict';

const assert = require('node:assert');
const { test, main, note } = require('./tap.js');
const { place_make } = require('./place.js');

const DAY = 86400000, HOUR = 3600000;
const FIRST = Date.parse('2026-11-24T00:00:00Z');
const EVENTS = ['meet', 'sale', 'case', 'meet'];	/* of four people */
const OLD_DEALS = 800;
const BYSTANDERS = 6;
const OURS = /^NPSToday\.(?!NoSend$)/;
const LIMIT_MS = 240000;

const at = (day, hour) => new Date(FIRST + day * DAY + hour * HOUR);
const sorted = (list) => [...list].sort();

class Nights {
	constructor(crm) {
		this.crm = crm;
		this.day = 0;
		this.mails = new Map();		/* mail: id of the card */
		this.expected = new Set();	/* mails of who must be asked */
		this.refused = new Map();	/* mail: why not */
		this.mark = 0;		/* lines of respondents checked */
		this.answered = new Set();
		this.ready = [];	/* asked, and have not answered yet */
	}

	/* A world, then go-live, with deals that were closed before. */
	async begin(deals = OLD_DEALS) {
		const { crm } = this;
		this.place = await place_make(crm.name, ['--now',
			'2026-11-24T06:00:00Z', ...crm.options], crm.conf,
		    { inactivity: false, ...crm.place });
		this.sim = this.place.server;
		this.old = await this.person('old');
		for (let i = 0; i < BYSTANDERS; i++)
			await this.person(`bystander.${i}`);
		await this.place.clock(at(0, 6));
		if (deals > 0)
			await crm.deals(this.sim, this.old, deals, at(-4, 12));
		await this.place.must(at(0, 7), 'run', 'hourly');
		await this.place.must(at(0, 7), 'activate');
		this.before = await crm.tags(this.sim);
	}

	/* A card; every other one has a tag of somebody else's.  more: of its fields. */
	async person(word, more = undefined) {
		const mail = `${word}@kunde.example`;
		const id = await this.crm.person(this.sim, mail, more ??
		    (this.mails.size % 2 === 0 ? this.crm.tagged : {}));
		this.mails.set(mail, id);
		return { mail, id };
	}

	async people(word) {
		const list = [];
		for (const kind of EVENTS)
			list.push({ kind, ...await this.person(
			    `${word}.${list.length}`) });
		return list;
	}

	/* One for each no that a card of this CRM may say. */
	async refusers(word) {
		const list = [];
		for (const [why, { reason = 'opted_out', ...fields }] of
		    Object.entries(this.crm.refusals)) {
			const one = await this.person(`${word}.${why}`, fields);
			this.refused.set(one.mail, reason);
			list.push(one);
		}
		return list;
	}

	/*
	 * Of four people something happens in the evening, and n times more where
	 * nobody is named; a meeting with those who refuse besides.  late: seconds until it is seen, and that the change is of
	 * shortly before the night; ended_days: so long before it is entered.
	 */
	async evening({ word, late = 0, ended_days = 0, filler = 0, kind }) {
		const ended = at(this.day - ended_days, 18);
		const now = late > 0 ? at(this.day + 1, 2.15) : at(this.day, 18);
		await this.place.clock(at(this.day, 17));
		const list = await this.people(word);
		const refusers = await this.refusers(word);
		this.before = await this.crm.tags(this.sim);
		await this.place.clock(now);
		if (filler > 0)
			await this.crm.filler(this.sim, filler, ended);
		const more = late === 0 ? {} : { late_s: late,
			visible_at: new Date(+now + late * 1000) };
		for (const one of list) {
			await this.crm.event(this.sim, kind ?? one.kind, one.id,
			    ended, more);
			this.expected.add(one.mail);
		}
		for (const { id } of refusers)
			await this.crm.event(this.sim, kind ?? 'meet', id, ended,
			    more);
		this.ready.push(...list);
	}

	async night(code, says) {
		this.day++;
		const res = await this.place.at(at(this.day, 2.2), 'run',
		    'night');
		assert.ok([].concat(code).includes(res.code),
		    `exit ${res.code}: ${res.text}`);
		if (res.code !== 0) {
			assert.match(res.text, this.crm.named, res.text);
			if (says !== undefined)
				assert.match(res.text, says);
		}
		return res;
	}

	/* control: of the server's, where it is not a fault of requests. */
	async faults(list) {
		for (const { control = 'fault', ...fault } of
		    [].concat(list ?? []))
			await this.sim.ask(control, fault);
	}
	async calm() {
		await this.sim.ask('fault', { clear: true });
		await this.crm.calm?.(this.sim);
	}

	asked() {
		return this.place.service.ledger()
		    .filter((l) => l.kind === 'respondent').map((l) => l.email);
	}

	/* n of those who were asked answer. */
	async answers(n) {
		const now = at(this.day, 12);
		await this.place.clock(now);
		for (const { mail } of this.ready.splice(0, n)) {
			await this.place.service.ask('answer', { email: mail,
				rating: 9, at: now.toISOString() });
			this.answered.add(mail);
		}
	}

	/* Since the last check each expected person once, and nobody else. */
	asked_check() {
		const all = this.asked(), expected = [...this.expected];
		const { mark } = this;
		this.asked_forget();
		assert.deepStrictEqual(sorted(all.slice(mark)),
		    sorted(expected));
		assert.strictEqual(new Set(all).size, all.length);
	}

	asked_forget() {
		this.mark = this.asked().length;
		this.expected.clear();
		this.refused.clear();
	}

	/* Their events came in, and the rules say why nobody was asked. */
	async refused_check() {
		await Promise.all([...this.refused].map(async ([mail, why]) => {
			const text = await this.place.must(at(this.day, 3),
			    'explain', mail);
			assert.match(text, new RegExp(
			    `suppressed by decide: ${why}$`, 'm'),
			`${mail}: ${text}`);
		}));
	}

	/* Ours on those cards, and what others wrote as they wrote it last. */
	async tags_check() {
		const foreign = this.crm.foreign?.(this.sim) ?? new Map();
		const now = await this.crm.tags(this.sim);
		const ids = new Map([...this.mails].map(([m, id]) =>
			[String(id), m]));
		for (const [id, tags] of now) {
			const mail = ids.get(id);
			const others = foreign.get(id) ?? this.before.get(id) ?? [];
			assert.deepStrictEqual(
			    sorted(tags.filter((t) => !OURS.test(t))),
			    sorted(others.filter((t) => !OURS.test(t))),
			    `${mail}: ${tags}`);
			assert.strictEqual(tags.filter((t) => OURS.test(t)).length,
			    this.answered.has(mail) ? 1 : 0, `${mail}: ${tags}`);
		}
		for (const mail of this.answered)
			assert.ok(now.has(String(this.mails.get(mail))), mail);
	}

	async manners_check() {
		const stats = await this.sim.get('/sim/stats');
		for (const key of ['violations', 'complaints'])
			assert.deepStrictEqual(stats[key] ?? {}, {}, key);
		for (const key of ['strayed', 'too_early'])
			assert.strictEqual(stats[key] ?? 0, 0, key);
		this.crm.stats_check?.(stats);
	}
}

/*
 * One case on what is read: an evening, its night, and the night after without
 * a fault.  code: the first night's; asked_first: whether it asked everybody
 * nevertheless.
 */
async function read_case(w, one) {
	const asked = w.asked().length;
	await w.evening(one);
	await w.faults(one.fault);
	const first = await w.night(one.code ?? 0, one.says);
	const after_first = w.asked().length - asked;
	if (first.code !== 0) {
		const { text } = await w.place.at(at(w.day, 3), 'status');
		assert.match(text, w.crm.named, text);
	}
	await w.calm();
	await w.night(0);
	await w.refused_check();
	w.asked_check();
	await w.manners_check();
	note(`${w.crm.name}, ${one.word}: exit ${first.code}, then 0; ` +
	    `${after_first} asked, then ` +
	    `${w.asked().length - asked - after_first}`);
}

/* Deals that were closed before go-live are handed to another seller. */
async function old_deals_case(w) {
	await w.place.clock(at(w.day, 18));
	const { requests } = w.sim;
	const before = requests().length;
	await w.crm.deals_edit(w.sim);
	await w.night(0);
	await w.night(0);
	assert.ok(requests().length > before);
	w.asked_check();
	await w.manners_check();
	note(`${w.crm.name}, ${OLD_DEALS} old deals edited: exit 0, nobody asked`);
}

/* Three answer; what is written of them is disturbed, then another night. */
async function tag_case(w, one) {
	await w.answers(3);
	const [mail] = [...w.answered].slice(-3);
	const id = w.mails.get(mail);
	await w.faults(typeof one.fault === 'function' ? one.fault(id)
	    : one.fault);
	const first = await w.night(one.code ?? 0, one.says);
	await w.calm();
	await w.night(0);
	await w.tags_check();
	w.asked_check();
	await w.manners_check();
	note(`${w.crm.name}, ${one.word}: exit ${first.code}, then 0; ` +
	    'three cards have their tag, nobody else');
}

/* Minutes for each CRM: the ordinary run has the first cases. */
const LATER = process.env.NPSYNC_LONG ? undefined : 'with NPSYNC_LONG';

/* All cases of one CRM, in one installation. */
function matrix({ crm, reads, tags, mutants }) {
	const w = new Nights(crm);
	let ready = false;
	const add = (name, skip, fn) => test(name,
	    { limit_ms: LIMIT_MS, skip }, async () => {
		if (!ready)
			await w.begin();
		ready = true;
		try {
			await fn();
		} finally {	/* the next case begins with a good server */
			await w.calm();
			w.asked_forget();
		}
	});
	for (const one of reads)
		add(one.word, one === reads[0] ? undefined : LATER, () =>
			read_case(w, { ...one, word: one.word
			    .replaceAll(/\W+/g, '-') }));
	add('800 closed deals are edited: nobody is asked', LATER, () =>
		old_deals_case(w));
	for (const one of tags)
		add(`tags: ${one.word}`, one === tags[0] ? undefined : LATER,
		    () => tag_case(w, one));
	for (const one of mutants ?? [])
		test(`notices a server with ${one.name}`,
		    { limit_ms: LIMIT_MS, skip: LATER }, () =>
			mutant_case(crm, one));
	main(async () => { if (w.place) await w.place.stop(); });
}

/* The simplest of the cases must fail before a server that is wrong so. */
async function mutant_case(crm, { name, tag }) {
	const w = new Nights(crm);
	await w.begin(0);
	await w.sim.ask('mutate', { name });
	let failed = null;
	try {
		await read_case(w, { word: 'mutant', filler: 250 });
		if (tag)
			await tag_case(w, { word: 'mutant' });
	} catch (e) {
		failed = e;
	}
	await w.place.stop();
	assert.ok(failed, 'no check noticed it');
	note(`${crm.name}, ${name}: ${String(failed.message).split('\n')[0]}`);
}

module.exports = { matrix, at, Nights, LATER, LIMIT_MS };
