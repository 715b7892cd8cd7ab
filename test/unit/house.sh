#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit: make help names every target, all versions are one, and no list of kernels stands beside
# build/kernels/list. A source's first comment names its folder and has at most three lines; no
# source has more than 500 lines.
bad=0
wrong() { echo "$*" && bad=1; }

help=$(make --no-print-directory help)
makefiles="Makefile $(find ./* -path ./build -prune -o -name build.mk -print)"
for t in $(sed -n 's/^\.PHONY: //p' $makefiles); do
	case $t in all | help) continue ;; esac
	echo "$help" | grep -qE "(^| )$t([ ,;]|$)" || wrong "make help does not name $t"
done
version=$(sed -n 's/^VERSION := //p' Makefile)
[ "$(build/vmgenc --version)" = "vmgenc $version" ] || wrong "build/vmgenc is not $version"
[ "$(build/vmgenc-lab --version)" = "vmgenc-lab $version" ] || wrong "build/vmgenc-lab is not $version"
grep -q "MODULE_VERSION(\"$version\")" driver/linux/main.c || wrong "driver/linux/main.c is not $version"
grep -q "^DISTVERSION=	$version$" dist/freebsd/port/Makefile || wrong "the port is not $version"
! grep -nsE '(^|[^0-9.])6\.1[" ]+6\.12' $makefiles test/run test/lib.sh test/vm/* test/bench/run test/soak/*.c tools/* |
	grep -v 'KERNELS="6.1 6.12-rt' || wrong "a list of kernels of its own"
sources=$(find cmd driver lab lib provider test/* tools -name '*.[chS]')
said=$(awk 'FNR == 1 { lines = 0; over = 0; dir = FILENAME; sub("/[^/]*$", "", dir) }
	FNR == 501 { print FILENAME " has more than 500 lines" }
	over || /SPDX/ { next }
	/^ *(\/\*|\*\/)?$/ { over = /\*\/$/; next }
	++lines == 1 && !index($0, "* " dir ": ") { print FILENAME " does not begin with " dir ":" }
	{ over = /\*\/$/ }
	lines == 4 { print FILENAME ": the first comment has more than three lines" }' $sources)
[ -z "$said" ] || wrong "$said"
[ $bad = 0 ]
