#!/bin/sh
# test_sample_export.sh - conf/examples/crm-sales-opportunities.conf loads the
# public data it is written for, by configuration alone.  TAP.
#
# The data do not come with npsync: $NPSYNC_SAMPLE_DATA names their folder, else
# it is looked for beside the checkout; without them every case is skipped.
# shellcheck disable=SC2317
set -u
LC_ALL=C
export LC_ALL
npsync=${NPSYNC_BUILD:-build}/npsync
conf=conf/examples/crm-sales-opportunities.conf

cases=8
n=0
data=
for folder in "${NPSYNC_SAMPLE_DATA:-}" ../shared/data/crm-sales-opportunities; do
	if [ -z "$data" ] && [ -r "$folder/accounts.csv" ] &&
	    [ -r "$folder/sales_pipeline.csv" ]; then
		data=$folder
	fi
done
echo "1..$cases"
if [ -z "$data" ]; then
	while [ $n -lt $cases ]; do
		n=$((n + 1))
		echo "ok $n # SKIP no sample data (NPSYNC_SAMPLE_DATA)"
	done
	exit 0
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/nps-sample.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

failed=0
check() {	# check NAME COMMAND...
	name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$dir/out"
		failed=1
	fi
}
run() {	# run NPSYNC-ARGUMENTS...
	"$npsync" -c "$dir/npsync.conf" "$@" >"$dir/out" 2>&1 </dev/null
	rc=$?
}
returned() { [ "$rc" = "$1" ]; }
says() { tr -d '\r' <"$dir/out" | grep -qxF -- "$1"; }
rows() { [ "$(wc -l <"$dir/out")" = $(($1 + 1)) ]; }	# and a header
counts() {	# counts TENANT BASELINE: of the tenant's first run
	run --tenant "$1" --now 2018-01-02T08:00 run hourly --only pull
	returned 0 || return 1
	run --tenant "$1" --csv runs --limit 1
	run --tenant "$1" --csv runs "$(sed -n '2s/,.*//p' "$dir/out")"
	says "pull,sales/events,baseline,before_start,$2" &&
	    says "pull,sales/contacts,new,,85"
}

mkdir "$dir/state" "$dir/export" "$dir/conf.d"
cp "$data/accounts.csv" "$data/sales_pipeline.csv" "$dir/export"
chmod 644 "$dir/export"/*
(umask 077 && echo none >"$dir/sample.key")
sed -e "s|/tmp/npsync-sample|$dir/state|" \
    -e "s|/srv/crm-sales-opportunities|$dir/export|" "$conf" >"$dir/npsync.conf"
# The same export, looked at for one kind of deal.
sed -e 's/"sample"/"won"/' -e 's/"Lost"/"-"/' "$dir/npsync.conf" >"$dir/conf.d/won.conf"
sed -e 's/"sample"/"lost"/' -e 's/"Won"/"-"/' "$dir/npsync.conf" >"$dir/conf.d/lost.conf"
sed -i 's|file:sample.key|file:../sample.key|' "$dir/conf.d"/*.conf
# As root npsync becomes the user postgres.
if [ "$(id -u)" = 0 ]; then
	chmod 711 "$dir"
	chown -R postgres: "$dir/state" "$dir/export"
fi

check "6,711 closed deals are the baseline, 85 persons" counts sample 6711
check "4,238 of them are won" counts won 4238
check "2,473 of them are lost" counts lost 2473
run --tenant sample --csv queue
check "nobody is queued" rows 0

# A deal of the next export: won today, month first.
printf 'NEW1,Anna Snelling,GTX Pro,Acme Corporation,Won,12/1/2017,1/2/2018,10\r\n' \
    >>"$dir/export/sales_pipeline.csv"
run --tenant sample --now 2018-01-02T20:07 run hourly --only pull
check "the next run is good" returned 0
run --tenant sample --now 2018-01-02T20:10 activate
run --tenant sample --now 2018-01-02T20:10 --csv queue
check "the new deal alone is queued" rows 1
check "for the account's contact, tomorrow" grep -q \
    ',sale,Acme Corporation,acme\.corporation@example\.com,.*,would go Wed 2018-01-03 09:00,go' \
    "$dir/out"
run --tenant sample --csv queue --trigger loss
check "nothing else" rows 0
exit $failed
