# SPDX-License-Identifier: BSD-2-Clause
# test/soak: make soak runs build/test/soak/soak, which runs vmgenc-lab, and in a guest "changes".
SOAK_GUEST_SRCS := $(sort $(wildcard test/soak/guest/*.c))
build/test/soak/changes: $(SOAK_GUEST_SRCS) $(VM_COMMON_SRCS) $(wildcard test/soak/guest/*.h test/vm/*.h)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BUILD_FLAGS)) -Ilib -Itest/vm -static -pthread -o $@ \
		$(SOAK_GUEST_SRCS) $(VM_COMMON_SRCS)
build/test/soak/soak: $(wildcard test/soak/*.c test/soak/*.h) test/debian_kernel.c test/debian_kernel.h lab/host/say.c lab/host/clean.c lab/host/time.c lab/host/host.h
	$(call say,CC,$@)
	@mkdir -p $(@D) build/soak
	$(Q)$(CC) $(filter-out -MMD -MP,$(BUILD_FLAGS)) -Ilab -o $@ $(filter %.c,$^) -ljansson
SOAK := build/test/soak/soak build/test/soak/changes
tests: $(SOAK)
# The long run; SOAK_CLONES=, SOAK_DEPTH= and SOAK_CHANGES= make it shorter,
# SOAK_KERNELS= and SOAK_PARTS= leave some out; SOAK_AT_ONCE= clones run at once (2).
soak: deps
	@$(MAKE) --no-print-directory $(JOBS) all $(SOAK) modules KMODULES=listener
	@SOAK_KERNELS="$${SOAK_KERNELS:-$(KERNELS)}" build/test/soak/soak
.PHONY: soak
