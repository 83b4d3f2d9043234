#!/bin/bash
# test_nights_controls.sh - can the nights fail?  Each control is a copy of one
# file of the program with a defect sown by sed, linked to test_nights; fresh
# worlds must find it and say so in the words of tests/lib/nights.h.  One of
# them, all with NPSYNC_LONG, or those named.
#
# A control: NAME FILE SEED WORDS SED, and PART where the defect is sown into a
# header of FILE.  The copies go to the build directory.
set -u
build=${NPSYNC_BUILD:-build}
source=$(cd "$(dirname "$0")/../.." && pwd)
cd "$source" || exit 71
dir=$build/tests/controls
mkdir -p "$dir" || exit 71

every=(no_evidence audit_off first_audit_skipped unknown_requeued one_list
    evidence_kept throttle_short blind_answer no_send_ignored)
# Seen in the first nights.
all=(no_evidence)
[ -z "${NPSYNC_LONG:-}" ] || all=("${every[@]}")
[ $# = 0 ] || all=("$@")

# A dollar of SQL is none of the shell's.
# shellcheck disable=SC2016
control() {	# NAME sets file, part, seed, words, sown
	part=
	case $1 in
	unknown_requeued)	# an answer that was lost: sent again at once
		file=daemon/stage_push.c seed=1003 words='I2|nothing demands'
		sown='/case PUSH_UNKNOWN:/,/break;/s/QUEUE_UNKNOWN/QUEUE_DEFERRED/' ;;
	one_list)	# absent from one listing is proof enough
		file=daemon/stage_settle.c seed=1002 words='I1|nothing demands'
		sown='/f->absent_at == NO_TIME/,+3d' ;;
	no_evidence)	# a send leaves no trace
		file=daemon/queue.c seed=1002 words='I2|nothing demands'
		sown='s/"    FROM pick p, unnest(p.person) k"/"    FROM pick p, unnest(p.person) k WHERE false"/' ;;
	audit_off)	# whom others asked is never read
		file=daemon/stage_audit.c seed=1002
		words='nothing demands|the second run ends with 0'
		sown='/^stage_audit(/,/^}/s/pull_sent == NULL/pull_sent != NULL/' ;;
	evidence_kept)	# a row that was not sent blocks its person
		file=daemon/queue.c seed=1002 words='I5|I1'
		sown="s/p.f IN ('sending', 'unknown') AND p.t IN/p.f IN ('sent') AND p.t IN/" ;;
	throttle_short)	# one day less
		file=daemon/stage_decide.c part=daemon/decide_sql.h
		seed=1002 words='I1|nothing demands'
		sown='s/a.day > $2::date - f.days"/a.day > $2::date - f.days + 1"/' ;;
	first_audit_skipped)	# asked although the first list could not be read
		file=daemon/night.c seed=1002 words='nothing demands'
		sown='/^know_people(/,/^}/s/n->service = .*/(void)n;/' ;;
	blind_answer)	# the oldest answer decides the tag
		file=daemon/answer.c seed=1002 words='I4'
		sown='s/>= (t.answered_at/<= (t.answered_at/' ;;
	no_send_ignored)
		file=daemon/stage_decide.c part=daemon/decide_sql.h
		seed=1002 words='I3|expected 5 no_send'
		sown='s/"c.no_send IS TRUE"/"false"/' ;;
	esac
}

objects() {	# all that test_nights is linked from, but for FILE
	local f
	for f in daemon/*.c connectors/*/*.c tests/lib/*.c; do
		[ "$f" = "$file" ] || [ "$f" = daemon/main.c ] ||
			[ ! -e "$build/${f%.c}.o" ] ||
			echo "$build/${f%.c}.o"
	done
	echo "$build"/gen/*.o
	echo "$build/tests/system/test_nights.o"
}

applies() {	# NAME: the file, and the header beside it, with the defect
	local into=$dir/$1.c

	# A header that lies beside the file is taken before daemon's.
	cp "$file" "$into"
	[ -z "$part" ] || into=$dir/${part##*/}
	sed "$sown" "${part:-$file}" >"$into"
	if cmp -s "${part:-$file}" "$into"; then
		echo "# $1: nothing is sown into ${part:-$file}"
		return 1
	fi
}

sow() {	# NAME: the program with the defect
	local san="" ld=""
	applies "$1" || return 1
	nm -u "$build/daemon/err.o" | grep -q __asan &&
		san=-fsanitize=address,undefined
	# As the Makefile links tests.
	[ -n "$san" ] || ! command -v ld.gold >/dev/null || ld=-fuse-ld=gold
	# Words are meant to be split.
	# shellcheck disable=SC2046,SC2086
	"${CC:-cc}" -std=c11 -O1 -g $san -D_GNU_SOURCE -DNPSYNC_VERSION='"0"' \
	    -Idaemon -Iconnectors $(pkg-config --cflags libpq libcurl jansson \
	    libconfig openssl libidn2 zlib) -c -o "$dir/$1.o" "$dir/$1.c" &&
	    "${CC:-cc}" $san $ld -o "$dir/$1" "$dir/$1.o" $(objects) \
	    $(pkg-config --libs libpq libcurl jansson libconfig openssl \
	    libidn2 zlib) -lunistring -lm -lcmocka
}

caught() {	# NAME
	sow "$1" || return 1
	if NPSYNC_FIRST=$seed NPSYNC_NIGHTS=200 "$dir/$1" >"$dir/$1.log" 2>&1; then
		echo "# nobody saw it in 200 nights from seed $seed"
		return 1
	fi
	grep -m1 -E "^# ($words)|$words" "$dir/$1.log" | grep '^#'
}

# The source moves on: those that are not run must still say something of it.
all_apply() {
	local name result=0
	for name in "${every[@]}"; do
		control "$name"
		applies "$name" || result=1
		rm -f "$dir/$name.c" "$dir"/*.h
	done
	return $result
}

echo "1..$((${#all[@]} + 1))"
n=1
failed=0
if all_apply; then
	echo "ok 1 - each of ${#every[@]} controls can be sown"
else
	echo "not ok 1 - each of ${#every[@]} controls can be sown"
	failed=1
fi
for name in "${all[@]}"; do
	n=$((n + 1))
	control "$name"
	if caught "$name"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		failed=1
	fi
	rm -f "$dir/$name" "$dir/$name.o" "$dir"/*.h
done
exit $failed
