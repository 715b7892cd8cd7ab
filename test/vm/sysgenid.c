/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: /dev/sysgenid, call by call as it was proposed for Linux, and as AWS-LC uses it. */
#include <linux/capability.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "sysgenid.h"

/* An address that is never mapped; volatile keeps the compiler from knowing better. */
static void *volatile nowhere = (void *)8;
static const volatile uint32_t *counter;

static void awslc_is_refused(void)
{
	CHECK(map_as_awslc() == NULL && errno == ENODEV);
}

/* Fails if anyone can map the counter by default: AWS-LC would abort when it moves within a draw. */
static void no_mapping_by_default(void)
{
	int fd;

	CHECK(module_reload("") == 0);
	fd = open(SYSGENID, O_RDONLY); /* AWS-LC draws as if there were no clones if this fails */
	CHECK(fd >= 0);
	close(fd);
	awslc_is_refused();
	CHECK(as_nobody(awslc_is_refused) == 0);
}

/* Fails if the node is not there by default, not for everyone, or does not begin at 0. */
static void loads(void)
{
	struct stat st;

	CHECK(module_reload(ONLY_SYNC) == 0);
	CHECK(stat(SYSGENID, &st) == 0);
	CHECK(S_ISCHR(st.st_mode) && (st.st_mode & 07777) == 0444);
	counter = map_as_awslc();
	CHECK(counter != NULL);
	CHECK(*counter == 0);
}

static void awslc_as_nobody(void)
{
	const volatile uint32_t *mine = map_as_awslc();

	CHECK(mine != NULL);
	CHECK(*mine == *counter);
}

/* Fails if the parameter does not give the mapping to everyone. */
static void everyone_maps_it(void)
{
	CHECK(as_nobody(awslc_as_nobody) == 0);
}

/* Fails if a change is not told in mappings that are there, or told more than once. */
static void each_change_adds_one(void)
{
	const volatile uint32_t *mine = map_as_awslc();
	uint32_t before = *counter;
	struct vmgenc_event event;

	CHECK(mine != NULL);
	for (uint32_t i = 1; i <= 5; i++) {
		change();
		CHECK(*mine == before + i);
	}
	CHECK(node_sync(&event)); /* nothing changed */
	usleep(50000);
	CHECK(*mine == before + 5);
	munmap((void *)mine, 4096);
}

/* Fails if read(2) takes another size, acks, or waits where it must not. */
static void read_rules(void)
{
	int fd = watcher(O_NONBLOCK);
	char buffer[16];
	uint32_t value;

	CHECK_ERRNO(take(fd, &value), EAGAIN);
	CHECK(read(fd, buffer, 0) == 0);
	CHECK_ERRNO(read(fd, buffer, 3), EINVAL);
	change();
	CHECK(read(fd, buffer, 0) == 0);
	CHECK_ERRNO(read(fd, buffer, 3), EINVAL);
	CHECK(read(fd, buffer, sizeof(buffer)) == sizeof(value));
	memcpy(&value, buffer, sizeof(value));
	CHECK(value == *counter);
	CHECK(take(fd, &value) == sizeof(value)); /* not acked by reading */
	CHECK_ERRNO(read(fd, nowhere, 4), EFAULT);
	CHECK(ack(fd, value) == sizeof(value));
	CHECK_ERRNO(take(fd, &value), EAGAIN);
	close(fd);
}

/* Fails if an ack of another size or generation is taken, or of one that is over. */
static void write_rules(void)
{
	int fd = watcher(O_NONBLOCK);
	uint64_t wide = *counter;
	uint32_t old = *counter, value;

	CHECK_ERRNO(write(fd, &wide, sizeof(wide)), ENOBUFS);
	CHECK_ERRNO(write(fd, &wide, 3), ENOBUFS);
	CHECK_ERRNO(write(fd, &wide, 0), ENOBUFS);
	CHECK_ERRNO(ack(fd, old + 1), EINVAL);
	CHECK_ERRNO(write(fd, nowhere, 4), EFAULT);
	CHECK(ack(fd, old) == sizeof(old));
	change();
	CHECK_ERRNO(ack(fd, old), EINVAL);
	CHECK(take(fd, &value) == sizeof(value) && value == old + 1);
	CHECK(ack(fd, value) == sizeof(value));
	close(fd);
	fd = open(SYSGENID, O_RDONLY);
	CHECK_ERRNO(ack(fd, value), EBADF);
	close(fd);
}

/* Fails if a descriptor is outdated by what was before it, or by another one's ack. */
static void each_descriptor_acks_for_itself(void)
{
	int early = watcher(O_NONBLOCK), late;
	uint32_t value;

	change();
	late = watcher(O_NONBLOCK);
	CHECK_ERRNO(take(late, &value), EAGAIN);
	CHECK(ack(late, *counter) == sizeof(value));
	CHECK(take(early, &value) == sizeof(value));
	close(early);
	close(late);
}

/* Fails if poll(2) says anything but POLLIN and POLLRDNORM while outdated. */
static void poll_rules(void)
{
	int fd = watcher(0);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDNORM | POLLOUT | POLLPRI };
	uint32_t value;

	CHECK(poll(&p, 1, 0) == 0);
	change();
	CHECK(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLRDNORM));
	CHECK(take(fd, &value) == sizeof(value));
	CHECK(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLRDNORM));
	CHECK(ack(fd, value) == sizeof(value));
	CHECK(poll(&p, 1, 0) == 0);
	close(fd);
}

