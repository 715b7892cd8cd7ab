/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: vmgenc doctor, on trees that look like other systems, and on real processes. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd_fixture.h"

static void tree(const char *directory, const char *file, const char *content)
{
	assert_int_equal(shell("mkdir -p %s/root/%s && printf %%s '%s' >%s/root/%s/%s", scratch,
			       directory, content, scratch, directory, file),
			 0);
}

static void link_to(const char *directory, const char *name, const char *target)
{
	assert_int_equal(shell("mkdir -p %s/root/%s && ln -sfn '%s' %s/root/%s/%s", scratch,
			       directory, target, scratch, directory, name),
			 0);
}

static void says(const char *what)
{
	if (!strstr(result.out, what))
		fail_msg("\"%s\" does not say \"%s\"", result.out, what);
}

static void doctor_says(const char *what)
{
	assert_int_equal(shell(PROGRAM " doctor --root %s/root --state /nonexistent", scratch), 1);
	says(what);
}

/* Fails if the reason that comes first is not the one that is told, or has no remedy. */
static void finds_what_is_missing(void **unused)
{
	char release[100], path[200];

	(void)unused;
	if (!access("/dev/vmgenc", F_OK) || !access("/dev/vmclock0", F_OK))
		skip(); /* these would be found */
	assert_int_equal(shell("uname -r"), 0);
	snprintf(release, sizeof(release), "%.*s", (int)strcspn(result.out, "\n"), result.out);
	tree("proc", "cpuinfo", "vendor_id : x\nflags : hypervisor");
	doctor_says("to do the hypervisor offers no VM Generation ID device: add one to the "
		    "virtual machine");
	tree("proc/device-tree/vmgenid", "compatible", "microsoft,vmgenid");
	doctor_says("but this kernel cannot load modules: boot a kernel that");
	assert_int_equal(shell("rm -r %s/root/proc/device-tree", scratch), 0);
	tree("sys/bus/acpi/devices/QEMUVGID:00", "modalias", "acpi:QEMUVGID:VM_GEN_COUNTER:");
	doctor_says("but this kernel cannot load modules: boot a kernel that");
	tree("proc", "modules", "");
	doctor_says("but there is no module vmgenc for the kernel ");
	snprintf(path, sizeof(path), "lib/modules/%s", release);
	tree(path, "modules.dep", "kernel/a.ko:\nextra/vmgenc.ko.xz:\n");
	doctor_says("to do the hypervisor offers the device, but the module vmgenc is not loaded: "
		    "modprobe");
	tree("proc/sys/kernel", "modules_disabled", "1");
	doctor_says("loading of modules is disabled: load vmgenc earlier");
	tree("sys/module/vmgenc", "refcnt", "0");
	doctor_says("to do the module is loaded, but /dev/vmgenc is not there: ");
	doctor_says("to do OpenSSL's generators do not notice clones: ");
	tree("usr/lib/ossl-modules", "vmgenc.so", "");
	doctor_says("ok    the OpenSSL provider is installed; run vmgenc doctor on that system");
	tree("etc/ssl", "openssl.cnf", "");
	assert_int_equal(shell("chmod 600 %s/root/etc/ssl/openssl.cnf", scratch), 0);
	doctor_says(
		"to do services that do not run as root cannot read /etc/ssl/openssl.cnf: chmod");
	assert_int_equal(shell("chmod 644 %s/root/etc/ssl/openssl.cnf", scratch), 0);
	assert_int_equal(shell(PROGRAM " doctor --root %s/root --state /nonexistent --source %s",
			       scratch, sim.source),
			 0);
	says("generation 1, settled");
	sim.page->flags |= VMGENC_ID_UNFILLED;
	assert_int_equal(shell(PROGRAM " doctor --root %s/root --state /nonexistent --source %s",
			       scratch, sim.source),
			 1);
	says("the host has not filled in the id");
}

