#!/bin/sh
# test_examples.sh - each of conf/examples that begins an installation is loaded
# whole, its connectors' groups too, and is refused with a word misspelt.  TAP.
#
# No service is called, and no database started: it is one that is not there.
# shellcheck disable=SC2317
set -u
LC_ALL=C
export LC_ALL
npsync=${NPSYNC_BUILD:-build}/npsync

dir=$(mktemp -d "${TMPDIR:-/tmp}/nps-examples.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
chmod 711 "$dir"
mkdir -m 700 "$dir/state"
(umask 077 && echo none >"$dir/key")
[ "$(id -u)" != 0 ] || chown -R postgres: "$dir/state" "$dir/key"

# An example with secrets that are there, and a database that is not.
prepare() {	# prepare EXAMPLE
	sed "s#\"credential:[a-z-]*\"#\"file:$dir/key\"#
	    s#\"file:sample.key\"#\"file:$dir/key\"#
	    s#^state_dir.*##" "conf/examples/$1"
	echo "state_dir = \"$dir/state\";"
	echo "database = \"host=127.0.0.1 port=1 connect_timeout=2\";"
}

# Exit 69: the configuration is read, the database is away.
loads() {
	prepare "$1" >"$dir/good.conf"
	"$npsync" -c "$dir/good.conf" status >"$dir/out" 2>&1
	code=$?
	[ "$code" = 69 ] || { sed 's/^/# /' "$dir/out"; return 1; }
}

refused() {
	prepare "$1" | sed 's/driver = /driverr = 1; driver = /' >"$dir/bad.conf"
	"$npsync" -c "$dir/bad.conf" status >"$dir/out" 2>&1
	code=$?
	if [ "$code" != 78 ] || ! grep -q driverr "$dir/out"; then
		sed "s/^/# exit $code: /" "$dir/out"
		return 1
	fi
}

n=0
failed=0
case_of() {	# case_of NAME COMMAND...
	n=$((n + 1))
	name=$1
	shift
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		failed=1
	fi
}

# crm-profile.conf is a profile, and no configuration: test_try.
set -- conf/examples/*.conf
echo "1..$((2 * ($# - 1)))"
for f; do
	f=${f##*/}
	[ "$f" != crm-profile.conf ] || continue
	case_of "$f is read" loads "$f"
	case_of "$f with a word misspelt is refused" refused "$f"
done
exit $failed
