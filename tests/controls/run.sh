#!/bin/bash
# run.sh - negative controls: seeds one defect after the other and demands that
# a test fails by it.
#
#	tests/controls/run.sh [-n] [-b BUILD] [-d DEFECTS] [PART_OF_A_NAME ...]
#
# A defect is a file NAME.sed, here or in DEFECTS.  Its first lines say what it
# breaks, then
#	# file daemon/a.c ...	where; patterns of names too
#	# test db/test_x ...	which test programs must see it, the cheapest first
#	# lines N		lines taken and given, as diff counts them: so it
#				is noticed when a part no longer applies
# All happens in a copy of the tree; what BUILD holds is not compiled again.
# First the tests must pass as things are.  -n only looks whether each can still
# be sown.  A line for each defect:
#	caught NAME by TEST: CASE
#	NOT CAUGHT NAME: WHAT IT BREAKS
#	FAIL NAME: it does not apply or build
set -u
shopt -s nullglob
export LC_ALL=C

build=build
defects=tests/controls
sow_only=
while getopts nb:d: option; do
	case $option in
	n) sow_only=yes ;;
	b) build=$OPTARG ;;
	d) defects=$OPTARG ;;
	*) exit 64 ;;
	esac
done
shift $((OPTIND - 1))
limit_s=300
[ -z "${NPSYNC_MAKEFLAGS+x}" ] || export MAKEFLAGS=$NPSYNC_MAKEFLAGS

defects=$(cd "$defects" && pwd) || exit 64
seds=()
for sed in "$defects"/*.sed; do
	[ $# != 0 ] || seds+=("$sed")
	for part; do
		case ${sed##*/} in *"$part"*) seds+=("$sed"); break ;; esac
	done
