/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: runs one hook under a supervisor, a child of ours that limits its time and output. If
 * we die, it kills the hook and everything that the hook started, and holds our lock until then. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hooks.h"

#define GRACE_MS 2000	      /* between SIGTERM and SIGKILL */
#define OUTPUT_MAX (64 << 10) /* logged output of each hook */
#define LINE_MAX_LENGTH 400
#define CLOSE_MAX 65536
#define LINE_COST 64 /* added for each line, because a log stores more than its text */

/* The supervisor's data about its hook. */
struct hook {
	const struct job *job;
	pid_t pid;
	int orders, answer, output, output_end;
	char line[LINE_MAX_LENGTH];
	size_t length;
	uint64_t logged;
	struct outcome outcome;
};

static void end_line(struct hook *h)
{
	h->logged += LINE_COST;
	if (h->length)
		say_log("%s: %.*s", h->job->name, (int)h->length, h->line);
	h->length = 0;
}

/*
 * Logs the output line by line, up to the limit. Only ASCII is kept: the C1 control characters are
 * single bytes for some terminals and two bytes of UTF-8 for others.
 */
static void log_output(struct hook *h, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (h->logged >= OUTPUT_MAX) {
			h->outcome.cut += size - i;
			return;
		}
		h->logged++;
		if (text[i] != '\n')
			h->line[h->length++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
		if (text[i] == '\n' || h->length == sizeof(h->line))
			end_line(h);
	}
}

