# SPDX-License-Identifier: BSD-2-Clause
# "make check-fleet": the metrics and the rules of dist/prometheus on Debian's Prometheus, on loopback.
FLEET := $(addprefix build/test/,clones fleet/guest fleet/machines fleet/verdict)
build/test/clones: test/lab/clones.c $(filter-out build/lab/main.o,$(LAB_OBJS))
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BUILD_FLAGS)) -Ilab -o $@ $^ -ljansson
build/test/fleet/%: test/fleet/%.c cmd/hash.c cmd/hash.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BUILD_FLAGS)) -Icmd $(FLEET_FLAGS) -o $@ $(filter %.c,$^) $(FLEET_LIBS)
build/test/fleet/guest: FLEET_FLAGS = -static
build/test/fleet/verdict: FLEET_LIBS = -ljansson
check-fleet: deps
	@$(MAKE) --no-print-directory $(JOBS) all $(FLEET) modules
	@tools/prometheus
	@test/fleet/run
.PHONY: check-fleet
# "make check-record": recordings of QEMU's clones, compared.
build/test/recorder: test/lab/recorder.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BUILD_FLAGS)) -static -o $@ $<
check-record: deps
	@$(MAKE) --no-print-directory $(JOBS) all build/test/clones build/test/recorder modules
	@test/lab/record
.PHONY: check-record
