#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# make check-kvm on a machine with too little memory for the outer guest: one sentence, exit code 3,
# and nothing started. Fails if it is begun all the same, or ends without a word.
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || { echo "only root can play a small machine"; exit 77; }
[ ! -e /dev/kvm ] || { echo "this machine may have KVM, and then needs no outer guest"; exit 77; }
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
sed 's/^\(MemAvailable: *\).*/\11048576 kB/' /proc/meminfo >"$dir/meminfo"
unshare -m sh -c 'mount --bind "$1" /proc/meminfo && exec build/test/kvm/check' sh "$dir/meminfo" >"$dir/out" 2>&1
code=$?
[ $code = 3 ] || { echo "exit code $code"; cat "$dir/out"; exit 1; }
grep -qx 'no room for the outer guest: it needs 3072 MiB of memory, 1024 MiB are available' "$dir/out" || { cat "$dir/out"; exit 1; }
