#!/bin/bash
# run.sh - runs test programs that speak TAP (cmocka or a script), some at a
# time, and counts their cases.
#
#	tests/run.sh [-j AT_ONCE] [-t SECONDS] [-b BUILD] [-d STRIP] PROGRAM ...
#
# BUILD is where the programs were built: NPSYNC_BUILD for a test that starts
# them ($NPSYNC_BUILD/npsync, $NPSYNC_BUILD/tests/sim/*); STRIP is left out of
# the names that are printed.
# One line per program, with why it skipped; its lines "# note: ...", with
# NPSYNC_LONG all that it counted ("# ..."); its output when it failed; at the
# end one line "N passed, N failed[, N skipped]".  A program that crashes, ends
# early, runs too long or leaves a process running counts as a failed case.
set -u
LC_NUMERIC=C

# Much of a test's time is waiting: for a server's start, for a clock.
at_once=$(($(nproc 2>/dev/null || echo 2) + 2))
limit_s=600
build=build
strip=
while getopts j:t:b:d: option; do
	case $option in
	j) at_once=$OPTARG ;;
	t) limit_s=$OPTARG ;;
	b) build=$OPTARG ;;
	d) strip=$OPTARG/ ;;
	*) exit 64 ;;
	esac
done
shift $((OPTIND - 1))

# Nothing of the caller's reaches a test: no proxy, no database, no unit.
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY \
	ALL_PROXY NO_PROXY RUNTIME_DIRECTORY STATE_DIRECTORY \
	CREDENTIALS_DIRECTORY CONFIGURATION_DIRECTORY JOURNAL_STREAM \
	NOTIFY_SOCKET LISTEN_FDS MAKEFLAGS MFLAGS MAKELEVEL CDPATH TZ \
	"${!PG@}" NPSYNC_BUILD
export NPSYNC_BUILD=$build
export CMOCKA_MESSAGE_OUTPUT=TAP
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

# Where each commit of a database need not wait for a disk, if there is such a
# place, with 4 GiB of room and of memory, that programs can be run from; else
# /tmp.
work_place() {
	local shm=/dev/shm free probe runs=no

	free=$({ df -Pk "$shm" | awk 'NR == 2 { print $4 }'
		awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo
	    } 2>/dev/null | sort -n | head -n 1)
	if [ "${free:-0}" -ge $((4 * 1024 * 1024)) ] &&
	    probe=$(mktemp "$shm/nps.XXXXXX" 2>/dev/null); then
		printf '#!/bin/sh\n' >"$probe"
		chmod 700 "$probe"
		"$probe" 2>/dev/null && runs=yes
		rm -f "$probe"
	fi
	[ $runs = yes ] && echo "$shm" || echo /tmp
}

# Short, for the sockets below it.  The user postgres, which root's tests
# become, must be able to reach and to use it.
base=$(mktemp -d "${TMPDIR:-$(work_place)}/nps.XXXXXX") || exit 71
mode=700
if [ "$EUID" = 0 ]; then
	mode=1777
	chmod $mode "$base"
fi
mkdir -m $mode "$base/clusters"
# What initdb makes is made once (lib/cluster.h).
export NPSYNC_TEST_CLUSTERS=$base/clusters

