/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lab: what its parts offer each other. Functions that return int return 0, or the exit code
 * after having said on standard error what went wrong.
 */
#ifndef LAB_H
#define LAB_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "report.h"
#include "shape.h"

#define LAB_VERSION "0.1"

enum exit_code {
	EXIT_OK = 0,
	EXIT_IDENTICAL = 1,
	EXIT_USAGE = 2,
	EXIT_ENVIRONMENT = 3,
	EXIT_GUEST = 4,
	EXIT_LAB = 125 /* run: instead of the codes above, which are the program's there */
};

/* say.c: messages and signals */
extern volatile sig_atomic_t lab_signal; /* the signal that asks us to end, or 0 */
int lab_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lab_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lab_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void lab_quiet(void);
void lab_catch_signals(void);
int lab_interrupted(void); /* 0, or 128 + signal */
double lab_now(void);	   /* seconds on a steady clock */

/* rundir.c: the directory of this run's files, in memory where possible */
struct rundir {
	char path[256];
	int fd;
};

int rundir_open(struct rundir *dir, uint64_t bytes_needed);
void rundir_close(struct rundir *dir, bool keep);
void rundir_remove(const char *path); /* a directory with all that is in it */
/* A file of this size whose space is taken now: a full disk must not end a VM half-way. */
int rundir_create(const char *path, uint64_t size, bool allocate);
int rundir_copy(const char *from, const char *to);
/* The last lines of a file, each indented, for error messages; "" without any. */
void rundir_tail(const char *path, char *to, size_t size);

/* cpio.c: Linux's initial RAM file system */
struct cpio_file {
	const char *host_path; /* NULL: the guest's PID 1 that is part of this program */
	const char *name;
	unsigned int mode;
};

int cpio_write(const char *path, const struct cpio_file *files, size_t count);
void cpio_entry(FILE *out, unsigned int inode, const char *name, unsigned int mode,
		const void *data, size_t size);
int cpio_host_file(FILE *out, unsigned int inode, const struct cpio_file *file);

/* tree.c: more of the guest's root, behind what cpio_write() wrote */
uint64_t tree_size(const char *directory);
int tree_append(const char *initramfs, const char *directory);

/* root.c: the same files as FreeBSD's root file system */
int root_write(const char *path, const struct cpio_file *files, size_t count);

/* image.c: what a FreeBSD guest boots from */
struct freebsd_guest {
	const char *kernel;
	const char *root;     /* from root_write() */
	const char *words[2]; /* each NAME=VALUE ..., for the kernel's environment */
	uint64_t report, report_size;
};

int image_write(const char *path, const struct freebsd_guest *g);

/* qemu.c: for a child that could not become QEMU, and for its parent, given the child's words */
#define QEMU "qemu-system-x86_64"
#define QEMU_MISSING 127

void qemu_exec(char *const argv[]) __attribute__((noreturn));
int qemu_missing(const char *words);
/* waitpid(2), and the status; a signal to us does not end it. */
int qemu_reap(pid_t pid);

/* accel.c: kvm where it really runs a guest, else tcg */
int accel_choose(const char *wanted, const char **accel);

/* qmp.c: one request and its answer at a time */
struct qmp {
	int fd;
	char buffer[65536];
	size_t used;
};

/* Takes arguments; fd >= 0 is sent along. Returns 0, EXIT_* or -1 if QEMU is gone. */
int qmp_call(struct qmp *q, const char *command, json_t *arguments, int fd);
int qmp_greet(struct qmp *q);
/* Waits for the end of a migration, in or out. */
int qmp_wait_migrated(struct qmp *q);

/* firmware.c: what the guest's firmware says beyond what QEMU's own does */
struct firmware {
	const char *table;		  /* a compiled ACPI table, or NULL */
	const char *id;			  /* the VM Generation ID, or NULL: a random one */
	bool no_vmgenid;		  /* leave out QEMU's own device */
	const struct shape *shape;	  /* a hypervisor's instead of QEMU's own, or NULL */
	char placed[300], page_file[300]; /* its table; its page, where that is not RAM */
	uint32_t rom_size;
};

#define HOLE_ADDRESS 0xfed01000ull
#define ROM_END 0x100000000ull

bool firmware_is_id(const char *text);
int firmware_check(const struct firmware *f);

