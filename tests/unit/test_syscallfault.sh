#!/bin/bash
# syscallfault.sh: what it finds, what it does not, and when it gives up.
# Checks are for another shell to expand:
# shellcheck disable=SC2016
set -u
tool=tests/lib/syscallfault.sh
# shellcheck disable=SC1091
. tests/lib/missing.sh
work=$(mktemp -d) || exit 71
trap 'rm -rf "$work"' EXIT
n=0
failed=0
# try NAME CODE PATTERN ARGS...
try() {
	local name=$1 want=$2 pattern=$3 said code

	said=$("$tool" "${@:4}" 2>&1)
	code=$?
	n=$((n + 1))
	if [ $code = "$want" ] && grep -qE -- "$pattern" <<<"$said"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name: exit $code, not $want"
		echo "# ${said//$'\n'/$'\n'# }"
		failed=1
	fi
}

bash=$(command -v bash)
printf 'line\n' >"$work/file"
echo "$work/file" >"$work/list"

try "misuse" 64 usage\|syscallfault.sh -c read
try "no number" 64 '' -n x-y -- true
"$tool" -c read -e EIO -n 1-1 -- true >"$work/said"
if [ $? = 77 ]; then
	if ! command -v strace >/dev/null; then
		missing strace 3 || failed=1
	elif [ "${CI:-}" = true ]; then
		echo "not ok 3 - $(cat "$work/said")"
		failed=1
	else
		echo "ok 3 # SKIP $(cat "$work/said")"
	fi
	echo 1..3
	exit $failed
fi
# There is no strace on this path.
mkdir "$work/bin"
said=$(PATH=$work/bin "$bash" "$tool" -- true)
code=$?
n=$((n + 1))
if [ $code = 77 ] && [[ $said == *"strace is not here"* ]]; then
	echo "ok $n - without strace it is skipped with the reason"
else
	echo "not ok $n - without strace: exit $code, $said"
	failed=1
fi

# write: exactly one in "echo"; the second is never reached.
try "each fault that comes is told" 0 '^2 runs, 1 faults, 0 bad' \
    -c write -e ENOSPC -n 1-9 -- sh -c 'echo x'
try "the exit code is told" 0 '^write ENOSPC 1 [12]$' \
    -c write -e ENOSPC -n 1-1 -- sh -c 'echo x'
try "no fault at all is a failure" 1 '^1 runs, 0 faults, 0 bad' \
    -c sendto -e EIO -n 1-9 -- true
try "a check that is content" 0 ' 1 faults, 0 bad' \
    -c write -e EIO -n 1-9 -k '[ "$CALL $ERRNO $N" = "write EIO 1" ]' \
    -- sh -c 'echo x'
try "a program that swallows the error is caught" 1 'bad: check: lost' \
    -c write -e EIO -n 1-9 -k '[ "$CODE" != 0 ] || { echo lost; exit 1; }' \
    -- sh -c 'echo x; exit 0'
try "a crash is caught" 1 'bad: signal 11' \
    -c write -e EIO -n 1-9 -- sh -c 'echo x || kill -SEGV $$'
try "a hang is caught" 1 'bad: still running' \
    -c write -e EIO -n 1-9 -t 1 -- sh -c 'echo x || sleep 9'
try "children too" 0 '^write EIO 1 ' \
    -c write -e EIO -n 1-1 -- sh -c '(echo x); true'
try "what loads the program" 0 '^read EIO 1 127$' \
    -c read -e EIO -n 1-1 -- head -n 1 "$work/file"
try "counted from a mark" 0 '^read EIO [0-9]+ 1$' \
    -c read -e EIO -n 1-1 -m "$work/file" -- head -n 1 "$work/file"
try "the mark itself" 0 '^openat EIO [0-9]+ 1$' \
    -c openat -e EIO -n 1-1 -m "$work/file" -- head -n 1 "$work/file"
try "no such mark" 64 'nothing opens' \
    -c read -e EIO -n 1-1 -m nowhere -- head -n 1 "$work/file"
try "several calls and errnos" 0 ' 4 faults, 0 bad' \
    -c 'write close' -e 'EINTR EIO' -n 1-1 -- sh -c 'echo x'
try "a call that does not exist" 64 syscallfault: \
    -c nocall -e EIO -n 1-1 -- true
echo 1..$n
exit $failed
