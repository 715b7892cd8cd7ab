#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/dist: dist/freebsd/overlay on two made-up source trees, one without a vmgenc (12) and
# one with (13). Fails if a line or file is missing or double, a second run changes a byte, undoing
# leaves anything or loses anything (an edit made since, for one), or a directory that is no source
# tree is touched.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
wrong() { echo "overlay: $*" >&2; exit 1; }
tree() { # name: what the overlay edits, and something of everything that it has to leave alone
	mkdir -p "$dir/$1/sys/conf" "$dir/$1/sys/modules" "$dir/$1/share/man/man4" "$dir/$1/sys/dev/vmm"
	cd "$dir/$1"
	printf 'dev/vmm/vmm.c\toptional vmm\ndev/vnic/vnic.c\toptional vnic\n' >sys/conf/files
	printf 'SUBDIR=\tvmm \\\n\tvmware\n\n.include <bsd.subdir.mk>\n' >sys/modules/Makefile
	printf 'MAN=\tvmm.4 \\\n\tvnic.4\n\n.include <bsd.prog.mk>\n' >share/man/man4/Makefile
	cd - >/dev/null
}
tree 12 && tree 13
mkdir -p "$dir/13/sys/dev/vmgenc" "$dir/13/sys/modules/vmgenc"
echo old | tee "$dir/13/sys/dev/vmgenc/vmgenc_acpi.c" "$dir/13/sys/modules/vmgenc/Makefile" >"$dir/13/share/man/man4/vmgenc.4"
printf 'dev/vmgenc/vmgenc_acpi.c\toptional acpi\ndev/x.c\toptional x\n' >"$dir/13/sys/conf/files.x86"
sed -i 's/vmware/vmgenc vmware/; s/vnic/vmgenc/' "$dir/13/sys/modules/Makefile" "$dir/13/share/man/man4/Makefile"
for v in 12 13; do
	t=$dir/$v
	# A kernel that had the old one without asking for it has ours.
	kernels='vmgenc acpi' && [ $v = 12 ] || kernels='acpi | vmgenc acpi'
	cp -a "$t" "$t.was"
	make -s freebsd-overlay SRC="$t"
	for f in driver/freebsd/*.[ch] driver/core/*.[ch] include/vmgenc_abi.h; do
		cmp -s "$f" "$t/sys/dev/vmgenc/${f##*/}" || wrong "$v: no ${f##*/} in sys/dev/vmgenc"
	done
	cmp -s man/vmgenc.4 "$t/share/man/man4/vmgenc.4" || wrong "$v: no manual page"
	cmp -s driver/freebsd/Makefile "$t/sys/modules/vmgenc/Makefile" || wrong "$v: no module"
	[ ! -e "$t/sys/dev/vmgenc/vmgenc_acpi.c" ] || wrong "$v: the old driver is still there"
	for f in $(cd "$t/sys" && ls dev/vmgenc/*.c | grep -v companion); do
		[ "$(cat "$t"/sys/conf/files* | grep -c "^$f	optional $kernels$")" = 1 ] ||
			wrong "$v: $f is not in sys/conf/files once"
	done
	! grep -q 'vmgenc_acpi.c\|companion' "$t"/sys/conf/files* || wrong "$v: a line too many in sys/conf/files"
	[ "$(grep -c '[=	]vmgenc' "$t/sys/modules/Makefile")" = 1 ] || wrong "$v: the module is not in sys/modules/Makefile once"
	[ "$(grep -c 'vmgenc\.4' "$t/share/man/man4/Makefile")" = 1 ] || wrong "$v: the page is not in man4/Makefile once"
	[ $v != 12 ] || { grep -qx 'SUBDIR+=	vmgenc' "$t/sys/modules/Makefile" &&
		grep -qx 'MAN+=	vmgenc.4' "$t/share/man/man4/Makefile"; } || wrong "$v: a line is not as it should be"
	cp -a "$t" "$t.once"
	make -s freebsd-overlay SRC="$t"
	diff -r "$t" "$t.once" || wrong "$v: a second run changes something"
	for f in sys/conf/files sys/dev/vmgenc/vmgenc_core.c; do
		echo '# edited' >>"$t/$f" && cp -a "$t" "$t.edited"
		for how in -u ''; do
			! dist/freebsd/overlay $how "$t" 2>"$dir/said" || wrong "$v: an edit of $f is lost"
			grep -q "$f was edited since" "$dir/said" && diff -r "$t" "$t.edited" ||
				wrong "$v: an edit of $f is not said, or something is changed"
		done
		sed -i '$d' "$t/$f" && rm -rf "$t.edited"
	done
	make -s freebsd-overlay-undo SRC="$t"
	diff -r "$t" "$t.was" || wrong "$v: not undone"
	make -s freebsd-overlay-undo SRC="$t" && diff -r "$t" "$t.was" || wrong "$v: undone twice"
done
t=$dir/13
dist/freebsd/overlay -c "$t"
[ -e "$t/sys/dev/vmgenc/vmgenc_acpi.c" ] && grep -q '^dev/vmgenc/vmgenc_acpi.c	optional acpi$' "$t/sys/conf/files.x86" ||
	wrong "the companion takes the kernel's driver out"
[ "$(grep -c '^dev/vmgenc_companion/.*optional vmgenc_companion acpi' "$t/sys/conf/files")" = \
	$(cd driver && ls core/*.c freebsd/*.c | grep -vc _bus) ] || wrong "the companion's files are not in sys/conf/files"
dist/freebsd/overlay -u "$t" && diff -r "$t" "$t.was" || wrong "the companion is not undone"
mkdir "$dir/none" && ! dist/freebsd/overlay "$dir/none" 2>"$dir/said" || wrong "took a directory that is no source tree"
grep -q "is not a FreeBSD source tree: it has no sys/conf/files" "$dir/said" && [ -z "$(ls "$dir/none")" ] || wrong "no tree: not said, or touched"
