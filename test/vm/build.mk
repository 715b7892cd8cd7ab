# SPDX-License-Identifier: BSD-2-Clause
# test/vm: NAME.c becomes build/test/vm/NAME, linked statically (-static -pthread) with
# VM_COMMON_SRCS and the library's sources; each runs in the guest as "vmgenc-lab run".
VM_TESTS := device map tell
VM_COMMON_SRCS := test/vm/guest.c test/vm/rawid.c lib/page.c lib/vmgenc.c
