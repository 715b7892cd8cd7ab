# SPDX-License-Identifier: BSD-2-Clause
# test/fuzz: NAME.c becomes build/fuzz/NAME with libFuzzer; test/fuzz/corpus/NAME is what it starts from.
FUZZERS := $(patsubst %,build/fuzz/%,config core firmware name page qmp recording results shared state vmclock)
FUZZ_CC ?= clang
FUZZ_FLAGS = -std=c11 -D_GNU_SOURCE= -DVMGENC_VERSION='"$(VERSION)"' -Iinclude -Ilib -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_SOURCES := $(wildcard lib/*.c) test/fuzz/source_file.c
build/fuzz/page build/fuzz/vmclock: FUZZ_WITH = $(FUZZ_SOURCES) -Wl,--wrap=nanosleep,--wrap=rekey_kernel
build/fuzz/name: FUZZ_WITH = $(wildcard lib/*.c)
build/fuzz/state: FUZZ_WITH = -Icmd cmd/hooks/state.c cmd/hooks/record.c cmd/replace.c cmd/trust.c -ljansson
build/fuzz/recording: lab/record/file.c lab/record/record.h cmd/hash.c
build/fuzz/recording: FUZZ_WITH = -Ilab -Icmd lab/record/file.c cmd/hash.c lab/host/say.c lab/host/clean.c
build/fuzz/qmp: FUZZ_WITH = -Ilab lab/vm/qmp.c lab/host/time.c -ljansson
FUZZ_REPORT := $(filter-out %/write.c,$(wildcard lab/report/*.c)) lab/generators.c lab/host/words.c lab/host/time.c
build/fuzz/results: $(FUZZ_REPORT) $(wildcard lab/report/*.h lab/compare/*.h)
build/fuzz/results: FUZZ_WITH = -Ilab $(FUZZ_REPORT) -I/usr/include/libxml2 -ljansson -lxml2
FUZZ_SHARED := $(sort $(wildcard lab/shared/*.c lab/compare/*.c lab/firmware/*.c)) lab/generators.c lab/vm/layout.c \
	$(addprefix lab/prove/,reported.c json.c judge.c) $(addprefix lab/host/,say.c clean.c output.c time.c)
build/fuzz/shared: $(FUZZ_SHARED) $(wildcard lab/*.h lab/shared/*.h lab/prove/*.h lab/host/*.h) test/fuzz/input.h test/unit/lab/turns.h
build/fuzz/shared: FUZZ_WITH = -Ilab $(FUZZ_SHARED) -ljansson -Wl,--wrap=load_u32,--wrap=load_u64,--wrap=load_bytes
build/fuzz/config: FUZZ_WITH = -Iprovider -Itest/unit $(wildcard provider/*.c lib/*.c) \
	test/unit/simfile.c -lcrypto
build/fuzz/config: $(wildcard provider/*.[ch] test/unit/simfile.[ch])
build/fuzz/%: test/fuzz/%.c $(FUZZ_SOURCES) $(wildcard lib/*.h test/fuzz/*.h) cmd/hooks/state.c cmd/hooks/record.c cmd/hooks/state.h cmd/hooks/identity.h cmd/replace.c cmd/replace.h cmd/trust.c cmd/trust.h lab/vm/qmp.c lab/vm/vm.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -o $@ $< $(FUZZ_WITH)
# The driver itself: its core on the simulated machine, and FreeBSD's on the simulated kernel.
build/fuzz/core: test/fuzz/core.c test/fuzz/input.h $(wildcard test/firmware/hostile.*) $(CORE_SRCS) $(wildcard driver/core/*.h test/unit/core/sim/*)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -Itest/unit/core/sim -Idriver/core -pthread -o $@ $< $(CORE_SRCS) test/unit/core/sim/machine.c
FUZZ_KERNEL := $(addprefix build/fuzz/freebsd/,$(patsubst %.c,%.o,$(notdir $(FREEBSD_COMMON))) vmgenc_bus.o $(FREEBSD_KERNEL_OBJS))
FUZZ_KERNEL_FLAGS = $(filter-out -std=%,$(FUZZ_FLAGS)) -std=gnu11 -w -Itest/freebsd/unit/kpi/15 -Itest/freebsd/unit/kpi \
	-Itest/freebsd/unit -Idriver/core -MMD -MP
build/fuzz/freebsd/%.o: driver/freebsd/%.c | build/test/freebsd/kpi/.done
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_KERNEL_FLAGS) -U_GNU_SOURCE -D_KERNEL -Ibuild/test/freebsd/kpi -Idriver/freebsd -c -o $@ $<
build/fuzz/freebsd/%.o: driver/core/%.c | build/test/freebsd/kpi/.done
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_KERNEL_FLAGS) -U_GNU_SOURCE -D_KERNEL -Ibuild/test/freebsd/kpi -Idriver/freebsd -c -o $@ $<
build/fuzz/freebsd/%.o: test/freebsd/unit/%.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_KERNEL_FLAGS) -c -o $@ $<
build/fuzz/firmware: test/fuzz/firmware.c test/fuzz/input.h $(wildcard test/firmware/hostile.*) $(FUZZ_KERNEL)
	$(call say,CC,$<)
	$(Q)$(FUZZ_CC) $(FUZZ_KERNEL_FLAGS) -pthread -o $@ $< $(FUZZ_KERNEL)
-include $(wildcard build/fuzz/freebsd/*.d)
fuzzers: $(FUZZERS)
tests: fuzzers
# Longer than make check does: a minute each, two at a time.
fuzz: deps
	@$(MAKE) --no-print-directory fuzzers
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-60} test/fuzz/run
.PHONY: fuzzers fuzz
