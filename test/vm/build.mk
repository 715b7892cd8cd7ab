# SPDX-License-Identifier: BSD-2-Clause
# test/vm: NAME.c becomes build/test/vm/NAME, linked statically (-static -pthread) with
# VM_COMMON_SRCS; each runs in the guest as "vmgenc-lab run --kernel K --module M NAME".
VM_TESTS := device map notifier params tell unload
VM_COMMON_SRCS := test/vm/guest.c test/vm/rawid.c lib/page.c lib/vmgenc.c
