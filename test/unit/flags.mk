# SPDX-License-Identifier: BSD-2-Clause
# The lab's own logic, without a guest
build/test/test_shape: TEST_SRCS = $(wildcard lab/firmware/*.c) lab/host/say.c lab/host/clean.c
build/test/test_shape: TEST_FLAGS = -Ilab
build/test/test_shape: $(wildcard lab/firmware/* lab/host/*)
build/test/test_lib_open build/test/test_lib_sync build/test/test_lib_shrinks build/test/test_lib_status: \
	TEST_SRCS = $(LIB_SRCS) test/unit/simfile.c test/unit/lib/lib_fixture.c
test_lib_device_LDFLAGS := -Wl,--wrap=open,--wrap=fstat,--wrap=mmap,--wrap=ioctl,--wrap=calloc
test_lib_rekey_LDFLAGS := -Wl,--wrap=write,--wrap=ioctl
test_lib_vmclock_LDFLAGS := -Wl,--wrap=open,--wrap=ioctl,--wrap=fstat,--wrap=poll
# The lab's parts that need no VM
REPORT_SRCS := $(sort $(wildcard lab/report/*.c)) lab/generators.c lab/host/words.c lab/host/say.c lab/host/clean.c lab/host/time.c
REPORT_TESTS := test_report_page test_report_input test_report_output
$(REPORT_TESTS:%=build/test/%): $(REPORT_SRCS) $(wildcard lab/*.h lab/generators.def lab/report/*.h lab/compare/*.h lab/host/*.h)
$(REPORT_TESTS:%=build/test/%): TEST_SRCS = $(REPORT_SRCS) test/unit/lab/report_fixture.c
$(REPORT_TESTS:%=build/test/%): TEST_FLAGS = -Ilab -I/usr/include/libxml2
$(foreach t,$(REPORT_TESTS),$(eval $(t)_LDFLAGS := -ljansson -lxml2))
build/test/test_strip build/test/test_compare: $(wildcard lab/compare/*) lab/exchange.h
build/test/test_strip build/test/test_compare: TEST_FLAGS = -Ilab
build/test/test_strip: TEST_SRCS = $(wildcard lab/compare/*.c) lab/host/say.c lab/host/clean.c
build/test/test_compare: TEST_SRCS = $(wildcard lab/compare/*.c)
test_strip_LDFLAGS := -ljansson
test_compare_LDFLAGS := -ljansson
build/test/test_time: lab/host/time.c lab/host/host.h
build/test/test_time: TEST_SRCS = lab/host/time.c
build/test/test_judge: lab/prove/judge.c lab/prove/prove.h
build/test/test_judge: TEST_SRCS = lab/prove/judge.c lab/generators.c
build/test/test_time build/test/test_judge: TEST_FLAGS = -Ilab
# The guest's clock, whose counters are simulated
build/test/test_clock: lab/guest/clock.c lab/guest/guest.h
build/test/test_clock: TEST_SRCS =
build/test/test_clock: TEST_FLAGS = -Ilab -Ilab/guest
# What a guest or QEMU wrote, for a terminal
build/test/test_clean: $(wildcard lab/host/*)
build/test/test_clean: TEST_SRCS = $(addprefix lab/host/,say.c clean.c output.c time.c)
build/test/test_clean: TEST_FLAGS = -Ilab
test_clean_LDFLAGS := -lutil
# The host's side of the memory that it shares with a guest, which changes between two loads
SHARED_SRCS := $(sort $(wildcard lab/shared/*.c lab/compare/*.c)) lab/generators.c $(addprefix lab/host/,say.c clean.c)
build/test/test_shared: $(SHARED_SRCS) $(wildcard lab/shared/*.h lab/compare/*.h lab/host/*.h) lab/exchange.h test/unit/lab/turns.h
build/test/test_shared: TEST_SRCS = $(SHARED_SRCS)
build/test/test_shared: TEST_FLAGS = -Ilab
test_shared_LDFLAGS := -ljansson -Wl,--wrap=load_u32,--wrap=load_u64,--wrap=load_bytes
# Recordings, as vmgenc-lab reads them
RECORD_SRCS := lab/record/file.c cmd/hash.c lab/host/say.c lab/host/clean.c test/unit/program.c
build/test/test_record: $(RECORD_SRCS) $(wildcard lab/record/*.h lab/host/*.h) build/vmgenc-lab
build/test/test_record: TEST_SRCS = $(RECORD_SRCS)
build/test/test_record: TEST_FLAGS = -Ilab -Icmd
