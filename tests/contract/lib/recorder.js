/*
 * recorder.js - stands before a server of tests/sim and keeps what was asked,
 * byte for byte: method, path, query, headers, body; and the status.
 *
 * The server's own address in an answer becomes the recorder's: a client that
 * follows it stays here.
 */
'use strict';

const http = require('node:http');

function forward(target, req, body) {
	return new Promise((done, fail) => {
		const out = http.request(target + req.url, {
			method: req.method, headers: { ...req.headers,
				host: new URL(target).host,
				'accept-encoding': 'identity' },
		}, (res) => {
			const parts = [];
			res.on('data', (d) => parts.push(d));
			res.on('end', () => done({ res,
				text: Buffer.concat(parts).toString() }));
		});
		out.on('error', fail);
		out.end(body);
	});
}

async function recorder_start(target) {
	const seen = [];
	const server = http.createServer((req, res) => {
		const parts = [];
		req.on('data', (d) => parts.push(d));
		req.on('end', async () => {
			const body = Buffer.concat(parts).toString();
			const one = { method: req.method, headers: req.headers,
				body, path: req.url.split('?')[0],
				query: req.url.split('?')[1] ?? '' };
			seen.push(one);
			const back = await forward(target, req, body)
			    .catch(() => null);
			if (back === null) {
				res.destroy();
				return;
			}
			one.status = back.res.statusCode;
			const headers = { ...back.res.headers };
			delete headers['content-length'];
			delete headers['transfer-encoding'];
			res.writeHead(one.status, headers);
			res.end(back.text.replaceAll(target, url));
		});
	});
	await new Promise((r) => server.listen(0, '127.0.0.1', r));
	const url = `http://127.0.0.1:${server.address().port}`;
	return {
		url, seen,
		/* What came since the last time. */
		take: () => seen.splice(0),
		stop() {
			server.closeAllConnections?.();
			return new Promise((r) => server.close(r));
		},
	};
}

module.exports = { recorder_start };
