/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/vm: a kernel that loads signed modules only, of whose keys this module's is none. Run with
 * --no-load, --file build/vmgenc and --append lockdown=integrity or module.sig_enforce=1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "guest.h"

static bool is_locked(void)
{
	return strstr(file_text("/sys/kernel/security/lockdown"), "[integrity]") != NULL;
}

static void the_kernel_enforces_signatures(void)
{
	bool enforced = !strcmp(file_text("/sys/module/module/parameters/sig_enforce"), "Y");

	CHECK(is_locked() || enforced);
	if (is_locked())
		CHECK_ERRNO(open("/dev/mem", O_RDWR | O_CLOEXEC), EPERM);
}

/* The errors that vmgenc(4) names: a lock's for a module without a signature, enforcement's for
 * any. */
static void the_module_is_refused(void)
{
	CHECK_ERRNO(module_load(MODULE_FILE, ""), is_locked() ? EPERM : EKEYREJECTED);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* As an installation has it: there is a module for this kernel. */
static void install(void)
{
	char path[200] = "/lib";
	struct utsname name;

	uname(&name);
	mkdir(path, 0755);
	mkdir("/lib/modules", 0755);
	snprintf(path, sizeof(path), "/lib/modules/%s", name.release);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", name.release);
	write_file(path, "updates/dkms/vmgenc.ko:\n");
}

static int run_doctor(void)
{
	int fd = open("/tmp/said", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	pid_t pid = fork();

	if (pid == 0) {
		dup2(fd, 1);
		execl("/vmgenc", "vmgenc", "doctor", NULL);
		_exit(127);
	}
	close(fd);
	return child_end(pid);
}

/* It has to name the reason, which it has from the kernel's log: the module has no signature. */
static void doctor_tells_why(void)
{
	install();
	CHECK(run_doctor() == 1);
	CHECK(strstr(file_text("/tmp/said"),
		     "it refused one without a signature: install it by dkms"));
}

int main(void)
{
	RUN(the_kernel_enforces_signatures);
	RUN(the_module_is_refused);
	RUN(doctor_tells_why);
	return check_result();
}
