#!/bin/bash
# test_demo.sh - what `make demo` shows, to its end.  TAP.
set -u
build=${NPSYNC_BUILD:-build}
n=0
failed=0
check() {	# check NAME COMMAND...
	local name=$1

	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		failed=1
	fi
}
# shellcheck disable=SC2317  # called by check
said() { grep -qE -- "$1" <<<"$out"; }

out=$(conf/demo/run.sh "$build" 2>&1)
check "the demo ends well" test $? = 0
check "a row is taken out by its number" \
	said '^\$ npsync exclude [0-9]+ --reason customer is on holiday --yes'
check "people are asked in the night" said '^\$ npsync run night'
check "answers come back as tags" said 'NPSToday\.Møde\.10'
check "a low score is mailed to the account manager" \
	said '^    To: .+@npsync-demo\.example$'
check "the report adds up a programme" said '^all +[+-]?[0-9]+ .* few answers$'
check "the report hides the few answers of a campaign" \
	said '^Møde +- .* fewer than 5 answers$'
check "the report says who blocked whom" said '^who blocked whom: [1-9]'
check "the customer on holiday is not asked" said '^excluded +by '
[ $failed = 0 ] || echo "# ${out//$'\n'/$'\n# '}"
echo "1..$n"
exit $failed
