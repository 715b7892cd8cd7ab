/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: at load the module sees what it lacks on this kernel, and says so: in one line of the
 * log, in its page and in vmgenc status. Needs what test/vm/changed makes: changed.ko and
 * without.ko. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "check.h"
#include "guest.h"
#include "kernel_state.h"
#include "rawid.h"

#define ONLY_SYNC "look_ms=0 notify=0 "
#define PAGE 4096
#define VDSO_DATA_IS_MISSED "getrandom in the vDSO cannot be closed: its data is not found"

static bool has_vdso;

static uint32_t lacks(void)
{
	const uint32_t all =
		VMGENC_LACKS_REKEY | VMGENC_LACKS_DRAWS | VMGENC_LACKS_REDRAW | VMGENC_LACKS_VDSO;
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	volatile struct vmgenc_page *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	uint32_t flags;

	close(fd);
	CHECK(p != MAP_FAILED);
	flags = p->flags & all;
	munmap((void *)p, PAGE);
	return flags;
}

/* x86-64 kernels have getrandom in the vDSO from 6.11 on. */
static bool release_is_from(int major, int minor)
{
	struct utsname name;
	int has[2];

	uname(&name);
	return sscanf(name.release, "%d.%d", &has[0], &has[1]) == 2 &&
	       (has[0] > major || (has[0] == major && has[1] >= minor));
}

/* What vmgenc status prints. */
static const char *status(void)
{
	static char text[8192];
	int ends[2], end;
	size_t size = 0;
	ssize_t n;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		execl("/vmgenc", "vmgenc", "status", NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((n = read(ends[0], text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)n;
	close(ends[0]);
	text[size] = '\0';
	CHECK(waitpid(pid, &end, 0) == pid && WIFEXITED(end) && WEXITSTATUS(end) != 127);
	return text;
}

static void status_names(uint32_t flags)
{
	const char *text = status();

	CHECK(!strstr(text, "lacks       draws:") == !(flags & VMGENC_LACKS_DRAWS));
	CHECK(!strstr(text, "lacks       redraw:") == !(flags & VMGENC_LACKS_REDRAW));
	CHECK(!strstr(text, "lacks       vdso:") == !(flags & VMGENC_LACKS_VDSO));
}

/* What the module cannot do does not keep it from the rest. */
static void change_is_settled(void)
{
	struct vmgenc_event before, after;

	CHECK(node_sync(&before));
	rawid_change();
	CHECK(node_sync(&after));
	CHECK(after.generation == before.generation + 1 && after.settled == after.generation);
}

static void says(const char *const *lines)
{
	int log;

	for (; *lines; lines++) {
		log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		lseek(log, 0, SEEK_DATA); /* since the log was cleared */
		if (log_count(log, *lines) != 1)
			printf("# the log does not have once: %s\n", *lines);
		lseek(log, 0, SEEK_DATA);
		CHECK(log_count(log, *lines) == 1);
		close(log);
	}
}

static void loads_with(const char *file, const char *parameters, uint32_t flags,
		       const char *const *lines)
{
	int log = log_open();

	klogctl(5, NULL, 0); /* clears the log */
	CHECK(module_unload("vmgenc") == 0 || errno == ENOENT);
	CHECK(module_load(file, parameters) == 0);
	CHECK(lacks() == flags);
	status_names(flags);
	change_is_settled();
	says(lines);
	CHECK(log_is_clean(log));
	CHECK(module_unload("vmgenc") == 0);
	close(log);
}

/* Fails if something is missing on this kernel: every other case here would show nothing. */
static void nothing_is_missing(void)
{
	static const char *const none[] = {NULL};

	loads_with(MODULE_FILE, ONLY_SYNC, 0, none);
}

/* Fails if a kernel without the rekey is not noticed: see rekey.c for each way of having it. */
static void no_rekey_is_had(void)
{
	struct vmgenc_event event;
	static const char *const said[] = {"nothing can be rekeyed: no /dev/urandom is found",
					   NULL};

	klogctl(5, NULL, 0);
	CHECK(module_reload(ONLY_SYNC "rekey_from=0") == 0);
	CHECK(lacks() & VMGENC_LACKS_REKEY);
	CHECK(strstr(status(), "lacks       rekey:"));
	CHECK(!node_sync(&event) && errno == EIO);
	says(said);
	CHECK(module_unload("vmgenc") == 0);
}

static bool may_put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return done;
}

static void put(const char *file, const char *text)
{
	CHECK(may_put(file, text));
}

/* Fails if ftrace that is switched off is not noticed. Probes at the start of functions need it. */
static void tracing_is_off(void)
{
	static const char *const said[] = {"draws cannot look at the id first (error ",
					   "are not redrawn: the probes see no", NULL};

	if (!may_put("/proc/sys/kernel/ftrace_enabled", "0")) {
		CHECK(errno == EOPNOTSUPP); /* 7.3 cannot switch it off */
		printf("# this kernel does not switch ftrace off\n");
		return;
	}
	loads_with(MODULE_FILE, ONLY_SYNC, VMGENC_LACKS_DRAWS | VMGENC_LACKS_REDRAW, said);
	put("/proc/sys/kernel/ftrace_enabled", "1");
	nothing_is_missing();
}

/* Fails if probes that are registered and see nothing are not noticed. */
static void probes_are_disarmed(void)
{
	static const char *const said[] = {"are not redrawn: the probes see no", NULL};

	mkdir("/debug", 0700);
	CHECK(mount("debugfs", "/debug", "debugfs", 0, NULL) == 0);
	put("/debug/kprobes/enabled", "0");
	loads_with(MODULE_FILE, ONLY_SYNC, VMGENC_LACKS_REDRAW, said);
	put("/debug/kprobes/enabled", "1");
	nothing_is_missing();
}

/* Fails if a kernel whose functions and data have other names is not noticed. */
static void inside_has_changed(void)
{
	const char *said[] = {"draws cannot look at the id first (error ",
			      "are not redrawn: no probe of urandom_elsewhere_iter (error ",
			      has_vdso ? VDSO_DATA_IS_MISSED : NULL, NULL};

	loads_with("/changed.ko", ONLY_SYNC,
		   VMGENC_LACKS_DRAWS | VMGENC_LACKS_REDRAW | (has_vdso ? VMGENC_LACKS_VDSO : 0),
		   said);
}

/* Fails if all is there and hooked, but draws and interrupts go other ways unnoticed. */
static void draws_go_other_ways(void)
{
	const char *said[] = {
		"draws bypass the traced functions",
		"are not redrawn: the probes see no getrandom(2)",
		has_vdso ? "is open, and interrupts cannot look at the id (error 2)" : NULL, NULL};

	loads_with("/bypass.ko", ONLY_SYNC "vdso=1",
		   VMGENC_LACKS_DRAWS | VMGENC_LACKS_REDRAW | (has_vdso ? VMGENC_LACKS_VDSO : 0),
		   said);
}

/* Fails on a kernel that is configured without any of it. */
static void configured_without(void)
{
	static const char *const said[] = {
		"this kernel has no dynamic ftrace: ", "this kernel has no kretprobes: ", NULL};

	loads_with("/without.ko", ONLY_SYNC, VMGENC_LACKS_DRAWS | VMGENC_LACKS_REDRAW, said);
}

int main(void)
{
	has_vdso = release_is_from(6, 11);
	rawid_page();
	RUN(nothing_is_missing);
	RUN(no_rekey_is_had);
	RUN(inside_has_changed);
	RUN(draws_go_other_ways);
	RUN(configured_without);
	RUN(probes_are_disarmed);
	RUN(tracing_is_off);
	return check_result();
}
