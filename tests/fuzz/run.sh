#!/bin/bash
# run.sh BUILD SECONDS TARGET ... - runs fuzz targets, built with libFuzzer,
# one after the other, each so many seconds.  What a target finds new stays in
# BUILD/fuzz/TARGET/corpus, a crash in BUILD/fuzz/TARGET/crash-*.
# One line per target; fails if one crashed.
set -u
build=$1
seconds=$2
shift 2
rc=0
# A target that crashes leaves its files behind.
TMPDIR=$(mktemp -d) || exit 71
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM HUP

# The last number behind the words $1 in the log, or 0.
last() { sed -n "s/.*$1 *\\([0-9][0-9]*\\).*/\\1/p" "$log" | tail -1 | grep . || echo 0; }

for program; do
	target=${program##*/}
	seeds=tests/fuzz/corpus/$target
	dir=$build/fuzz/$target
	log=$dir/log
	mkdir -p "$dir/corpus"
	# What an earlier run crashed on is not counted again.
	rm -f "$dir"/{crash,leak,timeout,oom}-*
	start=$EPOCHREALTIME
	# The answers to a whole reading, or one small text.
	max=2560
	[ "$target" != fuzz_drivers ] || max=20480
	"$build/tests/fuzz/$target" -max_total_time="$seconds" -max_len=$max \
	    -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
	    -dict="tests/fuzz/$target.dict" -artifact_prefix="$dir/" \
	    "$dir/corpus" "$seeds" >"$log" 2>&1
	status=$?
	crashes=$(find "$dir" -maxdepth 1 -name '*-*' -type f | wc -l)
	# Ended by something that left no input behind.
	[ $status = 0 ] || [ "$crashes" -gt 0 ] || crashes=1
	awk -v t="$target" -v n="$(last stat::number_of_executed_units:)" \
	    -v a="$start" -v b="$EPOCHREALTIME" -v e="$(last cov:)" \
	    -v c="$crashes" 'BEGIN { printf \
	    "%-16s %10d executions %6.0f s %6d edges %d crashes\n", \
	    t, n, b - a, e, c }'
	if [ "$crashes" != 0 ]; then
		rc=1
		grep -hE 'broken:|ERROR:|SUMMARY:|runtime error:|Test unit' "$log" |
		    sed 's/^/     | /'
	fi
done
exit $rc
