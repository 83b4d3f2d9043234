#!/usr/bin/env node
/*
 * matrix-hubspot.test.js - nights with the HubSpot of the tests, one of each
 * case disturbed.
 */
'use strict';

const { matrix } = require('./lib/matrix.js');
const { crm } = require('./lib/hubspot.js');

const for_ever = { times: -1 };
const FAILS = [1, 69, 78];	/* of npsync(8): the CRM failed */
matrix({ crm, mutants: [{ name: 'next-dropped' }, { name: 'links-dropped' },
	{ name: 'update-lost', tag: true }, { name: 'update-appends', tag: true }],
reads: [
	{ word: '401 for ever', code: FAILS,
		fault: { kind: 401, on: 'any', ...for_ever } },
	{ word: 'committed late', late: 2400 },
	{ word: 'one stamp on three pages', filler: 450 },
	{ word: 'a meeting entered three days late', kind: 'meet',
		ended_days: 3 },
	{ word: '429 for ever', code: FAILS, fault: { kind: 'secondly',
		on: 'search', ...for_ever } },
	/* HS-09: not one call more in this night. */
	{ word: 'the day is used up', code: FAILS, fault: { kind: 'daily',
		on: 'search', ...for_ever } },
	{ word: 'a page of HTML', code: FAILS, fault: { kind: 'html',
		on: 'search', ...for_ever } },
	{ word: 'a body cut', filler: 250, fault: { kind: 'truncated',
		on: 'search', after: 3 } },
	{ word: 'connections reset', code: FAILS, fault: { kind: 'reset',
		on: 'search', ...for_ever } },
], tags: [
	{ word: 'nothing wrong' },
	{ word: 'a record is locked', fault: (id) => ({ kind: 'record',
		on: 'update', id, category: 'RECORD_LOCKED' }) },
	{ word: '429 for ever', code: FAILS, fault: { kind: 'secondly',
		on: 'update', ...for_ever } },
	{ word: 'cut behind the effect', fault: { kind: 'cut_after',
		on: 'update' } },
] });
