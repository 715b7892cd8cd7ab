# SPDX-License-Identifier: BSD-2-Clause
# FreeBSD modules built with clang and lld on another system, against the headers of a source
# tree, SYSDIR: build/freebsd/NAME.ko from NAME_SRCS. What a kernel's build directory would
# have, its options, is empty: as for any module that is to fit every kernel of the version.
KLD := build/freebsd
KLD_CC ?= clang
KLD_LD ?= ld.lld
KLD_FLAGS = --target=x86_64-unknown-freebsd -nostdinc -I$(KLD)/include -I$(SYSDIR) \
	-I$(SYSDIR)/contrib/ck/include -Iinclude -D_KERNEL -DKLD_MODULE -std=gnu99 -O2 -fno-common \
	-ffreestanding -fwrapv -fno-strict-aliasing -fno-stack-protector -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -mcmodel=kernel -mno-red-zone -mno-mmx -mno-sse -msoft-float \
	-Wall -Wstrict-prototypes -Wmissing-prototypes -Wno-pointer-sign -Wno-address-of-packed-member -Werror
KLD_INTERFACES := kern/device_if kern/bus_if dev/acpica/acpi_if
KLD_OPTIONS := opt_acpi.h opt_global.h opt_bus.h opt_random.h opt_ddb.h

$(KLD)/include/done: $(wildcard $(SYSDIR)/sys/param.h) $(firstword $(MAKEFILE_LIST))
	$(if $(SYSDIR),,$(error say where FreeBSD's kernel sources are: SYSDIR=/usr/src/sys))
	@mkdir -p $(@D)
	$(Q)ln -sfn $(abspath $(SYSDIR))/amd64/include $(@D)/machine
	$(Q)ln -sfn $(abspath $(SYSDIR))/x86/include $(@D)/x86
	$(Q)cd $(@D) && touch $(KLD_OPTIONS) && for i in $(KLD_INTERFACES); do \
		awk -f $(abspath $(SYSDIR))/tools/makeobjops.awk $(abspath $(SYSDIR))/$$i.m -h || exit; done
	$(Q)touch $@

# $(1): the module's name; a phony name, since SYSDIR may be another tree than the last time
define kld
$(KLD)/$(1).ko: $$($(1)_SRCS) $(KLD)/include/done
	$$(call say,KLD,$$@)
	@rm -rf $(KLD)/$(1) && mkdir -p $(KLD)/$(1)
	$$(Q)for s in $$($(1)_SRCS); do o=$$$${s##*/}; \
		$$(KLD_CC) $$(KLD_FLAGS) $$($(1)_FLAGS) -c -o $(KLD)/$(1)/$$$${o%.c}.o $$$$s || exit; done
	$$(Q)$$(KLD_LD) -m elf_x86_64_fbsd -r -o $$@ $(KLD)/$(1)/*.o
endef
