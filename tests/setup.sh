#!/bin/sh
# setup.sh - installs the Debian packages that a target of the Makefile needs.
#
#	tests/setup.sh [--list] demo|check|lint|clang|analyze|real|connectors|ci ...
#
# What is missing is worked out by dpkg-query; nothing is run when nothing is.
# PostgreSQL comes without a system cluster (15/main): npsync starts its own.
# real: servers that other people wrote.  They are installed and stay off.
# connectors: node, for clients that other people wrote; any from 18 on will do.
# --list prints the packages of the groups, one a line, and does nothing.
# Exit 69 with these two: what is missing cannot be had here.
set -u
LC_ALL=C
export LC_ALL

build="gcc libc6-dev pkg-config libpq-dev libcurl4-openssl-dev libjansson-dev
libconfig-dev libmicrohttpd-dev libunistring-dev libidn2-dev libssl-dev
libcrypt-dev zlib1g-dev"
# procps, util-linux, curl: the demo and the tests start and ask servers.
# strace makes system calls fail; python3-aiosmtpd is a mail server, and brings
# the parser that reads what it was sent; python3-asyncssh is an SFTP server that
# needs no service of the machine; openssl makes keys and judges signatures.
# pgbouncer would start a service: ci only, and where it is not, its test is
# skipped.
runtime="postgresql tzdata ca-certificates procps util-linux curl"
# For Request Tracker: no database by the package, and a mail program that is no
# daemon, where there is none yet.
servers="tryton-server tryton-modules-party tryton-modules-sale-opportunity
tryton-modules-sale-complaint request-tracker5 rt5-standalone rt5-db-sqlite
dbconfig-no-thanks msmtp-mta"
services="tryton-server tryton-server-cron tryton-server-worker
request-tracker5"
SERVER_MIN=15
NODE_MIN=18
RETRY="-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
not_here() {
	printf 'setup: %s\n' "$*" >&2
	[ -z "$real$node" ] || exit 69
	exit 1
}
usage() {
	echo "usage: tests/setup.sh [--list] demo|check|lint|clang|analyze|real|connectors|ci ..." >&2
	exit 64
}

real=
node=
list=no
if [ "${1:-}" = --list ]; then
	list=yes
	shift
fi
[ $# -gt 0 ] || usage
packages=
for group; do
	case $group in
	demo) more="$build $runtime python3-aiosmtpd" ;;
	check) more="$build $runtime libcmocka-dev strace python3-aiosmtpd
		python3-asyncssh openssl" ;;
	lint) more="$build binutils perl-base pmccabe codespell shellcheck mandoc" ;;
	clang) more="clang libclang-rt-dev llvm lld" ;;
	analyze) more="$build clang-tidy" ;;
	real)
		real=yes
		more="$build $runtime python3-minimal $servers"
		;;
	connectors)
		node=yes
		more="nodejs npm"
		;;
	ci) more="$build $runtime libcmocka-dev strace python3-aiosmtpd
		python3-asyncssh openssl pgbouncer binutils perl-base pmccabe
		codespell shellcheck mandoc clang libclang-rt-dev llvm lld" ;;
	*) usage ;;
	esac
	packages="$packages $more"
done
# One name once, in the order given.
packages=$(for p in $packages; do echo "$p"; done | awk '!seen[$0]++')
if [ $list = yes ]; then
	echo "$packages"
	exit 0
fi

if ! command -v dpkg-query >/dev/null 2>&1; then
	say "this is not Debian (no dpkg-query). Debian's names of what is needed:"
	# shellcheck disable=SC2086
	say "   " $packages
	exit 0
fi

# "libpq-dev", "postgresql-15": the names that are installed now.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
	sed -n 's/^installed //p')
has() {
	case "
$installed
" in *"
$1
"*) return 0 ;; esac
	return 1
}
# A server of SERVER_MIN or newer, whichever the release offers.
has_server() {
	for version in $(echo "$installed" |
	    sed -n 's/^postgresql-\([0-9][0-9]*\)$/\1/p'); do
		[ "$version" -lt $SERVER_MIN ] || return 0
	done
	return 1
}

has_mail() {
	dpkg-query -W -f '${db:Status-Status} ${Provides}\n' 2>/dev/null |
		grep -q '^installed .*mail-transport-agent'
}

# Of wherever it came.
has_node() {
	command -v npm >/dev/null 2>&1 || return 1
	major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null) ||
		return 1
	[ "$major" -ge $NODE_MIN ]
}

