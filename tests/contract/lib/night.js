/*
 * night.js - npsync itself between a CRM of tests/sim and the survey service
 * of tests/sim: a configuration, and the program run at moments of a story.
 */
'use strict';

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { sim_start, scratch, build } = require('./sim.js');

const CAMPAIGNS = '7749=Møde,7750=Salg,7751=Tabt salg,7752=Sag lukket,' +
	'7753=Stilhed';

const MEASURE = `
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print("kib=%d" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)`;

function secret_write(dir, name, text) {
	const file = path.join(dir, name);
	fs.writeFileSync(file, `${text}\n`, { mode: 0o600 });
	return `file:${file}`;
}

/* As root npsync becomes the user postgres, who must get at its state. */
function state_make(dir) {
	const state = path.join(dir, 'state');
	fs.mkdirSync(state, { mode: 0o700 });
	fs.chmodSync(dir, 0o711);
	if (process.getuid() === 0)
		execFileSync('chown', ['postgres:', state]);
	return state;
}

function conf_text(dir, survey, crm, more) {
	return `tenant = "acme"; test = true; timezone = "Europe/Copenhagen";
state_dir = "${state_make(dir)}";
log = { level = "warning"; };
rules = { own_domains = [ "seller.example" ]; };
trigger = {
	sale = { campaign = 7750; require_consent = false; };
	loss = { campaign = 7751; require_consent = false; };
	case = { campaign = 7752; require_consent = false; };
	meet = { campaign = 7749; require_consent = false; };
};
crm = ( ${crm} );
survey = ${survey};
${more}
`;
}

const npstoday = (server) => (secret) => `{ driver = "npstoday";
	base_url = "${server.url}";
	api_key = "${secret('key', 'sim-key-0123456789')}";
	rate_per_second = 10.0; }`;

/*
 * crm: text of the group, made of the secret of the directory by secret(name,
 * text); survey: the same, where it is not the npstoday of the tests.  Gives survey, at(time, ...arguments): {code, out}, measured(), stop().
 */
async function night_start({ crm, survey: other, more = '' }) {
	const dir = scratch();
	const keys = scratch();
	const key = path.join(keys, 'key');
	fs.writeFileSync(key, 'sim-key-0123456789\n', { mode: 0o600 });
	const survey = await sim_start('npstoday',
	    ['--key-file', key, '--campaigns', CAMPAIGNS]);
	const conf = path.join(dir, 'npsync.conf');
	const secret = (name, text) => secret_write(dir, name, text);
	fs.writeFileSync(conf, conf_text(dir, (other ?? npstoday(survey))(secret),
	    crm(secret), more));
	const command = (now, args) => [path.join(build, 'npsync'),
		'-c', conf, '--now', now, ...args];
	const run = ([program, ...args]) => new Promise((resolve) => execFile(
	    program, args, (error, out, err) => resolve({
		    code: error ? error.code : 0, out: out + err })));
	return {
		survey, dir,
		at: (now, ...args) => run(command(now, args)),
		/* The same, with kib: the most memory that it had. */
		async measured(now, ...args) {
			const res = await run(['python3', '-c', MEASURE,
				...command(now, args)]);
			return { ...res, kib: Number(/kib=(\d+)/.exec(res.out)[1]) };
		},
		async stop() {
			await survey.stop();
			for (const d of [dir, keys])
				fs.rmSync(d, { recursive: true, force: true });
		},
	};
}

module.exports = { night_start };
