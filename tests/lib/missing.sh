# missing.sh - for scripts that print TAP: a tool which the test needs is not here.
# Elsewhere the test is skipped, with CI=true it fails (missing.h).
# shellcheck shell=bash

# missing TOOL [CASE]: CASE is the number of the case that cannot be; without it
# there is no other, and the script ends.
missing() {
	local rc=0 word="ok ${2:-1} # SKIP"

	if [ "${CI:-}" = true ]; then
		rc=1
		word="not ok ${2:-1} -"
	fi
	echo "$word $1 is not here"
	[ $# -lt 2 ] || return $rc
	echo "1..1"
	exit $rc
}
