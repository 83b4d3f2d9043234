#!/bin/bash
# units.sh [FILE...] - systemd reads the units without a word, and their
# exposure stays below the limit; times, users and sudo rules are read too.
set -u
THRESHOLD=12	# 1.2

if ! command -v systemd-analyze >/dev/null; then
	echo "report: skipped, there is no systemd-analyze"
	exit 77
fi
[ $# -gt 0 ] || set -- systemd/*
dir=$(mktemp -d) || exit 71
trap 'rm -rf "$dir"' EXIT
rc=0
bad() {
	echo "$1:1: $2"
	rc=1
}
# What systemd says of units that this machine has besides is not about ours.
others() {
	grep -vE '^/(usr/)?lib/systemd/system/[^:]*:[0-9]+: '
}
# The program is not installed here; whatever is, will do.
for file; do
	case $file in *.service | *.timer)
		sed 's|/usr/bin/npsync|/bin/true|' "$file" >"$dir/${file##*/}" ;;
	esac
done
for file; do
	name=${file##*/}
	case $name in
	*.service | *.timer)
		# An unknown key is one line, and exit 0.
		said=$(SYSTEMD_LOG_LEVEL=warning SYSTEMD_UNIT_PATH="$dir:" \
		    systemd-analyze verify --man=no "$dir/$name" 2>&1 |
		    others)
		[ -z "$said" ] || bad "$file" "${said//"$dir/"/}"
		;;&
	*.service)
		said=$(systemd-analyze security --no-pager --offline=true \
		    --threshold=$THRESHOLD "$dir/$name" 2>&1) ||
			bad "$file" "$(tail -n 1 <<<"$said")"
		;;
	*.timer)
		while read -r when; do
			systemd-analyze calendar "$when" >/dev/null 2>&1 ||
				bad "$file" "no time: $when"
			# Each night, that of the spring change too.
			first=$(TZ=Europe/Copenhagen systemd-analyze calendar \
			    --base-time='2026-03-28 12:00' "$when" 2>/dev/null |
			    sed -n 's/^ *Next elapse: [A-Z][a-z]* \([0-9-]*\) .*/\1/p')
			[[ ! $first > 2026-03-29 ]] ||
				bad "$file" "leaves out 2026-03-29: $when"
		done < <(sed -n 's/^OnCalendar=//p' "$file")
		;;
	*.sysusers)
		# Read for a root of its own, nothing is made here.
		mkdir -p "$dir/root/etc"
		said=$(systemd-sysusers --dry-run --root="$dir/root" - <"$file" 2>&1) ||
			bad "$file" "$said"
		;;
	*.tmpfiles)
		grep -vE '^(#|$|[dz] /[a-z/.]+ 0[0-7]{3} (root|npsync) (root|npsync) -$)' \
		    "$file" | sed "s|^|$file:1: |" | grep . && rc=1
		;;
	*.sudoers)
		PATH=$PATH:/usr/sbin
		if command -v visudo >/dev/null; then
			said=$(visudo -cf "$file" 2>&1) || bad "$file" "$said"
		fi
		;;
	esac
done
exit $rc
