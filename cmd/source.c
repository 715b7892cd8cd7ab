/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: opens a source and describes its state. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "os.h"
#include "trust.h"

const char *source_error(int error)
{
	switch (error) {
	case -ENODEV:
		return "is not there: this machine cannot tell that it was cloned (vmgenc doctor "
		       "says why)";
	case -EACCES:
		return "may not be opened by this user";
	case -EINVAL:
		return "is not a vmgenc source: dev:NODE, vmclock:NODE, sysctl:DIRECTORY or "
		       "file:PATH, with a valid "
		       "page behind it";
	case -EPROTO:
		return "speaks a version that this program does not know";
	case -EAGAIN:
		return "is torn: it was being written all the time, so its writer stopped half-way";
	case -EIO:
		return "is gone: the file shrank, or is no vmgenc source any more";
	case -EMFILE:
		return "cannot be opened: the limit on open files (ulimit -n) is too low";
	default:
		return strerror(-error);
	}
}

static const char *named(const char *name)
{
	if (!name)
		name = secure_getenv("VMGENC_SOURCE");
	return name ? name : "/dev/vmgenc, or else /dev/vmclock0,";
}

int source_open(const char *name, struct vmgenc **vg)
{
	int error = vmgenc_open(vg, name);

	if (!error)
		return EXIT_YES;
	say_log("%s %s", named(name), source_error(error));
	return error == -ENODEV ? EXIT_NO : EXIT_TROUBLE;
}

/*
 * Another user who can write the source's file could make root run hooks, which replace host keys
 * and more. Returns -EPERM, or 0 with the name without links in judged. That name is as safe as a
 * descriptor, because each directory in it was checked. Missing files and devices are left to
 * vmgenc_open().
 */
static int judge(const char *name, struct trust *file, char *judged, size_t size)
{
	const char *path = strchr(name, ':');
	int error = path ? trust_open(file, NULL, path + 1, O_RDONLY, 0) : -ENOENT;
	bool fits;

	if (error)
		return error == -EPERM ? error : 0;
	fits = snprintf(judged, size, "%.*s:%s", (int)(path - name), name, file->path) < (int)size;
	trust_close(file);
	return fits ? 0 : -EPERM;
}

int source_open_trusted(const char *name, struct vmgenc **vg)
{
	char judged[PATH_MAX + 16] = "";
	struct trust file = {.why = "its name is too long"};

	if (!name)
		name = secure_getenv("VMGENC_SOURCE");
	if (name && geteuid() == 0 && judge(name, &file, judged, sizeof(judged))) {
		*vg = NULL;
		return say_trouble("the source %s is refused, since %s", name, file.why);
	}
	return source_open(*judged ? judged : name, vg);
}

int source_status(struct vmgenc *vg, struct vmgenc_status *st)
{
	int error;

	memset(st, 0, sizeof(*st));
	st->size = sizeof(*st);
	error = vmgenc_status(vg, st);
	return error ? say_trouble("the source %s", source_error(error)) : EXIT_YES;
}

const char *guarantee_name(uint32_t guarantee)
{
	switch (guarantee) {
	case VMGENC_RACE_FREE:
		return "race-free";
	case VMGENC_NOTIFIED:
		return "notified";
	default:
		return "none";
	}
}

bool is_vmclock(const struct vmgenc_status *st)
{
	return !strncmp(st->source, "vmclock:", 8);
}

bool has_id(const struct vmgenc_status *st)
{
	return !is_vmclock(st) && strncmp(st->source, "sysctl:", 7) != 0;
}

/* A VMClock is never settled: settled stays 0, and its counter may be 0 too. */
bool is_settled(const struct vmgenc_status *st)
{
	return !is_vmclock(st) && st->settled == st->generation;
}

const char *settled_text(const struct vmgenc_status *st)
{
	bool predictable = st->flags & VMGENC_PREDICTABLE;

	if (is_vmclock(st))
		return predictable ? ", and a sync leaves it predictable by a sibling's owner" : "";
	if (!is_settled(st))
		return "";
	return predictable ? ", parted, but predictable by a sibling's owner" : ", settled";
}

const char *unprotected(const struct vmgenc_status *st, const char **remedy)
{
	*remedy = "\"vmgenc doctor\" says what the host has to offer";
	if (st->guarantee == VMGENC_NONE)
		return "the host has not filled in the id, so clones go unnoticed";
	*remedy = "\"modprobe vmgenc\", if the host has a VM Generation ID (vmgenc doctor)";
	if (is_vmclock(st))
		return "a VMClock tells of clones, but no vmgenc driver rekeys the kernel";
	*remedy = "\"vmgenc sync\" tries again; the kernel's log has the reason";
	if (st->settled != st->generation)
		return "the kernel's random generator is not rekeyed for this generation yet";
	return NULL;
}

const struct lack lacks[4] = {
	{VMGENC_LACKS_REKEY, "rekey", "the driver has no access to the kernel's random generator",
	 "mount devtmpfs on /dev and open /dev/vmgenc, as this command does"},
	{VMGENC_LACKS_DRAWS, "draws", "draws from the kernel do not look at the id first",
	 "load the module with draws=1; if it was, see the kernel's log"},
	{VMGENC_LACKS_REDRAW, "redraw", "a draw under way at the snapshot is not made again",
	 "load the module with redraw=1; if it was, see the kernel's log"},
	{VMGENC_LACKS_VDSO, "vdso", "getrandom in the vDSO bypasses the driver",
	 "load the module with vdso=0; if it was, see the kernel's log"},
};

/* The format of hypervisors' configurations: three little-endian numbers, then bytes. */
void id_text(const uint8_t b[VMGENC_ID_SIZE], char text[37])
{
	snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12],
		 b[13], b[14], b[15]);
}

static int64_t ns_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void since_text(uint64_t ns, char text[32])
{
	int64_t at = ns_of(CLOCK_REALTIME) - ns_of(DRIVER_CLOCK) + (int64_t)ns;
	time_t seconds = (time_t)(at / 1000000000);
	struct tm tm;

	text[0] = '\0';
	if (ns && ns < INT64_MAX / 2 && gmtime_r(&seconds, &tm))
		strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

int64_t age_of(uint64_t ns)
{
	int64_t now = ns_of(DRIVER_CLOCK);

	return ns && ns <= (uint64_t)now ? (now - (int64_t)ns) / 1000000000 : -1;
}

int64_t now_ms(void)
{
	return ns_of(CLOCK_MONOTONIC) / 1000000;
}
