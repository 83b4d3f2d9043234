#!/bin/bash
# run.sh - clients and parsers that other people wrote judge the test servers
# and npsync's requests, for make check-connectors.
#
#	tests/contract/run.sh BUILD [NAME]
#
# NAME: those whose name has it.  Without node, or where npm gets no packages,
# all is skipped, with the reason.  Nothing else of npsync needs node.
set -u
cd "$(dirname "$0")/../.." || exit 71
here=tests/contract
build=$1
name=${2:-}
NODE_MIN=18

skip() {
	echo "check-connectors: skipped: $1"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

tests/setup.sh connectors
setup=$?
[ $setup = 0 ] || [ $setup = 69 ] || exit 1
command -v node >/dev/null || skip "node not found"
major=$(node -p 'process.versions.node.split(".")[0]') || skip "node does not run"
[ "$major" -ge $NODE_MIN ] || skip "node $major is older than $NODE_MIN"

# The hidden lock is the last thing that npm writes.
if [ ! $here/node_modules/.package-lock.json -nt $here/package-lock.json ]; then
	command -v npm >/dev/null || skip "npm not found"
	echo "installing the packages of $here/package-lock.json"
	log=$(mktemp) || exit 71
	if ! (cd $here && npm ci --ignore-scripts --no-fund --no-audit) \
	    >"$log" 2>&1 </dev/null; then
		cat "$log"
		rm -f "$log"
		skip "npm could not install the packages (see above)"
	fi
	rm -f "$log"
	touch $here/node_modules/.package-lock.json
fi

limit_s=300
[ -z "${NPSYNC_LONG:-}" ] || limit_s=7200
tests/run.sh -t $limit_s -b "$build" -d tests $here/*"$name"*.test.js
