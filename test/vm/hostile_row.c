/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: plays hostile firmware, and prints a row of what each variant did to the guest. */
#include "hostile_row.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guest.h"

#define CHOSEN 0x50
#define VALUE 0x51
#define TIMES 0x52
#define TRIGGER "/sys/bus/acpi/devices/VMGT0000:00/status"

static unsigned int rows, bad_rows;

void hostile_begin(struct hostile_row *row, const char *name, const char *what)
{
	memset(row, 0, sizeof(*row));
	snprintf(row->variant, sizeof(row->variant), "%s %s", name, what);
	row->survived = row->ok = true;
}

bool hostile_expect(struct hostile_row *row, bool kept, const char *expected)
{
	if (!kept)
		printf("FAIL %s: %s (errno now: %s)\n", row->variant, expected, strerror(errno));
	row->ok &= kept;
	return kept;
}

static void print_text(const char *key, const char *text)
{
	printf("\"%s\":\"", key);
	for (; *text; text++)
		if (*text >= ' ' && *text != 0x7f)
			printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	printf("\",");
}

void hostile_end(struct hostile_row *row)
{
	struct utsname name;

	hostile_expect(row, row->survived, "the guest survives");
	rows++;
	bad_rows += !row->ok;
	uname(&name);
	printf("row {");
	print_text("variant", row->variant);
	print_text("release", name.release);
	print_text("errno", row->error ? strerrorname_np(row->error) : "0");
	print_text("log", row->log);
	printf("\"survived\":%s,\"ok\":%s}\n", row->survived ? "true" : "false",
	       row->ok ? "true" : "false");
	fflush(stdout);
}

int hostile_result(void)
{
	printf("%u passed, %u failed\n", rows - bad_rows, bad_rows);
	return bad_rows || !rows;
}

static bool is_complaint(const char *line)
{
	static const char *const words[] = {
		"WARNING:",
		"BUG:",
		"Oops",
		"Call Trace",
		"general protection",
		"refcount_t",
		"stack-protector",
		"hung_task",
		"blocked for more than",
		"list_add corruption",
		"list_del corruption",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

unsigned int hostile_log(struct hostile_row *row, int log, const char *prefix, const char *text)
{
	unsigned int count = 0;
	char line[8192];

	while (log_next(log, "", line, sizeof(line))) {
		char *message = strchr(line, ';');

		if (!message)
			continue;
		message[1 + strcspn(message + 1, "\n")] = '\0';
		if (is_complaint(message)) {
			printf("the kernel says: %s\n", message + 1);
			row->survived = false;
		}
		if (!strstr(message, prefix))
			continue;
		count++;
		if (!row->log[0] || (!row->matched && strstr(message, text)))
			snprintf(row->log, sizeof(row->log), "%s", message + 1);
		row->matched |= strstr(message, text) != NULL;
	}
	return count;
}

bool hostile_rng_works(void)
{
	uint64_t a[4] = {0}, b[4] = {0};

	return getrandom(a, sizeof(a), GRND_NONBLOCK) == sizeof(a) &&
	       getrandom(b, sizeof(b), GRND_NONBLOCK) == sizeof(b) &&
	       memcmp(a, b, sizeof(a)) != 0 && a[0] != a[1] && a[2] != a[3];
}

unsigned int hostile_mappings(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "re");
	unsigned int count = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		count += strstr(line, "memremap") != NULL;
	if (file)
		fclose(file);
	return count;
}

bool hostile_nothing_there(void)
{
	return access(NODE, F_OK) == -1 && access(NODE "1", F_OK) == -1 &&
	       access("/proc/sys/dev/vmgenc", F_OK) == -1 && access("/dev/sysgenid", F_OK) == -1 &&
	       access("/sys/module/vmgenc", F_OK) == -1;
}

static void cmos(unsigned int at, unsigned int value)
{
	outb((unsigned char)at, 0x70);
	outb((unsigned char)value, 0x71);
}

bool hostile_begin_choosing(void)
{
	return ioperm(0x70, 2, 1) == 0;
}

void hostile_choose(unsigned int number)
{
	cmos(CHOSEN, number);
}

/* The kernel evaluates _STA for each read of the file. */
bool hostile_notify(unsigned int value, unsigned int times)
{
	if (!times)
		return true;
	cmos(VALUE, value);
	cmos(TIMES, times & 0xff);
	cmos(TIMES + 1, times >> 8);
	return !strcmp(file_text(TRIGGER), "15");
}

static const struct {
	uint64_t start;
	size_t size;
} parts[] = {{0x06000000, 0x10000}, {0x07000000, 0x2000}};

volatile uint64_t *hostile_memory(uint64_t phys)
{
	static volatile uint8_t *mapped[2];

	for (int i = 0; i < 2; i++) {
		int fd;

		if (phys < parts[i].start || phys >= parts[i].start + parts[i].size)
			continue;
		fd = mapped[i] ? -1 : open("/dev/mem", O_RDWR | O_CLOEXEC);
		if (!mapped[i])
			mapped[i] = mmap(NULL, parts[i].size, PROT_READ | PROT_WRITE, MAP_SHARED,
					 fd, (off_t)parts[i].start);
		if (fd >= 0)
			close(fd);
		if (mapped[i] == MAP_FAILED)
			mapped[i] = NULL;
		return mapped[i] ? (volatile uint64_t *)(mapped[i] + (phys - parts[i].start))
				 : NULL;
	}
	return NULL;
}

static void fill(uint64_t phys, unsigned int byte, size_t size)
{
	memset((void *)hostile_memory(phys), (int)byte, size);
}

bool hostile_lay_out(void)
{
	static const uint64_t ids[] = {0x06000028, 0x06003028, 0x06004ff8,
				       0x06006ff0, 0x07000028, 0x07001028};

	if (!hostile_memory(parts[0].start) || !hostile_memory(parts[1].start))
		return false;
	fill(parts[0].start, 0, parts[0].size);
	fill(parts[1].start, 0, parts[1].size);
	fill(0x06003000, 0xa5, 4096);
	fill(0x06002028, 0xff, 16);
	hostile_memory(0x06007028)[1] = 0x5a5a;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		volatile uint64_t *id = hostile_memory(ids[i]);
		uint64_t words[2];

		if (getrandom(words, sizeof(words), 0) != sizeof(words))
			return false;
		id[0] = words[0];
		id[1] = words[1];
	}
	return true;
}
