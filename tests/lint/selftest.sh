#!/bin/bash
# selftest.sh - each rule finds what it is there for.  A file of tests/lint/seeds
# names in its text the findings it wants ("want RULE: PATTERN") and those that
# must not come ("not RULE: PATTERN").
set -u
# Calls are looked up among the objects of the program.
build=${O:-build}
O=$(mktemp -d) || exit 71
export O
trap 'rm -rf "$O"' EXIT
rc=0
wants=0

run_rule() {	# run_rule RULE SEED
	local file=$2

	if [ "$1" = binary.sh ]; then
		${CC:-cc} -w -Wl,-z,execstack -o "$O/seed" "$file" || exit 71
		file=$O/seed
	elif [ "$1" = docs.sh ]; then
		file=${file%/*}
	fi
	"tests/lint/$1" "$file" 2>&1
}

mkdir -p "$O/daemon"
[ ! -d "$build/daemon" ] || cp "$build"/daemon/db.o "$O/daemon/" 2>/dev/null
while read -r seed; do
	while read -r rule; do
		said=$(run_rule "$rule" "$seed")
		found=$?
		# Its tool is not here.
		[ $found != 77 ] || continue
		if [ $found = 0 ]; then
			echo "$seed:1: $rule found nothing"
			rc=1
		fi
		while read -r kind pattern; do
			wants=$((wants + 1))
			if grep -q -- "$pattern" <<<"$said"; then
				[ "$kind" = want ] && continue
			else
				[ "$kind" = not ] && continue
			fi
			echo "$seed:1: $rule, $kind \"$pattern\", said:"
			echo "	${said//$'\n'/$'\n'	}"
			rc=1
		done < <(sed -nE "s,^.*\\b(want|not) $rule: (.*[^ ])\$,\\1 \\2,p" \
		    "$seed" | sed 's, \*/$,,')
	done < <(grep -ohE '\bwant [a-z]+\.(pl|sh):' "$seed" | sed 's/want //; s/://' |
	    sort -u)
done < <(find tests/lint/seeds -type f | LC_ALL=C sort)
for rule in tests/lint/*.pl tests/lint/*.sh; do
	case ${rule##*/} in run.sh | selftest.sh) continue ;; esac
	if ! grep -rqE "want ${rule##*/}:" tests/lint/seeds; then
		echo "$rule:1: no seed"
		rc=1
	fi
done
echo "report: $wants expectations"
exit $rc