done
if [ ${#seds[@]} = 0 ]; then
	echo "run.sh: there is no such defect" >&2
	exit 64
fi

# The values of a header of the defect $1.
header() { sed -n "s/^# $2 //p" "$1"; }
# Lines that the defect $1 takes and gives in the file $2.
lines_in() { sed -f "$1" "$2" | diff "$2" - | grep -c '^[<>]'; }
wrong_lines() { echo "does not apply: changes $1 lines, not $2"; }

if [ -n "$sow_only" ]; then
	left=0
	for sed in "${seds[@]}"; do
		lines=0
		files=
		n=
		while read -r hash key value; do
			[ "$hash" = '#' ] || break
			case $key in
			file) files=$value ;;
			lines) n=$value ;;
			esac
		done <"$sed"
		# Patterns of names: not quoted.
		for file in $files; do
			lines=$((lines + $(lines_in "$sed" "$file")))
		done
		[ "$lines" = "$n" ] || { left=$((left + 1))
			name=${sed##*/}
			echo "FAIL ${name%.sed}: $(wrong_lines $lines "$n")"; }
	done
	echo "$((${#seds[@]} - left)) can be sown, $left not"
	[ $left = 0 ]
	exit
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/npc.XXXXXX") || exit 71
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# Tests of root's become another user.
chmod 755 "$work"
mkdir "$work/tree" "$work/saved"
tar -cf - Makefile conf connectors daemon systemd tests | tar -C "$work/tree" -xf -
case $build in
/*) build=build ;;
esac
if [ -d "$build" ]; then
	find "$build" \( -name '*.[od]' -o -path '*/gen/*' \) -print0 |
	    tar --null -T - -cf - | tar -C "$work/tree" -xf -
fi
cd "$work/tree" || exit 71

sims=(tests/sim/*.c)
sims=("${sims[@]/#/$build/}")

# What a test program needs beside it.
needs() {
	local test

	for test; do
		echo "$build/tests/$test"
		case $test in
		system/* | torture/*)
			echo "$build/npsync $build/npsync-fault"
			echo "${sims[@]%.c}"
			;;
		esac
	done
}
make_them() {
	# shellcheck disable=SC2046
	make -s -j2 "O=$build" $(needs "$@") >"$work/make.out" 2>&1
}
run_test() {
	tests/run.sh -t $limit_s -b "$build" -d "$build/tests" \
	    "$build/tests/$1" >"$work/test.out" 2>&1
}
# The first case that failed, or what else was wrong.
first_failure() {
	awk '/^ +\| not ok / {
		sub(/^ +\| not ok [0-9]+ (- )?/, ""); print; found = 1; exit }
	    !why && / \([^()]*\)$/ { why = $0; sub(/.*\(/, "", why); sub(/\)$/, "", why) }
	    END { if (!found) print why }' "$work/test.out"
}
# A changed source and its objects are put back with the times they had, so
# that nothing is compiled for it; programs are linked again.
saved_of() { printf '%s/saved/%s' "$work" "${1//\//%}"; }
objects_of() {
	local object

	for object in "$build/${1%.*}.o" "$build/fault/${1%.*}.o"; do
		[ ! -e "$object" ] || echo "$object"
	done
}
changed=()
seed() {
	local sed=$1 file saved object n lines=0

	changed=()
	# Patterns of names: not quoted.
	for file in $(header "$sed" file); do
		saved=$(saved_of "$file")
		cp -p "$file" "$saved" || return 1
		n=$(lines_in "$sed" "$saved")
		[ "$n" != 0 ] || continue
		lines=$((lines + n))
		changed+=("$file")
		sed -f "$sed" "$saved" >"$file" || return 1
		for object in $(objects_of "$file"); do
			cp -p "$object" "$(saved_of "$object")"
		done
	done
	n=$(header "$sed" lines)
	[ "$lines" = "$n" ] ||
	    { wrong_lines "$lines" "$n" >"$work/make.out"; return 1; }
}
restore() {
	local file object

	for file in "${changed[@]}"; do
		cp -p "$(saved_of "$file")" "$file"
		for object in $(objects_of "$file"); do
			if [ -e "$(saved_of "$object")" ]; then
				cp -p "$(saved_of "$object")" "$object"
			else
				rm -f "$object"
			fi
		done
	done
	# shellcheck disable=SC2046
	rm -f $(needs "$@") "$work"/saved/*
}

# ---- as things are ---------------------------------------------------------
start=$SECONDS
# shellcheck disable=SC2207
tests=($(for sed in "${seds[@]}"; do header "$sed" test; done | tr ' ' '\n' | sort -u))
if [ ${#tests[@]} = 0 ]; then
	echo "run.sh: no test is named" >&2
	exit 64
fi
if ! make_them "${tests[@]}"; then
	echo "FAIL the tree as it is does not build"
	tail -5 "$work/make.out"
	exit 1
fi
for test in "${tests[@]}"; do
	if ! run_test "$test"; then
		echo "FAIL $test fails without any defect: $(first_failure)"
		exit 1
	fi
done
echo "${#tests[@]} test programs pass as things are ($((SECONDS - start)) s)"

# ---- one defect after the other ------------------------------------------------
caught=0
missed=0
for sed in "${seds[@]}"; do
	name=${sed##*/}
	name=${name%.sed}
	what=$(sed -n '1s/^# *//p' "$sed")
	# shellcheck disable=SC2207
	tests=($(header "$sed" test))
	by=
	if ! seed "$sed"; then
		echo "FAIL $name: $(tail -1 "$work/make.out")"
		by=-
	elif ! make_them "${tests[@]}"; then
		echo "FAIL $name: does not build: $(grep -m1 -i error "$work/make.out")"
		by=-
	fi
	for test in "${tests[@]}"; do
		[ -z "$by" ] || break
		run_test "$test" || by=$test
	done
	case $by in
	-) missed=$((missed + 1)) ;;
	'')
		echo "NOT CAUGHT $name: $what"
		missed=$((missed + 1))
		;;
	*)
		echo "caught $name by $by: $(first_failure)"
		caught=$((caught + 1))
		;;
	esac
	restore "${tests[@]}"
done
echo "$caught caught, $missed not caught in $((SECONDS - start)) s"
[ $missed = 0 ]
