/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: how user space is told without the device - sysctls, the uevent, the log. */
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "check.h"
#include "guest.h"
#include "rawid.h"
#include "vmgenc.h"

/* An id as QEMU's guid= has it: three little-endian numbers, then bytes. */
static void guid_text(const uint8_t b[RAWID_SIZE], char text[37])
{
	snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12],
		 b[13], b[14], b[15]);
}

static void change(struct vmgenc_event *event)
{
	rawid_change();
	CHECK(node_sync(event));
}

static uint32_t page_flags(void)
{
	struct vmgenc_status st = {.size = sizeof(st)};
	struct vmgenc *vg;

	CHECK(vmgenc_open(&vg, NULL) == 0 && vmgenc_status(vg, &st) == 0);
	vmgenc_close(vg);
	return st.flags;
}

/* Fails if the text's byte order is not Microsoft's, or it is of another generation. */
static void sysctls_show_the_event(void)
{
	struct vmgenc_event event;
	char guid[37], number[24];
	uint8_t raw[RAWID_SIZE];

	for (int round = 0; round < 3; round++) {
		change(&event);
		rawid_read(raw);
		guid_text(raw, guid);
		CHECK(strcmp(file_text(SYSCTL "guid"), guid) == 0);
		snprintf(number, sizeof(number), "%llu", (unsigned long long)event.generation);
		CHECK(strcmp(file_text(SYSCTL "generation"), number) == 0);
		CHECK(strcmp(file_text(SYSCTL "settled"), number) == 0);
		CHECK(strtoul(file_text(SYSCTL "flags"), NULL, 10) == page_flags());
	}
}

/* Fails if the files' mode is not 0444, or writing is not refused to root. */
static void sysctls_are_read_only(void)
{
	static const char *const files[] = {SYSCTL "guid", SYSCTL "generation", SYSCTL "settled",
					    SYSCTL "flags"};
	struct stat st;

	for (int i = 0; i < 4; i++) {
		CHECK(stat(files[i], &st) == 0);
		CHECK((st.st_mode & 07777) == 0444);
		CHECK(open(files[i], O_WRONLY) == -1);
		CHECK(errno == EACCES || errno == EPERM);
	}
}

/* Fails if a handler ignores the file's position, or its end. */
static void sysctls_are_read_in_parts(void)
{
	char text[64];
	size_t used = 0;
	ssize_t n;
	int fd = open(SYSCTL "guid", O_RDONLY);

	while (used < sizeof(text) && (n = read(fd, text + used, used ? 1 : 5)) > 0)
		used += (size_t)n;
	close(fd);
	CHECK(used == 37 && text[36] == '\n');
	text[36] = '\0';
	CHECK(strcmp(text, file_text(SYSCTL "guid")) == 0);
}

static void read_sysctls(void)
{
	CHECK(strlen(file_text(SYSCTL "guid")) == 36);
	CHECK(*file_text(SYSCTL "generation") >= '1');
}

/* Fails if it takes a privilege to read them. */
static void nobody_reads_sysctls(void)
{
	CHECK(as_nobody(read_sysctls) == 0);
}

static int uevent_socket(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Waits for an event whose first line, ACTION@PATH, begins and ends so; its size, or 0. */
static ssize_t uevent_wait(int fd, const char *action, const char *name, char *text, size_t size)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t length;
	ssize_t n;

	while (poll(&p, 1, PATIENCE_S * 1000) == 1) {
		n = recv(fd, text, size - 1, 0);
		if (n <= 0)
			return 0;
		text[n] = '\0';
		length = strlen(text);
		if (!strncmp(text, action, strlen(action)) && length >= strlen(name) &&
		    !strcmp(text + length - strlen(name), name))
			return n;
	}
	return 0;
}

static bool uevent_has(const char *text, ssize_t size, const char *variable)
{
	for (const char *at = text; at < text + size; at += strlen(at) + 1)
		if (!strcmp(at, variable))
			return true;
	return false;
}

/* Fails if udev would not hear of a change, or without its number; or hear of none. */
static void change_sends_one_uevent_each(void)
{
	struct vmgenc_event event;
	char text[4096], number[48];
	int fd = uevent_socket();
	ssize_t n;

	CHECK(fd >= 0);
	for (int round = 0; round < 3; round++) {
		change(&event);
		CHECK(node_sync(&event));
		n = uevent_wait(fd, "change@", "/vmgenc", text, sizeof(text));
		CHECK(n > 0);
		snprintf(number, sizeof(number), "VMGENC_GENERATION=%llu",
			 (unsigned long long)event.generation);
		CHECK(uevent_has(text, n, number));
		CHECK(uevent_has(text, n, "ACTION=change"));
		CHECK(uevent_has(text, n, "DEVNAME=vmgenc"));
	}
	close(fd);
}

/* Fails if udev would not make the node with its mode, or not remove it. */
static void loading_sends_uevents(void)
{
	char text[4096];
	int fd = uevent_socket();
	ssize_t n;

	CHECK(module_reload("look_ms=0 notify=0") == 0);
	CHECK(uevent_wait(fd, "remove@", "/misc/vmgenc", text, sizeof(text)) > 0);
	n = uevent_wait(fd, "add@", "/misc/vmgenc", text, sizeof(text));
	CHECK(n > 0);
	CHECK(uevent_has(text, n, "DEVMODE=0444"));
	close(fd);
}

/* Fails if a change is not logged once, with the device's path and its new id. */
static void change_logs_one_line(void)
{
	struct vmgenc_event event;
	char text[100], guid[37];
	int log = log_open();

	change(&event);
	guid_text(event.id, guid);
	snprintf(text, sizeof(text), "vmgenc: \\_SB_.VGEN: generation %llu: id %s",
		 (unsigned long long)event.generation, guid);
	/* It comes with the listeners, after the sync. */
	CHECK(log_comes(log, text));
	CHECK(node_sync(&event));
	CHECK(log_count(log, "vmgenc") == 0);
	close(log);
}

/* Fails if it is not logged what was found where. */
static void loading_logs_what_it_found(void)
{
	uint8_t raw[RAWID_SIZE];
	char text[120], guid[37];
	int log = log_open();

	CHECK(module_reload("look_ms=0 notify=0") == 0);
	rawid_read(raw);
	guid_text(raw, guid);
	snprintf(text, sizeof(text), "vmgenc: \\_SB_.VGEN: id %s at 0x%016llx, raw page mappable",
		 guid, (unsigned long long)rawid_address() + RAWID_OFFSET);
	CHECK(log_has(log, text));
	close(log);
}

static void loads(void)
{
	CHECK(module_reload("look_ms=0 notify=0") == 0);
}

int main(void)
{
	RUN(loads);
	RUN(sysctls_show_the_event);
	RUN(sysctls_are_read_only);
	RUN(sysctls_are_read_in_parts);
	RUN(nobody_reads_sysctls);
	RUN(change_sends_one_uevent_each);
	RUN(loading_sends_uevents);
	RUN(change_logs_one_line);
	RUN(loading_logs_what_it_found);
	return check_result();
}
