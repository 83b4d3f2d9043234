#!/bin/sh
# test_setup.sh - tests/setup.sh against a made-up dpkg, apt and sudo.  TAP.
set -u
setup=$PWD/tests/setup.sh
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

n=0
check() {	# check NAME COMMAND...
	name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# out: /' "$dir/out"
		sed 's/^/# log: /' "$dir/log"
	fi
}
said() { grep -q -- "$1" "$dir/out"; }
ran() { grep -q -- "$1" "$dir/log"; }
not() { ! "$@"; }
returned() { [ "$rc" = "$1" ]; }
clean() { [ -z "$(find "$dir/etc" -name '*.conf')" ] && [ -z "$(ls "$dir/tmp")" ]; }
# The line of the log that holds $1 comes before the one that holds $2.
before() {
	awk -v a="$1" -v b="$2" 'index($0, a) && !x { x = NR }
	    index($0, b) && !y { y = NR } END { exit !(x && y && x < y) }' "$dir/log"
}

fake() {	# fake NAME: the program's text from standard input
	{ echo "#!/bin/sh"; cat; } >"$dir/bin/$1"
	chmod +x "$dir/bin/$1"
}
# A machine: user id, what is installed; sudo is added by the case.
machine() {
	rm -rf "${dir:?}"/*
	mkdir -p "$dir/bin" "$dir/tmp" "$dir/etc/postgresql-common"
	for tool in sh true awk sed cat rm mkdir rmdir tee env mktemp ls grep; do
		ln -s "/usr/bin/$tool" "$dir/bin/$tool"
	done
	: >"$dir/log"
	uid=$1
	shift
	for p; do echo "installed $p"; done >"$dir/packages"
	echo "deinstall valgrind" >>"$dir/packages"
	echo "cat '$dir/packages'" | fake dpkg-query
	echo "echo $uid" | fake id
	echo "exit 0" | fake apt-cache
	fake apt-get <<-EOF
	echo "apt-get \$*: \$(cat '$dir'/etc/postgresql-common/createcluster.d/* 2>/dev/null)" >>'$dir/log'
	EOF
}
run() {
	PATH=$dir/bin TMPDIR=$dir/tmp NPSYNC_SETUP_ROOT=$dir \
	    "$setup" "$@" >"$dir/out" 2>&1 </dev/null
	rc=$?
}

build=$("$setup" --list demo | grep -v '^postgresql$')
echo 1..43

# shellcheck disable=SC2086
machine 0 $build postgresql-15
run demo
check "all there: exit 0" returned 0
check "all there: nothing said" not said .
check "all there: nothing run" not ran .

# shellcheck disable=SC2086
machine 1000 $build postgresql-17
run demo
check "a newer server will do" returned 0

# shellcheck disable=SC2046
machine 0 $(echo "$build" | grep -v -e libpq-dev -e '^pkg-config$') pkgconf postgresql-13
run demo
check "missing: exit 0" returned 0
check "missing: named" said "^setup: missing packages: libpq-dev postgresql\$"
check "missing: update comes first" before "update" "install"
check "missing: postgresql-common before the server" \
    before "install -y --no-install-recommends postgresql-common" "postgresql-15"
check "missing: no main cluster while the server comes" \
    ran "libpq-dev postgresql-15: create_main_cluster = false"
check "missing: put back" clean
check "missing: its directory too" not test -d "$dir/etc/postgresql-common/createcluster.d"
check "missing: waits for the lock" ran "DPkg::Lock::Timeout=300"

# shellcheck disable=SC2046,SC2086
machine 0 $(echo "$build" | grep -v libpq-dev) postgresql-15
run demo
check "a server is there: its settings are left alone" \
    not ran "postgresql-common"
check "a server is there: the rest is installed" ran "recommends libpq-dev:"

machine 0
mkdir "$dir/etc/postgresql-common/createcluster.d"
echo "echo broken mirror; case \$* in *libpq-dev*) exit 100 ;; esac" | fake apt-get
run demo
check "apt fails: exit 1" returned 1
check "apt fails: what it said is shown" said "broken mirror"
check "apt fails: one sentence" said "^setup: apt-get could not install: gcc "
check "apt fails: put back" clean
check "apt fails: a directory that was there stays" \
    test -d "$dir/etc/postgresql-common/createcluster.d"

machine 0
echo "exit 1" | fake apt-cache
run demo
check "a release without 15: its own choice" ran " postgresql procps\| postgresql tzdata"

machine 1000
run check
check "no sudo: exit 1" returned 1
check "no sudo: one sentence" said "^setup: this needs root, and there is no sudo"
check "no sudo: nothing run" not ran .

machine 1000
echo "exit 1" | fake sudo
run check
check "sudo with a password, no terminal: exit 1" returned 1
check "sudo with a password, no terminal: one sentence" said "sudo asks for a password"

machine 1000
echo "echo sudo \"\$*\" >>'$dir/log'; shift; exec \"\$@\"" | fake sudo
run check
check "sudo: exit 0" returned 0
check "sudo: apt-get through it" ran "^sudo -n env .* apt-get .* install"

# Servers that other people wrote stay off.
machine 0
mkdir -p "$dir/usr/sbin"
ln -s /usr/bin/chmod "$dir/bin/chmod"
cat <<-EOF | fake apt-get
	echo "apt-get \$*: \$(cat '$dir'/usr/sbin/policy-rc.d 2>/dev/null)" >>'$dir/log'
EOF
run real
check "real: exit 0" returned 0
check "real: fetched before anything is installed" \
    before "download-only gcc" "recommends gcc"
check "real: no service starts while they come" ran "tryton-server.*: #!/bin/sh"
check "real: that is put back" not test -e "$dir/usr/sbin/policy-rc.d"
check "real: a mail program comes with them" ran "msmtp-mta"

machine 0
echo "installed default-mta mail-transport-agent" >>"$dir/packages"
mkdir -p "$dir/usr/sbin"
ln -s /usr/bin/chmod "$dir/bin/chmod"
echo mine >"$dir/usr/sbin/policy-rc.d"
run real
check "real: another mail program will do" not ran "msmtp-mta"
check "real: a policy that was there stays" grep -q mine "$dir/usr/sbin/policy-rc.d"

machine 0
echo "echo no network; case \$* in *download-only*) exit 100 ;; esac" | fake apt-get
run real
check "real: nothing to be had: exit 69" returned 69
check "real: nothing to be had: one sentence" said "^setup: apt-get could not fetch: "

# Any node of 18 or newer will do.
machine 0
echo "echo 20" | fake node
echo "exit 0" | fake npm
run connectors
check "connectors: another node will do" not ran .
echo "echo 16" | fake node
run connectors
check "connectors: an old node: Debian's" ran "recommends nodejs npm:"

machine 0
run connectors
check "connectors: exit 0" returned 0
check "connectors: Debian's node" ran "recommends nodejs npm:"
echo "echo no network; case \$* in *download-only*) exit 100 ;; esac" | fake apt-get
run connectors
check "connectors: nothing to be had: exit 69" returned 69

machine 0
rm "$dir/bin/dpkg-query"
run demo
check "not Debian: says the names, goes on" said "libpq-dev"
run nonsense
check "an unknown group: usage" returned 64
