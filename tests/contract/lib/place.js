/*
 * place.js - an installation of npsync with its own database, a survey service
 * and a CRM of tests/sim, for what a night sends.
 */
'use strict';

const { spawn, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { sim_start, scratch, build } = require('./sim.js');

const npsync = path.join(build, 'npsync');
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

const CONF = (dir, port, crm) => `
tenant = "contract";
test = true;
timezone = "Europe/Copenhagen";
state_dir = "${dir}/state";
log = { level = "warning"; };
rules = { own_domains = [ "seller.example" ]; };
send = { weekdays = [ "mon", "tue", "wed", "thu", "fri", "sat", "sun" ];
	holidays = []; };
trigger = {
	meet = { campaign = 7749; require_consent = false; };
	sale = { campaign = 7750; require_consent = false; };
	loss = { campaign = 7751; require_consent = false; };
	case = { campaign = 7752; require_consent = false; };
	inact = { enabled = true; campaign = 7753; require_consent = false; };
};
crm = ( { ${crm} } );
survey = { driver = "npstoday"; base_url = "http://127.0.0.1:${port}";
	api_key = "file:${dir}/key"; rate_per_second = 10.0; };
`;

/* As root npsync becomes the user postgres. */
function give(dir) {
	if (process.getuid() === 0)
		execFileSync('chown', ['-R', 'postgres:', dir]);
}

function run(args, limit_s) {
	return new Promise((done) => {
		const child = spawn(npsync, args,
		    { stdio: ['ignore', 'pipe', 'pipe'] });
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

/* crm: a group of the configuration without its braces; options: of the CRM's
 * server.  more: what else stands in the configuration. */
async function place_make(crm_name, options, crm, more = '') {
	const dir = scratch();
	fs.chmodSync(dir, 0o711);
	fs.writeFileSync(path.join(dir, 'key'), KEY + '\n', { mode: 0o600 });
	fs.mkdirSync(path.join(dir, 'state'), { mode: 0o700 });
	give(path.join(dir, 'state'));
	const service = await sim_start('npstoday',
	    ['--key-file', path.join(dir, 'key'), '--campaigns',
	    '7749=Møde,7750=Salg,7751=Tabt salg,7752=Sag lukket,7753=Stilhed']);
	const server = await sim_start(crm_name, options);
	const file = path.join(dir, 'npsync.conf');
	const port = new URL(service.url).port;
	fs.writeFileSync(file,
	    CONF(dir, port, await crm(server, dir)) + more);
	return {
		dir, service, server,
		/* At a moment (UTC); the clocks of the servers go with it. */
		async at(now, ...args) {
			const iso = now.toISOString().replace(/\..*/, 'Z');
			await service.ask('now', { now: iso });
			await server.ask('now', { now: iso });
			return run(['-c', file, '--now', iso, ...args], 120);
		},
		plain: (...args) => run(['-c', file, ...args], 120),
		async stop() {
			await run(['-c', file, 'stop'], 30);
			await service.stop();
			await server.stop();
		},
	};
}

module.exports = { place_make, has_connector };
