/*
 * superoffice.js - tests/sim/superoffice with a system user's key, and the
 * calls of a client that is none of npsync.
 */
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { sim_start, scratch } = require('./sim.js');

const NOW = '2026-11-25T20:00:00Z';
const SYSTEM_TOKEN = 'NPS Sync-AbCdEfGhIj';
const TICKET = 'http://schemes.superoffice.net/identity/ticket';
const keys = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const private_pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });

function tenant_options(options = []) {
	const pem = path.join(scratch(), 'public.pem');
	fs.writeFileSync(pem, keys.publicKey.export({ type: 'spki',
		format: 'pem' }));
	return ['--public-key', pem, '--now', NOW, ...options];
}

const tenant_start = async (options) => sim_start('superoffice',
    tenant_options(options));

function signed(minute, key = keys.privateKey) {
	const data = `${SYSTEM_TOKEN}.${minute}`;
	return `${data}.${crypto.sign('sha256', Buffer.from(data), key)
	    .toString('base64')}`;
}

const JSON_HEADERS = { 'content-type': 'application/json',
	accept: 'application/json', 'user-agent': 'a client' };

async function login(sim, minute = '202611252000', more = {}, key = undefined) {
	const res = await fetch(
	    `${sim.url}/Login/api/PartnerSystemUser/Authenticate`, {
		    method: 'POST', headers: JSON_HEADERS,
		    body: JSON.stringify({ SignedSystemToken: signed(minute, key),
			    ApplicationToken: 'sec', ContextIdentifier: 'Cust12345',
			    ReturnTokenType: 'JWT', ...more }) });
	return res.json();
}

const claims = (jwt) => JSON.parse(
    Buffer.from(jwt.split('.')[1], 'base64url').toString());
const state = async (sim) => (await fetch(`${sim.url}/api/state/Cust12345`,
    { headers: JSON_HEADERS })).json();

/* A client of the tenant: call(method, path, body, headers), archive(...). */
async function client(sim, headers = {}) {
	const base = `${(await state(sim)).Endpoint}/api/v1`;
	const ticket = claims((await login(sim)).Token)[TICKET];
	const call = async (method, what, body, more = {}) => {
		const res = await fetch(base + what, { method, headers: {
			...JSON_HEADERS, authorization: `SOTicket ${ticket}`,
			'so-apptoken': 'sec', 'so-timezone': 'UTC, includeTZOffset',
			...headers, ...more },
		body: body === undefined || typeof body === 'string' ? body
		    : JSON.stringify(body) });
		const text = await res.text();
		let json = null;
		try { json = JSON.parse(text); } catch { /* none */ }
		return { status: res.status, json, text, headers: res.headers };
	};
	const query = (args) => new URLSearchParams(Object.entries(args)
	    .map(([k, v]) => [`$${k}`, String(v)])).toString()
	    .replaceAll('+', '%20');
	return { call, query, ticket, base,
		archive: async (what, args, more) => call('GET',
		    `${what}?${query(args)}`, undefined, more) };
}

/* The group of npsync's configuration, for place_make. */
const crm_group = (more = '') => (server, secret) => `name = "so";
	driver = "superoffice"; login_host = "${server.url}";
	context_id = "Cust12345"; rate_per_second = 10.0;
	client_secret = "${secret('app', 'sec')}";
	system_user_token = "${secret('system', SYSTEM_TOKEN)}";
	private_key = "${secret('rsa', private_pem.trim())}";
	interest_list = "PersonInterest"; ${more}`;

module.exports = { tenant_options, tenant_start, crm_group, login, claims, state,
	client, keys, private_pem, SYSTEM_TOKEN, TICKET, NOW };
