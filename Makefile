# SPDX-License-Identifier: BSD-2-Clause
# vmgenc: "make help" lists the targets. All output goes below build/.

.DEFAULT_GOAL := all
VERSION := 0.1.0
CC ?= cc
CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
HARDENING := -fstack-protector-strong -D_FORTIFY_SOURCE=2
BUILD_FLAGS = -std=c11 -D_GNU_SOURCE= -DVMGENC_VERSION='"$(VERSION)"' $(WARNINGS) -Iinclude -MMD -MP $(CFLAGS)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -O1

V ?= 0
ifeq ($(V),0)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
endif

comma := ,
LIB_SRCS := $(sort $(wildcard lib/*.c))
CORE_SRCS := $(sort $(wildcard driver/core/*.c))
UNIT_DIRS := test/unit $(addprefix test/unit/,core lib cmd provider guard lab dist)
UNIT := $(patsubst %.c,build/test/%,$(sort $(notdir $(wildcard $(UNIT_DIRS:%=%/test_*.c)))))
CORE_TESTS := $(filter build/test/test_core% build/test/test_addr build/test/test_hostile,$(UNIT))
include $(wildcard test/vm/build.mk)
include driver/freebsd/build.mk
include test/freebsd/unit/build.mk
VM_PROGRAMS := $(VM_TESTS:%=build/test/vm/%)
BENCH := $(patsubst test/bench/%.c,build/bench/%,$(sort $(wildcard test/bench/*.c test/bench/guest/*.c)))

all: build/libvmgenc.so build/libvmgenc.a build/libvmgenc.pc build/vmgenc-lab

include dist/build.mk
include lab/build.mk
include test/freebsd/build.mk

# The library
LIB_OBJS := $(LIB_SRCS:lib/%.c=build/lib/%.o)
build/lib/%.o: lib/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) $(HARDENING) -fPIC -c -o $@ $<
build/libvmgenc.so.1: $(LIB_OBJS) lib/libvmgenc.map
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -shared -Wl,-soname,libvmgenc.so.1 -Wl,-z,relro,-z,now \
		-Wl,--version-script=lib/libvmgenc.map -o $@ $(LIB_OBJS) $(LDFLAGS)
build/libvmgenc.so: build/libvmgenc.so.1
	$(Q)ln -sf libvmgenc.so.1 $@
build/libvmgenc.a: $(LIB_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJS)
build/libvmgenc.pc: lib/libvmgenc.pc.in Makefile dist/build.mk
	@mkdir -p $(@D)
	$(Q)$(PLACES) $< >$@

# The lab, with the guest's PID 1 inside
GUEST_OBJS := $(patsubst %.c,build/guest/%.o,$(LAB_GUEST_SRCS))
LAB_OBJS := $(patsubst lab/%.c,build/lab/%.o,$(filter %.c,$(LAB_SRCS))) build/lab/boot/embed.o build/cmd/hash.o build/libvmgenc.a
build/guest/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) -Ilab -c -o $@ $<
build/guest-init: $(GUEST_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -static -pthread -o $@ $(GUEST_OBJS)
build/lab/%.o: lab/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) -Ilab -Icmd $(HARDENING) -c -o $@ $<
build/lab/boot/embed.o: lab/boot/embed.S build/guest-init build/freebsd-init build/freebsd-boot.bin
	@mkdir -p $(@D)
	$(Q)$(CC) -DLAB_GUEST=build/guest-init -DLAB_FREEBSD_GUEST=build/freebsd-init \
		-DLAB_FREEBSD_BOOT=build/freebsd-boot.bin -c -o $@ $<
# Static, so that it records in any guest that it is copied into.
build/vmgenc-lab: $(LAB_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -static -pthread -o $@ $(LAB_OBJS) $(LDFLAGS) -ljansson

# The Linux module: kbuild works in a directory of links, so that the tree stays clean
MODULE_SRCS := $(wildcard driver/core/* driver/linux/* include/vmgenc_*.h)
KDIR ?= $(firstword $(wildcard build/kernels/root/usr/src/linux-headers-$(KVER) \
	/lib/modules/$(KVER)/build))
module:
	$(if $(KVER),,$(error say which kernel: make module KVER=$$(uname -r)))
	$(if $(KDIR),,$(error no headers for $(KVER): install linux-headers-$(KVER) or give KDIR=))
	@mkdir -p build/linux/$(KVER)
	$(Q)ln -sf $(abspath $(MODULE_SRCS)) build/linux/$(KVER)/
	$(Q)+tools/kbuild $(KDIR) M=$(abspath build/linux/$(KVER)) \
		CONFIG_DEBUG_INFO_BTF_MODULES= $(MODULE_FLAGS) modules
# A second module, for the tests, that listens to the first
listener: module
	@mkdir -p build/linux/$(KVER)/listener
	$(Q)ln -sf $(abspath $(wildcard test/vm/listener/* include/vmgenc_*.h)) build/linux/$(KVER)/listener/
	$(Q)+tools/kbuild $(KDIR) M=$(abspath build/linux/$(KVER)/listener) \
		KBUILD_EXTRA_SYMBOLS=$(abspath build/linux/$(KVER)/Module.symvers) \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules

# Tests
$(CORE_TESTS): TEST_SRCS = $(CORE_SRCS) test/unit/core/core_fixture.c $(wildcard test/unit/core/sim/*.c)
$(CORE_TESTS): TEST_FLAGS = -Itest/unit/core/sim -Idriver/core
build/test/test_%: TEST_SRCS = $(LIB_SRCS) $(wildcard test/unit/simfile.c)
vpath test_%.c $(UNIT_DIRS)
build/test/test_%: test_%.c $(LIB_SRCS) $(CORE_SRCS) $(wildcard $(UNIT_DIRS:%=%/*.h) test/unit/simfile.c test/unit/core/sim/* $(UNIT_DIRS:%=%/*_fixture.c))
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) $(SANITIZE) $(TEST_FLAGS) $(UNIT_DIRS:%=-I%) -Ilib -pthread -o $@ $< \
		$(TEST_SRCS) $($(notdir $@)_LDFLAGS) -lcmocka
-include test/unit/flags.mk
build/test/vm/%: test/vm/%.c $(VM_COMMON_SRCS) $(wildcard test/vm/*.h)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) -Wno-stringop-overflow -Ilib -Ilab -static -pthread -o $@ $< \
		$(VM_COMMON_SRCS)
build/bench/guest/%: test/bench/guest/%.c $(VM_COMMON_SRCS) $(wildcard test/vm/*.h test/bench/guest/*.h)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) -Ilib -Ilab -static -pthread -o $@ $< $(VM_COMMON_SRCS)
build/bench/guest/entropy: test/bench/guest/entropy.c driver/core/vmgenc_jitter.c $(wildcard driver/core/*.h test/bench/guest/os/*)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) -Itest/bench/guest/os -Idriver/core -static -o $@ $(filter %.c,$^) -lm
build/bench/%: test/bench/%.c $(LIB_SRCS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) -pthread -o $@ $< $(LIB_SRCS) $(wildcard test/unit/simfile.c)
LAB_TESTS := build/test/lab build/test/lab-accel
build/test/lab: test/lab/test_lab.c
build/test/lab-accel: test/lab/test_accel.c
# The hostile program in a guest of build/test/lab's.
build/test/lab: build/test/lab-guest
build/test/lab-guest: test/lab/guest.c lab/exchange.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BUILD_FLAGS)) -Ilab -static -o $@ $<
$(LAB_TESTS): test/lab/run.c test/lab/run.h
	$(call say,CC,$(filter test/lab/test_%,$^))
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BUILD_FLAGS)) $(SANITIZE) -o $@ $(filter %.c,$^) -lcmocka
tests: all $(LAB_TESTS) $(UNIT) $(VM_PROGRAMS) $(BENCH)

# The two commands of the README; each brings what it needs. Unless the caller gave -j, they build
# with a job for each CPU, and the output of each target stays together.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc) --output-sync=target)
deps:
	@tools/deps
kernels: deps
	@tools/kernels $(KERNELS)
# Those that Debian offers here (tools/kernels says how they are named), or the caller's.
KERNELS ?= $(shell cat build/kernels/list 2>/dev/null)
KMODULES := module
modules: kernels
	@for k in $(KERNELS); do \
		$(MAKE) --no-print-directory $(KMODULES) KVER=$$(cat build/kernels/$$k) || exit; done
demo: deps
	@$(MAKE) --no-print-directory $(JOBS) all modules
	@tools/demo
check: deps
	@$(MAKE) --no-print-directory $(JOBS) tests modules KMODULES=listener WERROR=-Werror
	@WERROR=-Werror test/run "$(UNIT)" "$(VM_PROGRAMS)" "$(EDGE_KERNELS)"
bench: deps
	@$(MAKE) --no-print-directory $(JOBS) tests modules
	@test/bench/run

# FILES= restricts both to some; clang-format 14
format:
	@FILES="$(FILES)" tools/format
format-check:
	@FILES="$(FILES)" tools/format --check

clean:
	$(Q)tools/unroot build/packages build/fresh
	$(Q)find build -mindepth 1 -maxdepth 1 ! -name kernels ! -name programs ! -name apt ! -name roots ! -name kvm ! -name compilers ! -name linux-source ! -name linux-made -exec rm -rf {} + 2>/dev/null || true
distclean:
	$(Q)tools/unroot build

help:
	@echo 'make            the library, provider, command and lab, below build/'
	@echo 'make demo       clone real VMs with and without the driver: the table, and build/demo.html'
	@echo 'make check      all tests, in VMs too; the last line counts them'
	@echo 'make check-fresh [SUITES=] [FRESH=]   the two commands above on a fresh Debian 12 and 13'
	@echo 'make tests      build all that make check runs; fuzzers, firmware and listener are parts of it'
	@echo 'make fuzz       the fuzzers, a minute each, two at a time'
	@echo 'make soak       1,000 clones, a chain of 100, 10,000 changes in a guest (SOAK_CLONES= etc.)'
	@echo 'make bench      the figures: draws after resume, cost of the check, times'
	@echo 'make matrix     the firmware of nine hypervisors on each kernel, beside their own driver'
	@echo 'make deps       install what building and testing need, where it is missing'
	@echo 'make kernels    unpack Debian kernels below build/kernels; make modules also builds for them'
	@echo 'make programs   what vmgenc-lab prove --probe runs in guests, below build/programs'
	@echo 'make check-kernels   5.10 to the newest, rt too: build, devices, clones, loads; one table'
	@echo 'make check-arm64   a devicetree: the module on arm64 in QEMU, clones compared'
	@echo 'make check-overlay   a kernel with vmgenc built in and no modules: made, booted, cloned'
	@echo 'make check-debug-kernel   all guest tests on a kernel with KASAN, lockdep and the like'
	@echo 'make linux-overlay SRC=DIR   the driver into a Linux source tree; linux-overlay-undo takes it out'
	@echo 'make check-kvm  clones, firmware and device tests under KVM; without KVM in an emulated machine'
	@echo 'make check-bindings   the C++, Python, Go and Rust bindings, simulated and in clones'
	@echo 'make check-fleet [MACHINES=1000]   metrics and alerts: simulated and cloned machines on Prometheus'
	@echo 'make check-record   recordings of clones, without and with the module'
	@echo 'make module KVER=RELEASE [KDIR=DIR]   build/linux/RELEASE/vmgenc.ko'
	@echo 'make freebsd-overlay SRC=DIR    vmgenc(4) into a FreeBSD source tree; freebsd-overlay-undo takes it out'
	@echo 'make freebsd-module SYSDIR=DIR  build/freebsd/vmgenc.ko and vmgenc_companion.ko, by clang'
	@echo 'make check-freebsd FREEBSD_KERNEL= SYSDIR=   the module on a FreeBSD kernel in QEMU;'
	@echo '     check-freebsd-parts builds what it runs, freebsd-lib the library for there'
	@echo 'make check-freebsd-headers SYSDIR=DIR   both, and the library, for amd64 and arm64'
	@echo 'make install [DESTDIR=] [PREFIX=]     programs, library, provider and manual pages; or'
	@echo '     uninstall; parts: install-lib, install-lab, install-cmd, install-provider, install-guard,'
	@echo '     install-pages, uninstall-cmd, uninstall-provider, uninstall-guard; GNU names such as sysconfdir= and libdir= are heeded'
	@echo 'make modules-install KVER=RELEASE   vmgenc.ko for modprobe, or modules-uninstall; install-dkms'
	@echo 'make deb [SUITE=trixie]      Debian packages, in build/deb (build/deb/trixie)'
	@echo 'make check-system [SUITE=]       a Debian system with the packages, snapshot, cloned and power cycled'
	@echo 'make check-packages [SUITES=]   builds them, installs, upgrades and removes them in minimal roots'
	@echo 'make format     clang-format over the C that follows .clang-format (FILES=); or format-check'
	@echo 'make clean      what was built; make distclean also what was downloaded'
	@echo 'KERNELS="6.1 6.12-rt 7.2@trixie-backports"   other kernels for all of these'
	@echo 'VMGENC_LAB_ACCEL=auto|kvm|tcg   how the guests run'
	@echo 'V=1 shows the commands.'

include provider/build.mk
include guard/build.mk
include cmd/build.mk
include test/fuzz/build.mk
include test/soak/build.mk
include test/kvm/build.mk
include test/fleet/build.mk
include test/fresh/build.mk
include test/linux/build.mk
include bindings/build.mk
.PHONY: all module listener modules tests deps kernels demo check bench format format-check clean distclean help
-include $(shell find build/lib build/lab build/guest build/freebsd-* build/test build/bench -name '*.d' 2>/dev/null)
