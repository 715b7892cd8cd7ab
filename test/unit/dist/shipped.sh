#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/dist: what "make install" puts beside vmgenc. Fails if a shipped hook is on, or no
# program; if a placeholder is left over; if a command or an option is in no completion; or if
# uninstall leaves a file of vmgenc's behind.
set -eu
unset MAKEFLAGS
dir=$(mktemp -d) && trap 'rm -rf "$dir"; make -s build/vmgenc' EXIT
wrong() { echo "shipped: $*" >&2; exit 1; }

make -s install DESTDIR="$dir" PREFIX=/usr HOOKS_DIR=/etc/vmgenc/hooks.d
n=0
for hook in "$dir"/usr/share/vmgenc/hooks/*; do
	[ ! -x "$hook" ] || wrong "$hook is executable"
	sh -n "$hook"
	grep -q '^# Enable it: ' "$hook" || wrong "$hook does not say when to enable it"
	grep -q "^# vmgenc-hook: when=[a-z-]* retry=" "$hook" || wrong "$hook does not say what it is for"
	line=$(sed -n 's/^# vmgenc-hook: //p' "$hook") && limit=${line##*timeout=}
	[ "$limit" != "$line" ] && limit=${limit%% *} || limit=60
	when=${line#when=} && when=${when%% *} retry=${line##*retry=} && retry=${retry%% *}
	grep -qx "\.It Pa ${hook##*/} Ta $when Ta $retry Ta $limit" man/vmgenc.8 ||
		wrong "vmgenc(8) does not say that ${hook##*/} declares $line"
	n=$((n + 1))
done
[ $n = 13 ] || wrong "$n hooks"
# Where they lie, nothing runs; the directory for those that are on is there, and empty.
! grep -rn /usr/local/share "$dir/usr/share/vmgenc" || wrong "a place of another prefix is named"
build/vmgenc sim "$dir/vm" create
for d in usr/share/vmgenc/hooks etc/vmgenc/hooks.d; do
	build/vmgenc hooks "$dir/$d" --once --source "file:$dir/vm" --state "$dir/state" 2>/dev/null
	build/vmgenc sim "$dir/vm" bump
	build/vmgenc hooks "$dir/$d" --once --source "file:$dir/vm" --state "$dir/state"
	grep -q '"runs": 0' "$dir/state" || wrong "a hook ran from $d"
done
! grep -rn '@[A-Z]*@' "$dir/usr/lib/systemd" || wrong "a placeholder is left"
sed 's,@SBINDIR@,/usr/sbin,; s,@HOOKS@,/h,' dist/freebsd/vmgenc_hooks | sh -n

commands=$(build/vmgenc --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
[ "$(echo "$commands" | wc -l)" = 9 ] || wrong "commands: $commands"
for f in dist/completions/*; do
	for c in $commands; do
		grep -qw "$c" "$f" || wrong "$f lacks $c"
		for o in $(build/vmgenc "$c" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p'); do
			grep -qe "--$o\|-l $o" "$f" || wrong "$f lacks --$o"
		done
	done
done
bash -n dist/completions/vmgenc.bash

make -s uninstall DESTDIR="$dir" PREFIX=/usr
left=$(find "$dir/usr" "$dir/etc" ! -type d)
[ -z "$left" ] || wrong "left behind: $left"
