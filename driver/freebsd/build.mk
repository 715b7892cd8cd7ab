# SPDX-License-Identifier: BSD-2-Clause
# The FreeBSD module against a real source tree, on this machine: "make freebsd-module SYSDIR=",
# "make check-freebsd-headers SYSDIR=". FreeBSD itself builds it with the Makefile beside this.
ARCH ?= amd64
FREEBSD_OUT := build/freebsd/$(if $(SYSDIR),$(shell sed -n 's/^\#define.__FreeBSD_version \([0-9]*\).*/\1/p' \
	$(SYSDIR)/sys/param.h))-$(ARCH)
FREEBSD_COMMON := $(filter-out driver/freebsd/vmgenc_bus.c driver/freebsd/vmgenc_companion.c, \
	$(sort $(wildcard driver/freebsd/*.c))) $(sort $(wildcard driver/core/*.c))
FREEBSD_OBJS = $(patsubst %.c,$(1)/%.o,$(notdir $(FREEBSD_COMMON) $(2)))
FREEBSD_DRIVER := $(call FREEBSD_OBJS,$(FREEBSD_OUT)/driver,driver/freebsd/vmgenc_bus.c)
FREEBSD_COMPANION := $(call FREEBSD_OBJS,$(FREEBSD_OUT)/companion,driver/freebsd/vmgenc_companion.c)
FREEBSD_FLAGS_amd64 := -target x86_64-unknown-freebsd -mcmodel=kernel -mno-red-zone -mno-mmx \
	-mno-sse -msoft-float
FREEBSD_FLAGS_arm64 := -target aarch64-unknown-freebsd -mgeneral-regs-only -ffixed-x18
# The flags of the kernel's own build, without warnings that newer compilers find in its headers.
FREEBSD_FLAGS := $(FREEBSD_FLAGS_$(ARCH)) -std=gnu99 -O2 -ffreestanding -fwrapv -fno-common \
	-fno-strict-aliasing -fno-stack-protector -nostdinc -D_KERNEL -DKLD_MODULE -Wall $(WERROR) \
	-Wredundant-decls -Wnested-externs -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wundef -Wno-pointer-sign -Wno-unknown-pragmas -Wno-unused-but-set-variable \
	-Wno-deprecated-non-prototype -Wno-unknown-warning-option -isystem $(FREEBSD_OUT)/include \
	-isystem $(SYSDIR) -isystem $(SYSDIR)/contrib/ck/include -isystem $(SYSDIR)/contrib/dev/acpica/include \
	-Idriver/freebsd -Idriver/core -Iinclude -MMD

$(FREEBSD_OUT)/include/.done: $(SYSDIR)/sys/param.h
	$(call say,GEN,$(@D))
	@mkdir -p $(@D)
	$(Q)for m in kern/bus_if kern/device_if dev/acpica/acpi_if kern/pic_if kern/msi_if; do \
		if [ -e $(SYSDIR)/$$m.m ]; then (cd $(@D) && \
		awk -f $(abspath $(SYSDIR))/tools/makeobjops.awk $(abspath $(SYSDIR))/$$m.m -h) || exit; fi; done
	$(Q)cd $(@D) && for o in h p q; do \
		awk -f $(abspath $(SYSDIR))/tools/vnode_if.awk $(abspath $(SYSDIR))/kern/vnode_if.src -$$o || exit; done
	$(Q)for o in acpi platform global sched ddb bus smp; do : >$(@D)/opt_$$o.h; done
	$(Q)ln -sfn $(abspath $(SYSDIR)/$(ARCH)/include) $(@D)/machine
	$(Q)[ ! -e $(SYSDIR)/x86/include ] || ln -sfn $(abspath $(SYSDIR)/x86/include) $(@D)/x86
	$(Q)touch $@
define freebsd_compile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)clang $(FREEBSD_FLAGS) $(1) -c -o $@ $<
endef
VPATH_FREEBSD := driver/freebsd driver/core
$(FREEBSD_OUT)/driver/%.o: driver/freebsd/%.c $(FREEBSD_OUT)/include/.done
	$(call freebsd_compile)
$(FREEBSD_OUT)/driver/%.o: driver/core/%.c $(FREEBSD_OUT)/include/.done
	$(call freebsd_compile)
$(FREEBSD_OUT)/companion/%.o: driver/freebsd/%.c $(FREEBSD_OUT)/include/.done
	$(call freebsd_compile,-DVMGENC_COMPANION)
$(FREEBSD_OUT)/companion/%.o: driver/core/%.c $(FREEBSD_OUT)/include/.done
	$(call freebsd_compile,-DVMGENC_COMPANION)
$(FREEBSD_OUT)/vmgenc.ko: $(FREEBSD_DRIVER)
	$(call say,LD,$@)
	$(Q)ld.lld -r -o $@ $^
$(FREEBSD_OUT)/vmgenc_companion.ko: $(FREEBSD_COMPANION)
	$(call say,LD,$@)
	$(Q)ld.lld -r -o $@ $^

FREEBSD_NEEDS_TREE = $(if $(SYSDIR),,$(error say where FreeBSD's sources are: SYSDIR=<freebsd>/sys))
freebsd-module: $(if $(SYSDIR),$(FREEBSD_OUT)/vmgenc.ko $(FREEBSD_OUT)/vmgenc_companion.ko)
	$(FREEBSD_NEEDS_TREE)
	$(Q)ln -sf $(patsubst build/freebsd/%,%,$^) build/freebsd/
# Both architectures, both forms; and the library and vmgenc(8) with that tree's own headers for programs.
FREEBSD_USER := $(wildcard $(SYSDIR)/../lib/msun/src/math.h)
check-freebsd-headers:
	$(if $(SYSDIR),,@echo 'skipped: no FreeBSD source tree is given (SYSDIR=<freebsd>/sys)')
	$(if $(SYSDIR),@tools/deps lld)
	$(if $(SYSDIR),$(Q)for arch in amd64 arm64; do \
		$(MAKE) --no-print-directory freebsd-module SYSDIR=$(SYSDIR) ARCH=$$arch || exit; done)
	$(if $(SYSDIR),$(if $(FREEBSD_USER),$(Q)$(MAKE) --no-print-directory freebsd-lib SYSDIR=$(SYSDIR)))
# <errno.h> and such are links to <sys/errno.h> in an installed system; jansson is a port there.
freebsd-lib: $(FREEBSD_OUT)/include/.done
	@mkdir -p $(FREEBSD_OUT)/user
	$(Q)for h in errno fcntl poll stdatomic stdint; do ln -sf $(abspath $(SYSDIR))/sys/$$h.h $(FREEBSD_OUT)/user/; done
	$(Q)ln -sf /usr/include/jansson*.h $(FREEBSD_OUT)/user/
	$(Q)for f in $(LIB_SRCS) $(wildcard cmd/*.c); do echo "  CC      $$f"; clang \
		-target x86_64-unknown-freebsd -std=c11 -fsyntax-only \
		$(WARNINGS) -nostdinc -isystem $(FREEBSD_OUT)/user -isystem $(FREEBSD_OUT)/include \
		-isystem $(SYSDIR)/../include -isystem $(SYSDIR)/../lib/msun/src -isystem $(SYSDIR) \
		-idirafter "$$(clang -print-resource-dir)/include" \
		-Iinclude $(CMD_FLAGS) $$f || exit; done
# Into a source tree, and out of it again
freebsd-overlay:
	$(if $(SRC),,$(error say which tree: make freebsd-overlay SRC=/usr/src))
	$(Q)dist/freebsd/overlay $(SRC)
freebsd-overlay-undo:
	$(if $(SRC),,$(error say which tree: make freebsd-overlay-undo SRC=/usr/src))
	$(Q)dist/freebsd/overlay -u $(SRC)
.PHONY: freebsd-overlay freebsd-overlay-undo freebsd-module check-freebsd-headers freebsd-lib
-include $(wildcard build/freebsd/*/*/*.d)
