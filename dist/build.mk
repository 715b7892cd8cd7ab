# SPDX-License-Identifier: BSD-2-Clause
# dist: where things are installed, by GNU's names, and what is installed and taken away again. The parts
# of command and provider are in cmd/build.mk and provider/build.mk; packages are made by tools/deb.
PREFIX ?= /usr/local
prefix = $(PREFIX)
exec_prefix = $(prefix)
bindir = $(exec_prefix)/bin
sbindir = $(exec_prefix)/sbin
libdir = $(exec_prefix)/lib
pkgconfigdir = $(libdir)/pkgconfig
# OpenSSL looks for modules elsewhere ("openssl version -m"), but takes the path that vmgenc.cnf gives.
opensslmodulesdir = $(libdir)/ossl-modules
includedir = $(prefix)/include
datarootdir = $(prefix)/share
datadir = $(datarootdir)
pkgdatadir = $(datadir)/vmgenc
mandir = $(datarootdir)/man
docdir = $(datarootdir)/doc/vmgenc
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
sysconfdir = $(if $(filter /usr,$(prefix)),/etc,$(prefix)/etc)
opensslcnfdir = $(sysconfdir)/ssl
# What vmgenc openssl edits: the configuration that the system's OpenSSL reads
opensslcnf = /etc/ssl/openssl.cnf
systemdsystemunitdir = $(prefix)/lib/systemd/system
modulesdir = /lib/modules
usrsrcdir = $(prefix)/src
ifeq ($(shell uname -s),FreeBSD)
localstatedir = /var/db
confdir = /usr/local/etc/vmgenc
statedir = $(localstatedir)/vmgenc
else
# The state and the hooks are the machine's, whatever the prefix is, unless the caller names a place.
localstatedir = /var
confdir = $(if $(filter command,$(origin sysconfdir)),$(sysconfdir),/etc)/vmgenc
statedir = $(localstatedir)/lib/vmgenc
endif
HOOKS_DIR ?= $(confdir)/hooks.d
hooksdir = $(HOOKS_DIR)
snippet = $(opensslcnfdir)/vmgenc.cnf
# No library to link with, so not among those
guard = $(libdir)/vmgenc/libvmgenc-guard.so

# What is installed says where the rest is.
PLACES = sed 's,@PREFIX@,$(prefix),g; s,@SBINDIR@,$(sbindir),g; s,@HOOKS@,$(hooksdir),g; s,@STATE@,$(statedir),g; \
	s,@CONF@,$(confdir),g; s,@SNIPPET@,$(snippet),g; s,@MODULES@,$(opensslmodulesdir),g; s,@VERSION@,$(VERSION),g; \
	s,@LIBDIR@,$(libdir),g; s,@INCLUDEDIR@,$(includedir),g; s,@EXEC_PREFIX@,$(exec_prefix),g'
# The manual pages and hooks are readable without this, and name the places of the defaults.
PAGE_PLACES = sed 's,/usr/local/etc/ssl/vmgenc\.cnf,$(snippet),g; s,/usr/local/lib/ossl-modules,$(opensslmodulesdir),g; \
	s,/usr/local/share/vmgenc,$(pkgdatadir),g; s,\([^l]\)/etc/vmgenc,\1$(confdir),g; s,/var/lib/vmgenc,$(statedir),g'
install_page = install -d $(DESTDIR)$(mandir)/man$(2) && $(PAGE_PLACES) $(1) >$(DESTDIR)$(mandir)/man$(2)/$(notdir $(1))

PAGES := $(sort $(wildcard man/*.[1-9]))
LINKS := open close changed sync fd status
install: install-lib install-lab install-cmd install-provider install-guard install-pages
install-lib: build/libvmgenc.so build/libvmgenc.a
	$(Q)install -d $(DESTDIR)$(libdir) $(DESTDIR)$(pkgconfigdir) $(DESTDIR)$(includedir)
	$(Q)install -m 755 build/libvmgenc.so.1 $(DESTDIR)$(libdir)/
	$(Q)ln -sf libvmgenc.so.1 $(DESTDIR)$(libdir)/libvmgenc.so
	$(Q)install -m 644 build/libvmgenc.a $(DESTDIR)$(libdir)/
	$(Q)$(PLACES) lib/libvmgenc.pc.in >$(DESTDIR)$(pkgconfigdir)/libvmgenc.pc
	$(Q)install -m 644 $(wildcard include/*.h) $(DESTDIR)$(includedir)/
install-lab: build/vmgenc-lab
	$(Q)install -D -m 755 build/vmgenc-lab $(DESTDIR)$(bindir)/vmgenc-lab
install-pages:
	$(Q)$(foreach page,$(PAGES),$(call install_page,$(page),$(subst .,,$(suffix $(page)))) &&) true
	$(Q)for call in $(LINKS); do ln -sf libvmgenc.3 $(DESTDIR)$(mandir)/man3/vmgenc_$$call.3 || exit; done
# One after the other: the command switches the provider off before it goes. A service is stopped, and
# the configuration of OpenSSL undone, on this system alone.
uninstall:
	$(Q)$(MAKE) --no-print-directory uninstall-provider
	$(Q)$(MAKE) --no-print-directory uninstall-cmd uninstall-guard
	$(Q)rm -f $(DESTDIR)$(bindir)/vmgenc-lab $(DESTDIR)$(pkgconfigdir)/libvmgenc.pc
	$(Q)cd $(DESTDIR)$(libdir) 2>/dev/null && rm -f libvmgenc.so libvmgenc.so.1 libvmgenc.a || true
	$(Q)rm -f $(patsubst include/%,$(DESTDIR)$(includedir)/%,$(wildcard include/*.h)) \
		$(LINKS:%=$(DESTDIR)$(mandir)/man3/vmgenc_%.3) \
		$(foreach page,$(notdir $(PAGES)),$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(page)))/$(page))

# The module, for the kernel KVER: where modprobe looks first, so that it goes before one of the kernel's own
modules-install: module
	$(Q)install -D -m 644 build/linux/$(KVER)/vmgenc.ko $(DESTDIR)$(modulesdir)/$(KVER)/updates/vmgenc.ko
	$(Q)$(if $(DESTDIR),,depmod $(KVER))
modules-uninstall:
	$(if $(KVER),,$(error say which kernel: make modules-uninstall KVER=$$(uname -r)))
	$(Q)rm -f $(DESTDIR)$(modulesdir)/$(KVER)/updates/vmgenc.ko
	$(Q)$(if $(DESTDIR),,depmod $(KVER))
# Its sources, for dkms to build at each new kernel; dkms add vmgenc/$(VERSION) makes dkms know them
install-dkms:
	$(Q)install -d $(DESTDIR)$(usrsrcdir)/vmgenc-$(VERSION)
	$(Q)install -m 644 $(MODULE_SRCS) $(DESTDIR)$(usrsrcdir)/vmgenc-$(VERSION)/
	$(Q)$(PLACES) dist/dkms.conf >$(DESTDIR)$(usrsrcdir)/vmgenc-$(VERSION)/dkms.conf

# Debian packages: for this release in build/deb, for SUITE=trixie in build/deb/trixie
deb:
	@tools/deb $(SUITE)
check-packages:
	@test/packages/run $(SUITES)
# A real system with the packages, snapshot and cloned; SUITE=bookworm for another release
check-system:
	@test/system/run $(SUITE)
.PHONY: check-system install install-lib install-lab install-pages install-dkms uninstall modules-install modules-uninstall deb check-packages
