#!/bin/sh
# binary.sh [FILE...] - what the built programs must not have: an executable
# stack, writable and executable memory, a shell behind a library call.
set -u
out=${O:-build}
[ $# -gt 0 ] || set -- "$out/npsync" "$out"/tests/sim/*
rc=0
bad() {
	echo "$1:1: $2"
	rc=1
}
for file; do
	case $file in *.o | *.d | *\*) continue ;; esac
	[ ! -d "$file" ] || continue
	if [ ! -e "$file" ]; then
		bad "$file" "is not built"
		continue
	fi
	readelf -lW "$file" | awk '/GNU_STACK/ { found = 1; if (/RWE/) exit 1 }
	    END { if (!found) exit 1 }' || bad "$file" "executable stack"
	readelf -lW "$file" | grep -q '^ *LOAD.*RWE' &&
		bad "$file" "memory both writable and executable"
	readelf -hW "$file" | grep -q 'Type: *DYN' ||
		bad "$file" "not position independent"
	readelf -lW "$file" | grep -q GNU_RELRO ||
		bad "$file" "no read-only relocations"
	readelf -dW "$file" | grep -q 'BIND_NOW\|FLAGS_1.*NOW' ||
		bad "$file" "binds lazily"
	# The program only; a sanitizer brings its own.
	if nm -D "$file" | grep -qE ' U (system|popen)\b' &&
	    ! nm -D "$file" | grep -q __asan_init; then
		bad "$file" "calls system() or popen()"
	fi
done
exit $rc