/* Fails if it does not say what kept dkms from building, that a key is needed, or that two versions meet. */
static void says_what_dkms_lacks(void **unused)
{
	char release[100], path[200];

	(void)unused;
	if (!access("/dev/vmgenc", F_OK) || !access("/dev/vmclock0", F_OK))
		skip();
	assert_int_equal(shell("uname -r"), 0);
	snprintf(release, sizeof(release), "%.*s", (int)strcspn(result.out, "\n"), result.out);
	tree("proc", "cpuinfo", "vendor_id : x\nflags : hypervisor");
	tree("proc", "modules", "");
	tree("sys/bus/acpi/devices/QEMUVGID:00", "modalias", "acpi:QEMUVGID:VM_GEN_COUNTER:");
	tree("var/lib/dkms/vmgenc/0.1.0/source", "dkms.conf", "");
	doctor_says("to do dkms cannot build the module vmgenc: the headers of the kernel ");
	snprintf(path, sizeof(path), "lib/modules/%s/build", release);
	tree(path, "Makefile", "");
	doctor_says("to do dkms has not built the module vmgenc for the kernel ");
	tree("var/lib/dkms/vmgenc/0.1.0/build", "make.log", "cc: not found");
	doctor_says("to do dkms could not build the module vmgenc for the kernel ");
	snprintf(path, sizeof(path), "lib/modules/%s", release);
	tree(path, "modules.dep", "updates/dkms/vmgenc.ko:\n");
	tree("sys/kernel/security", "lockdown", "[none] integrity confidentiality\n");
	doctor_says("but the module vmgenc is not loaded: modprobe vmgenc, and put");
	tree("sys/kernel/security", "lockdown", "none [integrity] confidentiality\n");
	doctor_says("this kernel loads signed modules only: modprobe vmgenc; if its key is rejected");
	tree("dev", "kmsg", "5,1,2,-;Lockdown: insmod: unsigned module loading is restricted; see\n");
	doctor_says("it refused one without a signature: install it by dkms, which signs it");
	tree("sys/kernel/security", "lockdown", "[none] integrity confidentiality\n");
	doctor_says("but the module vmgenc is not loaded: modprobe vmgenc, and put");
	tree("sys/module/module/parameters", "sig_enforce", "Y\n");
	tree("dev", "kmsg", "5,1,2,-;Loading of module with unavailable key is rejected\n");
	doctor_says("it refused one whose key it does not know: enrol the key: mokutil --import");
	tree("sys/module/vmgenc", "version", VMGENC_VERSION "\n");
	assert_int_equal(shell(PROGRAM " doctor --root %s/root --state /nonexistent", scratch), 1);
	assert_null(strstr(result.out, "the driver that is loaded is version"));
	tree("sys/module/vmgenc", "version", "0.0.9\n");
	doctor_says("to do the driver that is loaded is version 0.0.9, this program " VMGENC_VERSION);
}

/* Fails if what an image left behind passes for a container, or a container for a machine. */
static void tells_containers_from_machines(void **unused)
{
	(void)unused;
	if (!access("/dev/vmgenc", F_OK) || !access("/dev/vmclock0", F_OK))
		skip();
	tree("proc", "cpuinfo", "vendor_id : x\nflags : hypervisor");
	tree(".", ".dockerenv", "");
	tree("run", ".containerenv", "");
	link_to("proc/self/ns", "pid", "pid:[4026531836]");
	link_to("proc/self/ns", "cgroup", "cgroup:[4026531835]");
	doctor_says("to do the hypervisor offers no VM Generation ID device");
	link_to("proc/self/ns", "pid", "pid:[4026532500]");
	doctor_says("this is a container without /dev/vmgenc (check on its machine whether");
	tree("proc/sys/dev/vmgenc/0", "generation", "1");
	doctor_says("this is a container without /dev/vmgenc, though its machine has the driver: "
		    "give it the node");
	link_to("proc/self/ns", "pid", "pid:[4026531836]");
	doctor_says("the driver is loaded, but this process cannot see /dev/vmgenc");
	assert_int_equal(shell("rm -r %s/root/proc/sys", scratch), 0);
	link_to("proc/self/ns", "cgroup", "cgroup:[4026532501]");
	doctor_says("this is a container without /dev/vmgenc");
	link_to("proc/self/ns", "cgroup", "cgroup:[4026531835]");
	tree("proc", "cpuinfo", "vendor_id : x\nflags : fpu");
	doctor_says("ok    this is not a virtual machine");
	/* Not a PC: its processor does not say. */
	tree("proc", "cpuinfo", "CPU implementer : 0x41");
	tree("sys/class/dmi/id", "sys_vendor", "QEMU");
	doctor_says("to do the hypervisor offers no");
}

