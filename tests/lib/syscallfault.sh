#!/bin/bash
# syscallfault.sh - runs a command again and again, each time with one system
# call of it failing, by strace.
#
#	tests/lib/syscallfault.sh [-c CALLS] [-e ERRNOS] [-n FIRST-LAST]
#	    [-s STEP] [-m MARK] [-t SECONDS] [-k CHECK] -- COMMAND ...
#
# For each call, errno and n from FIRST to LAST: the n-th such call fails, in
# the command and in each process and thread it starts; STEP goes through a
# sample.  When no process gets as far as n, the next errno's turn comes.
# MARK: calls are counted from the first openat on whose path holds it, as
# "npsync.conf": what loads the program is left in peace (it exits 127).
# CHECK is a shell command that looks at the world after each run in which the
# call did fail; CALL, ERRNO, N and CODE (the command's exit code) are in its
# environment.  What ends by a signal or takes longer than SECONDS is bad
# without it.
# One line "CALL ERRNO N CODE [bad: ...]" per run in which it failed, at the
# end "N runs, N faults, N bad"; 0 if none was bad and one fault came at least,
# 77 with the reason where strace cannot work, 64 on misuse.
set -u
calls="openat read write pread64 pwrite64 close fsync fdatasync rename socket
connect sendto recvfrom poll"
errnos="EINTR EIO ENOSPC ECONNRESET"
first=1
last=200
step=1
limit_s=60
check=
mark=
usage() {
	sed -n '4,6s/^#	*//p' "$0" >&2
	exit 64
}
while getopts c:e:n:s:m:t:k: option; do
	case $option in
	c) calls=$OPTARG ;;
	e) errnos=$OPTARG ;;
	n)
		first=${OPTARG%-*}
		last=${OPTARG#*-}
		;;
	s) step=$OPTARG ;;
	m) mark=$OPTARG ;;
	t) limit_s=$OPTARG ;;
	k) check=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || usage
for number in "$first" "$last" "$step" "$limit_s"; do
	case $number in '' | *[!0-9]* | 0) usage ;; esac
done

if ! command -v strace >/dev/null; then
	echo "syscallfault: skipped: strace is not here"
	exit 77
fi
if ! said=$(strace -f -qq -o /dev/null -e trace=none true 2>&1); then
	echo "syscallfault: skipped: strace cannot trace: ${said%%$'\n'*}"
	exit 77
fi

work=$(mktemp -d) || exit 71
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# A leak is looked for by ptrace, which is taken.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
runs=0
faults=0
bad=0

# 1 = the fault did not come.
one() {
	local call=$1 errno=$2 n=$3 code why=
	shift 3
	runs=$((runs + 1))
	{
		timeout -k 5 "$limit_s" strace -f -qq -o "$work/trace" \
		    -e trace="$call" -e inject="$call:error=$errno:when=$n" \
		    "$@" </dev/null >"$work/out" 2>&1
		code=$?
	} 2>/dev/null
	if [ ! -s "$work/trace" ] && grep -q '^strace: ' "$work/out"; then
		sed -n '1s/^/syscallfault: /p' "$work/out" >&2
		exit 64
	fi
	grep -q INJECTED "$work/trace" 2>/dev/null || return 1
	faults=$((faults + 1))
	if [ $code = 124 ] || [ $code = 137 ]; then
		why="still running after $limit_s s"
	elif [ $code -gt 128 ]; then
		why="signal $((code - 128))"
	elif [ -n "$check" ] && ! said=$(CALL=$call ERRNO=$errno N=$n \
	    CODE=$code sh -c "$check" 2>&1); then
		why="check: ${said%%$'\n'*}"
	fi
	echo "$call $errno $n $code${why:+ bad: $why}"
	[ -z "$why" ] && return 0
	bad=$((bad + 1))
	sed 's/^/     | /' "$work/out"
}

# How many calls of its process come before the mark.
calls_before() {
	local call=$1
	shift
	: >"$work/trace"
	timeout -k 5 "$limit_s" strace -f -qq -o "$work/trace" \
	    -e trace="$call,openat" "$@" </dev/null >"$work/out" 2>&1
	awk -v mark="$mark" -v call="$call" '
	$2 ~ /^openat\(/ && index($0, mark) { print n[$1] + 0; found = 1; exit }
	index($2, call "(") == 1 { n[$1]++ }
	END { exit !found }' "$work/trace"
}

for call in $calls; do
	base=0
	if [ -n "$mark" ] && ! base=$(calls_before "$call" "$@"); then
		echo "syscallfault: nothing opens \"$mark\"" >&2
		exit 64
	fi
	for errno in $errnos; do
		for ((n = base + first; n <= base + last; n += step)); do
			: >"$work/trace"
			one "$call" "$errno" "$n" "$@" || break
		done
	done
done
echo "$runs runs, $faults faults, $bad bad"
[ $bad = 0 ] && [ $faults -gt 0 ]
