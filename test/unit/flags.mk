# SPDX-License-Identifier: BSD-2-Clause
test_lib_device_LDFLAGS := -Wl,--wrap=open,--wrap=fstat,--wrap=mmap,--wrap=ioctl,--wrap=calloc
test_lib_vmclock_LDFLAGS := -Wl,--wrap=open,--wrap=ioctl
