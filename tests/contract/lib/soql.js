/*
 * soql.js - what a SOQL statement says, by a grammar that other people wrote.
 *
 * The grammar takes what the service refuses: a datetime in quotes, AND beside
 * OR without parentheses.  Both are looked for in the tree.
 */
'use strict';

const { parseQuery, isQueryValid } = require('@jetstreamapp/soql-parser-js');

/* Fields by what the service calls them; the last part of a path counts. */
const DATETIMES = new Set(['EndDateTime', 'StartDateTime', 'ActivityDateTime',
	'SystemModstamp', 'CreatedDate', 'LastModifiedDate', 'ClosedDate',
	'CompletedDateTime', 'EmailBouncedDate', 'LastStageChangeDate']);
const DATES = new Set(['ActivityDate', 'CloseDate', 'LastActivityDate',
	'StartDate', 'EndDate']);
const BOOLEANS = new Set(['IsDeleted', 'IsClosed', 'IsWon', 'IsChild',
	'IsPrimary', 'IsActive', 'IsArchived', 'IsPrivate', 'IsAllDayEvent',
	'IsEmailBounced', 'HasOptedOutOfEmail', 'DoNotCall', 'IsRecurrence']);

/* ---- the tree of WHERE ------------------------------------------------------------ */
/* The parser hangs one condition behind the other and counts parentheses:
 * "(", ")", "AND", "OR", "NOT" and conditions, as they stood in the text. */
function words(node, out = []) {
	if (!node)
		return out;
	const left = node.left;
	if (left) {
		for (let i = 0; i < (left.openParen || 0); i++)
			out.push('(');
		if (left.field !== undefined)
			out.push(left);
		for (let i = 0; i < (left.closeParen || 0); i++)
			out.push(')');
	}
	if (node.operator)
		out.push(node.operator.toUpperCase());
	return words(node.right, out);
}

/* {op: 'AND'|'OR', of: [...]}, {op: 'NOT', of: [one]}, or a condition; throws
 * on what the service would not take. */
function tree(list) {
	const next = () => list[at];
	let at = 0;
	const one = () => {
		if (next() !== '(')
			return typeof next() === 'object' ? list[at++]
			    : assert_no(next());
		at++;
		const inner = many();
		if (list[at++] !== ')')
			assert_no('an open parenthesis');
		return inner;
	};
	const many = () => {
		if (next() === 'NOT') {
			at++;
			const inner = one();
			if (next() === 'AND' || next() === 'OR')
				assert_no(`NOT beside ${next()}`);
			return { op: 'NOT', of: [inner] };
		}
		const op = { op: null, of: [one()] };
		while (next() === 'AND' || next() === 'OR') {
			if (op.op !== null && op.op !== next())
				assert_no('AND beside OR');
			op.op = list[at++];
			op.of.push(one());
		}
		return op.op === null ? op.of[0] : op;
	};
	const all = many();
	if (at !== list.length)
		assert_no(list[at]);
	return all;
}

function assert_no(what) {
	throw new Error(`the service does not take ${what}`);
}

const where_of = (soql) => {
	const where = parseQuery(soql).where;
	return where ? tree(words(where)) : null;
};

function walk(node, visit) {
	if (node?.of)
		node.of.forEach((n) => walk(n, visit));
	else if (node)
		visit(node);
}

/* ---- what is wrong with a statement --------------------------------------------- */
const wanted = (field) => {
	const last = field.split('.').pop();
	return DATETIMES.has(last) ? 'DATETIME' : DATES.has(last) ? 'DATE'
	    : BOOLEANS.has(last) ? 'BOOLEAN' : null;
};

/* Empty = nothing. */
function faults_of(soql) {
	if (!isQueryValid(soql))
		return ['the grammar refuses it'];
	const found = [];
	let where;
	try {
		where = where_of(soql);
	} catch (e) {
		return [e.message];
	}
	walk(where, (c) => {
		const type = wanted(c.field);
		for (const one of [].concat(c.literalType ?? []))
			if (type && one !== 'NULL' && one !== type &&
			    !one.startsWith(`${type}_WITH`))
				found.push(`${c.field} ${c.operator} ${one}`);
	});
	return found;
}

/* ---- what it would find, worked out here ------------------------------------------ */
const text_of = (literal) => literal.slice(1, -1).replace(/\\(.)/g, '$1');
const at_path = (row, field) => field.split('.')
    .reduce((o, part) => o?.[part] ?? null, row);

function literal_of(value, type) {
	if (type === 'STRING')
		return text_of(value).toLowerCase();
	if (type === 'BOOLEAN')
		return value.toLowerCase() === 'true';
	if (type === 'NULL')
		return null;
	return type.startsWith('DATE') ? Date.parse(value) : Number(value);
}

function value_like(v, type) {
	if (v === null || v === undefined)
		return null;
	return type.startsWith('DATE')
	    ? Date.parse(String(v).replace('+0000', 'Z'))
	    : typeof v === 'string' ? v.toLowerCase() : v;
}

function like(v, literal) {
	const pattern = literal.slice(1, -1).toLowerCase()
	    .replace(/\\([\\'])/g, '$1')
	    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
	    .replace(/%/g, '.*').replace(/_/g, '.');
	return v !== null && new RegExp(`^${pattern}$`, 's').test(v);
}

function holds_one(c, row) {
	const raw = at_path(row, c.field);
	const types = [].concat(c.literalType);
	const list = [].concat(c.value).map((v, i) =>
	    literal_of(v, types[i] ?? types[0]));
	const v = value_like(raw, types[0]);
	switch (c.operator.toUpperCase()) {
	case '=': return v === list[0];
	case '!=': case '<>': return v !== list[0];
	case 'IN': return list.includes(v);
	case 'NOT IN': return !list.includes(v);
	case 'LIKE': return like(v, [].concat(c.value)[0]);
	}
	if (v === null || list[0] === null)
		return false;
	switch (c.operator) {
	case '<': return v < list[0];
	case '<=': return v <= list[0];
	case '>': return v > list[0];
	case '>=': return v >= list[0];
	}
	throw new Error(`unknown operator ${c.operator}`);
}

function holds(node, row) {
	if (!node?.of)
		return node === null || holds_one(node, row);
	if (node.op === 'NOT')
		return !holds(node.of[0], row);
	return node.op === 'AND' ? node.of.every((n) => holds(n, row))
	    : node.of.some((n) => holds(n, row));
}

module.exports = { faults_of, where_of, walk, holds, parseQuery };
