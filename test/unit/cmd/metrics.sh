#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/cmd: promtool judges what vmgenc status --metrics prints: as the text format that
# node_exporter reads, and as OpenMetrics, by the reader that fills a database (it wants a time at
# each sample and ends at the first mistake). The manual names each metric.
promtool=build/prometheus/usr/bin/promtool
[ -e build/prometheus/unpacked ] || { echo "promtool is not here (make check-fleet brings it)"; exit 77; }
dir=$(mktemp -d) && trap 'rm -rf --one-file-system "$dir"' EXIT
passed=0 failed=0
try() { what=$1 && shift; if "$@" >"$dir/said" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "$what: $(cat "$dir/said")"; fi; }
judge() { # name: of the file with the text
	try "$1 as text" "$promtool" check metrics <"$dir/$1"
	[ -s "$dir/said" ] && failed=$((failed + 1)) && cat "$dir/said"
	sed -E '/^#/!s/$/ 1700000000/' "$dir/$1" >"$dir/timed"
	try "$1 as OpenMetrics" "$promtool" tsdb create-blocks-from openmetrics "$dir/timed" "$dir/blocks"
}
mkdir -p "$dir/etc/ssh" "$dir/root/etc" "$dir/hooks"
build/vmgenc sim "$dir/vm" create
echo 0123456789abcdef0123456789abcdef >"$dir/root/etc/machine-id"
build/vmgenc status --metrics --source "file:$dir/vm" --state "$dir/state" >"$dir/here"
build/vmgenc hooks "$dir/hooks" --once --source "file:$dir/vm" --state "$dir/state" 2>/dev/null
build/vmgenc status --metrics --source "file:$dir/vm" --state "$dir/state" --root "$dir/root" >"$dir/hooks.prom"
build/vmgenc status --metrics --source "file:$dir/gone" --state "$dir/state" >"$dir/gone"
for f in here hooks.prom gone; do judge $f; done
# Broken on purpose, so that a judge who sees nothing is noticed.
sed 's/^vmgenc_protected .*/vmgenc_protected yes/' "$dir/here" >"$dir/broken"
! "$promtool" check metrics <"$dir/broken" >/dev/null 2>&1 || { failed=$((failed + 1)) && echo "a broken text passes"; }
sed '/^# EOF/d; /^#/!s/$/ 1700000000/' "$dir/here" >"$dir/broken"
! "$promtool" tsdb create-blocks-from openmetrics "$dir/broken" "$dir/blocks" >/dev/null 2>&1 ||
	{ failed=$((failed + 1)) && echo "OpenMetrics without an end passes"; }
for name in $(sed -n 's/^# HELP vmgenc_\([^ ]*\) .*/\1/p' "$dir/here" "$dir/hooks.prom" | sort -u); do
	try "vmgenc(8) does not name $name" grep -qE "[^a-z_]$name([^a-z_]|\$)" man/vmgenc.8
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
