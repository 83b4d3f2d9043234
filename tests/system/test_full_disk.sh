#!/bin/bash
# test_full_disk.sh - the state directory's disk is full in mid-life: one clear
# sentence, nothing half taken in, and the next run goes on when there is space.
# Needs root (a small tmpfs); skipped with the reason elsewhere.
set -u
n=0
failed=0
ok() {	# ok RC NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}
skip() {
	echo "1..1"
	echo "ok 1 # SKIP $1"
	exit 0
}

build=$(cd "${NPSYNC_BUILD:-build}" && pwd) || exit 71
source=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" = 0 ] || skip "a small disk needs root"
dir=$(mktemp -d "${TMPDIR:-/tmp}/nps-full.XXXXXX") || exit 71
mkdir -m 700 "$dir/state" "$dir/export" "$dir/import"
# Called by the trap.
# shellcheck disable=SC2317
finish() {
	umount "$dir/state" 2>/dev/null || umount -l "$dir/state" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
mount -t tmpfs -o size=120m,mode=700 tmpfs "$dir/state" 2>/dev/null ||
	skip "no tmpfs can be mounted here"

echo "1..6"
(umask 077 && echo key-0123456789 >"$dir/npstoday.key")
sed -e "s|@DIR@|$dir|g" -e "s|@PORT@|9|g" -e "s|@NOW@|-|g" \
	"$source/conf/demo/npsync.conf.in" >"$dir/npsync.conf"
give() {
	chmod 711 "$dir"
	chown -R postgres: "$dir/export" "$dir/import" "$dir/state"
}
export_at() {
	"$build/tests/sim/export" --dir "$dir/export" \
		--now 2026-12-01T19:00:00Z --step "$1" >/dev/null
	give
}
npsync() {
	timeout 120 "$build/npsync" -c "$dir/npsync.conf" \
		--now 2026-12-01T20:07 "$@" >"$dir/out" 2>"$dir/err"
}

export_at 1
npsync run hourly --only pull
ok $? "a run while there is space"

# No block is left, so that a page's statement cannot grow its tables or log.
"$build/tests/sim/export" --bulk 60000 --dir "$dir/export" \
	--now 2026-12-01T19:00:00Z >/dev/null
give
space=$(df --output=avail -B 1024 "$dir/state" | tail -n 1)
dd if=/dev/zero of="$dir/state/filler" bs=1024 count=$((space - 4096)) 2>/dev/null
npsync run hourly --only pull
rc=$?
[ $rc = 69 ] || [ $rc = 71 ]
ok $? "a full disk ends the run with 69 or 71 (got $rc)"
[ "$(grep -c '^npsync: ' "$dir/err")" = 1 ] &&
	tail -n 1 "$dir/err" | grep -q '^npsync: .*disk is full: make space'
ok $? "one sentence says so"
sed 's/^/# /' "$dir/err"
! grep -q '@' "$dir/err"
ok $? "and names nobody"

rm -f "$dir/state/filler"
export_at 2
npsync run hourly --only pull
ok $? "with space again the next run goes on"
npsync --csv queue && [ "$(wc -l <"$dir/out")" = 35 ]
ok $? "and the day's 34 events are in the queue, once"
exit $failed
