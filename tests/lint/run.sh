#!/bin/bash
# run.sh [RULE ...] - all rules, or those named; CC, CPPFLAGS and O come from
# the Makefile.  As many at a time as there are processors, told in their order:
# one line per rule, what it found, at the end one line
# "N passed, N failed[, N skipped]".
set -u
export LC_ALL=C
said=$(mktemp -d) || exit 71
trap 'rm -rf "$said"' EXIT
at_once=$(nproc 2>/dev/null || echo 2)
passed=0
failed=0
skipped=0

if [ $# = 0 ]; then
	for script in tests/lint/*.pl tests/lint/*.sh; do
		rule=${script##*/}
		[ "$rule" = run.sh ] || set -- "$@" "${rule%.*}"
	done
fi
for rule; do
	script=$(ls tests/lint/"$rule".sh tests/lint/"$rule".pl 2>/dev/null)
	if [ -z "$script" ]; then
		echo "lint: there is no rule $rule" >&2
		exit 64
	fi
	while mapfile -t running < <(jobs -rp)
	    [ "${#running[@]}" -ge "$at_once" ]; do
		wait -n
	done
	{
		"$script" >"$said/$rule" 2>&1 </dev/null
		echo $? >"$said/$rule.rc"
	} &
done
wait

# One that was killed has left no code.
for rule; do
	case $(cat "$said/$rule.rc" 2>/dev/null) in
	0)
		echo "ok   $rule"
		passed=$((passed + 1))
		;;
	77)
		echo "skip $rule"
		skipped=$((skipped + 1))
		;;
	*)
		echo "FAIL $rule"
		failed=$((failed + 1))
		;;
	esac
	cat "$said/$rule"
done
printf '%d passed, %d failed' $passed $failed
[ $skipped = 0 ] || printf ', %d skipped' $skipped
echo
[ $failed = 0 ]
