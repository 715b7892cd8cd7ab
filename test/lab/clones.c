/* SPDX-License-Identifier: BSD-2-Clause */
/* test/lab: clones KERNEL MODULE|- COUNT PREFIX [HOST:GUEST ...] -- PROGRAM [ARG ...]: runs a
 * program in a guest until it prints the line SNAPSHOT, and goes on in COUNT clones, each with its
 * own id. What each of them prints until the program ends is put into PREFIX.1, PREFIX.2 and so on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/boot.h"
#include "host/host.h"
#include "vm/vm.h"

#define EXCHANGE_SIZE (4 << 20)
#define RING_SIZE (3 << 20)
#define FILES 16

static struct boot_file files[FILES];
static size_t file_count;
static struct lab_exchange first;

static void add_file(const char *path, const char *name)
{
	files[file_count++] = (struct boot_file){path, name, S_IFREG | 0755};
}

static int prepare(int argc, char **argv)
{
	size_t used = 0;

	first.magic = LAB_EXCHANGE_MAGIC;
	first.version = LAB_EXCHANGE_VERSION;
	first.mode = LAB_MODE_RUN;
	first.cpus = 2;
	first.records = (sizeof(first) + 63) & ~63ull;
	first.stream_size = RING_SIZE;
	if (getrandom(first.seed, sizeof(first.seed), 0) < 0)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no random numbers for the guest's seed");
	for (int i = 0; i < argc; i++) {
		const char *argument = i ? argv[i] : "/program";
		size_t size = strlen(argument) + 1;

		if (used + size > sizeof(first.args))
			return lab_fail(LAB_EXIT_USAGE, "too many arguments for the program");
		memcpy(first.args + used, argument, size);
		used += size;
	}
	first.argc = (uint32_t)argc;
	return 0;
}

/* Copies what the program prints to fd until it has printed the line, or, without one, has ended.
 */
static int follow(struct vm *vm, int fd, const char *line)
{
	static char text[RING_SIZE + 1];
	size_t all = 0, got;
	enum lab_state state = LAB_READY;
	int code = 0;

	while (!code) {
		bool over = state == LAB_EXITED;

		code = vm_check(vm);
		if (!code)
			code = shared_stream(vm->exchange, text + all, RING_SIZE - all, &got);
		if (code)
			break;
		all += got;
		text[all] = '\0';
		if (line && memmem(text, all, line, strlen(line)))
			return 0;
		if (over && !got)
			break;
		if (!over)
			code = shared_state(vm->exchange, &state);
		usleep(5000);
	}
	if (!code && line)
		return lab_fail(LAB_EXIT_GUEST, "the program ended before its snapshot: %s", text);
	/* A clone begins with as many zeros as its parent had written. */
	for (got = 0; got < all && !text[got];)
		got++;
	if (!code && write(fd, text + got, all - got) != (ssize_t)(all - got))
		code = lab_fail(LAB_EXIT_ENVIRONMENT, "cannot write: %s", strerror(errno));
	if (!code && shared_status(vm->exchange))
		code = lab_fail(LAB_EXIT_GUEST, "the program ended with the status 0x%x: %s",
				(unsigned int)shared_status(vm->exchange), text + got);
	return code;
}

static int run_clone(const struct machine *m, const char *directory, const struct vm *parent,
		     const char *snapshot, unsigned int number, const char *prefix)
{
	char name[32], path[300];
	double seconds;
	struct vm clone;

	snprintf(name, sizeof(name), "clone%u", number);
	snprintf(path, sizeof(path), "%s.%u", prefix, number);
	vm_init(&clone, m, directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int code = fd < 0 ? lab_fail(LAB_EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno))
			  : vm_clone_exchange(&clone, parent, number);

	vm_share_ram(parent, &clone);
	if (!code)
		code = vm_restore(&clone, snapshot, &seconds);
	if (!code)
		code = follow(&clone, fd, NULL);
	if (fd >= 0)
		close(fd);
	vm_forget(&clone);
	return code;
}

static int run_all(struct machine *m, const char *directory, unsigned int count, const char *prefix)
{
	const struct boot_source from = {.kernel = m->kernel,
					 .append = m->append,
					 .module_args = "",
					 .exchange = machine_exchange_address(m),
					 .exchange_size = machine_exchange_size(m),
					 .files = files,
					 .file_count = file_count};
	struct boot_files disk = {.kernel = NULL};
	char snapshot[300];
	struct vm parent;
	uint64_t bytes;
	double seconds;
	int code = boot_write(&disk, directory, &from);

	m->image = disk.kernel;
	m->initramfs = disk.initramfs;
	vm_init(&parent, m, directory, "parent");
	snprintf(snapshot, sizeof(snapshot), "%s/snapshot", directory);
	if (!code)
		code = vm_create_exchange(&parent, &first);
	if (!code)
		code = vm_boot(&parent);
	if (!code)
		code = follow(&parent, -1, "SNAPSHOT\n");
	if (!code)
		code = vm_snapshot(&parent, snapshot, &seconds, &bytes);
	vm_kill(&parent);
	for (unsigned int i = 1; i <= count && !code; i++)
		code = run_clone(m, directory, &parent, snapshot, i, prefix);
	vm_forget(&parent);
	return code;
}

int main(int argc, char **argv)
{
	const char *accel = getenv("VMGENC_LAB_ACCEL");
	struct machine m = {.accel = accel && !strcmp(accel, "kvm") ? "kvm" : "tcg",
			    .cpus = 2,
			    .memory_mb = 256,
			    .append = "",
			    .timeout = 120,
			    .exchange_size = EXCHANGE_SIZE};
	struct rundir dir;
	int at = 5, code;

	if (argc < 7)
		return lab_fail(LAB_EXIT_USAGE, "clones KERNEL MODULE|- COUNT PREFIX "
						"[HOST:GUEST ...] -- PROGRAM [ARG ...]");
	lab_catch_signals();
	m.kernel = argv[1];
	first.load_module = strcmp(argv[2], "-") != 0;
	add_file(NULL, "init");
	if (first.load_module)
		add_file(argv[2], "vmgenc.ko");
	for (; at < argc && strcmp(argv[at], "--"); at++) {
		char *guest = strchr(argv[at], ':');

		if (!guest || file_count >= FILES - 2)
			return lab_fail(LAB_EXIT_USAGE, "%s is no HOST:GUEST", argv[at]);
		*guest = '\0';
		add_file(argv[at], guest + 1);
	}
	if (at + 1 >= argc)
		return lab_fail(LAB_EXIT_USAGE, "no program");
	add_file(argv[at + 1], "program");
	code = prepare(argc - at - 1, argv + at + 1);
	if (!code)
		code = rundir_open(&dir, (uint64_t)700 << 20);
	if (code)
		return code;
	code = run_all(&m, dir.path, (unsigned int)atoi(argv[3]), argv[4]);
	rundir_close(&dir, false);
	return code;
}
