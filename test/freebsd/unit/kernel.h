/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd/unit: a simulated FreeBSD kernel behind the stand-in headers. It counts what is taken,
 * fails what it is told to fail, and notices by itself what a real one would panic about.
 */
#ifndef KERNEL_H
#define KERNEL_H

#define STANDIN_HOST
#include "standin.h"
#if __has_include("standin_random.h")
#define DEV_RANDOM
#include "standin_random.h"
#endif

#include "vmgenc_abi.h"
#include "vmgenc_core.h"

#define KERNEL_CPUS 3
#define KERNEL_PAGE 0xfeedf000ul /* where the hypervisor's page is */
#define KERNEL_OFFSET 0x28u	 /* of the id in it */
#define KERNEL_LINES 32
#define KERNEL_CIDS 4

/* An ACPI device, as firmware describes it. */
struct acpi_node {
	const char *path;
	const char *hid;
	const char *cid[KERNEL_CIDS]; /* as far as they are not NULL */
	/* What ADDR evaluates to */
	UINT32 addr_type;
	UINT32 addr_count;
	UINT32 element_type[3];
	const char *addr_fails; /* evaluating it ends in this exception */
	UINT64 addr[3];
	ACPI_NOTIFY_HANDLER notify;
	void *notify_context;
};

struct device {
	const char *name; /* NULL: no driver */
	int unit;
	char nameunit[16];
	bool attached;
	ACPI_HANDLE handle;
	void *softc;
};

/* One open descriptor. */
struct kernel_file {
	struct cdev *node;
	void *priv;
	void (*dtor)(void *);
	int flags;
};

struct kernel {
	const char *broken; /* what a real kernel would have panicked about */
	unsigned int calls, fail_at;
	const char *failed; /* the call that was made to fail */
	sbintime_t now, late; /* late: lost by the reader before each look at the clock */
	void (*on_pause)(void);
	void (*on_node)(void);
	void (*on_cycles)(void); /* when the cycle counter has been read so often */
	int cycles_left;
	uint64_t noise; /* what accesses to memory take, in the cycle counter; 0: none is seen */
	bool signal; /* sleeps are interrupted */
	bool no_privilege;
	bool id_moves; /* also after the reseed, so that what it was for is not known */
	bool anywhere; /* every address that is not RAM shows the page */
	uint64_t ram_bottom, ram_top; /* the kernel has pages between them */

	uint8_t (*page)[PAGE_SIZE]; /* the hypervisor's, and one more */
	struct acpi_node firmware;
	struct device acpi, device, added;
	char line[KERNEL_LINES][256];
	unsigned int lines;
	char trace[256]; /* who was told what, in order */
	unsigned int wakes;
	unsigned int sx_locks;
	unsigned int sleeping, woken; /* in mtx_sleep() now; wakeups while somebody was */

	/* What is taken and not given back */
	int memory, mappings, objects, lists, locks, queues, callouts, procs, contexts;
	int notifies, scis, nodes, sources, events, knotes, busy;
	ACPI_SCI_HANDLER sci;
	struct cdev *node;
	mode_t mode;
	char node_name[32];
};
extern struct kernel kernel;
extern __thread struct kernel_file *kernel_current;

/* kernel.c */
void kernel_reset(void);
void kernel_set_id(uint64_t a, uint64_t b);
bool kernel_fails(const char *call);
void kernel_broken(const char *what);
const char *kernel_leaks(void);
void kernel_note(const char *what);
void kernel_run(void);
void kernel_tick(void);
bool kernel_holds_sx(void);
bool kernel_bus_locked(void);
bool kernel_asleep_allowed(const char *call);
void kernel_enter_filter(void);
void kernel_leave_filter(void);
void kernel_tunable_int(const char *name, int value);
void kernel_tunable_string(const char *name, const char *value);
int kernel_sysctl(const char *name, void *buf, size_t *size);
void kernel_big_lock(void);
void kernel_big_unlock(void);

/* kernel_acpi.c: newbus and ACPI */
int kernel_attach(void);
int kernel_detach(void);
int kernel_load(enum modeventtype what);
void kernel_identify(void);
void kernel_notify(UINT32 value);
void kernel_sci(void);
standin_method *kernel_method(const char *name);

/* kernel_cdev.c: what a program does */
struct kernel_file *kernel_open(int flags, int *error);
void kernel_close(struct kernel_file *file);
int kernel_read(struct kernel_file *file, void *buf, size_t size, int flags);
int kernel_poll(struct kernel_file *file);
int kernel_ioctl(struct kernel_file *file, u_long command, void *data);
int kernel_mmap(struct kernel_file *file, vm_ooffset_t offset, size_t size, int prot,
		struct vm_object **object);
int kernel_kevent(struct kernel_file *file, short filter, struct knote *kn);

/* kernel_random.c: Fortuna and Fenestras X, as far as their reseeding goes */
struct kernel_random {
	char ident[16];
	bool seeded;
	uint64_t key;
	uint64_t arc4[KERNEL_CPUS];
	u_int minpoolsize;
	bool no_minpoolsize;
	sbintime_t lasttime;
	unsigned int reseeds;
	unsigned int first_pool; /* events in pool 0, emptied or not */
	/* The health test of VMGENID: as it is until it is asked for, or how many samples it had */
	enum { NOT_TESTED, STARTUP, STEADY, FAILED } health;
	unsigned int samples;
	uint64_t last, first; /* samples: the last, and the window's first */
};
extern struct kernel_random kernel_random;
extern struct sysctl_oid kernel_arandom;
struct sysctl_req {
	void *buf;
	size_t size;
};
void kernel_tunables_reset(void);
void kernel_random_reset(void);
void kernel_own_source(void);	      /* the kernel's own driver has registered VMGENID */
uint64_t kernel_draw(void);	      /* what a program draws: 12: any read, 13: getrandom(2) */
uint64_t kernel_draw_arandom(void);   /* kern.arandom */
void kernel_health_ondemand(void);    /* 15: kern.random.nist_healthtest_ondemand for VMGENID */
bool kernel_hooked(void);	      /* draws are caught */
uint64_t kernel_draw_arc4(int cpu);   /* what arc4random(9) gives there */
void kernel_fenestras_timer(void);    /* a reseed at its own time */
bool kernel_reseeded_for_id(void);    /* random(4) and each arc4random, with the id in the page */

#endif /* KERNEL_H */
