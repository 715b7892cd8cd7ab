# SPDX-License-Identifier: BSD-2-Clause
# cmd: build/vmgenc, with libvmgenc inside. Needs jansson. Static: so that it starts, and says what is
# wrong, where descriptors or libraries have run out, and in a few milliseconds.
CMD_SRCS := $(sort $(wildcard cmd/*.c))
CMD_FLAGS = -Ilib -DVMGENC_VERSION='"$(VERSION)"'
all: build/vmgenc
build/cmd/%.o: cmd/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BUILD_FLAGS) $(HARDENING) $(CMD_FLAGS) -c -o $@ $<
build/vmgenc: $(CMD_SRCS:cmd/%.c=build/cmd/%.o) build/libvmgenc.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -static -o $@ $^ $(LDFLAGS) -ljansson

# Its tests run the program itself.
build/test/test_cmd build/test/test_hooks: TEST_SRCS = $(LIB_SRCS) test/unit/simfile.c test/unit/program.c cmd/state.c
test_cmd_LDFLAGS := -ljansson
test_hooks_LDFLAGS := -ljansson
build/test/test_cmd build/test/test_hooks: build/vmgenc test/unit/program.c cmd/state.c
-include $(wildcard build/cmd/*.d)
