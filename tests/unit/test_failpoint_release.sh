#!/bin/bash
# The program that is installed has no failpoint and no allocation that fails
# on request; the one that is built for tests has both, by the same search.
# The functions are called by name:
# shellcheck disable=SC2317
set -u
build=${NPSYNC_BUILD:-build}
work=$(mktemp -d) || exit 71
trap 'rm -rf "$work"' EXIT
n=0
failed=0
ok() {
	n=$((n + 1))
	if "${@:2}"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		failed=1
	fi
}

# Names in the symbol table.
symbols() { nm "$1" | grep -cE ' (failpoint_|allocfault_|__wrap_)'; }
# Texts; names of source files, which debugging needs, are stripped.
texts() {
	strip -o "$work/stripped" "$1" &&
	    grep -cE 'FAILPOINT|ALLOCFAULT|failpoint: |(db|http|mail|push)\.(before|after)' -a \
	        "$work/stripped"
}
none() { [ "$("$1" "$build/npsync")" = 0 ]; }
some() { [ "$("$1" "$build/npsync-fault")" -gt 0 ]; }
# "version" passes no failpoint, a rule that cannot be read is read at the first.
unmoved() {
	NPSYNC_FAILPOINT='*=kill' NPSYNC_ALLOCFAULT='nth=1+' \
	    "$build/npsync" --version >/dev/null
}
moved() {
	! NPSYNC_ALLOCFAULT=nonsense "$build/npsync-fault" --version \
	    >/dev/null 2>&1
}

echo 1..6
ok "no symbol of a fault in npsync" none symbols
ok "no text of a fault in npsync" none texts
ok "npsync does not ask the environment" unmoved
ok "symbols in npsync-fault" some symbols
ok "texts in npsync-fault" some texts
ok "npsync-fault asks the environment" moved
exit $failed
