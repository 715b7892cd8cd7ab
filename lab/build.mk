# SPDX-License-Identifier: BSD-2-Clause
# Lab: what vmgenc-lab is made of. The guest is linked statically (-static -pthread) from
# LAB_GUEST_SRCS; guest.S takes its path as -DLAB_GUEST='"PATH"'. vmgenc-lab needs -ljansson.
LAB_GUEST_SRCS := $(sort $(wildcard lab/guest/*.c)) lib/page.c lib/vmgenc.c
# All of it is compiled with -D_GNU_SOURCE, and lab and lib share no object.
LAB_SRCS := $(sort $(wildcard lab/*.c)) lab/guest.S
