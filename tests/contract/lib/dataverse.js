/*
 * dataverse.js - tests/sim/dynamics as a test uses it: a token, a client that
 * we did not write, and what the world holds.
 */
'use strict';

const { DynamicsWebApi } = require('dynamics-web-api');
const { sim_start } = require('./sim.js');

const TENANT = 'contoso.onmicrosoft.com';
const CLIENT = '11111111-2222-4333-8444-555555555555';
const SECRET = 'sim-secret-0123456789';
const WORLD = ['--now', '2026-11-25T20:00:00Z', '--seed-world', '120',
	'--events', '300', '--record'];

async function dataverse_start(options = []) {
	return sim_start('dynamics', [...WORLD, ...options]);
}

async function token_ask(sim, change = {}) {
	const body = new URLSearchParams({ client_id: CLIENT,
		client_secret: SECRET, grant_type: 'client_credentials',
		scope: `${sim.url}/.default`, ...change });
	return fetch(`${sim.url}/${TENANT}/oauth2/v2.0/token`,
	    { method: 'POST', body });
}

async function token(sim) {
	return (await (await token_ask(sim)).json()).access_token;
}

/* fixed: a token that the client keeps, right or wrong */
function client(sim, fixed) {
	return new DynamicsWebApi({ serverUrl: sim.url,
		dataApi: { version: '9.2' },
		onTokenRefresh: async () => fixed ?? token(sim) });
}

/* The rows as they are, past everything that is judged. */
async function rows(sim, table, where, limit = 1000) {
	return sim.ask('rows', { table, where, limit });
}

module.exports = { dataverse_start, token_ask, token, client, rows, WORLD,
	TENANT, CLIENT };
