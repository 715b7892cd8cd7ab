# SPDX-License-Identifier: BSD-2-Clause
# "make check-kvm": the lab's experiments under KVM, this machine's or, where a kernel does not come
# up under that, an emulated machine's. Some minutes with real KVM; emulated, see docs/testing.md.
build/test/kvm/check: $(wildcard test/kvm/*.c test/kvm/*.h) test/debian_kernel.c test/debian_kernel.h lab/host/meminfo.c lab/host/host.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BUILD_FLAGS)) -Ilab -o $@ $(filter %.c,$^) -ljansson
tests: build/test/kvm/check
check-kvm: deps
	@$(MAKE) --no-print-directory $(JOBS) all firmware build/test/kvm/check $(VM_PROGRAMS) modules KMODULES=listener
	@build/test/kvm/check "$(KVM_ONLY)"
.PHONY: check-kvm
