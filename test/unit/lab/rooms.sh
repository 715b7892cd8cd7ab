#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/lab: the rooms of lab/ stand in an order, by which each includes only headers of those
# behind it. Guests know of the host only what both share; the page of results knows no machine.
# Fails if a room includes a header of one above it.
set -eu
rooms=$(sed -n 's/^LAB_ROOMS := //p' lab/build.mk)
[ -n "$rooms" ] || { echo "rooms: lab/build.mk names none" >&2; exit 1; }
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT

# The compiler says what each source includes, in whatever way.
find lab -name '*.c' | sort | xargs "${CC:-cc}" -MM -MG -Ilab -Iinclude >"$dir/includes"
awk -v order="guest main allowed options run $rooms generators exchange" '
function room(path) {
	sub("^lab/", "", path)
	sub("[/.].*", "", path)
	return path
}
BEGIN {
	n = split(order, names)
	for (i = 1; i <= n; i++)
		rank[names[i]] = i
	split("guest generators exchange", names)
	for (i in names) only["guest", names[i]] = 1
	split("report compare host generators exchange", names)
	for (i in names) only["report", names[i]] = 1
}
{
	for (i = 1; i <= NF; i++) {
		if ($i ~ /:$/ || $i == "\\") continue
		while (sub("[^/.]+/[.][.]/", "", $i)) ;
		if ($i ~ /[.]c$/) { from = $i; sources++; continue }
		if ($i !~ /^lab\//) continue
		a = room(from); b = room($i)
		if (a == b) continue
		if (!(a in rank) || !(b in rank)) print from " includes " $i ", one of which is in no room"
		else if (rank[a] > rank[b]) print from " includes " $i " of a room above it"
		else if ((a == "guest" || a == "report") && !((a, b) in only)) print from " is not to know " $i
	}
}
END { if (sources < 50) print "only " sources " sources looked at" }
' "$dir/includes" | head -n 20 | sed 's/^/rooms: /' | tee "$dir/wrong" >&2
[ ! -s "$dir/wrong" ]
