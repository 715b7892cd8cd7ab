# SPDX-License-Identifier: BSD-2-Clause
# The lab's own logic, without a guest
build/test/test_shape: TEST_SRCS = lab/shape.c lab/aml.c lab/firmware.c lab/say.c
build/test/test_shape: TEST_FLAGS = -Ilab
build/test/test_shape: lab/shape.c lab/aml.c lab/shape.h lab/lab.h
test_lib_device_LDFLAGS := -Wl,--wrap=open,--wrap=fstat,--wrap=mmap,--wrap=ioctl,--wrap=calloc
test_lib_vmclock_LDFLAGS := -Wl,--wrap=open,--wrap=ioctl,--wrap=fstat,--wrap=poll
# The lab's parts that need no VM
REPORT_SRCS := $(sort $(wildcard lab/report*.c)) lab/html.c lab/say.c
build/test/test_report: $(REPORT_SRCS) lab/page.h lab/lab.h
build/test/test_report: TEST_SRCS = $(REPORT_SRCS)
build/test/test_report: TEST_FLAGS = -Ilab -I/usr/include/libxml2
test_report_LDFLAGS := -ljansson -lxml2
build/test/test_strip: lab/strip.c lab/compare.c lab/lab.h
build/test/test_strip: TEST_SRCS = lab/strip.c lab/compare.c lab/shared.c lab/say.c
build/test/test_strip: TEST_FLAGS = -Ilab
test_strip_LDFLAGS := -ljansson
build/test/test_compare: TEST_SRCS = lab/compare.c lab/shared.c lab/strip.c
test_compare_LDFLAGS := -ljansson
build/test/test_compare: lab/compare.c lab/shared.c lab/strip.c lab/lab.h