static void wrap_openssl(const char *configuration)
{
	char script[400];

	snprintf(script, sizeof(script),
		 "#!/bin/sh\nOPENSSL_CONF=%s/%s exec /usr/bin/openssl \"$@\"\n", scratch,
		 configuration);
	assert_int_equal(shell("mkdir -p %s/bin", scratch), 0);
	write_file(scratch, "bin/openssl", script, 0755);
}

static void asked(int code, const char *what)
{
	assert_int_equal(shell("PATH=%s/bin:$PATH " PROGRAM
			       " doctor --state /nonexistent --source %s",
			       scratch, sim.source),
			 code);
	says(what);
}

/* Fails if it believes a file, or its own snippet, rather than OpenSSL. */
static void asks_openssl(void **unused)
{
	static const char names[] =
		"openssl_conf = mine\n[mine]\nproviders = p\n[p]\ndefault = d\n[d]\n"
		"activate = 1\n";

	(void)unused;
	chmod(sim.path, 0644);
	setenv("VMGENC_SOURCE", sim.source, 1);
	assert_int_equal(
		shell("make -s install-provider PREFIX=%s MAKEFLAGS= && cd %s && "
		      "{ echo 'openssl_conf = openssl_init'; cat etc/ssl/vmgenc.cnf; } >ours && "
		      "{ cat ours; printf '%s'; } >names && { cat ours; printf "
		      "'[openssl_init]\\nrandom = r\\n[r]\\nrandom = HASH-DRBG\\ndigest = "
		      "SHA256\\n'; } >later && "
		      "{ cat ours; printf '[vmgenc_sect]\\nmodule = /nonexistent\\n'; } >gone",
		      scratch, scratch, names),
		0);
	wrap_openssl("ours");
	asked(0, "ok    OpenSSL draws from the provider");
	setenv("OPENSSL_CONF", "/nonexistent", 1); /* ours is not the services' */
	asked(0, "ok    OpenSSL draws from the provider");
	unsetenv("OPENSSL_CONF");
	wrap_openssl("names");
	asked(1, "to do OpenSSL draws from CTR-DRBG");
	wrap_openssl("later");
	asked(1, "to do OpenSSL draws from HASH-DRBG");
	wrap_openssl("gone");
	asked(1, "to do OpenSSL cannot draw with this configuration");
	write_file(scratch, "bin/openssl", "#!/bin/sh\nexit 1\n", 0755);
	asked(1, "to do OpenSSL cannot draw with this configuration");
	assert_int_equal(shell("PATH=%s " PROGRAM " doctor --state /nonexistent --source %s",
			       scratch, sim.source),
			 1);
	says("to do OpenSSL cannot be asked which generator it uses: install the program openssl");
}

#define LIB "7f00-7f01 r-xp 00000000 08:01 1 /usr/lib/x86_64-linux-gnu/"

static void process(const char *pid, const char *name, const char *unit, const char *ticks,
		    const char *maps)
{
	char directory[32], content[300];

	snprintf(directory, sizeof(directory), "proc/%s", pid);
	tree(directory, "comm", name);
	tree(directory, "maps", maps);
	snprintf(content, sizeof(content), "0::/system.slice/%s\n", unit);
	tree(directory, "cgroup", content);
	snprintf(content, sizeof(content),
		 "%s (a) b) S 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 %s 23", pid, ticks);
	tree(directory, "stat", content);
	snprintf(directory, sizeof(directory), "proc/%s/root/dev", pid);
	assert_int_equal(shell("mkdir -p %s/root/%s", scratch, directory), 0);
}

static int processes(void)
{
	return shell(PROGRAM " doctor --processes --root %s/root", scratch);
}

