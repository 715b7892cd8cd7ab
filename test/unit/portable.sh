#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit: the library and the tools include no Linux header, outside files named for Linux and
# the Linux kernel's branch of vmgenc_abi.h. vmgenc_kernel.h is for modules of Linux.
# Fails if a <linux/...>, <asm/...> or <sys/...> that FreeBSD lacks comes into any other file.
absent='(linux|asm)/|sys/(epoll|eventfd|inotify|prctl|signalfd|sysinfo|sysmacros|timerfd|auxv)\.h'
files=$(find include lib provider cmd driver/core -name '*.[ch]' ! -path '*linux*' \
	! -path include/vmgenc_kernel.h 2>/dev/null)
[ -n "$files" ] || { echo "portable: nothing to look at" >&2; exit 1; }
for f in $files; do
	sed -n '/^#if.*\(__KERNEL__\|__linux__\)/,/^#e/d; s,^# *include *<\(.*\)>.*,\1,p' "$f" |
		grep -qE "^($absent)" && echo "portable: $f includes what FreeBSD does not have" >&2 && exit 1
done
exit 0
