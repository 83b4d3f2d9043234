#!/bin/bash
# docs.sh [BUILD] - the manual and the sample configuration name what the
# program has: every command and option, every key with its default, every
# connector with its options and what checks it.
set -u
export LC_ALL=C
build=${1:-${O:-build}}
npsync=$build/npsync
sample=conf/npsync.conf
rc=0

if [ ! -x "$npsync" ]; then
	echo "docs: there is no $npsync"
	exit 1
fi
if ! command -v mandoc >/dev/null; then
	echo "docs: skipped, there is no mandoc"
	exit 77
fi
bad() {
	echo "$1:1: $2"
	rc=1
}
# As people read it, but no line is broken, and nothing is printed twice.
page() { mandoc -T ascii -O width=1000 "$1" | sed 's/.\x08//g'; }
man8=$(page daemon/npsync.8)
man5=$(page daemon/npsync.conf.5)
man5_choice=${man5//one of/choice}
man7=$(page daemon/npsync-connectors.7)
# The text $1 has $2; each line begins and ends with $nl.  No process is started
# for each of a thousand questions.
nl=$'\n'
has() { [[ $nl$1$nl =~ $2 ]]; }

# ---- npsync.8: commands and options ------------------------------------------
# The subsection of a command: from its line to the next heading.
section() {
	awk -v c="$1" '!on && $0 ~ "^ +" c "( |$)" { on = 1 }
	    on && /^(   )?[A-Z]/ { exit }
	    on' <<<"$man8"
}
help=$("$npsync" --help)
commands=$(awk 'NF == 0 { part++ } part == 1 && /^  [a-z]/ { print $1 }' <<<"$help")
[ -n "$commands" ] || bad daemon/main.c "--help lists no command"
for option in $(grep -oE '(^|[ ,])--?[a-z][a-z-]*' <<<"$help" | tr -d ' ,' | sort -u); do
	has "$man8" "[ ,|[$nl]${option}[^a-z-]" ||
		bad daemon/npsync.8 "expected the option $option"
done
for command in $commands; do
	text=$(section "$command")
	if [ -z "$text" ]; then
		bad daemon/npsync.8 "expected the command $command"
		continue
	fi
	for option in $("$npsync" "$command" --help |
	    sed -n 's/^  \(--[a-z-]*\).*/\1/p'); do
		has "$text" "[ |[$nl]${option}[^a-z-]" || bad daemon/npsync.8 \
		    "expected the option $option of $command"
	done
done
for code in $("$npsync" --help | tr '\n' ' ' | sed 's/.*Exit: //' |
    grep -oE '(^|, *)[0-9]+' | tr -d ', '); do
	has "$man8" "$nl +${code}[ $nl]" ||
		bad daemon/npsync.8 "expected the exit status $code"
done

# ---- npsync.conf: keys and defaults --------------------------------------------
# path, type, default ("-" = none), with tabs between, of `npsync options NAME`.
options() {
	"$npsync" options "$1" | awk '
	{
		depth = (match($0, /[^ ]/) - 1) / 2
		name[depth] = $1
		path = name[0]
		for (i = 1; i <= depth; i++)
			path = path "." name[i]
		rest = $0
		sub(/^ *[^ ]+ +/, "", rest)
		type = rest
		sub(/ .*/, "", type)
		sub(/^[a-z]+ */, "", rest)
		sub(/^(-?[0-9.]+[.][.][0-9.]+|>= [0-9]+) +/, "", rest)
		if (type == "choice")
			sub(/^[^ ]+ +/, "", rest)
		def = "-"
		if (type == "group")
			;
		else if (rest ~ /^must be given/)
			def = "must be given"
		else if (match(rest, /^("[^"]*"|\[[^]]*\]|[^ ]+)/))
			def = substr(rest, 1, RLENGTH)
		print path "\t" type "\t" def
	}'
}
# path, tab, value of each key of the sample, commented out or not; crm and
# trigger are lists of examples and have no values of their own.
sample_keys() {
	awk '
	match($0, /^#?[a-z_]+ = /) {
		key = substr($0, 1, RLENGTH - 3)
		sub(/^#/, "", key)
		value = substr($0, RLENGTH + 1)
		if (value ~ /^[{(]$/)
			group = key "."
		else
			print key "\t" value
	}
	/^[)}];/ { group = "" }
	match($0, /^\t#?[a-z_]+ = /) {
		key = substr($0, 2, RLENGTH - 4)
		sub(/^#/, "", key)
		value = substr($0, RLENGTH + 1)
		if (value == "{")
			inner = key "."
		else
			print group key "\t" value
	}
	/^\t};/ { inner = "" }
	inner != "" && match($0, /^\t\t#?[a-z_]+ = /) {
		key = substr($0, 3, RLENGTH - 5)
		sub(/^#/, "", key)
		print group inner key "\t" substr($0, RLENGTH + 1)
	}' "$sample"
}
sampled=$(<"$sample")
declare -A in_sample
while IFS=$'\t' read -r path value; do
	in_sample[$path]+=${in_sample[$path]:+$nl}$value
done < <(sample_keys | sed 's/;[[:blank:]]*$//; s/\(\t[0-9]*\)\.0$/\1/')

check_sample() {	# check_sample PATH DEFAULT
	local leaf=${1##*.} value
	case $1 in
	trigger.* | crm | crm.* | rules.frequency.* | programmes.* | policy.* | writeback.fields.* | writeback.task.* | \
	    alarm.rules.* | alarm.managers.*)
		has "$sampled" "[^a-z_]${leaf}[^a-z_]" ||
			bad "$sample" "expected the key $1"
		return
		;;
	esac
	value=${in_sample[$1]:-}
	if [ -z "$value" ]; then
		bad "$sample" "expected the key $1"
	elif [ "$2" != "must be given" ] && [ "$value" != "$2" ] &&
	    has "$sampled" "${nl}[[:blank:]]*#$leaf = "; then
		bad "$sample" "expected $1 = $2, its default; got $value"
	fi
}
while IFS=$'\t' read -r path type default; do
	[ "$type" != group ] || continue
	shown=$path
	exact=yes
	case $path in
	trigger.inact.period_days | trigger.inact.width_days) ;;
	trigger.meet.*) shown=trigger.X.${path#trigger.*.} ;;
	# Their own defaults are told in words.
	trigger.*) shown=trigger.X.${path#trigger.*.} exact=no ;;
	esac
	said=
	[[ $nl$man5_choice$nl =~ ${nl}([^$nl]*\ "$shown ($type"[^$nl]*) ]] &&
		said=${BASH_REMATCH[1]}
	[ "$default" = "must be given" ] || default="default $default"
	if [ -z "$said" ]; then
		bad daemon/npsync.conf.5 "expected the key $shown ($type"
	elif [ $exact = yes ] && [[ $said != *"; $default)" ]]; then
		bad daemon/npsync.conf.5 "$shown: expected \"$default\""
	fi
	check_sample "$path" "${default#default }"
done < <(options core)

# ---- npsync-connectors.7: drivers and their options ------------------------------
drivers=$("$npsync" options | sed -n 's/^  \([a-z0-9]*\) .*/\1/p')
[ -n "$drivers" ] || bad daemon/cli_admin.c "options lists no driver"
for driver in $drivers; do
	has "$man7" "$nl +$driver +(crm|survey) " ||
		bad daemon/npsync-connectors.7 "expected the driver $driver"
	text=$(awk -v d="${driver^^}" '/^[A-Z]/ { on = index($0, d ":") == 1 } on' <<<"$man7")
	[ -n "$text" ] ||
		bad daemon/npsync-connectors.7 "expected a section ${driver^^}: ..."
	[ -e "connectors/$driver/README.md" ] ||
		bad "connectors/$driver/README.md" "expected the connector's page"
	grep -qF "\`$driver\`" connectors/README.md ||
		bad connectors/README.md "expected the driver $driver"
	grep -qF "| [\`$driver\`](connectors/$driver/README.md)" README.md ||
		bad README.md "expected what checks the driver $driver"
	for name in $("$npsync" options "$driver" | sed -n 's/^\([a-z_]*\) .*/\1/p'); do
		has "$text" "[^a-z_]${name}[^a-z_]" || bad \
		    daemon/npsync-connectors.7 "expected the option $name of $driver"
	done
done
exit $rc
