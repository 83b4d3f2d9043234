/*
 * place.js - an installation of npsync with its own database, a survey service
 * and a CRM of tests/sim: the program is run at moments of a story.
 */
'use strict';

const assert = require('node:assert');
const { spawn, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { sim_start, scratch, build } = require('./sim.js');

const npsync = path.join(build, 'npsync');
const LONGEST_S = process.env.NPSYNC_LONG ? 3600 : 240;
const KEY = 'sim-key-0123456789';

/* Is the program built with this connector? */
function has_connector(name) {
	try {
		execFileSync(npsync, ['options', name], { stdio: 'pipe' });
		return true;
	} catch {
		return false;
	}
}

const MEASURE = `
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print("kib=%d" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)`;

const NPSTODAY = (dir, service) => `driver = "npstoday";
	base_url = "${service.url}"; api_key = "file:${dir}/key";
	rate_per_second = 10.0;`;

const CONF = (dir, crm, survey, inactivity, rules) => `
tenant = "contract";
test = true;
timezone = "Europe/Copenhagen";
state_dir = "${dir}/state";
log = { level = "warning"; };
rules = { own_domains = [ "seller.example" ]; ${rules} };
send = { weekdays = [ "mon", "tue", "wed", "thu", "fri", "sat", "sun" ];
	holidays = []; };
trigger = {
	meet = { campaign = 7749; require_consent = false; };
	sale = { campaign = 7750; require_consent = false; };
	loss = { campaign = 7751; require_consent = false; };
	case = { campaign = 7752; require_consent = false; };
	inact = { enabled = ${inactivity}; campaign = 7753; require_consent = false; };
};
crm = ( { ${crm} } );
survey = { ${survey} };
`;

/* As root npsync becomes the user postgres. */
function give(dir) {
	if (process.getuid() === 0)
		execFileSync('chown', ['-R', 'postgres:', dir]);
}

function run(args, limit_s, [program, ...first] = [npsync], began = () => {}) {
	return new Promise((done) => {
		const child = spawn(program, [...first, ...args],
		    { stdio: ['ignore', 'pipe', 'pipe'] });
		began(child.pid);
		let text = '';
		const timer = setTimeout(() => child.kill('SIGTERM'),
		    limit_s * 1000);
		child.stdout.on('data', (d) => { text += d; });
		child.stderr.on('data', (d) => { text += d; });
		child.on('close', (code) => {
			clearTimeout(timer);
			done({ code, text });
		});
	});
}

const iso = (t) => t.toISOString().replace(/\..*/, 'Z');

/* Of the program that the process with this id started: KiB in use, or NaN. */
function rss_of_child(pid) {
	try {
		const child = fs.readFileSync(`/proc/${pid}/task/${pid}/children`,
		    'utf8').trim();
		return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(
		    `/proc/${child}/status`, 'utf8'))[1]);
	} catch {
		return NaN;
	}
}

/*
 * crm: makes a group of the configuration without its braces, of the server and
 * secret(name, text).  options: of the CRM's server.  survey: the group of the survey
 * service, of secret, where it is not the npstoday of the tests; other: its server,
 * which is stopped with the rest.  rules: of that group.  more: what else stands in
 * the configuration.
 */
async function place_make(crm_name, options, crm,
    { survey, other, rules = '', more = '', inactivity = true } = {}) {
	const dir = scratch();
	const secret = (name, text) => {
		const file = path.join(dir, name);
		fs.writeFileSync(file, `${text}\n`, { mode: 0o600 });
		return `file:${file}`;
	};
	fs.chmodSync(dir, 0o711);
	secret('key', KEY);
	fs.mkdirSync(path.join(dir, 'state'), { mode: 0o700 });
	give(path.join(dir, 'state'));
	const service = other ?? await sim_start('npstoday',
	    ['--key-file', path.join(dir, 'key'), '--campaigns',
	    '7749=Møde,7750=Salg,7751=Tabt salg,7752=Sag lukket,7753=Stilhed']);
	const server = await sim_start(crm_name, options);
	const file = path.join(dir, 'npsync.conf');
	fs.writeFileSync(file, CONF(dir, await crm(server, secret),
	    survey ? survey(secret) : NPSTODAY(dir, service), inactivity, rules) +
	    more);
	/* A moment; the clocks of the servers go with it. */
	const clock = async (now) => {
		await service.ask('now', { now: iso(now) });
		await server.ask('now', { now: iso(now) });
	};
	let measuring = 0;
	const args_at = (now, args) => ['-c', file, '--now', iso(now), ...args];
	const at = async (now, ...args) => {
		await clock(now);
		return run(args_at(now, args), LONGEST_S / 2);
	};
	return {
		service, server, clock, at,
		/* What must go well. */
		async must(now, ...args) {
			const { code, text } = await at(now, ...args);
			assert.strictEqual(code, 0, `${args.join(' ')}: ${text}`);
			return text;
		},
		/* The same, with kib: the most memory that it had. */
		async measured(now, ...args) {
			await clock(now);
			const res = await run(args_at(now, args), LONGEST_S,
			    ['python3', '-c', MEASURE, npsync],
			    (pid) => { measuring = pid; });
			assert.strictEqual(res.code, 0, res.text);
			return { ...res, kib: Number(/kib=(\d+)/.exec(res.text)[1]) };
		},
		/* What it has just now, while measured() runs. */
		rss: () => rss_of_child(measuring),
		async stop() {
			await run(['-c', file, 'stop'], 30);
			await service.stop();
			await server.stop();
			fs.rmSync(dir, { recursive: true, force: true });
		},
	};
}

module.exports = { place_make, has_connector, iso };
