/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/boot/freebsd: QEMU's Multiboot loader enters it in 32-bit mode. It switches to 64-bit mode
 * with every GiB of addresses, and so KERNBASE, mapped to the first GiB of memory, and starts the
 * kernel.
 */
#include "boot.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x10002 /* load addresses are below; the memory map is needed */

	.section .head, "ax"
	.code32
header:
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	.long header, header	/* address of this header, and of the file's first byte */
	.long 0, 0		/* all of the file is loaded, nothing is cleared */
	.long start
	.org FREEBSD_BOOT_PARAMETERS
	.global boot_parameters
boot_parameters:
	.space 64

start:
	mov	$stack_top, %esp
	mov	%ebx, %ebp		/* Multiboot information, kept for boot_main() */

	mov	$pml4, %edi		/* all 512 entries of the first two levels are the same */
	mov	$pdpt + 3, %eax
	call	fill
	mov	$pdpt, %edi
	mov	$pd + 3, %eax
	call	fill
	mov	$pd, %edi		/* 512 pages of 2 MiB */
	mov	$0x83, %eax
	mov	$512, %ecx
1:	mov	%eax, (%edi)
	movl	$0, 4(%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b

	mov	%cr4, %eax
	or	$0x20, %eax		/* PAE */
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx	/* EFER: long mode, SYSCALL */
	rdmsr
	or	$0x101, %eax
	wrmsr
	mov	%cr0, %eax
	or	$0x80000001, %eax	/* paging, protected mode */
	mov	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$8, $long_mode

fill:
	mov	$512, %ecx
1:	mov	%eax, (%edi)
	movl	$0, 4(%edi)
	add	$8, %edi
	loop	1b
	ret

	.code64
long_mode:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$stack_top, %rsp
	mov	%ebp, %edi
	call	boot_main
	/* The kernel finds two 32-bit words above a 32-bit return address. */
	mov	boot_parameters, %rax
	mov	boot_parameters + 8, %ecx
	mov	boot_parameters + 12, %edx
	sub	$16, %rsp
	movl	$0, (%rsp)
	mov	%ecx, 4(%rsp)
	mov	%edx, 8(%rsp)
	jmp	*%rax

	.balign 8
gdt:	.quad 0, 0x00209a0000000000, 0x0000920000000000
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.long gdt

	.bss
	.balign 4096
pml4:	.space 4096
pdpt:	.space 4096
pd:	.space 4096
stack:	.space 4096
stack_top:
	.section .note.GNU-stack, "", @progbits
