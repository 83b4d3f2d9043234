#!/bin/bash
# run.sh - tests against servers of Debian's packages, for make check-real.
#
#	tests/real/run.sh BUILD [NAME]
#
# NAME: those whose name has it.  A server that cannot be had is skipped, with
# the reason.  All skipped is a failure, unless this machine cannot have the
# packages at all.
set -u
cd "$(dirname "$0")/../.." || exit 71
build=$1
name=${2:-}

tests/setup.sh real
setup=$?
[ $setup = 0 ] || [ $setup = 69 ] || exit 1

log=$(mktemp) || exit 71
trap 'rm -f "$log"' EXIT
tests/run.sh -b "$build" -d tests tests/real/test_*"$name"*.py | tee "$log"
rc=${PIPESTATUS[0]}
if grep -q '^0 passed, 0 failed, [1-9]' "$log"; then
	if [ $setup = 69 ]; then
		echo "check-real: no real server was tried, because this machine" \
		    "cannot have their packages (see above)"
		exit 0
	fi
	echo "check-real: all were skipped, although the packages are here"
	exit 1
fi
exit "$rc"
