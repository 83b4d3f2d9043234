#!/bin/bash
# test_bench.sh - the benchmarks run on few rows, and what they compare agrees;
# the figures of so few rows mean nothing.  TAP.
set -u
out=
build=${NPSYNC_BUILD:-build}
n=0
ok() {	# ok NAME STATUS
	n=$((n + 1))
	if [ "$2" = 0 ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# ${out//$'\n'/$'\n'# }"
	fi
}
for bench in "$build"/tests/bench/bench_*[a-z]; do
	[ -x "$bench" ] || continue
	name=${bench##*/bench_}
	out=$("$bench" -n 500 -r 1 -s 100 2>&1)
	ok "$name runs, and all counts agree" $?
	grep -q "^$name: .* median of 1 round" <<<"$out"
	ok "$name prints its figures" $?
done
echo "1..$n"
