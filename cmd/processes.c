/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc doctor --processes - what the running processes have mapped and can see. It skips
 * processes that end meanwhile, and counts those that may not be read. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "doctor.h"
#include "units.h"

#define LIBC_MAX (64u << 20) /* read of a C library, which can be a file of any size */

#ifndef O_PATH /* FreeBSD 12, where no vDSO draws */
#define O_PATH O_RDONLY
#endif

/* What is mapped, from /proc/PID/maps. */
struct mapped {
	bool provider, device, libcrypto, old_libcrypto;
	bool gnutls, libgcrypt, nss, guard;
	char libc[PATH_MAX];
};

/* Whether path is a file of that library, in any version. */
static bool is_library(const char *path, const char *name)
{
	const char *file = strrchr(path, '/');
	size_t length = strlen(name);

	return file && !strncmp(file + 1, name, length) &&
	       (file[1 + length] == '\0' || strchr(".-", file[1 + length]) ||
		name[length - 1] == '.');
}

static void note_line(struct mapped *m, char *line)
{
	char *path = strchr(line, '/');

	if (!path)
		return;
	path[strcspn(path, "\n")] = '\0';
	m->device |= !strncmp(path, "/dev/vmgenc", 11) || !strncmp(path, "/dev/vmclock", 12);
	m->provider |= is_library(path, "vmgenc.so");
	m->libcrypto |= is_library(path, "libcrypto.so.3");
	m->old_libcrypto |= is_library(path, "libcrypto.so.1.");
	m->gnutls |= is_library(path, "libgnutls.so.");
	m->libgcrypt |= is_library(path, "libgcrypt.so.");
	m->guard |= is_library(path, "libvmgenc-guard.so");
	m->nss |= is_library(path, "libfreebl3.so") || is_library(path, "libfreeblpriv3.so");
	if (is_library(path, "libc.so.6"))
		snprintf(m->libc, sizeof(m->libc), "%s", path);
}

/*
 * Opens what a process names, which can be anything: opening a FIFO would wait for ever, and a
 * device may do something. So it is looked at before it is opened.
 */
static FILE *open_regular(const char *path, struct stat *st)
{
	int named = open(path, O_PATH | O_CLOEXEC), fd = -1;
	char again[64];
	FILE *f;

	if (named >= 0 && !fstat(named, st) && S_ISREG(st->st_mode)) {
		snprintf(again, sizeof(again), "/proc/self/fd/%d", named);
		fd = open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (named >= 0)
		close(named);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (fd >= 0 && !f)
		close(fd);
	return f;
}

static FILE *open_file(const char *pid, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/%s/%s", doctor_root, pid, name);
	return fopen(path, "re");
}

/* Returns 0 or a positive errno; ENOENT and ESRCH mean that the process has ended. */
static int read_maps(const char *pid, struct mapped *m)
{
	FILE *f = open_file(pid, "maps");
	char *line = NULL;
	size_t size = 0;
	int error;

	memset(m, 0, sizeof(*m));
	if (!f)
		return errno;
	errno = 0;
	while (getline(&line, &size, f) > 0)
		note_line(m, line);
	error = ferror(f) ? errno : 0;
	free(line);
	fclose(f);
	return error;
}

/* A process can give itself any name, so remove terminal escapes and invalid UTF-8. */
static void make_plain(char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			*text = '?';
	}
}

static void read_name(const char *pid, char name[NAME_SIZE])
{
	FILE *f = open_file(pid, "comm");

	strcpy(name, "?");
	if (f && fgets(name, NAME_SIZE, f))
		name[strcspn(name, "\n")] = '\0';
	if (f)
		fclose(f);
	make_plain(name);
}

/* The last part of its control group that is a unit of systemd, or "". */
static void read_unit(const char *pid, char unit[UNIT_SIZE])
{
	FILE *f = open_file(pid, "cgroup");
	char line[PATH_MAX];

	*unit = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		char *save, *path = strchr(line, ':');

		path = path ? strchr(path + 1, ':') : NULL;
		if (!path)
			continue;
		path[strcspn(path, "\n")] = '\0';
		for (char *part = strtok_r(path + 1, "/", &save); part;
		     part = strtok_r(NULL, "/", &save)) {
			const char *end = strrchr(part, '.');

			if (end && (!strcmp(end, ".service") || !strcmp(end, ".scope")))
				snprintf(unit, UNIT_SIZE, "%s", part);
		}
		if (*unit)
			break;
	}
	make_plain(unit);
	if (f)
		fclose(f);
}

/*
 * In seconds since 1970, or 0 if not known. This is the 22nd field; the name before it may contain
 * parentheses and blanks.
 */
