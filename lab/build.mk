# SPDX-License-Identifier: BSD-2-Clause
# Lab: what vmgenc-lab is made of. Its guests' PID 1 is a program of its own for each system, and
# boot/embed.S takes them in; both are linked statically, the FreeBSD one without any library.
LAB_GUEST_COMMON := lab/generators.c $(sort $(wildcard lab/guest/*.c))
LAB_GUEST_SRCS := $(LAB_GUEST_COMMON) $(sort $(wildcard lab/guest/linux/*.c)) $(sort $(wildcard lib/*.c))
LAB_FREEBSD_SRCS := $(LAB_GUEST_COMMON) $(sort $(wildcard lab/guest/freebsd/*.c)) lab/guest/freebsd/sys.S
LAB_FREEBSD_BOOT_SRCS := lab/boot/freebsd/boot.S lab/boot/freebsd/boot.c
# The rooms of the lab, each above those behind it: test/unit/lab/rooms.sh holds them to that.
LAB_ROOMS := report matrix record prove accel hypervisor vm boot firmware shared compare host
# All of it is compiled with -D_GNU_SOURCE, and lab and lib share no object.
LAB_SRCS := $(sort $(wildcard lab/*.c $(LAB_ROOMS:%=lab/%/*.c))) lab/boot/embed.S

# PID 1 of arm64 guests, by a compiler in a root of its own. vmgenc-lab finds it by --init.
ARM64_ROOT := build/roots/arm64
ARM64_CC = tools/inside $(ARM64_ROOT) aarch64-linux-gnu-gcc
build/arm64/guest-init: $(LAB_GUEST_SRCS) $(wildcard lab/*.h lab/guest/*.h lab/guest/linux/*.h lib/*.h include/*.h) | arm64-root
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(ARM64_CC) $(filter-out -MMD -MP,$(BUILD_FLAGS)) -Ilab -static -pthread -o $@ $(LAB_GUEST_SRCS)
arm64-root:
	@tools/arm64

FREEBSD_GUEST_FLAGS = -std=c11 $(WARNINGS) -Iinclude -Ilab -O2 -ffreestanding -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -MMD -MP
FREEBSD_GUEST_OBJS := $(patsubst %,build/freebsd-guest/%.o,$(basename $(LAB_FREEBSD_SRCS)))
build/freebsd-guest/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FREEBSD_GUEST_FLAGS) -c -o $@ $<
build/freebsd-guest/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $@ $<
build/freebsd-init: $(FREEBSD_GUEST_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) -static -nostdlib -no-pie -Wl,--build-id=none -o $@ $(FREEBSD_GUEST_OBJS)

FREEBSD_BOOT_OBJS := $(patsubst %,build/freebsd-boot/%.o,$(notdir $(LAB_FREEBSD_BOOT_SRCS)))
build/freebsd-boot/%.c.o: lab/boot/freebsd/%.c lab/boot/freebsd/boot.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FREEBSD_GUEST_FLAGS) -mno-red-zone -mgeneral-regs-only -c -o $@ $<
build/freebsd-boot/%.S.o: lab/boot/freebsd/%.S lab/boot/freebsd/boot.h
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $@ $<
build/freebsd-boot.elf: $(FREEBSD_BOOT_OBJS) lab/boot/freebsd/boot.ld
	$(Q)$(CC) -static -nostdlib -no-pie -Wl,-n,--build-id=none,--no-warn-rwx-segments \
		-T lab/boot/freebsd/boot.ld -o $@ $(FREEBSD_BOOT_OBJS)
build/freebsd-boot.bin: build/freebsd-boot.elf
	$(Q)objcopy -O binary $< $@
