/*
 * tap.js - the cases of a file, one after the other, as TAP.
 *
 * Each case has a time limit: a client that repeats for ever is a failure, not
 * a wait.  The file ends with 1 if a case failed.
 */
'use strict';

const LIMIT_MS = 20000;
const cases = [];

/* test(name, fn) or test(name, {limit_ms, skip}, fn). */
function test(name, options, fn) {
	if (fn === undefined)
		[options, fn] = [{}, options];
	cases.push({ name, fn, limit_ms: LIMIT_MS, ...options });
}

function limited(one) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(
		    `not done after ${one.limit_ms} ms`)), one.limit_ms);
	});
	return Promise.race([Promise.resolve().then(one.fn), late])
	    .finally(() => clearTimeout(timer));
}

function note(text) {
	console.log(`# note: ${text}`);
}

/* The names of the cases that failed. */
async function run_cases(list, quiet) {
	const failed = [];
	for (const [i, one] of list.entries()) {
		let word = 'ok', why = null;
		if (!one.skip)
			await limited(one).catch((e) => { why = e; });
		if (why !== null) {
			word = 'not ok';
			failed.push(one.name);
		}
		if (quiet)
			continue;
		console.log(`${word} ${i + 1} - ${one.name}` +
		    (one.skip ? ` # SKIP ${one.skip}` : ''));
		if (why !== null)
			console.log(String(why.stack || why)
			    .replace(/^/gm, '# '));
	}
	return failed;
}

/* Runs all that were declared; done: called at the end, whatever happened. */
async function main(done = async () => {}) {
	console.log(`1..${cases.length}`);
	const failed = await run_cases(cases, false);
	await done();
	process.exit(failed.length > 0 ? 1 : 0);
}

module.exports = { test, main, note, run_cases, cases };