/* qemu.c: a virtual machine */
struct machine {
	struct firmware firmware;
	const char *kernel;
	const char *image;	   /* what QEMU boots: the kernel, or what image.c made of it */
	const char *initramfs;	   /* NULL: it needs none */
	unsigned int initramfs_mb; /* where it is large */
	const char *accel;
	const char *append; /* to the kernel's command line */
	unsigned int cpus;
	unsigned int memory_mb;
	bool rdrand;
	bool tcg_single; /* one CPU at a time */
	double timeout;	 /* seconds in which a guest must show a sign of life */
	uint64_t report_size;
};

struct vm {
	const struct machine *machine;
	char name[32];
	char ram[300], ram_top[300], report_path[300], console[300], errors[300];
	char guid[40];
	double start_seconds; /* a clone: from the start of QEMU to running */
	struct shape_id id;   /* where the firmware has a shape */
	char bell[300];	      /* a byte into this FIFO is an interrupt */
	bool shared_ram;      /* can be snapshotted; a clone that shares the parent's file cannot */
	pid_t pid;
	struct qmp qmp;
	struct lab_report *report;
};

/* Where the report is in the guest, and how much of it the guest may use as such. */
uint64_t machine_report_address(const struct machine *m);
uint64_t machine_report_size(const struct machine *m);

void vm_init(struct vm *vm, const struct machine *m, const char *directory, const char *name);
void vm_random_id(struct vm *vm);
/* The report's first contents, written before the guest may look. */
int vm_create_report(struct vm *vm, const struct lab_report *first);
int vm_boot(struct vm *vm);
/* What a clone starts from: a copy of its parent's RAM of its own, or the parent's, privately. */
int vm_copy_ram(const struct vm *parent, const struct vm *clone);
void vm_share_ram(const struct vm *parent, struct vm *clone);
int vm_snapshot(struct vm *vm, const char *file, double *seconds, uint64_t *bytes);
int vm_restore(struct vm *vm, const char *file, double *seconds);
int vm_stop(struct vm *vm);
int vm_continue(struct vm *vm);
int vm_wait(struct vm *vm, enum lab_state state);
/* The exit code for a guest or a QEMU that is gone or failed, after saying so; else 0. */
int vm_check(struct vm *vm);
void vm_kill(struct vm *vm);
/* For those that have ended: the space that nobody needs any more. */
void vm_keep_report(const struct vm *vm, uint64_t size);
void vm_drop_ram(const struct vm *vm);
void vm_forget(struct vm *vm); /* kills, unmaps and removes its memory */

/* crowd.c: is there memory for one more clone beside those that run? */
bool crowd_has_memory(const struct machine *m);

/* vmclock.c: the page that a hypervisor with a VMClock would write */
void vmclock_first(const struct vm *vm);
void vmclock_change(const struct vm *parent, const struct vm *clone, bool torn);
int vmclock_finish(struct vm *clone);

/* media.c: the files that a guest boots from */
struct media {
	char files[300], image[300];
};

struct media_source {
	bool freebsd;
	const char *module_args;
	const struct cpio_file *files;
	size_t file_count;
};

/* Also sets the machine's image and initramfs. */
int media_write(struct media *media, struct machine *m, const char *directory,
		const struct media_source *from);
void media_remove(const struct media *media);

/* shared.c: the values that more than one clone drew */
#define SHARED_KEPT 32

struct place {
	uint32_t clone, cpu;
	uint64_t draw;
};

struct shared_value {
	size_t key; /* tells it from others while they are compared */
	uint64_t clones, draws;
	struct place first, last;
};

struct shared {
	uint64_t values, shared; /* of all clones, each value once; those that clones share */
	struct shared_value list[SHARED_KEPT];
	size_t kept;
};

void shared_note(struct shared *s, size_t key, const struct place *at);
void shared_to_json(const struct shared *s, json_t *object);

/* compare.c */
struct comparison {
	uint64_t identical;  /* draws of one clone that another made as well: the worst clone's */
	uint64_t drawn;	     /* draws of that clone */
	uint64_t last_ns;    /* when the last of them was made, after its resume; any clone */
	uint64_t last_index; /* and which draw of its thread it was */
	uint64_t late;	     /* of identical: begun when the clone had announced the change */
	struct shared shared;
};

/* One clone's draws; the times are LAB_NEVER and 0 where none is identical. */
struct drawn {
	uint64_t identical, drawn, first_ns, last_ns;
	struct strip *strip;
};

/* Fills one drawn for each report; free() each strip. */
int compare_clones(const struct lab_report *const *reports, size_t count, struct comparison *c,
		   struct drawn *drawn);

