# SPDX-License-Identifier: BSD-2-Clause
# cmd: build/vmgenc, which contains libvmgenc and needs jansson. It is static, so that it starts in a
# few milliseconds, and can report an error if libraries or descriptors are not available.
CMD_SRCS := $(sort $(wildcard cmd/*.c cmd/hooks/*.c cmd/metrics/*.c))
CMD_FLAGS = -Icmd -Ilib
# These name places. They are compiled again when the places change.
PLACED := $(patsubst %,build/cmd/%.o,advice args doctor host openssl run status switch units wait \
	$(addprefix hooks/,decide hooks identity request) metrics/fingerprint)
$(PLACED): CMD_FLAGS += $(CMD_PLACES)
$(PLACED): build/cmd/places
CMD_PLACES = -DVMGENC_STATE='"$(statedir)/hooks.json"' -DVMGENC_CONF='"$(confdir)"' \
	-DVMGENC_HOOKS='"$(hooksdir)"' -DVMGENC_SNIPPET='"$(snippet)"' -DVMGENC_GUARD='"$(guard)"' \
	-DVMGENC_OPENSSL_CNF='"$(opensslcnf)"' -DVMGENC_SHARE='"$(pkgdatadir)"'
all: build/vmgenc
build/cmd/places: FORCE
	@mkdir -p $(@D)
	@echo "$(CMD_PLACES)" | cmp -s - $@ || echo "$(CMD_PLACES)" >$@
FORCE:
build/cmd/%.o: cmd/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) $(HARDENING) $(CMD_FLAGS) -c -o $@ $<
build/vmgenc: $(CMD_SRCS:cmd/%.c=build/cmd/%.o) build/libvmgenc.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -static -o $@ $^ $(LDFLAGS) -ljansson

# The shipped hooks are not executable, so off.
hook_places = sed 's,/usr/local/share/vmgenc,$(pkgdatadir),g'
ifeq ($(shell uname -s),FreeBSD)
SERVICES = dist/freebsd/vmgenc_hooks:$(prefix)/etc/rc.d/vmgenc_hooks:755 \
	dist/freebsd/vmgenc-hooks.conf:$(datadir)/examples/vmgenc/devd.conf:644 \
	dist/freebsd/vmgenc-metrics.cron:$(datadir)/examples/vmgenc/vmgenc-metrics.cron:644
hooks_off = service vmgenc_hooks onestop >/dev/null 2>&1 || true
else
hook_places = sed 's,/etc/vmgenc/,$(confdir)/,g; s,/usr/local/share/vmgenc,$(pkgdatadir),g'
SERVICES = $(foreach unit,vmgenc-hooks.service vmgenc-hooks-check.service vmgenc-hooks-check.path \
	vmgenc-ready.service vmgenc-ready.target vmgenc-metrics.service vmgenc-metrics.timer, \
	dist/systemd/$(unit):$(systemdsystemunitdir)/$(unit):644) \
	$(foreach file,vmgenc-device.conf vmgenc-guard.conf,dist/systemd/$(file):$(pkgdatadir)/$(file):644)
hooks_off = [ ! -d /run/systemd/system ] || [ ! -e $(systemdsystemunitdir)/vmgenc-hooks.service ] || \
	{ systemctl disable --quiet --now vmgenc-hooks.service && \
	systemctl disable --quiet --now vmgenc-metrics.timer && \
	systemctl stop --quiet vmgenc-hooks-check.path vmgenc-hooks-check.service vmgenc-ready.target vmgenc-ready.service vmgenc-metrics.service; }
endif
SERVICES += dist/prometheus/vmgenc.rules.yml:$(pkgdatadir)/prometheus/vmgenc.rules.yml:644
COMPLETIONS = vmgenc.bash:$(bashcompletiondir)/vmgenc _vmgenc:$(zshcompletiondir)/_vmgenc \
	vmgenc.fish:$(fishcompletiondir)/vmgenc.fish
install-cmd: build/vmgenc
	$(Q)install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(pkgdatadir)/hooks $(DESTDIR)$(hooksdir)
	$(Q)install -m 755 build/vmgenc $(DESTDIR)$(sbindir)/
	$(Q)for hook in $(notdir $(wildcard dist/hooks/*)); do to=$(DESTDIR)$(pkgdatadir)/hooks/$$hook; \
		$(hook_places) dist/hooks/$$hook >$$to && chmod 644 $$to || exit; done
	$(Q)$(hook_places) dist/services >$(DESTDIR)$(pkgdatadir)/services
	$(Q)for pair in $(COMPLETIONS); do \
		to=$(DESTDIR)$${pair#*:}; install -d $${to%/*} || exit; \
		install -m 644 dist/completions/$${pair%%:*} $$to || exit; done
	$(Q)for triple in $(SERVICES); do \
		rest=$${triple#*:} to=$(DESTDIR)$${rest%:*}; install -d $${to%/*} || exit; \
		$(PLACES) $${triple%%:*} >$$to && chmod $${rest##*:} $$to || exit; done
# First the service, so that nothing runs from a removed file. Enabled hooks and their record stay.
uninstall-cmd:
	$(Q)$(if $(DESTDIR),,$(hooks_off))
	$(Q)rm -f $(DESTDIR)$(sbindir)/vmgenc $(DESTDIR)$(mandir)/man8/vmgenc.8
	$(Q)for f in $(COMPLETIONS); do rm -f $(DESTDIR)$${f#*:} || exit; done
	$(Q)for f in $(SERVICES); do rest=$${f#*:}; rm -f $(DESTDIR)$${rest%:*} || exit; done
	$(Q)rm -f $(DESTDIR)$(pkgdatadir)/services
	$(Q)rm -f $(patsubst dist/hooks/%,$(DESTDIR)$(pkgdatadir)/hooks/%,$(wildcard dist/hooks/*))
	$(Q)rmdir $(DESTDIR)$(pkgdatadir)/prometheus $(DESTDIR)$(pkgdatadir)/hooks $(DESTDIR)$(pkgdatadir) 2>/dev/null || true
	$(Q)rmdir $(DESTDIR)$(hooksdir) $(DESTDIR)$(confdir) 2>/dev/null || true
	$(Q)$(if $(DESTDIR),,[ ! -d /run/systemd/system ] || systemctl daemon-reload)
.PHONY: install-cmd uninstall-cmd

# Its tests run the program itself.
HOOKS_RECORD := cmd/hooks/state.c cmd/hooks/record.c cmd/replace.c cmd/trust.c
DIST_TESTS := build/test/test_shipped_hooks build/test/test_identity_hooks
CMD_TESTS := $(patsubst test/unit/cmd/%.c,build/test/%,$(wildcard test/unit/cmd/test_*.c)) $(DIST_TESTS) build/test/test_killed_hooks
$(CMD_TESTS): TEST_SRCS = $(LIB_SRCS) test/unit/simfile.c test/unit/program.c $(HOOKS_RECORD) $(wildcard test/unit/cmd/*_fixture.c)
$(DIST_TESTS): TEST_SRCS = $(LIB_SRCS) test/unit/simfile.c test/unit/program.c $(HOOKS_RECORD) test/unit/dist/tree_fixture.c
build/test/test_words: TEST_SRCS += cmd/say.c
build/test/test_metrics: TEST_SRCS += cmd/hash.c
build/test/test_metrics: cmd/hash.c cmd/hash.h
build/test/test_words: cmd/say.c cmd/cmd.h
$(CMD_TESTS): TEST_FLAGS = -Icmd
build/test/test_metrics: TEST_FLAGS += $(CMD_PLACES)
$(foreach t,$(notdir $(CMD_TESTS)),$(eval $(t)_LDFLAGS := -ljansson))
$(CMD_TESTS): build/vmgenc test/unit/program.c $(HOOKS_RECORD)
build/test/test_doctor: build/ossl-modules/vmgenc.so
-include $(wildcard build/cmd/*.d build/cmd/hooks/*.d build/cmd/metrics/*.d)
