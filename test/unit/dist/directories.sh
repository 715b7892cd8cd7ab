#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/dist: GNU's names for directories. Fails if a file is installed elsewhere, if an installed
# file names another place, if PREFIX=/usr makes an /usr/etc, if uninstall leaves anything; or if the
# packages have another version, lack a unit, or a build dependency is no name of a package.
set -eu
unset MAKEFLAGS
dir=$(mktemp -d) && trap 'rm -rf "$dir"; make -s build/vmgenc' EXIT
wrong() { echo "directories: $*" >&2; exit 1; }
has() { for f; do [ -e "$dir$f" ] || wrong "no $f"; done; }

names='prefix=/p exec_prefix=/e libdir=/l includedir=/i datarootdir=/r mandir=/m sysconfdir=/c localstatedir=/s
	systemdsystemunitdir=/u opensslmodulesdir=/o bindir=/b sbindir=/sb'
make -s install DESTDIR="$dir" $names
has /b/vmgenc-lab /sb/vmgenc /l/libvmgenc.so.1 /l/libvmgenc.a /l/pkgconfig/libvmgenc.pc /i/vmgenc.h /m/man8/vmgenc.8 \
	/r/vmgenc/hooks/10-random-seed /c/ssl/vmgenc.cnf /c/vmgenc/hooks.d /u/vmgenc-hooks.service \
	/u/vmgenc-hooks-check.service /u/vmgenc-hooks-check.path /r/vmgenc/vmgenc-device.conf /o/vmgenc.so \
	/m/man3/vmgenc_open.3 /r/bash-completion/completions/vmgenc
[ "$(cd "$dir" && echo *)" = "b c i l m o r sb u" ] || wrong "also used: $(cd "$dir" && echo *)"
grep -q '^ExecStart=/sb/vmgenc hooks /c/vmgenc/hooks.d$' "$dir/u/vmgenc-hooks.service" || wrong "the unit"
grep -q '^ExecStart=/sb/vmgenc hooks --wait$' "$dir/u/vmgenc-hooks-check.service" || wrong "the unit that checks"
grep -q '^PathChanged=/s/lib/vmgenc/hooks.json$' "$dir/u/vmgenc-hooks-check.path" || wrong "the unit that watches"
"$dir/sb/vmgenc" hooks --help | grep -q 'hooks /c/vmgenc/hooks.d' || wrong "vmgenc does not know its hooks"
grep -q '^module = /o/vmgenc.so$' "$dir/c/ssl/vmgenc.cnf" || wrong "the snippet"
[ "$(PKG_CONFIG_PATH=$dir/l/pkgconfig pkg-config --variable=libdir libvmgenc 2>/dev/null || sed -n 's/^libdir=//p' "$dir/l/pkgconfig/libvmgenc.pc")" = /l ] || wrong "libvmgenc.pc"
[ "$("$dir/sb/vmgenc" openssl --help | grep -c '/c/ssl/vmgenc.cnf')" = 1 ] || wrong "vmgenc does not know its snippet"
"$dir/sb/vmgenc" status --help | grep -q '/s/lib/vmgenc/hooks.json' || wrong "vmgenc does not know its state"
grep -q '^list=/c/vmgenc/services' "$dir/r/vmgenc/hooks/90-restart-services" || wrong "the hook reads another list"
grep -q '/c/ssl/vmgenc.cnf' "$dir/m/man7/vmgenc-provider.7" || wrong "a page names another place"
! grep -rnE '@[A-Z_]+@|/usr/local/(share|lib|etc/ssl)' "$dir" --include='*.[1-9]' --include='*.c*' --include='*.pc' --include='*.service' --include='*.path' || wrong "the lines above"
make -s uninstall DESTDIR="$dir" $names
[ -z "$(find "$dir" ! -type d)" ] || wrong "left: $(find "$dir" ! -type d)"

rm -rf "${dir:?}"/* && make -s install DESTDIR="$dir" PREFIX=/usr
has /etc/ssl/vmgenc.cnf /etc/vmgenc/hooks.d /usr/lib/systemd/system/vmgenc-hooks.service /usr/lib/ossl-modules/vmgenc.so
[ ! -e "$dir/usr/etc" ] || wrong "PREFIX=/usr makes /usr/etc"
for k in $(cat build/kernels/list 2>/dev/null); do
	r=$(cat "build/kernels/$k") && make -s modules-install KVER="$r" DESTDIR="$dir" >/dev/null
	has "/lib/modules/$r/updates/vmgenc.ko"
	make -s modules-uninstall KVER="$r" DESTDIR="$dir" && [ ! -e "$dir/lib/modules/$r/updates/vmgenc.ko" ] || wrong "$r: not taken away"
done

version=$(sed -n 's/^VERSION := //p' Makefile)
[ "$(sed -n '1s/^vmgenc (\(.*\)) .*/\1/p' debian/changelog)" = "$version" ] || wrong "debian/changelog is not $version"
[ "$(tools/deps --deb-names)" = "$(tools/deps --deb-names | grep -xE '([a-z][a-z0-9-]+ )*[a-z][a-z0-9-]+')" ] || wrong "build dependencies: $(tools/deps --deb-names)"
for unit in dist/systemd/*.service dist/systemd/*.path dist/systemd/*.target dist/systemd/*.timer; do
	grep -q "[[:space:]]${unit##*/}" debian/rules || wrong "debian/rules lacks ${unit##*/}"
done