/* Returns false at the end of the output. The limit of turns lets the caller check the time. */
static bool take_output(struct hook *h)
{
	char buffer[16384];
	ssize_t n = 1;

	for (int turns = 0; turns < 16 && n > 0; turns++) {
		n = read(h->output, buffer, sizeof(buffer));
		if (n > 0)
			log_output(h, buffer, (size_t)n);
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Whether /dev/fd has the file: the system passes this name of a script to its interpreter. */
static bool can_be_named(const struct trust *file)
{
	char name[32];
	struct stat st;

	snprintf(name, sizeof(name), "/dev/fd/%d", file->fd);
	return !stat(name, &st) && st.st_dev == file->st.st_dev && st.st_ino == file->st.st_ino;
}

/*
 * Runs the descriptor that was checked. A script needs the descriptor open, and /dev/fd. If that is
 * missing (no /proc; FreeBSD without fdescfs), run the name without links, which is as safe because
 * each directory in it was checked.
 */
static void execute(const struct hook *h)
{
	char *argv[] = {(char *)h->job->file->path, NULL};
	char start[2] = "";
	bool is_script = pread(h->job->file->fd, start, 2, 0) == 2 && !memcmp(start, "#!", 2);

	if (is_script && !can_be_named(h->job->file)) {
		execve(h->job->file->path, argv, h->job->env);
		return;
	}
	if (!is_script || !fcntl(h->job->file->fd, F_SETFD, 0))
		fexecve(h->job->file->fd, argv, h->job->env);
}

/* Without close_range(2), up to a bound, since the limit can be a thousand million. */
static void close_one_by_one(int keep)
{
	long limit = sysconf(_SC_OPEN_MAX);

	for (int fd = 3; fd < (limit < CLOSE_MAX ? limit : CLOSE_MAX); fd++) {
		if (fd != keep)
			close(fd);
	}
}

/*
 * Our own descriptors close when the hook is executed, but not those that we were started with:
 * a hook and the daemons that it starts would keep a terminal, a lock or a secret of the caller's.
 */
static void close_others(int keep)
{
#ifdef SYS_close_range
	if ((keep == 3 || !syscall(SYS_close_range, 3, keep - 1, 0)) &&
	    !syscall(SYS_close_range, keep + 1, ~0U, 0))
		return;
#endif
	close_one_by_one(keep);
}

/* What was ignored by us, or when we were started, would stay ignored in the hook. */
static void take_all_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become_hook(const struct hook *h, int output)
{
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	take_all_signals();
	dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	close_others(h->job->file->fd);
	if (!chdir("/"))
		execute(h);
	fprintf(stderr, "cannot be started: %s\n", strerror(errno));
	_exit(127);
}

static bool start_hook(struct hook *h)
{
	/* Non-blocking, because a process that the hook leaves behind may keep its end open. */
	if (fcntl(h->output, F_SETFL, O_NONBLOCK))
		return false;
	h->pid = fork();
	if (h->pid == 0)
		become_hook(h, h->output_end);
	if (h->pid > 0)
		setpgid(h->pid, h->pid); /* parent and child both do, since either may be first */
	close(h->output_end);
	return h->pid > 0;
}

/* Reaps orphans of the hook, and returns true if the hook itself has ended. */
static bool has_ended(struct hook *h)
{
	int status;
	pid_t gone;

	while ((gone = waitpid(-1, &status, WNOHANG)) > 0) {
		if (gone != h->pid)
			continue;
		if (h->outcome.how == ENDED_TIMEOUT)
			return true;
		if (WIFSIGNALED(status))
			h->outcome =
				(struct outcome){ENDED_SIGNAL, WTERMSIG(status), h->outcome.cut};
		else
			h->outcome = (struct outcome){WEXITSTATUS(status) ? ENDED_CODE : ENDED_WELL,
						      WEXITSTATUS(status), h->outcome.cut};
		return true;
	}
	return false;
}

static void on_child(int number)
{
	(void)number;
}

/* Waits for the hook's end, its timeout, or the death of vmgenc hooks, which kills the hook. */
static void watch(struct hook *h, const sigset_t *unmasked)
{
	int64_t deadline = now_ms() + h->job->timeout_ms;
	struct pollfd p[2] = {{.fd = h->orders, .events = POLLIN},
			      {.fd = h->output, .events = POLLIN}};

	while (!has_ended(h)) {
		int64_t left = deadline - now_ms();

		if (left <= 0 && h->outcome.how == ENDED_TIMEOUT)
			break;
		if (left <= 0) {
			h->outcome.how = ENDED_TIMEOUT;
			kill(-h->pid, SIGTERM);
			deadline = now_ms() + GRACE_MS;
			continue;
		}
		if (ppoll(p, 2, &(struct timespec){left / 1000, left % 1000 * 1000000}, unmasked) <
		    0)
			continue;
		if (p[0].revents) {
			descendants_kill(h->pid);
			scratch_remove(h->job->scratch);
			_exit(1);
		}
		if (p[1].revents && !take_output(h))
			p[1].fd = -1;
	}
}

static void supervise(struct hook *h)
{
	struct sigaction action = {.sa_handler = on_child};
	sigset_t unmasked, all;
	char go;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&unmasked);
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	setsid();
	if (read(h->orders, &go, 1) != 1)
		_exit(0);
	h->outcome.how = ENDED_UNKNOWN;
	if (!descendants_adopt() && start_hook(h)) {
		watch(h, &unmasked);
		if (h->outcome.how == ENDED_TIMEOUT)
			descendants_kill(h->pid);
		take_output(h);
		end_line(h);
	}
	_exit(write(h->answer, &h->outcome, sizeof(h->outcome)) != sizeof(h->outcome));
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

enum { ORDERS, GIVE_ORDERS, ANSWER, GIVE_ANSWER, OUTPUT, GIVE_OUTPUT, ENDS };

int runner_prepare(struct runner *r, const struct job *job)
{
	struct hook h = {.job = job};
	int fds[ENDS] = {-1, -1, -1, -1, -1, -1};
	int error = 0;

	for (int i = 0; i < ENDS && !error; i += 2)
		error = pipe2(fds + i, O_CLOEXEC) ? errno : 0;
	r->supervisor = error ? -1 : fork();
	if (r->supervisor < 0) {
		error = error ? error : errno;
		close_all(fds, ENDS);
		return -error;
	}
	if (r->supervisor == 0) {
		close(fds[GIVE_ORDERS]);
		close(fds[ANSWER]);
		h.orders = fds[ORDERS];
		h.answer = fds[GIVE_ANSWER];
		h.output = fds[OUTPUT];
		h.output_end = fds[GIVE_OUTPUT];
		supervise(&h);
	}
	close_all((const int[]){fds[ORDERS], fds[GIVE_ANSWER], fds[OUTPUT], fds[GIVE_OUTPUT]}, 4);
	r->orders = fds[GIVE_ORDERS];
	r->answer = fds[ANSWER];
	return 0;
}

void runner_cancel(struct runner *r)
{
	close(r->orders);
	close(r->answer);
	while (waitpid(r->supervisor, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The answer may take as long as the hook, so keep the watchdog of systemd content. */
static ssize_t await(struct runner *r, struct outcome *o)
{
	struct pollfd p = {.fd = r->answer, .events = POLLIN};
	ssize_t n;

	while (poll(&p, 1, (int)notify_interval_ms()) <= 0)
		notify_alive();
	do
		n = read(r->answer, o, sizeof(*o));
	while (n < 0 && errno == EINTR);
	return n;
}

/* If the supervisor dies without an answer, the outcome is ENDED_UNKNOWN. */
void runner_go(struct runner *r, struct outcome *o)
{
	ssize_t n = write(r->orders, "g", 1);

	*o = (struct outcome){.how = ENDED_UNKNOWN};
	if (n == 1)
		n = await(r, o);
	if (n != (ssize_t)sizeof(*o))
		*o = (struct outcome){.how = ENDED_UNKNOWN};
	runner_cancel(r);
}
