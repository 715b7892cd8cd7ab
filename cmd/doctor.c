/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc doctor - why is this machine not protected, and the one thing to do about it. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd.h"
#include "os.h"
#include "hooks/state.h"

static const char help[] =
	"usage: vmgenc doctor [--source SOURCE] [--state FILE] [--root DIR]\n"
	"Looks at what protection needs, from the hypervisor's device to the hooks, and tells for\n"
	"each thing that is missing what to do.\n"
	"\n"
	"  --source SOURCE   dev:NODE, vmclock:NODE or file:PATH instead of the best one\n"
	"  --state FILE      of vmgenc hooks; default " VMGENC_STATE "\n"
	"  --root DIR        look at the files of another system, such as a mounted image or a "
	"test\n"
	"\n"
	"Exit codes: 0 nothing to do, 1 something to do, 2 wrong usage, 3 trouble.\n"
	"Examples:\n"
	"  vmgenc doctor\n"
	"  vmgenc doctor --source dev:/dev/vmgenc1\n";

static const char *root = "";
static unsigned int problems;

static void good(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void bad(const char *remedy, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void good(const char *format, ...)
{
	va_list args;

	fputs("ok    ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void bad(const char *remedy, const char *format, ...)
{
	va_list args;

	fputs("to do ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(": %s\n", remedy);
	problems++;
}

static bool there(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return access(full, F_OK) == 0;
}

static bool file_has(const char *path, const char *text)
{
	static char content[65536];
	char full[PATH_MAX];
	ssize_t n;
	int fd;

	snprintf(full, sizeof(full), "%s%s", root, path);
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	n = fd < 0 ? 0 : read(fd, content, sizeof(content) - 1);
	if (fd >= 0)
		close(fd);
	return n > 0 && memmem(content, (size_t)n, text, strlen(text));
}

static bool any_has(const char *pattern, const char *text)
{
	char full[PATH_MAX];
	bool found = false;
	glob_t files;

	snprintf(full, sizeof(full), "%s%s", root, pattern);
	if (glob(full, 0, NULL, &files))
		return false;
	for (size_t i = 0; i < files.gl_pathc && !found; i++)
		found = file_has(files.gl_pathv[i] + strlen(root), text);
	globfree(&files);
	return found;
}

static bool in_container(void)
{
	return there("/.dockerenv") || there("/run/.containerenv") ||
	       there("/run/systemd/container") || file_has("/proc/1/environ", "container=");
}

/* How ACPI spells the id in what Linux makes of it. */
static bool device_offered(void)
{
	static const char *const ids[] = {"VM_GEN_COUNTER", "VM_Gen_Counter", "VMGENCTR"};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (any_has("/sys/bus/acpi/devices/*/modalias", ids[i]) ||
		    any_has("/sys/bus/acpi/devices/*/hid", ids[i]))
			return true;
	}
	return false;
}

static bool too_old(const char *release)
{
	int major = 0, minor = 0;

	return sscanf(release, "%d.%d", &major, &minor) == 2 &&
	       (major < 5 || (major == 5 && minor < 10));
}

/* The first thing that is in the way, from the outside in: the others follow from it. */
static void why_no_source(void)
{
	struct utsname kernel;

	if (in_container())
		bad("give it the node, as with docker run --device /dev/vmgenc:/dev/vmgenc:r",
		    "this is a container without /dev/vmgenc");
	else if (!file_has("/proc/cpuinfo", "hypervisor") && there("/proc/cpuinfo"))
		good("this is not a virtual machine: nobody clones it");
	else if (!device_offered())
		bad("have the hypervisor offer it; QEMU: -device vmgenid,guid=auto",
		    "the hypervisor offers no VM Generation ID device");
	else if (!uname(&kernel) && too_old(kernel.release))
		bad("boot Linux 5.10 or later", "the kernel %s is too old for the driver",
		    kernel.release);
	else if (!there("/sys/module/vmgenc"))
		bad("modprobe vmgenc, and put vmgenc in a file in /etc/modules-load.d",
		    "the hypervisor offers the device, but the module vmgenc is not loaded");
	else
		bad("mount devtmpfs on /dev, or see the kernel's log",
		    "the module is loaded, but /dev/vmgenc is not there");
}

static void check_error(const char *name, int error)
{
	if (error == -ENODEV && !name)
		why_no_source();
	else if (error == -EACCES)
		bad("chmod 0444 its node: everyone may read it",
		    "the source may not be opened by this user");
	else
		bad("see the message", "%s %s", name ? name : "the source", source_error(error));
}

static void check_state(const struct vmgenc_status *st)
{
	if (st->guarantee == VMGENC_NONE)
		bad("set one in the hypervisor; QEMU: -device vmgenid,guid=auto",
		    "the host has not filled in the id of %s", st->source);
	else if (is_vmclock(st))
		bad("load the vmgenc module if the hypervisor has a VM Generation ID device",
		    "%s tells of clones, but nobody rekeys the kernel", st->source);
	else if (st->settled != st->generation)
		bad("see the kernel's log", "the kernel is not rekeyed for generation %llu",
		    (unsigned long long)st->generation);
	else
		good("%s: generation %llu, settled", st->source,
		     (unsigned long long)st->generation);
	if (st->guarantee == VMGENC_NOTIFIED && !is_vmclock(st))
		bad("give this program CAP_SYS_RAWIO, or load the module with raw=all",
		    "only the driver's counter may be mapped: programs see a clone when the driver "
		    "has noticed");
}

static void check_source(const char *name)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc *vg;
	int error = vmgenc_open(&vg, name);

	if (!error)
		error = vmgenc_status(vg, &st);
	if (error)
		check_error(name ? name : secure_getenv("VMGENC_SOURCE"), error);
	else
		check_state(&st);
	vmgenc_close(vg);
}

/* Where Debian, Fedora, SUSE, FreeBSD and our own install put OpenSSL's modules. */
static bool provider_installed(void)
{
	static const char *const places[] = {
		"/usr/lib/*/ossl-modules/vmgenc.so", "/usr/lib/ossl-modules/vmgenc.so",
		"/usr/lib64/ossl-modules/vmgenc.so", "/usr/local/lib/ossl-modules/vmgenc.so",
		"/usr/local/lib64/ossl-modules/vmgenc.so"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char full[PATH_MAX];
		glob_t files;
		int found;

		snprintf(full, sizeof(full), "%s%s", root, places[i]);
		found = glob(full, 0, NULL, &files);
		globfree(&files);
		if (!found)
			return true;
	}
	return false;
}

static bool provider_active(void)
{
	return any_has("/etc/ssl/openssl.cnf", "VMGENC-DRBG") ||
	       any_has("/etc/ssl/vmgenc.cnf", "VMGENC-DRBG") ||
	       any_has("/etc/pki/tls/openssl.cnf", "VMGENC-DRBG") ||
	       any_has("/usr/local/etc/ssl/*.cnf", "VMGENC-DRBG");
}

static void check_provider(void)
{
	if (!provider_installed())
		bad("install the provider vmgenc and see vmgenc-provider(7)",
		    "OpenSSL's generators do not notice clones");
	else if (!provider_active())
		bad("include its snippet in openssl.cnf, with random = VMGENC-DRBG",
		    "the OpenSSL provider is installed but not active");
	else
		good("the OpenSSL provider is configured");
}

static void check_hooks(const char *path)
{
	char why[256] = "";
	struct state s;
	int error = state_load(path, &s, why, sizeof(why));

	if (error == -ENOENT)
		good("vmgenc hooks has never run: nothing asks for it");
	else if (error)
		bad("remove it once it is clear what was done", "the hooks' state %s %s", path,
		    *why ? why : strerror(-error));
	else if (s.under_way)
		bad("start vmgenc hooks, or wait for it", "hooks of generation %llu are under way",
		    (unsigned long long)s.generation);
	else if (s.failures || s.interrupted)
		bad("see its log, then remove the state's counters by removing the file",
		    "%llu hooks failed and %llu were interrupted; last: %s",
		    (unsigned long long)s.failures, (unsigned long long)s.interrupted,
		    s.last_failure);
	else
		good("hooks of generation %llu are done", (unsigned long long)s.generation);
}

int cmd_doctor(int argc, char **argv)
{
	struct args a;
	int code = args_parse(argc, argv, "sSr", help, &a);

	if (code >= 0)
		return code;
	if (a.rest_count)
		return say_usage("doctor: \"%s\" is not expected", a.rest[0]);
	root = a.root;
	check_source(a.source);
	check_provider();
	check_hooks(a.state);
	return problems ? EXIT_NO : EXIT_YES;
}