/* Fails if a change does not wake who sleeps in read(2) or poll(2). */
static void change_wakes_sleepers(void)
{
	int fds[2] = { watcher(0), watcher(0) };
	pid_t pids[2];
	uint32_t value;

	for (int i = 0; i < 2; i++) {
		struct pollfd p = { .fd = fds[i], .events = POLLIN };

		pids[i] = fork();
		if (pids[i] == 0)
			_exit(i ? (poll(&p, 1, -1) == 1 ? 7 : 1)
				: (take(fds[i], &value) == sizeof(value) ? 7 : 1));
	}
	for (int i = 0; i < 2; i++)
		CHECK(child_sleeps(pids[i]));
	change();
	for (int i = 0; i < 2; i++) {
		CHECK(child_end(pids[i]) == 7);
		close(fds[i]);
	}
}

/* Fails if more than a page, another offset or anything writable can be mapped. */
static void mmap_rules(void)
{
	int fd = watcher(0);
	uint32_t *word;

	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED &&
	      errno == EPERM);
	word = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(word != MAP_FAILED && *word == *counter);
	CHECK_ERRNO(mprotect(word, 4096, PROT_READ | PROT_WRITE), EACCES);
	for (int i = 1; i < 1024; i++)
		CHECK(word[i] == 0);
	munmap(word, 4096);
	close(fd);
}

/* Fails if what is no request is taken for one, down to the size in its number. */
static void unknown_ioctls(void)
{
	int fd = watcher(0);

	CHECK_ERRNO(ioctl(fd, 0xE400, 0), EINVAL);
	CHECK_ERRNO(ioctl(fd, 0xE404, 0), EINVAL);
	CHECK_ERRNO(ioctl(fd, _IOW(0xE4, 1, int), 0), EINVAL);
	close(fd);
}

/* Fails if the minimum is not heeded, or the counter can go back or stand. */
static void trigger_rules(void)
{
	int fd = watcher(O_NONBLOCK);
	uint32_t before = *counter, value;

	CHECK(ioctl(fd, TRIGGER_GEN_UPDATE, 0) == 0 && *counter == before + 1);
	CHECK(ioctl(fd, TRIGGER_GEN_UPDATE, before) == 0 && *counter == before + 2);
	CHECK(ioctl(fd, TRIGGER_GEN_UPDATE, before + 100) == 0 && *counter == before + 100);
	/* Cut to 32 bits it would be another request. */
	CHECK_ERRNO(ioctl(fd, TRIGGER_GEN_UPDATE, 0x100000000ul), EINVAL);
	CHECK(*counter == before + 100);
	CHECK(take(fd, &value) == sizeof(value) && value == before + 100);
	change();
	CHECK(*counter == before + 101);
	close(fd);
}

/* Keeps one capability as nobody; without any for -1. */
static bool become_nobody_with(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (capability >= 0) {
		data[capability / 32].permitted = 1u << capability % 32;
		data[capability / 32].effective = 1u << capability % 32;
	}
	return !prctl(PR_SET_KEEPCAPS, 1) && !setresuid(65534, 65534, 65534) &&
	       !syscall(SYS_capset, &header, data);
}

static int trigger_with(int capability)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return child_end(pid);
	if (!become_nobody_with(capability))
		_exit(2);
	fd = open(SYSGENID, O_RDONLY);
	if (fd < 0)
		_exit(3);
	_exit(!ioctl(fd, TRIGGER_GEN_UPDATE, 0) ? 7 : errno == EACCES ? 8 : 4);
}

/* Fails if anyone can outdate the whole system, or a checkpointer cannot. */
static void trigger_needs_a_capability(void)
{
	uint32_t before = *counter;

	CHECK(trigger_with(-1) == 8);
	CHECK(trigger_with(CAP_SYS_RAWIO) == 8);
	CHECK(*counter == before);
	CHECK(trigger_with(CAP_CHECKPOINT_RESTORE) == 7);
	CHECK(trigger_with(CAP_SYS_ADMIN) == 7);
	CHECK(*counter == before + 2);
}

static void unloaded(void)
{
	munmap((void *)counter, 4096);
	counter = NULL;
	CHECK(module_unload("vmgenc") == 0);
	CHECK(access(SYSGENID, F_OK) == -1);
}

/* Fails if an open node or a mapping does not hold the module. */
static void node_holds_the_module(void)
{
	int fd;

	CHECK_ERRNO(module_unload("vmgenc"), EAGAIN); /* counter is mapped */
	unloaded();
	CHECK(module_load(MODULE_FILE, ONLY_SYNC) == 0);
	fd = watcher(0);
	CHECK_ERRNO(module_unload("vmgenc"), EAGAIN);
	close(fd);
}

/* Fails if the parameter does not leave it out, or the rest goes with it. */
static void parameter_leaves_it_out(void)
{
	struct vmgenc_event event;

	CHECK(module_reload(ONLY_SYNC "sysgenid=0") == 0);
	CHECK(access(SYSGENID, F_OK) == -1 && access(NODE, F_OK) == 0);
	CHECK(strcmp(file_text("/sys/module/vmgenc/parameters/sysgenid"), "N") == 0);
	rawid_change();
	CHECK(node_sync(&event) && event.generation == 2);
	CHECK(module_reload(ONLY_SYNC) == 0);
	CHECK(access(SYSGENID, F_OK) == 0);
}

int main(void)
{
	rawid_page();
	RUN(no_mapping_by_default);
	RUN(loads);
	if (!counter)
		return check_result();
	RUN(everyone_maps_it);
	RUN(each_change_adds_one);
	RUN(read_rules);
	RUN(write_rules);
	RUN(each_descriptor_acks_for_itself);
	RUN(poll_rules);
	RUN(change_wakes_sleepers);
	RUN(mmap_rules);
	RUN(unknown_ioctls);
	RUN(trigger_rules);
	RUN(trigger_needs_a_capability);
	RUN(node_holds_the_module);
	RUN(parameter_leaves_it_out);
	return check_result();
}
