/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd/guest: what the module makes of the devices of test/firmware/hostile.def that are
 * wrong EVERYWHERE, all present at once: "beside" QEMU's own, or "alone". It is loaded here.
 */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "../../firmware/hostile.h"

static char log_text[1 << 20];

/* "\_SB_.VGnn: ", and what the line says is wrong, which may begin with the address. */
static bool said_once(const struct hostile_variant *v)
{
	char path[] = "\\_SB_.VGnn: ";
	const char *line, *said, *end;

	path[8] = v->name[0];
	path[9] = v->name[1];
	line = strstr(log_text, path);
	if (!line)
		return v->answer == NO_DEVICE;
	said = strstr(line, hostile_answers[v->answer].log);
	end = strstr(line, "\n");
	return v->answer != NO_DEVICE && said && end && said < end && !strstr(line + 1, path);
}

/* Fails if one is not refused, or not in one line that names the ACPI path and what is wrong. */
static void each_is_refused(void)
{
	fb_log(log_text, sizeof(log_text));
	for (size_t i = 0; i < HOSTILE_VARIANTS; i++)
		if (hostile_variants[i].where == EVERYWHERE)
			check(said_once(&hostile_variants[i]), hostile_variants[i].what,
			      hostile_variants[i].number);
}

/* Fails if a bad device takes a good one with it, or gets a node. */
static void good_one_works(bool there)
{
	struct vmgenc_event event = {.generation = 0};
	long fd = open_node(FB_O_RDONLY), err;

	check(there ? fd >= 0 : fd == -FB_ENOENT, "only a good device has a node", fd);
	if (there) {
		err = sync_node(fd, &event);
		check(!err && event.settled == event.generation, "it works", err);
	}
	fb_syscall(SYS_close, fd);
	err = fb_syscall(SYS_open, NODE "1", (long)FB_O_RDONLY, 0l);
	check(err == -FB_ENOENT, "there is no second one", err);
}

int main(int argc, char **argv)
{
	bool beside = argc > 1 && !strcmp(argv[1], "beside");
	char line[200];

	/* Twice: what a refused device has taken must have been given back. */
	for (int i = 0; i < 2; i++) {
		fb_log_clear();
		long id = fb_syscall(SYS_kldload, MODULE);

		check(id > 0, "the module loads", id);
		each_is_refused();
		good_one_works(beside);
		check(!fb_syscall(SYS_kldunload, id), "and unloads", id);
	}
	fb_log(log_text, sizeof(log_text));
	if (fb_complaint(log_text, line, sizeof(line)))
		say("the kernel says: %s\n", line);
	check(!line[0], "the kernel does not complain", 0);
	return conclude();
}