/* Fails if a process that is not covered passes for covered, or gets another's remedy. */
static void finds_processes_that_are_not_covered(void **unused)
{
	static const char later[] = "99999999999999";

	(void)unused;
	tree("etc/ssl", "openssl.cnf", "");
	process("1", "init", "init.scope", "5", LIB "libc.so.6\n");
	process("10", "nginx", "nginx.service", "5",
		LIB "libcrypto.so.3\n" LIB "ossl-modules/vmgenc.so\n"
		    "7f02-7f03 r--s 00000000 00:06 9 /dev/vmgenc\n");
	process("11", "nginx", "nginx.service", "5",
		LIB "libcrypto.so.3\n" LIB "ossl-modules/vmgenc.so\n"
		    "7f02-7f03 r--s 00000000 00:06 9 /dev/vmgenc\n");
	assert_int_equal(processes(), 0);
	says("ok    nginx.service (nginx, 2 processes): OpenSSL draws from the provider\n");

	process("12", "boxed", "boxed.service", "5",
		LIB "libcrypto.so.3\n" LIB "ossl-modules/vmgenc.so\n");
	process("13", "early", "early.service", "5",
		LIB "libcrypto.so.3\n" LIB "ossl-modules/vmgenc.so\n");
	tree("proc/13/root/dev", "vmgenc", "");
	process("14", "sshd", "ssh.service", "5", LIB "libcrypto.so.3\n");
	process("15", "other", "other.service", later, LIB "libcrypto.so.3.0.19\n");
	process("16", "old", "old.service", later, LIB "libcrypto.so.1.1\n");
	process("17", "tls", "tls.service", later,
		LIB "libgnutls.so.30.34.3\n" LIB "libgcrypt.so.20\n" LIB "libfreebl3.so\n");
	process("18", "loose", "", "5", LIB "libcrypto.so.3\n");
	process("19", "plain", "plain.service", "5",
		LIB "libcryptoX.so.3\n" LIB "notlibgnutls.so.30\n");
	assert_int_equal(shell("mkdir %s/root/proc/20", scratch), 0); /* it has just ended */
	assert_int_equal(processes(), 1);
	says("to do boxed.service (boxed, 1 process): OpenSSL has the provider, but cannot see "
	     "/dev/vmgenc (NOTIFIED at most): systemctl edit boxed.service, add to [Service] the "
	     "lines "
	     "BindReadOnlyPaths=-/dev/vmgenc and DeviceAllow=/dev/vmgenc r, then systemctl restart "
	     "boxed.service\n");
	says("to do early.service (early, 1 process): OpenSSL has the provider, but was started "
	     "before "
	     "the driver was loaded: systemctl restart early.service\n");
	says("to do ssh.service (sshd, 1 process): started before the provider was configured: "
	     "systemctl restart ssh.service\n");
	says("to do other.service (other, 1 process): has OpenSSL without the provider");
	says("to do old.service (old, 1 process): has an OpenSSL before 3");
	says("to do tls.service (tls, 1 process): has GnuTLS");
	says("to do tls.service (tls, 1 process): has libgcrypt");
	says("to do tls.service (tls, 1 process): has NSS");
	says("to do without a unit (loose, 1 process): started before the provider was configured: "
	     "start it again as it was started before\n");
	assert_null(strstr(result.out, "plain"));
	assert_null(strstr(result.out, "may not be read"));
}

/* Fails if a key is renamed or lost, a name breaks the text, or the JSON. */
static void json_of_processes(void **unused)
{
	json_t *root, *group;

	(void)unused;
	process("1", "a\033[31m\377", "x.service", "5", LIB "libgnutls.so.30\n");
	assert_int_equal(shell(PROGRAM " doctor --processes --json --root %s/root", scratch), 1);
	root = json_loads(result.out, 0, NULL);
	assert_non_null(root);
	assert_int_equal(json_integer_value(json_object_get(root, "version")), 1);
	assert_int_equal(json_integer_value(json_object_get(root, "unreadable")), 0);
	assert_true(json_is_false(json_object_get(root, "hidden")));
	group = json_array_get(json_object_get(root, "groups"), 0);
	assert_string_equal(json_string_value(json_object_get(group, "unit")), "x.service");
	assert_string_equal(json_string_value(json_object_get(group, "finding")), "gnutls");
	assert_true(json_is_true(json_object_get(group, "to_do")));
	assert_non_null(json_string_value(json_object_get(group, "words")));
	assert_non_null(json_string_value(json_object_get(group, "remedy")));
	group = json_array_get(json_object_get(group, "processes"), 0);
	assert_int_equal(json_integer_value(json_object_get(group, "pid")), 1);
	assert_string_equal(json_string_value(json_object_get(group, "name")), "a?[31m?");
	json_decref(root);
}

