# SPDX-License-Identifier: BSD-2-Clause
# cmd: build/vmgenc, which contains libvmgenc and needs jansson. It is static, so that it starts in a
# few milliseconds, and can report an error if libraries or descriptors are not available.
CMD_SRCS := $(sort $(wildcard cmd/*.c cmd/hooks/*.c))
CMD_FLAGS = -Icmd -Ilib
all: build/vmgenc
build/cmd/%.o: cmd/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) $(HARDENING) $(CMD_FLAGS) -c -o $@ $<
build/vmgenc: $(CMD_SRCS:cmd/%.c=build/cmd/%.o) build/libvmgenc.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -static -o $@ $^ $(LDFLAGS) -ljansson

# The directory of enabled hooks. The shipped ones in share/vmgenc/hooks are not executable, so off.
ifeq ($(shell uname -s),FreeBSD)
HOOKS_DIR ?= /usr/local/etc/vmgenc/hooks.d
SERVICES := dist/freebsd/vmgenc_hooks:etc/rc.d/vmgenc_hooks:755 dist/freebsd/vmgenc-hooks.conf:share/examples/vmgenc/devd.conf:644
else
HOOKS_DIR ?= /etc/vmgenc/hooks.d
SERVICES := dist/systemd/vmgenc-hooks.service:lib/systemd/system/vmgenc-hooks.service:644 \
	dist/systemd/vmgenc-hooks-check.service:lib/systemd/system/vmgenc-hooks-check.service:644 \
	dist/systemd/vmgenc-hooks-check.path:lib/systemd/system/vmgenc-hooks-check.path:644 \
	dist/systemd/vmgenc-device.conf:share/vmgenc/vmgenc-device.conf:644
endif
COMPLETIONS := vmgenc.bash:bash-completion/completions/vmgenc _vmgenc:zsh/site-functions/_vmgenc \
	vmgenc.fish:fish/vendor_completions.d/vmgenc.fish
install: install-cmd
install-cmd: build/vmgenc
	$(Q)install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/vmgenc/hooks $(DESTDIR)$(HOOKS_DIR)
	$(Q)install -m 755 build/vmgenc $(DESTDIR)$(PREFIX)/sbin/
	$(Q)install -m 644 $(wildcard dist/hooks/*) $(DESTDIR)$(PREFIX)/share/vmgenc/hooks/
	$(Q)for pair in $(COMPLETIONS); do \
		to=$(DESTDIR)$(PREFIX)/share/$${pair#*:}; install -d $${to%/*} || exit; \
		install -m 644 dist/completions/$${pair%%:*} $$to || exit; done
	$(Q)for triple in $(SERVICES); do \
		rest=$${triple#*:} to=$(DESTDIR)$(PREFIX)/$${rest%:*}; install -d $${to%/*} || exit; \
		sed 's,@PREFIX@,$(PREFIX),; s,@HOOKS@,$(HOOKS_DIR),' $${triple%%:*} >$$to || exit; \
		chmod $${rest##*:} $$to || exit; done
uninstall: uninstall-cmd
uninstall-cmd:
	$(Q)rm -f $(DESTDIR)$(PREFIX)/sbin/vmgenc $(DESTDIR)$(PREFIX)/share/man/man8/vmgenc.8
	$(Q)for f in $(COMPLETIONS); do rm -f $(DESTDIR)$(PREFIX)/share/$${f#*:}; done
	$(Q)for f in $(SERVICES); do rest=$${f#*:}; rm -f $(DESTDIR)$(PREFIX)/$${rest%:*}; done
	$(Q)rm -rf $(DESTDIR)$(PREFIX)/share/vmgenc/hooks
.PHONY: install-cmd uninstall-cmd

# Its tests run the program itself.
CMD_TESTS := $(patsubst test/unit/cmd/%.c,build/test/%,$(wildcard test/unit/cmd/test_*.c)) build/test/test_shipped_hooks build/test/test_killed_hooks
$(CMD_TESTS): TEST_SRCS = $(LIB_SRCS) test/unit/simfile.c test/unit/program.c cmd/hooks/state.c cmd/hooks/record.c cmd/trust.c \
	$(wildcard test/unit/cmd/*_fixture.c)
build/test/test_words: TEST_SRCS += cmd/say.c
build/test/test_words: cmd/say.c cmd/cmd.h
$(CMD_TESTS): TEST_FLAGS = -Icmd
$(foreach t,$(notdir $(CMD_TESTS)),$(eval $(t)_LDFLAGS := -ljansson))
$(CMD_TESTS): build/vmgenc test/unit/program.c cmd/hooks/state.c cmd/hooks/record.c cmd/trust.c
build/test/test_doctor: build/ossl-modules/vmgenc.so
-include $(wildcard build/cmd/*.d build/cmd/hooks/*.d)
