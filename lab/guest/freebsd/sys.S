/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: a FreeBSD program's entry point, its system calls, and the note by which the
 * kernel recognizes a FreeBSD program.
 */
	.section .note.tag, "a", @note
	.balign 4
	.long 8, 4, 1		/* NT_FREEBSD_ABI_TAG */
	.asciz "FreeBSD"
	.long 1201000
	/* FreeBSD 15 does not read the last note of a segment, so this one follows: it says nothing. */
	.long 8, 4, 0
	.asciz "vmgenc "
	.long 0

	.text
	.global _start
_start:				/* rdi: argc, argv, NULL, environment */
	xor	%ebp, %ebp
	lea	8(%rdi), %rsi
	mov	(%rdi), %edi
	and	$-16, %rsp
	call	main
	mov	%eax, %edi
	mov	$1, %eax	/* exit */
	syscall

	.global fb_syscall
fb_syscall:			/* number, then up to six arguments */
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	syscall
	jnc	1f
	neg	%rax
1:	ret
	.section .note.GNU-stack, "", @progbits
