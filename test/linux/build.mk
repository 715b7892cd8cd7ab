# SPDX-License-Identifier: BSD-2-Clause
# Kernels made from Debian's source package, and Debian's for arm64. The kernels are kept.
LINUX_CONFIGS = test/linux/base.config test/linux/$*.config
.PHONY: linux-overlay linux-overlay-undo check-overlay check-arm64 check-debug-kernel
linux-overlay:
	$(if $(SRC),,$(error say which tree: make linux-overlay SRC=linux))
	$(Q)dist/linux/overlay $(SRC)
linux-overlay-undo:
	$(if $(SRC),,$(error say which tree: make linux-overlay-undo SRC=linux))
	$(Q)dist/linux/overlay -u $(SRC)
check-overlay: deps
	@$(MAKE) --no-print-directory $(JOBS) build/vmgenc-lab
	@tools/linux-overlay
	@tools/linux builtin "test/linux/base.config test/linux/builtin.config" build/linux-source/overlay
	@build/vmgenc-lab prove --built-in --guest built-in=build/linux-made/builtin/arch/x86/boot/bzImage \
		--generator getrandom --generator guarded --draws 20000 --runs 3

# A program of test/vm for arm64 guests
ARM64_SRCS = $(filter-out %/hostile_row.c,$(VM_COMMON_SRCS))
build/arm64/%: test/vm/%.c $(ARM64_SRCS) $(wildcard test/vm/*.h) | arm64-root
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(ARM64_CC) $(filter-out -MMD -MP,$(BUILD_FLAGS)) -Ilib -static -pthread -o $@ $< $(ARM64_SRCS)
check-arm64: deps
	@tools/arm64 && tools/kernels 6.12-arm64
	@$(MAKE) --no-print-directory $(JOBS) build/vmgenc-lab build/arm64/guest-init build/arm64/of \
		build/arm64/device build/arm64/rekey
	@$(MAKE) --no-print-directory module KVER=$$(cat build/kernels/6.12-arm64)
	@sh test/linux/arm64

check-debug-kernel: deps
	@tools/linux debug "test/linux/base.config test/linux/debug.config"
	@$(MAKE) --no-print-directory $(JOBS) build/vmgenc-lab build/vmgenc $(VM_PROGRAMS) $(HOSTILE) build/test/vm/complaints
	@$(MAKE) --no-print-directory listener KVER=$$(cat build/linux-made/debug/include/config/kernel.release) \
		KDIR=$(CURDIR)/build/linux-made/debug
	@sh test/linux/debug "$(VM_PROGRAMS)"