missing=
for p in $packages; do
	case $p in
	postgresql) has_server || missing="$missing postgresql" ;;
	# Newer releases have pkgconf only.
	pkg-config) has pkg-config || has pkgconf || missing="$missing $p" ;;
	msmtp-mta) has_mail || missing="$missing $p" ;;
	nodejs | npm) has_node || has "$p" || missing="$missing $p" ;;
	# Whoever has another of these keeps it.
	dbconfig-no-thanks) has "$p" || has dbconfig-sqlite3 ||
		missing="$missing $p" ;;
	*) has "$p" || missing="$missing $p" ;;
	esac
done
missing=${missing# }
[ -n "$missing" ] || exit 0

say "missing packages: $missing"
command -v apt-get >/dev/null 2>&1 ||
	not_here "there is no apt-get here; install them and start again"
as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 ||
		not_here "this needs root, and there is no sudo: as root run" \
		    "apt-get install $missing"
	if sudo -n true 2>/dev/null; then
		as_root="sudo -n"
	elif [ -t 0 ]; then
		say "sudo will ask for your password"
		as_root=sudo
	else
		not_here "this needs root, and sudo asks for a password: as root run" \
		    "apt-get install $missing"
	fi
fi

# What apt says is shown when it fails.  sudo clears the environment: what apt
# needs of it goes with the command.
log=$(mktemp) || die "cannot make a temporary file"
made_file=
made_dir=
made_policy=
put_back() {
	rm -f "$log"
	[ -z "$made_policy" ] || $as_root rm -f "$policy"
	[ -z "$made_file" ] || $as_root rm -f "$conf_file"
	[ -z "$made_dir" ] || $as_root rmdir "$conf_dir" 2>/dev/null
}
trap put_back EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
apt() {
	# shellcheck disable=SC2086
	$as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
	    ${http_proxy:+"http_proxy=$http_proxy"} \
	    ${https_proxy:+"https_proxy=$https_proxy"} \
	    apt-get -q $RETRY "$@" </dev/null >"$log" 2>&1 && return 0
	cat "$log" >&2
	return 1
}

# Read by the server package while it is configured.  Each set-up has a file
# of its own, so that two at once do not undo each other.  The directory is
# looked at by the package but does not come with it.
conf_dir=${NPSYNC_SETUP_ROOT:-}/etc/postgresql-common/createcluster.d
conf_file=$conf_dir/npsync-setup-$$.conf
no_main_cluster() {
	if [ ! -d "$conf_dir" ]; then
		made_dir=yes
		$as_root mkdir "$conf_dir" || die "cannot make $conf_dir"
	fi
	made_file=yes
	echo "create_main_cluster = false" |
	    $as_root tee "$conf_file" >/dev/null || die "cannot write $conf_file"
}

# What is asked before a package may start its service.
policy=${NPSYNC_SETUP_ROOT:-}/usr/sbin/policy-rc.d
no_services() {
	[ ! -e "$policy" ] || return 0
	made_policy=yes
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null ||
		die "cannot write $policy"
	$as_root chmod 755 "$policy" || die "cannot change $policy"
}
# Nor at the next start of the machine.
services_off() {
	for service in $services; do
		[ ! -e "/etc/init.d/$service" ] ||
			$as_root update-rc.d "$service" disable >"$log" 2>&1
	done
}

say "installing by apt-get, this takes a minute"
apt update ||
	say "the package lists could not be refreshed; going on with those here"
case " $missing " in
*" postgresql "*)
	# The release's own choice is named by the package postgresql.
	if apt-cache show postgresql-$SERVER_MIN >/dev/null 2>&1; then
		server=postgresql-$SERVER_MIN
	else
		server=postgresql
	fi
	missing=$(echo "$missing" | sed "s/\\bpostgresql\\b/$server/")
	# First: it brings the settings that the file is added to.
	apt install -y --no-install-recommends postgresql-common ||
		die "apt-get could not install postgresql-common"
	no_main_cluster
	;;
esac
if [ -n "$real$node" ]; then
	# shellcheck disable=SC2086
	apt install -y --no-install-recommends --download-only $missing ||
		not_here "apt-get could not fetch: $missing"
fi
if [ -n "$real" ]; then
	no_services
fi
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing ||
	die "apt-get could not install: $missing"
[ -z "$real" ] || services_off
say "installed: $missing"
