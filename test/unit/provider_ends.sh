#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit: programs with the provider end well, whether they share libcrypto or have one of their
# own linked in. OPENSSL_ROOTS= names further systems to try, unpacked below a directory each: their
# libssl3, libssl-dev, libc6, libc6-dev and linux-libc-dev.
# Fails if one of them crashes, or loses what it printed, on its way out.
set -eu
unset MAKEFLAGS
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
make -s install-provider PREFIX="$dir"
{ echo "openssl_conf = openssl_init" && cat "$dir/etc/ssl/vmgenc.cnf"; } >"$dir/cnf"
build/vmgenc sim "$dir/vm" create
export OPENSSL_CONF="$dir/cnf" VMGENC_SOURCE="file:$dir/vm"
passed=0 failed=0

one() { # name, program with what starts it...
	name=$1
	shift
	for way in $("$@"); do
		code=0
		said=$("$@" "$way" 2>&1) || code=$?
		if [ $code = 0 ] && [ "$said" = "$way" ]; then passed=$((passed + 1)); else
			failed=$((failed + 1)) && echo "$name, $way: exit code $code: $said"
		fi
	done
}

for root in / ${OPENSSL_ROOTS:-}; do
	lib=$root/usr/lib/x86_64-linux-gnu start=
	[ "$root" = / ] || start="$(find "$root" -name ld-linux-x86-64.so.2 | head -n 1) --library-path $lib:$root/lib/x86_64-linux-gnu"
	set -- -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -pthread test/unit/ends/ends.c
	[ "$root" = / ] || set -- "$@" --sysroot="$root" -B"$lib" -isystem "$root/usr/include/x86_64-linux-gnu" -L"$lib"
	cc "$@" -o "$dir/shared" -lcrypto
	# What libcrypto.a needs differs between its versions.
	cc "$@" -o "$dir/own" -Wl,-Bstatic -lcrypto -Wl,-Bdynamic 2>/dev/null ||
		cc "$@" -o "$dir/own" -Wl,-Bstatic -lcrypto -lz -lzstd -Wl,-Bdynamic
	one "$root, shared" $start "$dir/shared"
	one "$root, linked in" $start "$dir/own"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
