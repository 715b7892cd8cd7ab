# SPDX-License-Identifier: BSD-2-Clause
# "make check-freebsd FREEBSD_KERNEL=<kernel> SYSDIR=<its sys>": the module on that kernel, in
# QEMU; of ours the one that this kernel needs. COMPARE=<module> tries another driver beside it,
# FreeBSD's own for one, and our companion with that; RUNS= says how often, WITNESS=yes that the
# kernel must have it, ONLY= a part of the titles of what is tried.
RUNS ?= 10
FREEBSD_RUNTIME := $(patsubst %,build/freebsd-guest/lab/guest/freebsd/%.o,sys libc complaint)
FREEBSD_PROGRAMS := $(patsubst test/freebsd/guest/%.c,build/test/freebsd/%, \
	$(sort $(wildcard test/freebsd/guest/*.c)))
build/test/freebsd/%: test/freebsd/guest/%.c test/freebsd/guest/check.h $(FREEBSD_RUNTIME)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FREEBSD_GUEST_FLAGS) -Ilab/guest/freebsd -static -nostdlib -no-pie \
		-Wl,--build-id=none -o $@ $< $(FREEBSD_RUNTIME)
build/test/freebsd-check: test/freebsd/check.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) -o $@ $< -ljansson
$(FREEBSD_OUT)/arc4rand.ko: test/freebsd/arc4rand.c $(FREEBSD_OUT)/include/.done
	$(call say,LD,$@)
	$(Q)clang $(FREEBSD_FLAGS) -c -o $(@:.ko=.o) $<
	$(Q)ld.lld -r -o $@ $(@:.ko=.o)

FREEBSD_MODULES := $(patsubst %,$(FREEBSD_OUT)/%.ko,vmgenc vmgenc_companion arc4rand)
ifeq ($(and $(FREEBSD_KERNEL),$(SYSDIR)),)
check-freebsd:
	@echo 'skip FreeBSD: needs FREEBSD_KERNEL=<kernel for amd64> and SYSDIR=<sys of its sources>'
	@echo '0 passed, 0 failed, 1 skipped'
else
check-freebsd:
	@tools/deps lld makefs
	@$(MAKE) --no-print-directory $(JOBS) check-freebsd-parts
	@build/test/freebsd-check $(if $(WITNESS),--witness) $(if $(COMPARE),--compare $(COMPARE)) \
		$(if $(ONLY),--only '$(ONLY)') --runs $(RUNS) $(FREEBSD_KERNEL) $(FREEBSD_MODULES)
check-freebsd-parts: build/vmgenc-lab build/test/freebsd-check $(FREEBSD_PROGRAMS) \
	build/test/firmware/all.aml $(FREEBSD_MODULES)
	@:
endif
.PHONY: check-freebsd check-freebsd-parts
