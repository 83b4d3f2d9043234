#!/bin/bash
# test_controls.sh - a slice of the negative controls (make controls has them
# all), and that their runner can fail.  TAP.
set -u
build=${NPSYNC_BUILD:-build}
dir=$(mktemp -d) || exit 71
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/defects"

cat >"$dir/defects/harmless.sed" <<'END'
# Nothing.
# file connectors/common/watermark.c
# test unit/test_watermark
# lines 2
s/see watermark\.h/look at watermark.h/
END
cat >"$dir/defects/outdated.sed" <<'END'
# Something that is no longer there.
# file connectors/common/watermark.c
# test unit/test_watermark
# lines 2
s/this is not there//
END
cp tests/controls/watermark-overlap-0.sed "$dir/defects/"
tests/controls/run.sh -b "$build" -d "$dir/defects" >"$dir/out"
rc=$?

n=0
failed=0
ok() {
	n=$((n + 1))
	if "${@:2}"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$dir/out"
		failed=1
	fi
}
echo 1..6
ok "a seeded defect is caught" grep -q \
    '^caught watermark-overlap-0 by unit/test_watermark: test_begins' "$dir/out"
ok "a defect that no test sees is told" grep -q '^NOT CAUGHT harmless' "$dir/out"
ok "one that does not apply is told" grep -q \
    '^FAIL outdated: does not apply: changes 0 lines, not 2' "$dir/out"
ok "either is a failure" [ $rc = 1 ]
# The source moves on: no defect may be left behind unnoticed.
tests/controls/run.sh -n >"$dir/out"
ok "each defect of tests/controls can be sown" [ $? = 0 ]
tests/controls/run.sh -n -d "$dir/defects" >"$dir/out"
ok "one that cannot is told" grep -q '^2 can be sown, 1 not' "$dir/out"
exit $failed
