/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/accel: chooses the accelerator. kvm is chosen only if it boots this kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accel.h"
#include "host/host.h"
#include "vm/qemu.h"

#define KVM "/dev/kvm"
#define MOST 16

/* The verdicts of this run. Each experiment of a matrix asks again. */
static struct answer {
	char path[300];
	struct accel_verdict verdict;
} answers[MOST];
static size_t answered;

/* Find the first QEMU in PATH, as execvp(3) does, also where there is no PATH. */
static bool find_qemu(char *to, size_t size)
{
	const char *path = getenv("PATH");

	if (!path)
		path = "/bin:/usr/bin";
	while (*path) {
		size_t length = strcspn(path, ":");

		if (length && snprintf(to, size, "%.*s/" QEMU, (int)length, path) < (int)size &&
		    !access(to, X_OK))
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

/* Return whether /dev/kvm can be opened; if not, *why has the reason. */
static bool can_try(struct accel_verdict *v)
{
	int fd = open(KVM, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (errno == ENOENT)
		snprintf(v->why, sizeof(v->why), "there is no " KVM);
	else if (errno == EACCES || errno == EPERM)
		snprintf(v->why, sizeof(v->why), "no permission on " KVM ": join group kvm");
	else
		snprintf(v->why, sizeof(v->why), "cannot open " KVM ": %s", strerror(errno));
	return false;
}

static int try_now(const struct accel_kernel *kernel, const struct accel_memory *m,
		   struct accel_verdict *v)
{
	char took[LAB_TIME_SIZE];
	double begin = lab_now();
	int code = accel_try(kernel, v);

	if (code)
		return code;
	if (v->lasting)
		accel_memory_write(m, v);
	snprintf(v->how, sizeof(v->how), "found out in %s", lab_time(lab_now() - begin, took));
	return 0;
}

/* If several labs ask at once, the first one tries and the others wait for its result. */
static int ask(const struct accel_kernel *kernel, struct accel_verdict *v)
{
	struct accel_memory m;
	char qemu[500];

	/* Without QEMU, the boot that follows says what to install. */
	if (!find_qemu(qemu, sizeof(qemu)))
		return 0;
	int code = accel_memory_open(&m, kernel, qemu);

	if (!code && accel_memory_read(&m, v))
		snprintf(v->how, sizeof(v->how), "remembered in %s", m.path);
	else if (!code)
		code = try_now(kernel, &m, v);
	accel_memory_close(&m);
	return code;
}

static const struct accel_verdict *known(const char *path)
{
	for (size_t i = 0; i < answered; i++) {
		if (!strcmp(answers[i].path, path))
			return &answers[i].verdict;
	}
	return NULL;
}

static int find_out(const struct accel_kernel *kernel, struct accel_verdict *v)
{
	struct answer *a = &answers[answered];
	int code = can_try(v) ? ask(kernel, v) : 0;

	if (!code && answered < MOST) {
		snprintf(a->path, sizeof(a->path), "%s", kernel->path);
		a->verdict = *v;
		answered++;
	}
	return code;
}

static void describe(const struct accel_kernel *kernel, const struct accel_verdict *v, char *to,
		     size_t size)
{
	if (v->tried)
		snprintf(to, size, "kvm %s %s%s%s (%s)", v->runs ? "runs" : "does not run",
			 kernel->path, v->runs ? "" : " here: ", v->why, v->how);
	else
		snprintf(to, size, "%s", v->why);
}

int accel_choose(const char *wanted, const struct accel_kernel *kernel, const char **accel,
		 bool *kvm_failed)
{
	const struct accel_verdict *before = known(kernel->path);
	struct accel_verdict v = before ? *before : (struct accel_verdict){.runs = false};
	bool must = !strcmp(wanted, "kvm");
	char words[1500];
	int code = 0;

	*accel = "tcg";
	if (kernel->arm64 && must)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot use kvm: %s is for arm64",
				kernel->path);
	if (!strcmp(wanted, "tcg") || kernel->arm64)
		return 0;
	if (!before)
		code = find_out(kernel, &v);
	if (code)
		return code;
	describe(kernel, &v, words, sizeof(words));
	if (must && !v.runs && *v.why)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "cannot use kvm: %s", words);
	/* Never tcg where kvm is wanted: if it could not be tried, QEMU says why. */
	if (v.runs || must)
		*accel = "kvm";
	*kvm_failed |= v.tried && !v.runs;
	if (!before && *words)
		lab_note("accelerator %s: %s", *accel, words);
	return 0;
}
