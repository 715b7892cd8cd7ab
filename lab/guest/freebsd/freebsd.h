/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/freebsd: FreeBSD's system calls and their constants (amd64; stable since FreeBSD 12),
 * for programs without a C library. A call that fails returns a negative errno of FreeBSD.
 */
#ifndef GUEST_FREEBSD_H
#define GUEST_FREEBSD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SYS_exit = 1,
	SYS_fork = 2,
	SYS_read = 3,
	SYS_write = 4,
	SYS_open = 5,
	SYS_close = 6,
	SYS_wait4 = 7,
	SYS_setuid = 23,
	SYS_ioctl = 54,
	SYS_reboot = 55,
	SYS_execve = 59,
	SYS_munmap = 73,
	SYS_mprotect = 74,
	SYS_dup2 = 90,
	SYS_fcntl = 92,
	SYS_sysctl = 202,
	SYS_poll = 209,
	SYS_clock_gettime = 232,
	SYS_nanosleep = 240,
	SYS_modfind = 303,
	SYS_kldload = 304,
	SYS_kldunload = 305,
	SYS_kldfind = 306,
	SYS_kqueue = 362,
	SYS_kenv = 390,
	SYS_thr_exit = 431,
	SYS_thr_new = 455,
	SYS_mmap = 477,
	SYS_cpuset_setaffinity = 488,
	SYS_pipe2 = 542,
	SYS_kevent = 560,
	SYS_getrandom = 563
};

enum {
	FB_EPERM = 1,
	FB_ENOENT = 2,
	FB_EIO = 5,
	FB_ENXIO = 6,
	FB_ENOMEM = 12,
	FB_EACCES = 13,
	FB_ENODEV = 19,
	FB_EBUSY = 16,
	FB_EINVAL = 22,
	FB_ENOTTY = 25,
	FB_EAGAIN = 35,
	FB_O_RDONLY = 0,
	FB_O_RDWR = 2,
	FB_O_NONBLOCK = 4,
	FB_O_CLOEXEC = 0x100000,
	FB_PROT_READ = 1,
	FB_PROT_WRITE = 2,
	FB_MAP_SHARED = 1,
	FB_MAP_PRIVATE = 2,
	FB_MAP_ANON = 0x1000,
	FB_MAP_PREFAULT_READ = 0x40000,
	FB_POLLIN = 1,
	FB_CLOCK_UPTIME = 5,
	FB_RB_POWEROFF = 0x4000
};

/* _IOR('G', 0xE1, struct vmgenc_event) as FreeBSD encodes it */
#define FB_VMGENC_SYNC 0x402847e1ul

struct fb_timespec {
	int64_t seconds;
	int64_t nanoseconds;
};

struct fb_pollfd {
	int fd;
	int16_t events;
	int16_t revents;
};

struct fb_kevent {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	void *udata;
	uint64_t ext[4];
};

/* sys.S */
long fb_syscall(long number, ...);

/* libc.c: the parts of a C library that the compiler and the lab need */
size_t fb_length(const char *text);
int fb_format(char *to, size_t size, const char *format, va_list arguments);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
int strcmp(const char *a, const char *b);
char *strstr(const char *text, const char *wanted);

/* Reads a sysctl by its name. Returns its size, or a negative errno. */
long fb_sysctl(const char *name, void *to, size_t size);
/* Writes a sysctl. Returns 0, or a negative errno. */
long fb_sysctl_set(const char *name, const void *from, size_t size);
/* Finds the number of a sysctl that is read often. Returns its words, or a negative errno. */
int fb_sysctl_number(const char *name, int words[24]);

/* complaint.c: reads the kernel's message buffer; its contents may be cleared first. */
size_t fb_log(char *to, size_t size);
void fb_log_clear(void);
/* Finds the first line of the log in which the kernel complains. Returns false without one. */
bool fb_complaint(const char *log, char *to, size_t size);

#endif
