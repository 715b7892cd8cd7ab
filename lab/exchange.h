/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab: the exchange, memory that the host and a guest share (a node of its RAM, one file per VM).
 * Only fixed-width fields: host and guest are built apart.
 */
#ifndef LAB_EXCHANGE_H
#define LAB_EXCHANGE_H

#include <stdint.h>

#define LAB_EXCHANGE_MAGIC 0x4c474d56u
#define LAB_EXCHANGE_VERSION 6
#define LAB_MAX_CPUS 16
#define LAB_VALUE_SIZE 16
#define LAB_LOG_SIZE 8192
#define LAB_ARGS_SIZE 8192
#define LAB_MAX_ARGS 256
#define LAB_CLOCK_OFFSET 32768 /* of the VMClock page, where the lab writes one */
#define LAB_CLOCK_SIZE 4096
#define LAB_NEVER UINT64_MAX /* the time of what did not happen */

enum lab_mode { LAB_MODE_PROVE = 1, LAB_MODE_RUN = 2 };

/* Host to guest: what to do. */
enum lab_command { LAB_IDLE = 0, LAB_DRAW = 1 };

/* The kernel's own driver: there is none, it has no device, it has one. */
enum lab_builtin { LAB_BUILTIN_NONE = 0, LAB_BUILTIN_IDLE = 1, LAB_BUILTIN_BOUND = 2 };

/* Guest to host: how far it is. */
enum lab_state {
	LAB_BOOTING = 0,
	LAB_READY = 1,	  /* idle, waits for a command */
	LAB_DRAWING = 2,  /* every thread draws: the time to take a snapshot */
	LAB_RECORDED = 3, /* a clone: its draws since the resume are in the exchange */
	LAB_EXITED = 4,	  /* run: the program has ended, status says how */
	LAB_FAILED = 5	  /* error says why */
};

struct lab_draw {
	uint8_t value[LAB_VALUE_SIZE];
	uint64_t begun_ns; /* when the drawing began, after the resume; 0 if before it */
	uint64_t ns;	   /* and when it was over */
};

struct lab_exchange {
	/* The host writes these before the guest runs, command and generator also later. */
	uint32_t magic;
	uint32_t version;
	uint32_t mode;
	uint32_t command;
	uint32_t generator;
	/*
	 * Differs in every clone and is there before its first instruction, like the
	 * hypervisor's id, but in every guest and with the same id as well: this is how a
	 * thread knows the very draw at which it resumed.
	 */
	uint32_t lineage;
	uint32_t cpus;
	uint32_t load_module;
	uint32_t argc;
	uint32_t may_refuse; /* a module that the kernel refuses is a result, not a failure */
	uint32_t vmclock;    /* there is a page at LAB_CLOCK_OFFSET: /dev/vmclock0 is the source */
	uint32_t reserved;
	uint64_t draws;	      /* records a thread makes at most */
	uint64_t nanoseconds; /* and for how long */
	uint64_t interval;    /* nanoseconds that it sleeps after each draw: an idle guest */
	uint64_t records;     /* offset of the records in this memory: draws for each CPU */
	uint64_t stream_size; /* run: the records' memory is a ring of this size */
	uint64_t stream_read; /* bytes the host took from it so far */
	uint8_t seed[32];     /* for the guest's kernel, so that boot needs not wait for it */
	uint64_t id_address;  /* Linux: where a shape has the id, to look at in its guests; or 0 */
	uint64_t bell;	      /* Linux: let the second serial port interrupt, unless 0 */
	uint64_t hole;	      /* Linux: put the memory of the ivshmem device there, unless 0 */
	char module_args[512];
	char args[LAB_ARGS_SIZE]; /* run: the program's arguments, each NUL-terminated */

	/* The guest writes these. */
	uint32_t state;
	uint32_t module_loaded;
	uint32_t device;     /* /dev/vmgenc is there: the guarded generator can run */
	uint32_t generators; /* those that can run here: 1 << enum lab_generator */
	uint32_t status;     /* run: as waitpid(2) gives it */
	uint32_t unsettled;  /* times that a guarded thread was told that nothing is settled yet */
	uint64_t stream_written;
	char release[72];
	char error[512];
	char log[LAB_LOG_SIZE]; /* the tail of the kernel's log */

	/*
	 * Of this clone; times are nanoseconds after the resume, or LAB_NEVER. The resume is taken
	 * to be when the last draw before it began: some microseconds early, never late.
	 */
	uint64_t counts[LAB_MAX_CPUS]; /* of records, for each CPU */
	uint64_t resume_within_ns;     /* it was at most so much later */
	char clock[32];		       /* what the guest's kernel makes its clock of, or "" */
	uint64_t rekeyed_ns;	       /* the driver published the new generation */
	uint64_t woken_ns;	       /* a thread in poll(2) on /dev/vmgenc ran again */
	uint64_t announced_ns;	       /* FreeBSD: the event came out of /dev/devctl */
	uint64_t logged_ns;	       /* the kernel's own driver logged its reseeding */
	uint64_t generation;
	uint64_t settled;
	uint64_t changes;
	uint64_t spurious;
	uint64_t rekeys;
	uint64_t rekey_failures;

	/* Linux only */
	uint8_t id[16];	      /* the driver's, as it read it */
	char guid_text[40];   /* the sysctl dev.vmgenc.0.guid */
	uint64_t acpi_events; /* interrupts of ACPI's since the drawing began */
	char memory[40];      /* what id_address is to the kernel: "Reserved"; "" for nothing */
	uint32_t builtin;     /* enum lab_builtin */
	uint32_t refused;     /* the errno with which the kernel refused the module, or 0 */

	/* FreeBSD only */
	char event[160];     /* what /dev/devctl said of a change last */
	char complaint[200]; /* the first line by which the kernel's own checks complain, or "" */
	uint8_t guid[16];    /* the sysctl dev.vmgenc.0.guid */
	uint64_t guid_size;  /* 0: there is none */
};

#endif