/* Fails if what may not be seen passes for nothing to see. */
static void hidden_processes_are_said_so(void **unused)
{
	(void)unused;
	process("5", "ours", "x.service", "5", LIB "libc.so.6\n");
	assert_int_equal(processes(), 1);
	says("to do /proc hides the processes of other users (hidepid): run it as root");
	if (geteuid() != 0)
		skip();
	assert_int_equal(shell("chmod 755 %s", scratch), 0);
	process("1", "init", "init.scope", "5", LIB "libc.so.6\n");
	assert_int_equal(shell("chmod 000 %s/root/proc/1/maps && setpriv --reuid 65534 "
			       "--clear-groups " PROGRAM " doctor --processes --root %s/root",
			       scratch, scratch),
			 1);
	says("to do 1 process may not be read: run it as root");
}

/* Fails if a process can have root wait for ever, by a FIFO in the place of its C library. */
static void c_library_that_is_none(void **unused)
{
	(void)unused;
	process("1", "init", "init.scope", "5", LIB "libc.so.6\n");
	assert_int_equal(shell("cd %s/root/proc/1/root && mkdir -p usr/lib/x86_64-linux-gnu && "
			       "mkfifo usr/lib/x86_64-linux-gnu/libc.so.6",
			       scratch),
			 0);
	assert_int_equal(processes(), 0);
}

static bool group_has(json_t *root, const char *finding, long pid)
{
	json_t *group, *one;
	size_t i, j;

	json_array_foreach(json_object_get(root, "groups"), i, group)
	{
		if (strcmp(json_string_value(json_object_get(group, "finding")), finding) != 0)
			continue;
		json_array_foreach(json_object_get(group, "processes"), j, one)
		{
			if (json_integer_value(json_object_get(one, "pid")) == pid)
				return true;
		}
	}
	return false;
}

/* A program that has read this configuration and waits. */
static pid_t start_openssl(const char *configuration)
{
	char fifo[100];

	snprintf(fifo, sizeof(fifo), "%s/fifo", scratch);
	mkfifo(fifo, 0600);
	setenv("OPENSSL_CONF", configuration, 1);
	return program_start("/dev/null",
			     (const char *const[]){"/usr/bin/openssl", "dgst", fifo, NULL});
}

static bool is_found(pid_t with, pid_t without)
{
	json_t *root;
	bool found;

	RUN(&result, "doctor", "--processes", "--json");
	assert_int_equal(result.code, 1);
	root = json_loads(result.out, 0, NULL);
	assert_non_null(root);
	found = group_has(root, "device_unseen", with) &&
		(group_has(root, "not_configured", without) ||
		 group_has(root, "provider_not_loaded", without));
	json_decref(root);
	return found;
}

/* A shell that starts processes which end at once. */
static pid_t start_short_lived(void)
{
	static const char loop[] = "while [ -e \"$0\" ]; do /bin/true & /bin/true; done";

	return program_start("/dev/null",
			     (const char *const[]){"/bin/sh", "-c", loop, sim.path, NULL});
}

/* Fails if a real process with the provider, and one without, are not told apart while others come
 * and go. */
static void real_processes(void **unused)
{
	pid_t with, without, others;
	char configuration[100];
	bool found = false;

	(void)unused;
	if (!access("/dev/vmgenc", F_OK))
		skip();
	setenv("VMGENC_SOURCE", sim.source, 1);
	assert_int_equal(
		shell("make -s install-provider PREFIX=%s MAKEFLAGS= && cd %s && "
		      "{ echo 'openssl_conf = openssl_init'; cat etc/ssl/vmgenc.cnf; } >ours",
		      scratch, scratch),
		0);
	snprintf(configuration, sizeof(configuration), "%s/ours", scratch);
	with = start_openssl(configuration);
	without = start_openssl("/dev/null");
	unsetenv("OPENSSL_CONF");
	others = start_short_lived();
	for (int i = 0; i < 100 && !found; i++)
		found = is_found(with, without);
	kill(others, SIGKILL);
	kill(with, SIGKILL);
	kill(without, SIGKILL);
	program_end(others);
	program_end(with);
	program_end(without);
	assert_true(found);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, cmd_setup, cmd_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_what_is_missing), TEST(says_what_dkms_lacks), TEST(tells_containers_from_machines),
		TEST(asks_openssl),	     TEST(finds_processes_that_are_not_covered),
		TEST(json_of_processes),     TEST(hidden_processes_are_said_so),
		TEST(real_processes),	     TEST(c_library_that_is_none),
	};

	return cmocka_run_group_tests_name("vmgenc doctor", tests, NULL, NULL);
}
