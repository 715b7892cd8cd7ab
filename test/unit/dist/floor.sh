#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit: on a kernel below the floor, the Linux driver's build ends with one sentence. Stand-ins for
# the kernel's headers hold its version alone, so whatever comes after it would fail as well.
dir=build/test/floor
rm -rf $dir && mkdir -p $dir/linux
for header in $(sed -n 's/^#include <\(linux\/.*\)>$/\1/p' driver/linux/compat.h); do : >"$dir/$header"; done

said() { # version: what the compiler's #error says
	echo "#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE KERNEL_VERSION($*)
#define IS_ENABLED(x) 0
#define IS_MODULE(x) 0" >$dir/linux/version.h
	cc -E -I$dir driver/linux/compat.h 2>&1 >/dev/null | sed -n 's/.*#error "\(.*\)"$/\1/p' | sort -u
}
[ "$(said 5, 9, 16)" = "vmgenc needs Linux 5.10 or later: RNDRESEEDCRNG on older kernels does not reach every CPU" ] ||
	{ echo "5.9 is not refused in one sentence: $(said 5, 9, 16)"; exit 1; }
[ -z "$(said 5, 10, 0)" ] || { echo "5.10 is refused: $(said 5, 10, 0)"; exit 1; }
