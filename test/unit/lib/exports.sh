#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/lib: the library exports what vmgenc.h declares and lib/libvmgenc.map lists, no more.
# Fails if a call is added, removed or renamed in one of the three only, or loses its version.
lib=${1:-build/libvmgenc.so}
map=lib/libvmgenc.map

declared=$(sed -n 's/^[a-z].*[ *]\(vmgenc_[a-z_]*\)(.*);$/\1/p' include/vmgenc.h | sort)
listed=$(sed -n 's/^\t\(vmgenc_[a-z_]*\);$/\1/p' $map | sort)
exported=$(nm -D --defined-only "$lib" | sed -n 's/.* T \(.*\)@@LIBVMGENC_1\.0$/\1/p' | sort)
others=$(nm -D --defined-only "$lib" | grep -Ev ' (T vmgenc_[a-z_]*@@LIBVMGENC_1\.0|A LIBVMGENC_1\.0)$')
soname=$(readelf -d "$lib" | sed -n 's/.*(SONAME).*\[\(.*\)\]$/\1/p')

wrong() {
	echo "exports: $*" >&2
	exit 1
}
[ -n "$declared" ] || wrong "no calls found in include/vmgenc.h"
[ "$declared" = "$listed" ] || wrong "vmgenc.h declares" $declared, "but $map lists" $listed
[ "$declared" = "$exported" ] || wrong "vmgenc.h declares" $declared, "but $lib exports" $exported
[ -z "$others" ] || wrong "$lib also exports" $others
[ "$soname" = libvmgenc.so.1 ] || wrong "the soname is $soname, not libvmgenc.so.1"
