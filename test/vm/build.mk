# SPDX-License-Identifier: BSD-2-Clause
# test/vm: NAME.c becomes build/test/vm/NAME, linked statically (-static -pthread) with
# VM_COMMON_SRCS; each runs in the guest as "vmgenc-lab run --kernel K --module M NAME".
VM_TESTS := announce device hooks hostile lacks locked map modalias notifier params redraw rekey sysgenid unload vdso vmclock watchers
# A program of 32 bits, which only an x86-64 kernel runs.
MULTIARCH := $(shell $(CC) -print-multiarch)
VM_TESTS += $(if $(filter x86_64%,$(MULTIARCH)),bits32)
build/test/vm/bits32: test/vm/bits32.c test/vm/bits32/sys/ioctl.h include/vmgenc_abi.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -std=c11 $(WARNINGS) -O2 -ffreestanding -fno-stack-protector -fno-pie \
		-mno-sse -nostdlib -static -Itest/vm/bits32 -isystem /usr/include/$(MULTIARCH) -o $@ $<
VM_COMMON_SRCS := $(addprefix test/vm/,guest.c hostile_row.c kernel_state.c rawid.c) lab/guest/linux/vdso.c \
	$(sort $(wildcard lib/*.c))
# What vmgenc-lab prove --firmware puts in front of guests. The ids that iasl objects to are so.
SHAPES := $(patsubst test/firmware/%.asl,build/test/firmware/%.aml,$(filter-out %/hostile.asl,$(wildcard test/firmware/*.asl)))
IASL = iasl -vw 6002 -vw 6035 -vw 2120 -vw 2173 -vw 3144
$(SHAPES): $(wildcard test/firmware/*.h)
firmware: $(SHAPES)
.PHONY: firmware matrix check-kernels
build/test/lab: $(SHAPES)
# Beside make check's one boot for each: getrandom, and the kernel's own driver.
matrix: deps
	@$(MAKE) --no-print-directory $(JOBS) build/vmgenc-lab firmware modules
	@for k in $(KERNELS); do sh test/vm/matrix $$k || exit; done
# The kernels that people run, beside those of make check; KERNELS= names others.
EVERY_KERNEL := 5.10@bullseye 5.10-generic@bullseye 6.1-generic@bookworm 6.1-rt@bookworm 6.12@trixie \
	6.12-rt@trixie 7.2@trixie-backports newest@trixie-backports
# Of these, make check takes along:
EDGE_KERNELS ?= 5.10@bullseye newest@trixie-backports
check-kernels: deps
	@$(MAKE) --no-print-directory $(JOBS) all build/vmgenc firmware $(HOSTILE) $(VM_PROGRAMS)
	@KERNELS="$(if $(filter command% environment,$(origin KERNELS)),$(KERNELS),$(EVERY_KERNEL))" sh test/vm/kernels
define compile_asl
	$(call say,IASL,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c $(FIRMWARE_FLAGS) $< -o $(@:.aml=.asl)
	$(Q)$(IASL) -vs $(IASL_FLAGS) -p $(@:.aml=) $(@:.aml=.asl) >$(@:.aml=.log) 2>&1 || { cat $(@:.aml=.log); false; }
endef
build/test/firmware/%.aml: test/firmware/%.asl
	$(compile_asl)
# The tables of hostile.def: one device at a time, one from the start, and for FreeBSD all at once.
HOSTILE := $(addprefix build/test/firmware/,hostile.aml boot.aml all.aml)
$(HOSTILE): IASL_FLAGS = -vw 6141 # newer ones refuse a device with a _CID alone, which is one of them
build/test/firmware/boot.aml: FIRMWARE_FLAGS = -DAT_BOOT
build/test/firmware/all.aml: FIRMWARE_FLAGS = -DALL_PRESENT
$(HOSTILE): test/firmware/hostile.asl test/firmware/hostile.def
	$(compile_asl)
# Of several sources' dependencies -MMD keeps the last one's, and this is the first's.
build/test/test_hostile: $(wildcard test/firmware/hostile.*)
build/test/vm/hostile: build/test/firmware/hostile.aml build/test/firmware/boot.aml
