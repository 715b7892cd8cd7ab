# SPDX-License-Identifier: BSD-2-Clause
# test/fuzz: NAME.c becomes build/fuzz/NAME with libFuzzer; test/fuzz/corpus/NAME is what it starts from.
FUZZERS := $(patsubst %,build/fuzz/%,name page qmp state vmclock)
FUZZ_CC ?= clang
FUZZ_FLAGS = -std=c11 -D_GNU_SOURCE= -Iinclude -Ilib -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_SOURCES := $(wildcard lib/*.c) test/fuzz/source_file.c
build/fuzz/page build/fuzz/vmclock: FUZZ_WITH = $(FUZZ_SOURCES) -Wl,--wrap=nanosleep,--wrap=rekey_kernel
build/fuzz/name: FUZZ_WITH = $(wildcard lib/*.c)
build/fuzz/state: FUZZ_WITH = cmd/state.c -ljansson
build/fuzz/qmp: FUZZ_WITH = lab/qmp.c -ljansson
build/fuzz/%: test/fuzz/%.c $(FUZZ_SOURCES) $(wildcard lib/*.h test/fuzz/*.h) cmd/state.c cmd/state.h lab/qmp.c lab/lab.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -o $@ $< $(FUZZ_WITH)
fuzzers: $(FUZZERS)
tests: fuzzers
# Longer than make check does: a minute each, two at a time.
fuzz: deps
	@$(MAKE) --no-print-directory fuzzers
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-60} test/fuzz/run
.PHONY: fuzzers fuzz
