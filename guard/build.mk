# SPDX-License-Identifier: BSD-2-Clause
# guard: build/libvmgenc-guard.so, for LD_PRELOAD. It contains libvmgenc and the provider's source.c,
# and needs nothing of the libraries whose calls it replaces.
GUARD_SRCS := $(sort $(wildcard guard/*.c)) provider/source.c
GUARD_FLAGS = $(BUILD_FLAGS) $(HARDENING) -Iguard -Iprovider -Ilib -fPIC -fvisibility=hidden
GUARD_LINK = -shared -Wl,-z,relro,-z,now,-z,defs -Wl,--exclude-libs,ALL

all: build/libvmgenc-guard.so
build/guard/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUARD_FLAGS) -c -o $@ $<
build/libvmgenc-guard.so: $(GUARD_SRCS:%.c=build/guard/%.o) build/libvmgenc.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(GUARD_LINK) -o $@ $^ $(LDFLAGS)

install-guard: build/libvmgenc-guard.so
	$(Q)install -D -m 755 build/libvmgenc-guard.so $(DESTDIR)$(guard)
uninstall-guard:
	$(Q)rm -f $(DESTDIR)$(guard)
	$(Q)rmdir $(DESTDIR)$(dir $(guard)) 2>/dev/null || true
.PHONY: install-guard uninstall-guard
-include $(wildcard build/guard/guard/*.d build/guard/provider/*.d)

# Its test's programs know nothing of it, and its libraries count their calls.
VICTIM_LINK = -pthread -Wl,-rpath,'$$ORIGIN' build/test/guard/libgnutls.so.30 build/test/guard/libgcrypt.so.20
build/test/guard/lib%: test/unit/guard/libraries.c test/unit/guard/libraries.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) -fPIC -shared -Wl,-soname,$(@F) -o $@ $<
build/test/guard/victim: SANITIZE =
build/test/guard/victim build/test/guard/sanitized: test/unit/guard/victim.c build/test/guard/libgnutls.so.30 \
	build/test/guard/libgcrypt.so.20
	$(Q)$(CC) $(BUILD_FLAGS) $(SANITIZE) -rdynamic -o $@ $< $(VICTIM_LINK)
build/test/test_guard: build/vmgenc build/libvmgenc-guard.so build/test/guard/victim build/test/guard/sanitized test/unit/program.c
build/test/test_guard: TEST_SRCS = test/unit/program.c