# The ids of the processes that were started below the directory $1: its name
# stands in their environment or among their arguments.  Not among those of
# grep: it would find itself.
processes_of() {
	local file pid ids=' ' files=(/proc/[0-9]*/environ /proc/[0-9]*/cmdline)

	while read -r file; do
		pid=${file#/proc/}
		pid=${pid%%/*}
		case $ids in
		*" $pid "*) ;;
		*) [ "$pid" = $$ ] || [ ! -d "/proc/$pid" ] || ids+="$pid " ;;
		esac
	done < <(grep -lsaF --file=- "${files[@]}" <<<"$1")
	# shellcheck disable=SC2086
	echo $ids
}

# Waits a moment for those that are just ending.  Prints what had to be ended.
end_processes_of() {
	local pids pid

	for _ in 1 2 3 4 5 6 7 8 9 10; do
		pids=$(processes_of "$1")
		[ -n "$pids" ] || return 0
		sleep 0.2
	done
	for pid in $pids; do
		{ tr '\0' ' ' <"/proc/$pid/cmdline" && echo; } 2>/dev/null
	done
	# shellcheck disable=SC2086
	kill -TERM $pids 2>/dev/null
	sleep 0.5
	pids=$(processes_of "$1")
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
}

finish() {
	trap - EXIT INT TERM HUP
	end_processes_of "$base" >/dev/null
	rm -rf "$base"
	exit "$1"
}
trap 'finish 130' INT
trap 'finish 143' TERM HUP
trap 'finish $?' EXIT

# passed failed skipped of one program's output, and why more than that failed.
count() {
	local rc=$1 out=$2

	awk -v rc="$rc" -v limit="$limit_s" '
	/^1\.\.[0-9]+/ { split($1, a, "[.][.]"); planned += a[2]; next }
	/^(not )?ok [0-9]+ # (SKIP|skip)/ { skipped++; next }
	/^ok [0-9]+/ { passed++; next }
	/^not ok [0-9]+/ { failed++; next }
	END {
		ran = passed + failed + skipped
		if (rc == 124 || rc == 137)
			why = "killed after " limit " s"
		else if (rc > 128)
			why = "ended by signal " rc - 128
		else if (planned == 0)
			why = "ran no test, exit " rc
		else if (ran < planned && failed == 0)
			why = "ended after " ran " of " planned " tests, exit " rc
		else if (rc != 0 && failed == 0)
			why = "exit " rc
		if (why != "")
			failed++
		print passed + 0, failed + 0, skipped + 0, why
	}' "$out"
}

run_one() {
	local id=$1 program=$2 dir=$base/$1 out=$base/$1.out
	local start=$EPOCHREALTIME rc passed failed skipped why left word took
	local reason

	mkdir -m "$mode" "$dir"
	# The braces catch what bash itself says about a signal.
	{
		TMPDIR=$dir timeout -k 10 "$limit_s" "$program" \
		    </dev/null >"$out" 2>&1
		rc=$?
	} 2>/dev/null
	read -r passed failed skipped why < <(count $rc "$out")
	left=$(end_processes_of "$dir")
	if [ -n "$left" ]; then
		failed=$((failed + 1))
		why="${why:+$why; }left running: ${left//$'\n'/; }"
	fi
	word=ok
	[ "$failed" = 0 ] || word=FAIL
	{
		printf '%-4s %-32s %4d passed' $word "${program#"$strip"}" "$passed"
		[ "$failed" = 0 ] || printf ', %d failed' "$failed"
		[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
		reason=$(sed -n 's/^ok [0-9]* .*# SKIP //p' "$out" | head -n 1)
		took=$(((${EPOCHREALTIME/./} - ${start/./}) / 100000))
		printf '  %d.%d s' $((took / 10)) $((took % 10))
		echo "${why:+  ($why)}${reason:+  (skipped: $reason)}"
		if [ -n "${NPSYNC_LONG:-}" ] && [ $word = ok ]; then
			sed -n '/^# \(not \)\{0,1\}ok\>/d; s/^# \(note: \)\{0,1\}/     /p' "$out"
		else
			sed -n 's/^# note: /     /p' "$out"
		fi
		if [ $word = FAIL ]; then
			# Not as TAP: nobody shall count these lines again.
			sed 's/^/     | /' "$out"
		fi
	} >"$base/$id.report"
	cat "$base/$id.report"
	echo "$passed $failed $skipped" >"$base/$id.count"
	rm -rf "$dir"
}

n=0
for program; do
	while mapfile -t running < <(jobs -rp)
	    [ "${#running[@]}" -ge "$at_once" ]; do
		wait -n
	done
	n=$((n + 1))
	# Its own traps: only the parent cleans up.  All of one length: no
	# directory's name begins another's.
	(
		trap - EXIT INT TERM HUP
		run_one "$(printf %04d "$n")" "$program"
	) &
done
wait

# A count is missing when the runner of a program was killed.
cat "$base"/*.count 2>/dev/null | awk -v n="$n" '
	{ passed += $1; failed += $2; skipped += $3 }
	END {
		failed += n - NR
		printf "%d passed, %d failed", passed, failed
		if (skipped > 0)
			printf ", %d skipped", skipped
		print ""
		exit failed > 0 || passed == 0
	}'
