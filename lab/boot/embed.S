/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot: the guests' programs as parts of vmgenc-lab, named by -D: PID 1 for Linux (LAB_GUEST),
 * for FreeBSD (LAB_FREEBSD_GUEST), and what boots the latter's kernel (LAB_FREEBSD_BOOT).
 */
	.macro part name, file
	.global lab_\name\()_start
	.global lab_\name\()_end
	.balign 16
lab_\name\()_start:
	.incbin "\file"
lab_\name\()_end:
	.endm

	.section .rodata
	part guest, LAB_GUEST
	part freebsd_guest, LAB_FREEBSD_GUEST
	part freebsd_boot, LAB_FREEBSD_BOOT
	.section .note.GNU-stack, "", @progbits