/* strip.c: the times of a clone's draws, and which are identical, as few spans */
struct span {
	uint64_t from_ns, to_ns; /* of its first and its last draw */
	uint64_t drawn, identical;
};

struct strip *strip_new(void);
void strip_add(struct strip *s, uint64_t ns, bool identical);
size_t strip_spans(const struct strip *s, struct span **list); /* list is NULL: no memory */

/* prove.c */
struct guest {
	char label[80];
	char release[72];
	const char *kernel;
	const char *module;
	const char *companion; /* FreeBSD: a module to load after the other */
	bool freebsd;
};

struct prove_options {
	struct guest *guests;
	size_t guest_count;
	bool generators[LAB_GENERATORS];
	const char *module_args;
	const char *arc4rand; /* FreeBSD: a module that makes arc4rand(9) readable */
	const char *accel;
	const char *json;
	const char *programs; /* where "make programs" laid out what probes run */
	unsigned int clones, at_once, runs, depth, cpus;
	uint64_t draws;
	double seconds, timeout, interval;
	long max_identical;  /* -1: not given */
	const char *vmclock; /* the module that offers the page in the guest; NULL: no VMClock */
	bool torn;	     /* clones find it half-written */
	bool same_id, rdrand, tcg_single, times, keep;
	const char *append;
	const char *tables;		 /* where the compiled tables of shapes are */
	const struct shape *shape;	 /* of the firmware; NULL: QEMU's own */
	bool matrix, shapes[SHAPES_MAX]; /* --firmware, and which */
	bool brief;			 /* one boot for each */
};

/* What a clone tells beside its draws. The counters are the device's, since it was attached. */
struct clone {
	double start_seconds;
	uint64_t resume_within_ns, rekeyed_ns, woken_ns, announced_ns, logged_ns;
	uint64_t changes, spurious, rekeys, rekey_failures;
	bool device;
	char clock[32];			 /* what the times are read from, or "" */
	char event[160], complaint[200]; /* FreeBSD */
	char guid[40], id[40];		 /* what the sysctl says, and what the clone was given */
	struct sighting seen;
};

/* One generator in one guest in one run. */
struct result {
	size_t guest;
	unsigned int run;
	enum lab_generator generator;
	bool possible; /* the guarded generator needs a module */
	struct comparison found;
	double snapshot_seconds;
	uint64_t snapshot_bytes;
	double seconds; /* for all of it, from the snapshot on */
	struct clone *clones;
	struct drawn *drawn; /* for each clone */
	size_t clone_count;
	unsigned int most_at_once;
};

struct results {
	struct result *list;
	size_t count;
	const char *accel; /* what really ran the guests */
	time_t started;
};

extern const char *const generator_names[LAB_GENERATORS];

int prove(const struct prove_options *o);
/* Only the experiment: into all, which the caller frees with results_free(). */
int prove_quietly(const struct prove_options *o, struct results *all);
void results_free(struct results *all);

/* probe.c: real programs as generators; unknown names are not added */
bool probe_add(struct prove_options *o, const char *name);
unsigned int probe_size_mb(const struct prove_options *o);
int probe_append(const struct prove_options *o, const char *initramfs);

/* judge.c: which results decide the exit code, and the verdict in words */
bool judge_counts(const struct prove_options *o, const struct result *r);
uint64_t judge_allowed(const struct prove_options *o, const struct result *r);
int judge(const struct prove_options *o, const struct results *all);

/* table.c, times.c and json.c: the same results for people and for programs */
void table_print(const struct prove_options *o, const struct results *all);
/* clocks.c: a line on what the guests' times are read from */
void clocks_print(const struct results *all);
bool table_has_row(const struct prove_options *o, const struct results *all, int generator);
int times_print(const struct prove_options *o, const struct results *all);
/* Before hours of work: can the report be written? Changes no file and leaves none. */
int json_check(const char *path);
int json_write(const struct prove_options *o, const struct results *all);

/* run.c */
struct run_options {
	const char *kernel, *module, *module_args, *arc4rand, *accel, *append;
	const char *tree; /* Linux: a directory whose files are in the guest's root; or NULL */
	bool freebsd;
	unsigned int cpus, memory_mb;
	double timeout;
	bool rdrand, tcg_single, no_load, keep;
	struct firmware firmware;
	struct cpio_file files[64];
	size_t file_count;
	char **argv;
	int argc;
};

int run_program(const struct run_options *o);

/* kernel.c: the release that a kernel image says it is, and whether it is FreeBSD's */
int kernel_release(const char *path, char *release, size_t size, bool *freebsd);

#endif
