#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/dist: tools/unroot. Fails if it deletes a file that is only mounted in a root, if the root
# stays although nothing is mounted any more, or if it goes although something is.
set -eu
[ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null || { echo "unroot: needs root, to mount"; exit 77; }
dir=$(mktemp -d) && trap 'rm -rf --one-file-system "$dir"' EXIT
wrong() { echo "unroot: $*" >&2; exit 1; }
export dir
fresh() { mkdir -p "$dir/root/a b/dev" "$dir/root/proc" "$dir/outside" && echo kept >"$dir/outside/file"; }

fresh
unshare --mount sh -euc '
	mount --bind "$dir/outside" "$dir/root/a b/dev"
	mount -t tmpfs none "$dir/root/proc" && mount --bind "$dir/outside" "$dir/root/proc"
	tools/unroot "$dir/none" "$dir/root"' || wrong "it failed"
[ ! -e "$dir/root" ] || wrong "the root is still there"
[ -e "$dir/outside/file" ] || wrong "it deleted what was mounted"

fresh
unshare --mount sh -euc '
	mount --bind "$dir/outside" "$dir/root/a b/dev"
	exec 9<"$dir/root/a b/dev/file" # busy
	! tools/unroot "$dir/root" 2>/dev/null' || wrong "it did not fail with a busy mount"
[ -e "$dir/outside/file" ] || wrong "it deleted what was mounted and busy"
[ -d "$dir/root/a b" ] || wrong "it deleted a root in which something was mounted"
