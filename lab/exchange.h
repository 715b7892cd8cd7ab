/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: the exchange, memory that the host and a guest share: one node of its RAM, one file for
 * each VM. All fields have a fixed width, because host and guest are built separately.
 */
#ifndef LAB_EXCHANGE_H
#define LAB_EXCHANGE_H

#include <stdint.h>

#define LAB_EXCHANGE_MAGIC 0x4c474d56u
#define LAB_EXCHANGE_VERSION 7
#define LAB_MAX_CPUS 16
#define LAB_VALUE_SIZE 16
#define LAB_LOG_SIZE 8192
#define LAB_ARGS_SIZE 8192
#define LAB_MAX_ARGS 256
#define LAB_CLOCK_OFFSET 32768 /* of the VMClock page, if the lab writes one */
#define LAB_CLOCK_SIZE 4096
#define LAB_NEVER UINT64_MAX /* the time of an event that did not happen */

enum lab_mode { LAB_MODE_PROVE = 1, LAB_MODE_RUN = 2 };

/* Host to guest: what to do. */
enum lab_command { LAB_IDLE = 0, LAB_DRAW = 1 };

/* The kernel's own driver: the kernel has none, it has no device, it has a device. */
enum lab_builtin { LAB_BUILTIN_NONE = 0, LAB_BUILTIN_IDLE = 1, LAB_BUILTIN_BOUND = 2 };

/* Guest to host: its progress. */
enum lab_state {
	LAB_BOOTING = 0,
	LAB_READY = 1,	  /* idle, waits for a command */
	LAB_DRAWING = 2,  /* every thread draws; the host may take a snapshot */
	LAB_RECORDED = 3, /* a clone has put its draws since the resume into the exchange */
	LAB_EXITED = 4,	  /* run: the program has ended with status */
	LAB_FAILED = 5	  /* error has the reason */
};

struct lab_draw {
	uint8_t value[LAB_VALUE_SIZE];
	uint64_t begun_ns; /* nanoseconds after the resume when it began; 0 if it began before */
	uint64_t ns;	   /* nanoseconds after the resume when it ended */
};

struct lab_exchange {
	/* The host writes these before the guest runs, and command and generator also later. */
	uint32_t magic;
	uint32_t version;
	uint32_t mode;
	uint32_t command;
	uint32_t generator;
	/*
	 * Differs in every clone and is written before its first instruction, like the
	 * hypervisor's id, but also in guests without an id and with --same-id. By it, a
	 * thread recognizes the draw at which it resumed.
	 */
	uint32_t lineage;
	uint32_t cpus;
	uint32_t load_module;
	uint32_t argc;
	uint32_t may_refuse; /* if the kernel refuses the module, this is not a failure */
	uint32_t vmclock;    /* /dev/vmclock0 is the source; the page is at LAB_CLOCK_OFFSET */
	uint32_t reserved;
	uint64_t draws;	      /* most records that a thread makes */
	uint64_t nanoseconds; /* longest time that it records */
	uint64_t interval;    /* nanoseconds that it sleeps after each draw */
	uint64_t records;     /* offset of the records: an array of draws for each CPU */
	uint64_t stream_size; /* run: bytes of the ring that is there instead of the records */
	uint64_t stream_read; /* run: bytes that the host has read from the ring */
	uint8_t seed[32];     /* for the guest's kernel, so that it need not wait for entropy */
	uint64_t id_address;  /* Linux: address of a shape's id, or 0 */
	uint64_t hole;	      /* Linux: unless 0, move the ivshmem device's memory there */
	char module_args[512];
	char args[LAB_ARGS_SIZE]; /* run: the program's arguments, each NUL-terminated */

	/* The guest writes these. */
	uint32_t state;
	uint32_t module_loaded;
	uint32_t device;	 /* /dev/vmgenc exists, so the guarded generator can run */
	uint32_t generators;	 /* the generators that can run: bits 1 << enum lab_generator */
	uint32_t status;	 /* run: the status from waitpid(2) */
	uint32_t unsettled;	 /* times that a guarded thread was refused as not settled */
	uint64_t stream_written; /* run: bytes that the guest has written to the ring */
	char release[72];
	char error[512];
	char log[LAB_LOG_SIZE]; /* the end of the kernel's log */

	/*
	 * About this clone. Times are nanoseconds after the resume, or LAB_NEVER. The time of the
	 * resume is when the last draw before it began: some microseconds early, never late.
	 */
	uint64_t counts[LAB_MAX_CPUS]; /* records of each CPU */
	uint64_t resume_within_ns;     /* the resume was at most this much later */
	char clock[32];		       /* the kernel's clock source, or "" */
	uint64_t rekeyed_ns;	       /* the driver published the new generation */
	uint64_t woken_ns;	       /* a thread in poll(2) on /dev/vmgenc ran again */
	uint64_t announced_ns;	       /* FreeBSD: the event was read from /dev/devctl */
	uint64_t logged_ns;	       /* the kernel's own driver logged that it reseeded */
	uint64_t generation;
	uint64_t settled;
	uint64_t changes;
	uint64_t spurious;
	uint64_t rekeys;
	uint64_t rekey_failures;

	/* Linux only */
	uint8_t id[16];	      /* the bytes that the driver read */
	char guid_text[40];   /* the sysctl dev.vmgenc.0.guid */
	uint64_t acpi_events; /* ACPI interrupts since the drawing began */
	char memory[40];      /* name of id_address in /proc/iomem, such as "Reserved", or "" */
	uint32_t builtin;     /* enum lab_builtin */
	uint32_t refused;     /* the errno with which the kernel refused the module, or 0 */

	/* FreeBSD only */
	char event[160];     /* the last line of /dev/devctl about a change */
	char complaint[200]; /* the first complaint of the kernel's own checks in its log, or "" */
	uint8_t guid[16];    /* the sysctl dev.vmgenc.0.guid */
	uint64_t guid_size;  /* its bytes; 0 if there is no such sysctl */
};

#endif
