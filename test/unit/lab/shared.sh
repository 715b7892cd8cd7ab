#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/lab: the host reads a guest's memory in lab/shared/load.c alone. Fails if another room
# knows what struct shared consists of or maps the exchange, or if lab/shared reads it elsewhere.
set -u
bad=0
none() { # what it would be, found lines
	[ -z "$2" ] || { echo "shared: $1:" >&2 && echo "$2" >&2 && bad=1; }
}
host=$(find lab -name '*.[ch]' ! -path 'lab/guest/*' ! -path 'lab/shared/*' ! -path 'lab/boot/freebsd/*')
none "for lab/shared only" "$(grep -nE 'inside\.h|shared/load\.h|struct shared \{' $host)"
none "a shared map outside lab/shared" "$(grep -nE 'MAP_SHARED' $host | grep -v '^lab/hypervisor/idpage.c:')"
none "a pointer into the exchange" "$(grep -nE 'volatile struct lab_|lab_exchange \*[a-z]+ = .*->exchange' $host)"
# A field's address may be taken, and a field may be an argument of load_ or store_. m is the memory.
none "a read beside load.c" "$(for file in lab/shared/*.c; do
	sed -E 's/(load|store)_[a-z0-9]+\([^;]*;//; s/&[^ ;,]*(memory|m)->//g; s/#field, r->field, m->field, sizeof\(m->field\)//; s/"log", r->log, m->log,//' \
		"$file" | grep -nE '(memory|[^a-z]m)->' | grep -v 'load_[a-z0-9]*(' | sed "s,^,$file:,"
done)"
[ "$(cat lab/shared/*.c | grep -cE 'load_(u32|u64|bytes|text)\(')" -gt 30 ] || none "this test looks at nothing" "$(ls lab/shared)"
exit $bad
