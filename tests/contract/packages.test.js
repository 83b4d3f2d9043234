#!/usr/bin/env node
/*
 * packages.test.js - the packages are those that the lock file pins, and each
 * gives the answers on which the other files rely.
 */
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test, main } = require('./lib/tap.js');

const read = (...p) => JSON.parse(fs.readFileSync(path.join(__dirname, ...p)));

test('every package is pinned to one version', () => {
	for (const [name, version] of Object.entries(
	    read('package.json').devDependencies)) {
		assert.match(version, /^\d+\.\d+\.\d+$/, name);
		assert.strictEqual(
		    read('node_modules', name, 'package.json').version, version);
	}
});

test('the lock file names no place to fetch from', () => {
	for (const one of Object.values(read('package-lock.json').packages))
		assert.strictEqual(one.resolved, undefined);
});

test('soql-parser-js accepts and refuses', () => {
	const { isQueryValid, parseQuery } =
	    require('@jetstreamapp/soql-parser-js');
	assert.ok(isQueryValid("SELECT Id FROM Contact WHERE Name = 'O\\'Hara'"));
	assert.ok(!isQueryValid("SELECT Id FROM Contact WHERE Name = 'O'Hara'"));
	assert.ok(!isQueryValid('SELECT * FROM Contact'));
	const where = parseQuery("SELECT Id FROM Event WHERE " +
	    "EndDateTime >= '2026-11-20T00:00:00Z'").where;
	assert.strictEqual(where.left.literalType, 'STRING');
});

test('@odata/parser accepts and refuses', () => {
	const { defaultParser } = require('@odata/parser');
	defaultParser.query("$filter=name eq 'O''Hara' and " +
	    'modifiedon ge 2026-11-20T00:00:00Z&$select=name');
	assert.throws(() => defaultParser.query('$filter=statecode = 1'));
	assert.throws(() => defaultParser.query("$filter=name eq 'O'Hara'"));
});

main();
