# SPDX-License-Identifier: BSD-2-Clause
# test/freebsd/unit: the FreeBSD driver on a simulated kernel, once for each set of stand-in headers.
FREEBSD_VERSIONS := 12 13 15
FREEBSD_TESTS := $(foreach v,$(FREEBSD_VERSIONS),$(foreach t,driver cdev firmware rekey draws companion hostile, \
	build/test/freebsd/$v/test_freebsd-$v_$t))
UNIT += $(FREEBSD_TESTS)

# The headers that driver/freebsd includes: each is one line that leads to standin.h
STANDINS := $(sort $(shell sed -n 's/^\#include <\(.*\)>/\1/p' driver/freebsd/*.[ch] include/vmgenc_abi.h \
	| grep -v -e '^linux/' -e '^std' -e '^sys/ioctl.h' -e '^sys/types.h'))
build/test/freebsd/kpi/.done: test/freebsd/unit/build.mk $(wildcard driver/freebsd/*.[ch])
	@for h in $(STANDINS); do mkdir -p $(@D)/$${h%/*} && echo '#include "standin.h"' >$(@D)/$$h || exit; done
	@printf '%s\n' '#if __has_include("standin_random.h")' '#include "standin_random.h"' '#endif' >>$(@D)/sys/random.h
	@touch $@
FREEBSD_DRIVER_FLAGS = -std=gnu11 $(WARNINGS) -Wno-unused-parameter -Wno-missing-field-initializers \
	$(CFLAGS) $(SANITIZE) -Itest/freebsd/unit/kpi/$(1) -Itest/freebsd/unit/kpi -Itest/freebsd/unit -Idriver/core \
	-Iinclude -MMD -MP
# version, sources (the form's own first), flags
define freebsd_test
build/test/freebsd/$(1)/$(2)/%.o: driver/freebsd/%.c | build/test/freebsd/kpi/.done
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(call FREEBSD_DRIVER_FLAGS,$(1)) -D_KERNEL $(3) -Ibuild/test/freebsd/kpi -Idriver/freebsd -c -o $$@ $$<
build/test/freebsd/$(1)/$(2)/%.o: driver/core/%.c | build/test/freebsd/kpi/.done
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(call FREEBSD_DRIVER_FLAGS,$(1)) -D_KERNEL $(3) -Ibuild/test/freebsd/kpi -Idriver/freebsd -c -o $$@ $$<
build/test/freebsd/$(1)/$(2)/%.o: test/freebsd/unit/%.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(call FREEBSD_DRIVER_FLAGS,$(1)) -D_GNU_SOURCE -c -o $$@ $$<
endef
FREEBSD_KERNEL_OBJS := kernel.o kernel_acpi.o kernel_cdev.o kernel_random.o kernel_sysctl.o
freebsd_objs = $(addprefix build/test/freebsd/$(1)/$(2)/,$(patsubst %.c,%.o,$(notdir $(FREEBSD_COMMON))) \
	$(FREEBSD_KERNEL_OBJS) $(3))
define freebsd_link
build/test/freebsd/$(1)/test_freebsd-$(1)_$(2): $(call freebsd_objs,$(1),$(3),$(4) test_$(2).o)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(CFLAGS) $$(SANITIZE) -pthread -o $$@ $$^ -lcmocka
endef
$(foreach v,$(FREEBSD_VERSIONS),$(eval $(call freebsd_test,$v,driver)) \
	$(eval $(call freebsd_test,$v,companion,-DVMGENC_COMPANION)) \
	$(eval $(call freebsd_link,$v,driver,driver,vmgenc_bus.o)) \
	$(eval $(call freebsd_link,$v,cdev,driver,vmgenc_bus.o)) \
	$(eval $(call freebsd_link,$v,firmware,driver,vmgenc_bus.o)) \
	$(eval $(call freebsd_link,$v,rekey,driver,vmgenc_bus.o)) \
	$(eval $(call freebsd_link,$v,draws,driver,vmgenc_bus.o)) \
	$(eval $(call freebsd_link,$v,hostile,driver,vmgenc_bus.o)) \
	$(eval $(call freebsd_link,$v,companion,companion,vmgenc_companion.o)))
-include $(wildcard build/test/freebsd/*/*/*.d)
