#!/bin/bash
# test_syscalls.sh - whole nights in which one system call of npsync fails: it
# ends by itself with a documented code, the night after is clean, the service
# has nobody twice, each event is in one row, and each row says what became of it.
#
# When libpq cannot send, it waits for the last words of the server.  Here the
# server is well and has none: database_timeout ends that.
#
# The calls of an undisturbed night are counted first; the n-th of them fails by
# strace, n spread over the night.  NPSYNC_LONG: 14 calls x 4 errnos x 9 n.
# Else some of these, from a place that NPSYNC_SEED moves.  NPSYNC_CALL=sendto:
# only that call.  Each case has a copy
# of everything: database, state directory, ledger.
# Functions are called by traps and by each other's names.
# shellcheck disable=SC2317
set -u
calls="openat read write pread64 pwrite64 close fsync fdatasync rename socket
connect sendto recvfrom poll"
errnos="EINTR EIO ENOSPC ECONNRESET"
codes=" 0 1 69 71 75 77 78 "
people=9	# of these one of our own house
per_errno=9
slice=3

build=$(cd "${NPSYNC_BUILD:-build}" && pwd) || exit 71
source=$(cd "$(dirname "$0")/../.." && pwd)
for server in /usr/lib/postgresql/*/bin; do
	:
done
[ -d "$server" ] || server=

# ---- one case; also called by its own name, as the check of syscallfault.sh ----
ask() {
	"$server/psql" -h "$dir/pg" -U npsync -d night -qAtX -c "$1"
}
npsync() {	# npsync DAY HH:MM ARGS...
	"$build/npsync" -c "$dir/npsync.conf" --now "$1T$2" "${@:3}" \
	    >"$dir/out" 2>&1 </dev/null
}
wrong() {
	echo "$*"
	exit 1
}
sim_now() {
	curl -sf --noproxy '*' -o /dev/null -d "{\"now\": \"$1\"}" \
	    "http://127.0.0.1:$(cat "$dir/port")/sim/now" ||
	    wrong "the service does not answer"
}
respondents() {	# one member of each
	sed -n '/"kind":"respondent"/s/.*"'"$1"'":"\([^"]*\)".*/\1/p' \
	    "$dir/service/ledger.jsonl"
}
# Rows that are not at an end.
left() {
	ask "SELECT count(*) FROM npsync.queue WHERE state NOT IN
	    ('sent', 'suppressed', 'failed', 'expired')"
}
clean_runs() {
	local day minute

	for minute in 22 44; do
		npsync 2026-11-03 "03:$minute" run night --quiet ||
		    [ $? = 1 ] || wrong "a run after it: exit $?"
	done
	for day in 04 05; do
		[ "$(left)" = 0 ] && break
		sim_now "2026-11-${day}T02:10:00Z"
		npsync 2026-11-$day 03:10 run night --quiet || [ $? = 1 ] ||
		    wrong "the next night: exit $?"
		npsync 2026-11-$day 04:20 run night --quiet || [ $? = 1 ] ||
		    wrong "later in the next night: exit $?"
	done
}
invariants() {
	local n

	n=$(respondents npsync_ref | sort | uniq -d | wc -l)
	[ "$n" = 0 ] || wrong "$n references are at the service twice"
	n=$(respondents email | sort | uniq -d | wc -l)
	[ "$n" = 0 ] || wrong "$n people were asked twice"
	n=$(respondents email | grep -c '@egen')
	[ "$n" = 0 ] || wrong "somebody of our own house was asked"
	n=$(ask "SELECT count(DISTINCT event_id) || '/' || count(*)
	    FROM npsync.queue")
	[ "$n" = "$people/$people" ] || wrong "events/rows: $n of $people"
	n=$(ask "SELECT string_agg(DISTINCT state, ' ') FROM npsync.queue
	    WHERE state NOT IN ('sent', 'suppressed')")
	[ -z "$n" ] || wrong "not at an end: $n"
	n=$(ask "SELECT count(*) FROM npsync.queue WHERE state = 'suppressed'
	    AND reason IS NULL")
	[ "$n" = 0 ] || wrong "$n rows without a reason"
	ask "SELECT client_ref FROM npsync.queue WHERE state = 'sent'" |
	    sort >"$dir/sent"
	respondents npsync_ref | sort >"$dir/there"
	cmp -s "$dir/sent" "$dir/there" ||
	    wrong "rows sent: $(wc -l <"$dir/sent"), at the service:" \
	    "$(wc -l <"$dir/there"), and not the same"
	n=$(wc -l <"$dir/there")
	[ "$n" = $((people - 1)) ] || wrong "$n people were asked"
	n=$(ask "SELECT count(*) FROM npsync.queue q WHERE version <> (SELECT
	    count(*) FROM npsync.queue_history h WHERE h.queue_id = q.queue_id)")
	[ "$n" = 0 ] || wrong "$n rows with another history"
	n=$(ask "SELECT count(*) FROM (SELECT 1 FROM npsync.run_count c
	    JOIN npsync.run r USING (tenant_id, run_id)
	    WHERE r.ended_at IS NOT NULL GROUP BY run_id, stage, source
	    HAVING coalesce(sum(n) FILTER (WHERE outcome = 'seen'), 0) <>
	    coalesce(sum(n) FILTER (WHERE outcome <> 'seen'), 0)) x")
	[ "$n" = 0 ] || wrong "$n counts do not add up"
}
judge() {
	case $codes in
	*" $CODE "*) ;;
	*) wrong "exit $CODE is in no table" ;;
	esac
	clean_runs
	invariants
}
if [ "${1:-}" = judge ]; then
	dir=$2
	judge
	exit 0
fi

# ---- TAP ------------------------------------------------------------------------
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
# Of what may not be done here; a tool that is missing: lib/missing.sh.
# shellcheck disable=SC1091
. tests/lib/missing.sh
skip() {
	echo "1..1"
	echo "ok 1 # SKIP $1"
	exit 0
}
give_up() {
	echo "1..1"
	echo "not ok 1 - $1"
	[ ! -s "${dir:-}/out" ] || sed 's/^/# /' "$dir/out"
	exit 1
}
command -v strace >/dev/null || missing strace
said=$(strace -f -qq -o /dev/null -e trace=none true 2>&1) || {
	said="strace cannot trace: ${said%%$'\n'*}"
	[ "${CI:-}" != true ] || give_up "$said"
	skip "$said"
}
[ -n "$server" ] || missing "a PostgreSQL server in /usr/lib/postgresql"

dir=$(mktemp -d "${TMPDIR:-/tmp}/sys.XXXXXX") || exit 71
chmod 711 "$dir"
as=()
if [ "$(id -u)" = 0 ]; then
	as=(setpriv --reuid=postgres --regid=postgres --init-groups)
fi
mkdir -m 700 "$dir/pg" "$dir/state" "$dir/export" "$dir/import"
[ "$(id -u)" != 0 ] || chown postgres: "$dir/pg"
service=
service_away() {
	[ -n "$service" ] || return 0
	kill "$service" && wait "$service"
	service=
}
finish() {
	service_away
	"${as[@]}" "$server/pg_ctl" -D "$dir/pg/data" -m immediate -s stop
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- what all cases begin with ----------------------------------------------------
service_start() {
	rm -f "$dir/port"
	"$build/tests/sim/npstoday" --ledger "$dir/service" --key-file \
	    "$dir/key" --port-file "$dir/port" --port "$port" --no-sync \
	    --die-with-parent &
	service=$!
	for _ in $(seq 200); do
		[ -s "$dir/port" ] && break
		sleep 0.02
	done
	port=$(cat "$dir/port")
}
server_start() {
	"${as[@]}" "$server/initdb" -D "$dir/pg/data" -A trust -U npsync -E UTF8 \
	    --locale=C.UTF-8 --no-sync >"$dir/out" 2>&1 || return 1
	printf '%s\n' "listen_addresses = ''" "fsync = off" \
	    "unix_socket_directories = '$dir/pg'" |
	    "${as[@]}" tee -a "$dir/pg/data/postgresql.conf" >"$dir/out"
	# Its socket is for us too.
	chmod 711 "$dir/pg"
	"${as[@]}" "$server/pg_ctl" -D "$dir/pg/data" -l "$dir/pg/log" -w -s \
	    start && "$server/createdb" -h "$dir/pg" -U npsync night
}
conf_write() {
	cat >"$dir/npsync.conf" <<END
tenant = "calls";
test = true;
state_dir = "$dir/state";
database = "host=$dir/pg user=npsync dbname=night";
database_timeout = "5s";
log = { target = "stderr"; level = "error"; };
send = { holidays = []; };
rules = { own_domains = [ "egen.example" ]; company_max = 0; flood_floor = 0; };
trigger = { meet = { campaign = 7749; max_age_days = 60; }; };
crm = ( { name = "crm"; driver = "files"; dir = "$dir/export";
  date_format = [ "yyyy-MM-dd HH:mm" ];
  contacts = { file = "contacts.csv"; };
  activities = { file = "activities.csv"; };
  out = { dir = "$dir/import"; }; } );
survey = { driver = "npstoday"; base_url = "http://127.0.0.1:$port";
  api_key = "file:$dir/key"; rate_per_second = 10.0; retries = 1;
  backoff_s = 0.0; concurrency = 1; members = { enabled = true; }; };
END
}
export_write() {	# export_write PEOPLE
	local i house

	echo "contact_id;email" >"$dir/export/contacts.csv"
	echo "activity_id;contact_id;date;status" >"$dir/export/activities.csv"
	for ((i = 0; i < $1; i++)); do
		house=kunde
		[ $i = 3 ] && house=egen
		echo "K$i;k$i@$house.example" >>"$dir/export/contacts.csv"
		echo "A$i;K$i;2026-11-02 14:00;held" \
		    >>"$dir/export/activities.csv"
	done
}
prepare() {
	(umask 077 && echo calls-key-0123456789 >"$dir/key")
	port=0
	service_start
	conf_write
	sim_now 2026-11-02T11:00:00Z
	export_write 0
	npsync 2026-11-02 12:00 schema --apply &&
	    npsync 2026-11-02 12:00 run hourly --quiet &&
	    npsync 2026-11-02 12:10 activate || return 1
	export_write $people
	npsync 2026-11-02 20:07 run hourly --quiet || return 1
	service_away
	"$server/psql" -h "$dir/pg" -U npsync -d postgres -qX -c \
	    "ALTER DATABASE night RENAME TO ready" || return 1
	cp -a "$dir/state" "$dir/state.ready"
	cp -a "$dir/import" "$dir/import.ready"
	cp -a "$dir/service" "$dir/service.ready"
}
# A fresh copy of everything.
renew() {
	service_away
	rm -rf "$dir/state" "$dir/import" "$dir/service"
	cp -a "$dir/state.ready" "$dir/state"
	cp -a "$dir/import.ready" "$dir/import"
	cp -a "$dir/service.ready" "$dir/service"
	"$server/psql" -h "$dir/pg" -U npsync -d postgres -qX \
	    -c "DROP DATABASE IF EXISTS night WITH (FORCE)" \
	    -c "CREATE DATABASE night TEMPLATE ready" >"$dir/out" 2>&1
	service_start
	# A minute ahead: whom it lists is younger than any send of ours, so that
	# whom it lacks is absent.
	sim_now 2026-11-03T02:11:00Z
}
night=("$build/npsync" -c "$dir/npsync.conf" --now 2026-11-03T03:10 run night
    --quiet)

server_start || give_up "the server does not start"
prepare || give_up "the night cannot be prepared"

# ---- the undisturbed night, counted; and what the judge is worth -------------------
renew
calls=${NPSYNC_CALL:-$calls}
list=${calls//[[:space:]]/,}
strace -f -qq -o "$dir/trace" -e trace="openat,${list//,,/,}" "${night[@]}" \
    >"$dir/out" 2>&1 </dev/null
CODE=$?
export CODE
(judge >"$dir/said")
ok $? "an undisturbed night is as it must be: $(cat "$dir/said")"
grep '"kind":"respondent"' "$dir/service/ledger.jsonl" | head -n 1 \
    >"$dir/line"
cp "$dir/service/ledger.jsonl" "$dir/whole"
cat "$dir/line" >>"$dir/service/ledger.jsonl"
! (invariants >"$dir/said") && grep -q 'twice' "$dir/said"
ok $? "one POST more is noticed: $(cat "$dir/said")"
cp "$dir/whole" "$dir/service/ledger.jsonl"
grep -v -F -f "$dir/line" "$dir/whole" >"$dir/service/ledger.jsonl"
! (invariants >"$dir/said")
ok $? "one POST less is noticed: $(cat "$dir/said")"
cp "$dir/whole" "$dir/service/ledger.jsonl"
ask "ALTER TABLE npsync.queue_history DISABLE TRIGGER ALL;
    SET session_replication_role = replica;
    DELETE FROM npsync.queue WHERE event_id = 'A1/K1'"
! (invariants >"$dir/said") && grep -q 'events/rows' "$dir/said"
ok $? "a lost row is noticed: $(cat "$dir/said")"

# ---- the plan: CALL ERRNO N, n spread from the opening of the configuration on ------
awk -v calls="${calls//$'\n'/ }" -v errnos="$errnos" -v per="$per_errno" '
NR == 1 { pid = $1 }
$1 != pid { next }
{
	call = $2
	sub(/\(.*/, "", call)
	n[call]++
	if (!begun && index($0, "npsync.conf")) {
		begun = 1
		for (c in n)
			base[c] = n[c]
	}
}
END {
	n_calls = split(calls, call_of, " ")
	n_errnos = split(errnos, errno_of, " ")
	for (i = 1; i <= n_calls; i++) {
		c = call_of[i]
		total = n[c] - base[c]
		step = total > per ? total / per : 1
		for (e = 1; e <= n_errnos; e++)
			for (k = 0; k < per && k < total; k++) {
				# Each errno at other places than the one before.
				at = k * step + (step - 1) * (e - 1) / n_errnos
				print c, errno_of[e], base[c] + 1 + int(at)
			}
	}
}' "$dir/trace" >"$dir/plan"
all=$(wc -l <"$dir/plan")
step=1
from=1
if [ -z "${NPSYNC_LONG:-}" ]; then
	step=$(((all + slice - 1) / slice))
	from=$((${NPSYNC_SEED:-0} % step + 1))
fi
echo "# $all places, from $from each $step; calls of a night after its" \
    "configuration: $(awk '{ n[$1]++ } END { for (c in n) printf "%s ", c }' \
    "$dir/plan")"

# ---- the faults -------------------------------------------------------------------
faults=0
missed=0
bad=0
declare -A told
while read -r call errno nth; do
	renew
	said=$("$source/tests/lib/syscallfault.sh" -c "$call" -e "$errno" \
	    -n "$nth-$nth" -t 60 -k "'$0' judge '$dir'" -- "${night[@]}" 2>&1)
	case $said in
	*" 1 faults, 0 bad")
		faults=$((faults + 1))
		code=$(awk 'NF == 4 && $2 ~ /^E/ { print $4 }' <<<"$said")
		code=${code:-none}
		told[$code]=$((${told[$code]:-0} + 1))
		;;
	*" 0 faults, 0 bad") missed=$((missed + 1)) ;;
	*)
		bad=$((bad + 1))
		echo "# ${said//$'\n'/$'\n'# }"
		;;
	esac
done < <(awk -v from="$from" -v step="$step" \
    'NR % step == from % step' "$dir/plan")
ok $bad "$faults faults in whole nights: $bad bad, nobody asked twice, no row lost"
[ $((10 * missed)) -le $((faults + missed + bad)) ] && [ "$faults" -gt 0 ]
ok $? "they came: $missed did not"
for code in "${!told[@]}"; do
	echo "# exit $code: ${told[$code]} times"
done
echo "1..$n"
exit $failed
