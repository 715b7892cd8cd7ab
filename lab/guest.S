/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: the guest's PID 1 as part of vmgenc-lab; -DLAB_GUEST="path" names it.
 */
	.section .rodata
	.global lab_guest_start
	.global lab_guest_end
	.balign 16
lab_guest_start:
	.incbin LAB_GUEST
lab_guest_end:
	.section .note.GNU-stack, "", @progbits