static int64_t started(const char *pid)
{
	FILE *f = open_file(pid, "stat");
	unsigned long long ticks = 0;
	char text[1024], *at = NULL;
	struct timespec boot;

	if (f && fgets(text, sizeof(text), f))
		at = strrchr(text, ')');
	if (f)
		fclose(f);
	if (!at || sscanf(at + 1, " %*c%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s %llu",
			  &ticks) != 1)
		return 0;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return time(NULL) - boot.tv_sec +
	       (int64_t)(ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static bool sees_device(const char *pid)
{
	static const char *const nodes[] = {"vmgenc", "vmclock0"};
	char path[PATH_MAX];
	struct stat st;

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/proc/%s/root/dev/%s", doctor_root, pid, nodes[i]);
		if (!stat(path, &st))
			return true;
	}
	return false;
}

static bool has_text(FILE *f, const char *wanted)
{
	size_t length = strlen(wanted), kept = 0, n, read = 0;
	char text[65536 + 32];
	bool found = false;

	while (!found && read < LIBC_MAX && (n = fread(text + kept, 1, 65536, f)) > 0) {
		read += n;
		n += kept;
		found = memmem(text, n, wanted, length) != NULL;
		kept = n < length ? n : length;
		memmove(text, text + n - kept, kept);
	}
	return found;
}

/*
 * Whether the process' C library draws in the vDSO: it then contains the function's name. Mostly
 * it is the same file for all processes, so the last answer is kept.
 */
static bool libc_draws_in_vdso(const char *pid, const char *libc)
{
	static struct stat known;
	static bool answer;
	char path[2 * PATH_MAX + 64];
	struct stat st;
	FILE *f;

	if (!*libc || !vdso_draws())
		return false;
	snprintf(path, sizeof(path), "%s/proc/%s/root%s", doctor_root, pid, libc);
	f = open_regular(path, &st);
	if (!f)
		return false;
	if (st.st_dev != known.st_dev || st.st_ino != known.st_ino)
		answer = has_text(f, "__vdso_getrandom");
	known = st;
	fclose(f);
	return answer;
}

struct context {
	bool is_active; /* an OpenSSL that is started now draws from the provider */
	int64_t configured;
	struct units units;
};

static void judge_openssl(struct context *c, struct process *p, const struct mapped *m)
{
	int64_t since;

	if (m->provider) {
		if (m->device)
			units_add(&c->units, p, COVERED);
		else
			units_add(&c->units, p,
				  sees_device(p->pid) ? DEVICE_CAME_LATER : DEVICE_UNSEEN);
		return;
	}
	if (m->old_libcrypto)
		units_add(&c->units, p, OLD_LIBCRYPTO);
	if (!m->libcrypto)
		return;
	since = started(p->pid);
	if (!c->is_active)
		units_add(&c->units, p, NOT_CONFIGURED);
	else if (since && c->configured && since < c->configured)
		units_add(&c->units, p, STARTED_BEFORE);
	else
		units_add(&c->units, p, PROVIDER_NOT_LOADED);
}

/* Returns 0, or a positive errno if the process cannot be read. */
static int judge(struct context *c, const char *pid)
{
	struct process p = {.pid = pid};
	struct mapped m;
	int error = read_maps(pid, &m);

	if (error)
		return error;
	read_name(pid, p.name);
	read_unit(pid, p.unit);
	judge_openssl(c, &p, &m);
	if (m.gnutls && !m.guard)
		units_add(&c->units, &p, HAS_GNUTLS);
	if (m.libgcrypt && !m.guard)
		units_add(&c->units, &p, HAS_LIBGCRYPT);
	if (m.nss)
		units_add(&c->units, &p, HAS_NSS);
	if (libc_draws_in_vdso(pid, m.libc))
		units_add(&c->units, &p, DRAWS_IN_VDSO);
	return 0;
}

static int look(struct context *c)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *proc;

	snprintf(path, sizeof(path), "%s/proc", doctor_root);
	proc = opendir(path);
	if (!proc)
		return say_trouble("%s cannot be read: %s", path, strerror(errno));
	while ((entry = readdir(proc))) {
		int error = isdigit((unsigned char)*entry->d_name) ? judge(c, entry->d_name) : 0;

		c->units.unreadable += error == EACCES || error == EPERM;
	}
	closedir(proc);
	/* hidepid hides other users' processes; process 1 always exists. */
	c->units.is_hidden = !doctor_there("/proc/1");
	return EXIT_YES;
}

int processes_look(struct units *units)
{
	struct context c = {.configured = openssl_configured()};
	char generator[64];
	int code;

	c.is_active = *doctor_root || openssl_ask(NULL, generator) == OPENSSL_OURS;
	code = look(&c);
	*units = c.units;
	return code;
}

int doctor_processes(bool json)
{
	struct units u;
	int code = processes_look(&u);

	if (!code)
		code = json ? units_print_json(&u) : units_print(&u);
	units_free(&u);
	return code;
}
