/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: whether everything is done for the generation in force, by the record and the source:
 * vmgenc hooks --wait and vmgenc wait --ready. Neither waits for a service that does not run. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "hooks.h"
#include "os.h"

#define LOOK_MS 50

/* 1 if a service, or the supervisor of its hook, has the record's lock, 0 if not, or -errno. */
static int service_runs(const char *record)
{
	char path[PATH_MAX];
	struct trust lock;
	int error;

	if (snprintf(path, sizeof(path), "%s.lock", record) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	error = trust_open(&lock, NULL, path, O_RDONLY | O_NOFOLLOW, 0);
	if (error)
		return error == -ENOENT || error == -ENOTDIR ? 0 : error;
	/* Shared, so that service_lock() can tell us from a service. */
	if (flock(lock.fd, LOCK_SH | LOCK_NB))
		error = errno == EWOULDBLOCK ? 1 : -errno;
	trust_close(&lock);
	return error;
}

static bool is_current(const struct state *s, const struct vmgenc_status *now, const char *boot)
{
	char id[37];

	id_text(now->id, id);
	return s->known && s->generation == now->generation && !strcmp(s->boot, boot) &&
	       (is_vmclock(now) || !strcmp(s->id, id));
}

bool state_is_behind(const struct state *s, const struct vmgenc_status *now)
{
	char boot[40], id[37];

	boot_read(boot);
	id_text(now->id, id);
	if (!s->known)
		return false;
	if (!is_vmclock(now) && strcmp(s->id, id) != 0)
		return true;
	return (is_vmclock(now) || !strcmp(s->boot, boot)) && s->generation != now->generation;
}

bool state_is_done(const struct state *s, bool behind)
{
	return !s->owed_count && !s->under_way && !s->started && !behind;
}

/* Makes the kernel look, since nothing may have told it of a clone yet. A VMClock has no kernel
 * part, and only root may ask. */
static int look(struct vmgenc *vg, struct vmgenc_status *now)
{
	struct vmgenc_mark mark = {{0}};
	int error = vmgenc_sync(vg, &mark, 0);

	if (error && error != -EPERM && error != -EAGAIN && error != -ETIMEDOUT && error != -EINTR)
		return say_trouble("the source %s", source_error(error));
	return source_status(vg, now);
}

/* What is still to come, or "". Without a source, the record alone is known. */
struct wanted {
	char what[96];
	struct state state;
	struct vmgenc_status now;
	char boot[40];
};

static void judge(struct wanted *w, bool has_source, bool running)
{
	const struct state *s = &w->state;

	w->what[0] = '\0';
	if (has_source && !is_vmclock(&w->now) && !is_settled(&w->now))
		snprintf(w->what, sizeof(w->what),
			 "the kernel is not rekeyed for generation %" PRIu64, w->now.generation);
	else if (s->under_way || s->started)
		snprintf(w->what, sizeof(w->what), "hooks of generation %" PRIu64 " are under way",
			 s->generation);
	else if (has_source && (s->known || running) && !is_current(s, &w->now, w->boot))
		snprintf(w->what, sizeof(w->what),
			 "vmgenc hooks has not come to generation %" PRIu64, w->now.generation);
}

static int give_up(const struct wanted *w, int running)
{
	if (running < 0)
		return say_trouble("%s, and whether its service runs cannot be seen: %s", w->what,
				   strerror(-running));
	say_log("%s%s", w->what, running ? "" : ", and it does not run");
	return EXIT_NO;
}

int ready_wait(const char *record, struct vmgenc *vg, int64_t timeout_ms)
{
	int64_t deadline = now_ms() + timeout_ms;
	static struct wanted w;
	char why[STATE_WHY];
	int error;

	boot_read(w.boot);
	for (;;) {
		/* Before the record is read, whose last word a service has said when it ends. */
		int running = service_runs(record);

		error = vg ? look(vg, &w.now) : EXIT_YES;
		if (error)
			return error;
		error = state_load(record, &w.state, why, sizeof(why));
		if (error && error != -ENOENT)
			return say_trouble("%s %s", record, why);
		judge(&w, vg != NULL, running > 0);
		if (!*w.what)
			return owed_say(&w.state, "");
		if (running <= 0 || (timeout_ms >= 0 && now_ms() >= deadline))
			return give_up(&w, running);
		nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
	}
}

/* Where there is no source, which generation is in force is not known, and the record has to do. */
int request_wait(const struct args *a)
{
	struct vmgenc *vg = NULL;
	int code = EXIT_YES;

	if (a->source || secure_getenv("VMGENC_SOURCE"))
		code = source_open(a->source, &vg);
	else if (vmgenc_open(&vg, NULL))
		vg = NULL;
	if (!code)
		code = ready_wait(a->state, vg, a->timeout_ms);
	vmgenc_close(vg);
	return code;
}
