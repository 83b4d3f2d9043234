/*
 * sim.js - a server of tests/sim as a child of the test: started on a port of
 * its own, told what to do, ended by its own process id.
 */
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const START_MS = 60000;
const build = process.env.NPSYNC_BUILD || 'build';

function scratch() {
	return fs.mkdtempSync(path.join(os.tmpdir(), 'sim-'));
}

async function port_of(file, child) {
	const until = Date.now() + START_MS;
	while (Date.now() < until && child.exitCode === null) {
		if (fs.existsSync(file))
			return Number(fs.readFileSync(file, 'utf8'));
		await new Promise((r) => setTimeout(r, 20));
	}
	throw new Error(`${child.spawnargs[0]} did not start`);
}

/*
 * Starts build/tests/sim/NAME --ledger DIR --port-file F [options].
 * Gives url, dir, ask(control, body), get(path), stop().
 */
async function sim_start(name, options = []) {
	const dir = scratch();
	const file = path.join(dir, 'port');
	const child = spawn(path.join(build, 'tests/sim', name),
	    ['--ledger', dir, '--port-file', file, '--port', '0', '--no-sync',
	    '--die-with-parent', ...options],
	    { stdio: ['ignore', 'inherit', 'inherit'] });
	const ended = new Promise((r) => child.once('exit', r));
	child.once('error', (e) => { throw e; });
	const url = `http://127.0.0.1:${await port_of(file, child)}`;
	const get = async (what) => (await fetch(url + what)).json();
	return {
		url, dir, get, pid: child.pid,
		async ask(control, body) {
			const res = await fetch(`${url}/sim/${control}`, {
				method: 'POST', body: JSON.stringify(body),
				headers: { 'content-type': 'application/json' },
			});
			if (!res.ok)
				throw new Error(`/sim/${control}: ${res.status} ` +
				    await res.text());
			return res.json();
		},
		ledger: () => fs.readFileSync(path.join(dir, 'ledger.jsonl'), 'utf8')
		    .split('\n').filter(Boolean).map((l) => JSON.parse(l)),
		requests: () => fs.readFileSync(path.join(dir, 'requests.log'),
		    'utf8').split('\n').filter(Boolean),
		async stop() {
			child.kill('SIGTERM');
			await ended;
		},
	};
}

module.exports = { sim_start, scratch, build };
