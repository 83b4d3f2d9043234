#!/bin/sh
# text.sh [FILE...] - spelling, shell scripts, manual pages, marks left behind.
# Each file is asked by the tool that knows it.
set -u
if [ $# -eq 0 ]; then
	eval "set -- $(find Makefile README.md CHANGELOG.md daemon connectors conf \
	    systemd tests .ci -type f ! -path '*/seeds/*' ! -path '*/data/*' \
	    ! -path '*/node_modules/*' ! -name package-lock.json \
	    ! -name '*.csv' ! -name words 2>/dev/null | LC_ALL=C sort |
	    sed "s/'/'\\\\''/g; s/.*/'&'/" | tr '\n' ' ')"
fi
rc=0
for file; do
	[ -e "$file" ] || continue
	case $file in
	*.sh | .ci/run)
		shellcheck -f gcc "$file" || rc=1
		if [ "$(head -c 2 "$file")" = '#!' ] && [ ! -x "$file" ]; then
			echo "$file: starts with #! but is not executable"
			rc=1
		fi
		;;
	*.[578])
		# "lookup" needs the manual pages of other packages.
		mandoc -T lint -W warning "$file" | grep -v 'outdated mandoc.db' &&
			rc=1
		;;
	esac
done
# The mark is put together here, so that this line is none.
grep -HnE "\\b(TO""DO|FIX""ME|X""XX)\\b" "$@" && rc=1
codespell -I tests/lint/words "$@" || rc=1
exit $rc
