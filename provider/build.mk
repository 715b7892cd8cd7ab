# SPDX-License-Identifier: BSD-2-Clause
# provider: build/ossl-modules/vmgenc.so, which contains libvmgenc. Needs OpenSSL 3's headers only.
PROVIDER_SRCS := $(sort $(wildcard provider/*.c))
PROVIDER_FLAGS = $(BUILD_FLAGS) $(HARDENING) -Ilib -fPIC
PROVIDER_LINK = -shared -pthread -Wl,-z,relro,-z,now,-z,defs -Wl,--version-script=provider/vmgenc.map

all: build/ossl-modules/vmgenc.so
build/provider/%.o: provider/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PROVIDER_FLAGS) -c -o $@ $<
build/ossl-modules/vmgenc.so: $(PROVIDER_SRCS:provider/%.c=build/provider/%.o) build/libvmgenc.a provider/vmgenc.map
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(PROVIDER_LINK) -o $@ $(filter %.o %.a,$^) $(LDFLAGS)

# The tests load it as programs do, and again with the sanitizers.
build/test/ossl-modules/vmgenc.so: $(PROVIDER_SRCS) $(LIB_SRCS) $(wildcard provider/*.h) provider/vmgenc.map
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PROVIDER_FLAGS) $(SANITIZE) $(filter-out -Wl$(comma)-z$(comma)defs,$(PROVIDER_LINK)) \
		-o $@ $(filter %.c,$^)

install-provider: build/ossl-modules/vmgenc.so
	$(Q)install -d $(DESTDIR)$(opensslmodulesdir) $(DESTDIR)$(opensslcnfdir)
	$(Q)install -m 755 build/ossl-modules/vmgenc.so $(DESTDIR)$(opensslmodulesdir)/
	$(Q)$(PLACES) dist/openssl/vmgenc.cnf >$(DESTDIR)$(snippet) && chmod 644 $(DESTDIR)$(snippet)
# First the line in openssl.cnf, then the snippet, then the module: OpenSSL never misses one of them.
uninstall-provider:
	$(Q)$(if $(DESTDIR),,[ ! -x $(sbindir)/vmgenc ] || $(sbindir)/vmgenc openssl disable)
	$(Q)rm -f $(DESTDIR)$(snippet)
	$(Q)rm -f $(DESTDIR)$(opensslmodulesdir)/vmgenc.so
	$(Q)rm -f $(DESTDIR)$(mandir)/man7/vmgenc-provider.7
.PHONY: install-provider uninstall-provider
-include $(wildcard build/provider/*.d)

PROVIDER_TESTS := build/test/test_provider build/test/test_provider_settings build/test/test_provider_config
$(PROVIDER_TESTS): build/test/ossl-modules/vmgenc.so build/ossl-modules/vmgenc.so test/unit/provider/openssl.c
$(PROVIDER_TESTS): TEST_SRCS = test/unit/provider/openssl.c test/unit/simfile.c $(LIB_SRCS)
test_provider_LDFLAGS := -rdynamic -lcrypto
test_provider_settings_LDFLAGS := -rdynamic -lcrypto
test_provider_config_LDFLAGS := -rdynamic -lcrypto
build/test/test_provider_config: provider/properties.c provider/properties.h
build/test/test_provider_config: TEST_SRCS += provider/properties.c
build/test/test_provider_config: TEST_FLAGS = -Iprovider
build/test/test_provider_source: provider/source.c provider/provider.h
build/test/test_provider_source: TEST_SRCS = provider/source.c
build/test/test_provider_source: TEST_FLAGS = -Iprovider

# What the lab's probes run in guests: Debian's programs, and one of our own on Debian's OpenSSL
build/probe-%: lab/program/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)/lab
	$(Q)$(CC) $(BUILD_FLAGS) -MF build/lab/probe-$*.d -o $@ $< -Wl,--as-needed -lssl -lcrypto
check bench: programs
programs: deps
	@$(MAKE) --no-print-directory $(JOBS) build/probe-rand build/probe-ticket build/probe-glibc \
		build/ossl-modules/vmgenc.so build/libvmgenc-guard.so
	@tools/glibc
	@tools/programs
.PHONY: programs
build/bench/bench_provider: test/bench/bench_provider.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) -o $@ $< -Wl,--as-needed -lssl -lcrypto
