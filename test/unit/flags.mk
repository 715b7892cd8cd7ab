# SPDX-License-Identifier: BSD-2-Clause
test_lib_device_LDFLAGS := -Wl,--wrap=open,--wrap=fstat,--wrap=mmap,--wrap=ioctl,--wrap=calloc
test_lib_vmclock_LDFLAGS := -Wl,--wrap=open,--wrap=ioctl
# The lab's parts that need no VM
REPORT_SRCS := $(sort $(wildcard lab/report*.c)) lab/html.c lab/say.c
build/test/test_report: $(REPORT_SRCS) lab/page.h lab/lab.h
build/test/test_report: TEST_SRCS = $(REPORT_SRCS)
build/test/test_report: TEST_FLAGS = -Ilab -I/usr/include/libxml2
test_report_LDFLAGS := -ljansson -lxml2
build/test/test_strip: lab/strip.c lab/compare.c lab/lab.h
build/test/test_strip: TEST_SRCS = lab/strip.c lab/compare.c lab/say.c
build/test/test_strip: TEST_FLAGS = -Ilab
