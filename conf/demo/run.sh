#!/usr/bin/env bash
# The main job once, from beginning to end, on this machine alone: a CRM's
# export, a survey service of our own, two nights.  Nothing stays behind.
set -euo pipefail

build=${1:-${NPSYNC_BUILD:-build}}
here=$(cd "$(dirname "$0")" && pwd)
npsync=$(cd "$build" && pwd)/npsync
sims=$(cd "$build/tests/sim" && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/npsync-demo.XXXXXX")
service=
mailbox=

finish() {
	local status=$?
	for server in $service $mailbox; do
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	done
	rm -rf "$dir"
	if [ "$status" -ne 0 ]; then echo "demo: failed ($status)" >&2; fi
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

# As root npsync becomes the user postgres, since PostgreSQL never runs as root.
give() {
	if [ "$(id -u)" -eq 0 ]; then
		chmod 711 "$dir"
		chown -R postgres: "$dir/export" "$dir/import" "$dir/state"
	fi
}
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n== %s\n' "$*"; }
# Runs npsync at a moment of the story and shows the command.
at() {
	local now=$1
	shift
	printf '$ npsync %s\n' "$*"
	"$npsync" -c "$dir/npsync.conf" --now "$now" "$@"
}
clock() {
	curl -fsS --noproxy '*' -X POST -d "{\"now\": \"$1\"}" "$url/sim/now" >/dev/null
}
answer() {
	curl -fsS --noproxy '*' -X POST -d "$1" "$url/sim/answer" >/dev/null
}
# The mail address of a contact, from the export.
address() {
	awk -F';' -v id="$1" 'NR == 1 { sub(/^\357\273\277/, ""); for (i = 1; i <= NF; i++) col[$i] = i }
		$col["KontaktId"] == id { gsub(/"/, "", $col["E-mail"]); print $col["E-mail"] }' \
		"$dir/export/contacts.csv"
}
export_at() {
	"$sims/export" --dir "$dir/export" --now "$today_utc" \
		--zone Europe/Copenhagen --step "$1"
	give
}

# The story begins on the coming Tuesday at eight in the evening.
export TZ=Europe/Copenhagen
tue=$(date -d 'next tuesday' +%F)
wed=$(date -d "$tue + 1 day" +%F)
thu=$(date -d "$tue + 2 days" +%F)
utc() { date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ; }
today_utc=$(utc "$tue 20:00")

mkdir -m 700 "$dir/export" "$dir/import" "$dir/state" "$dir/service" \
	"$dir/mail"
(umask 077 && printf 'demo-key-0123456789eOE\n' >"$dir/npsync-key.new" &&
	mv "$dir/npsync-key.new" "$dir/npstoday.key")
"$sims/npstoday" --ledger "$dir/service" --key-file "$dir/npstoday.key" \
	--port-file "$dir/port" --die-with-parent \
	--campaigns '7749=Møde,7750=Salg,7751=Tabt salg,7752=Sag lukket,7753=Stilhed,7754=Affär,7755=Salg (NO),7756=Kauppa' &
service=$!
# A mail server that keeps what it is given.
/usr/bin/python3 "$here/../../tests/lib/smtpd.py" "$dir/mail" &
mailbox=$!
for _ in $(seq 200); do
	[ -s "$dir/port" ] && [ -s "$dir/mail/port" ] && break
	sleep 0.05
done
url=http://127.0.0.1:$(cat "$dir/port")
sed -e "s|@DIR@|$dir|g" -e "s|@PORT@|$(cat "$dir/port")|g" -e "s|@NOW@|$today_utc|g" \
	"$here/npsync.conf.in" >"$dir/npsync.conf"
cat >>"$dir/npsync.conf" <<EOT
# What the report adds up: surveys of one programme.
programmes = ( { name = "moments";
	campaigns = [ "7749", "7750", "7751", "7752", "7754", "7755", "7756" ]; } );
# A low score is mailed to the account manager.
mail = {
	smtp_url = "smtp://127.0.0.1:$(cat "$dir/mail/port")";
	from = "npsync@npsync-demo.example";
};
alarm = {
	rules = ( { when = "low"; to = [ "owner" ]; language = "da"; } );
	fallback = "service@npsync-demo.example";
};
EOT

say "1. Go-live, $tue 08:00: the first run reads the CRM's history and queues nobody"
export_at 1
clock "$(utc "$tue 08:00")"
at "$tue 08:00" check
at "$tue 08:00" run hourly
at "$tue 08:00" queue
at "$tue 08:00" activate

say "2. $tue 20:00: what happened today stands in the queue, with tomorrow's verdict"
export_at 2
clock "$(utc "$tue 20:00")"
at "$tue 20:07" run hourly
at "$tue 20:10" queue

say "3. The administrator takes one person out and asks about another"
row=$("$npsync" -c "$dir/npsync.conf" --now "$tue 20:12" --csv queue --trigger meet |
	awk -F, '/,would go [^,]*,go,/ { print $1; exit }')
at "$tue 20:12" exclude "$row" --reason "customer is on holiday" --yes
at "$tue 20:13" explain P-1006

say "4. The night to $wed: decided, transferred"
clock "$(utc "$wed 03:10")"
at "$wed 03:10" run night
at "$wed 03:20" queue --transferred

say "5. $wed 09:00: the mails leave; by 14:00 people have answered"
clock "$(utc "$wed 09:30")"
curl -fsS --noproxy '*' -X POST \
	-d "{\"seed\": 7, \"percent\": 45, \"now\": \"$(utc "$wed 10:00")\"}" \
	"$url/sim/auto" >/dev/null
# P-1032 carries NPSToday.Møde.6 from an earlier survey.
answer "{\"email\": \"$(address P-1032)\", \"campaignId\": 7749, \"rating\": 9,
	\"comment\": \"Godt møde, tak\", \"at\": \"$(utc "$wed 11:00")\"}"
clock "$(utc "$wed 14:00")"
at "$wed 14:07" run hourly
echo "-- the sheet for the CRM's import, and what it must take away:"
for sheet in "$dir"/import/*.csv; do
	echo "${sheet##*/}"
	sed 's/^/    /' "$sheet"
done
"$sims/export" --import "$dir/import" --dir "$dir/export"
give

say "6. The night to $thu: somebody re-rates, a silent customer is asked"
export_at 3
clock "$(utc "$wed 20:00")"
at "$wed 20:07" run hourly
at "$wed 20:10" queue
# P-1034 thinks better of it: the newer score replaces the older one.
answer "{\"email\": \"$(address P-1034)\", \"campaignId\": 7749, \"rating\": 10,
	\"comment\": \"Nu er det løst\", \"at\": \"$(utc "$wed 21:00")\"}"
clock "$(utc "$thu 03:10")"
at "$thu 03:10" run night
at "$thu 03:10" run night
"$sims/export" --import "$dir/import" --dir "$dir/export"
give

say "7. What became of everybody"
at "$thu 08:00" status
at "$thu 08:00" runs
echo
echo "NPS tags on the CRM's contacts:"
grep -a 'NPSToday\.' "$dir/export/tags.csv" | tr -d '\r' | sed 's/^/    /'

say "8. What a manager sees: the mail about an unhappy customer, and the number"
# The first letter of the day, as a mail reader shows it.
/usr/bin/python3 - "$dir/mail/1.eml" <<'EOF'
import email
import email.policy
import sys

with open(sys.argv[1], "rb") as f:
    mail = email.message_from_bytes(f.read(), policy=email.policy.default)
for name in "From", "To", "Subject":
    print(f"    {name}: {mail[name]}")
print()
for line in mail.get_body(("plain",)).get_content().splitlines():
    print(f"    {line}".rstrip())
EOF
at "$thu 08:00" report --last 3
at "$thu 08:00" report --last 3 --suppressed
