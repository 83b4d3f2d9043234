#!/bin/sh
# headers.sh [FILE...] - each header compiles alone; a .c begins with its own.
# CC and CPPFLAGS come from the Makefile.
set -u
[ $# -gt 0 ] || set -- daemon/*.h connectors/*.h connectors/*/*.h tests/lib/*.h \
	tests/sim/*.h tests/sim/parts/*/*.h
rc=0
for file; do
	[ -e "$file" ] || continue
	# shellcheck disable=SC2086
	if ! said=$(${CC:-cc} -std=c11 ${CPPFLAGS:--Idaemon -Iconnectors} \
	    -Itests/lib -Wall -Wextra -Werror -fsyntax-only -x c "$file" 2>&1); then
		echo "$file:1: does not compile alone"
		echo "$said" | sed 's/^/	/'
		rc=1
	fi
	source=${file%.h}.c
	[ -e "$source" ] || continue
	first=$(sed -n 's/^#include "\(.*\)"$/\1/p; /^#include </q' "$source" | sed -n 1p)
	if [ "${first##*/}" != "${file##*/}" ]; then
		echo "$source:1: does not include ${file##*/} first"
		rc=1
	fi
done
exit $rc
