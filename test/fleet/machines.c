/* SPDX-License-Identifier: BSD-2-Clause */
/* test/fleet: a fleet of simulated machines on one port of loopback, each with its own path. Their
 * text is one that vmgenc status --metrics printed, with other identities and a few faults. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"

#define SHARING 37
#define GROUPS 16 /* five of three machines, eleven of two */
#define YEARS (20 * 365 * 86400L)

static const char *const kinds[] = {
	"machine-id",	 "ssh-host-key-rsa", "ssh-host-key-ecdsa", "ssh-host-key-ed25519",
	"duid-dhclient", "nvme-host-id",     "nvme-host-nqn",	   "iscsi-initiator",
	"random-seed",	 "boot-id",	     "generation-id"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
#define BOOT_ID 9

static unsigned int count;
static char template[65536];

/* The faults of some machines: the alert, and the line that shows it. */
static const struct fault {
	unsigned int machine;
	const char *alert, *metric, *value;
} faults[] = {
	{1, "VmgencRekeyFailed", "vmgenc_rekey_failed", "1"},
	{2, "VmgencHookFailed", "vmgenc_hooks_record_readable", "0"},
	{3, "VmgencModuleMissing", "vmgenc_source_present", "0"},
	{3, NULL, "vmgenc_protected", "0"},
	{3, NULL, "vmgenc_device_offered", "1"},
	{4, "VmgencNotReady", "vmgenc_ready", "0"},
	{4, NULL, "vmgenc_generation_age_seconds", "100000"},
	{5, "VmgencNotProtected", "vmgenc_protected", "0"},
	{6, "VmgencFingerprintsMissing", "vmgenc_fleet_key_usable", "0"},
};

static void name_of(unsigned int machine, char name[32])
{
	snprintf(name, 32, "machine-%06u", machine);
}

/* The machines that share are spread over the fleet, behind those with faults. */
static unsigned int member(unsigned int i)
{
	return 10 + i * ((count - 10) / SHARING);
}

static unsigned int group_of(unsigned int i)
{
	return i < 15 ? i / 3 : 5 + (i - 15) / 2;
}

/* A copied disk, one identity alone, or a copy of a running machine. */
static bool shares(unsigned int group, size_t kind)
{
	if (group % 3 == 0)
		return kind < BOOT_ID;
	if (group % 3 == 1)
		return kind == group % KINDS;
	return kind == 0 || kind == 8 || kind == BOOT_ID;
}

/* Whose identity of this kind the machine has: mostly its own. */
static unsigned int owner(unsigned int machine, size_t kind)
{
	for (unsigned int i = 0; i < SHARING; i++) {
		unsigned int group = group_of(i), leader = i;

		if (member(i) != machine)
			continue;
		while (leader && group_of(leader - 1) == group)
			leader--;
		return shares(group, kind) ? member(leader) : machine;
	}
	return machine;
}

static void print_identities(FILE *f, unsigned int machine)
{
	for (size_t k = 0; k < KINDS; k++) {
		unsigned int from[2] = {(unsigned int)k, owner(machine, k)};
		uint8_t digest[HASH_SIZE];
		struct hash h;

		hash_begin(&h);
		hash_add(&h, from, sizeof(from));
		hash_end(&h, digest);
		fprintf(f, "vmgenc_identity_info{kind=\"%s\",fingerprint=\"", kinds[k]);
		for (int i = 0; i < 16; i++)
			fprintf(f, "%02x", digest[i]);
		fputs("\"} 1\n", f);
	}
}

static void print_line(FILE *f, unsigned int machine, const char *line, size_t length)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		size_t n = strlen(faults[i].metric);

		if (faults[i].machine == machine && n < length && line[n] == ' ' &&
		    !memcmp(line, faults[i].metric, n)) {
			fprintf(f, "%s %s\n", faults[i].metric, faults[i].value);
			return;
		}
	}
	fwrite(line, 1, length, f);
}

/* Every 97th clock is wrong by 20 years, which must not matter. */
static void print_machine(FILE *f, unsigned int machine)
{
	long now = time(NULL) + (machine % 97 ? 0 : machine % 2 ? YEARS : -YEARS);
	bool done = false;

	for (const char *line = template, *end; (end = strchr(line, '\n')); line = end + 1) {
		if (strncmp(line, "vmgenc_identity_info", 20)) {
			print_line(f, machine, line, (size_t)(end + 1 - line));
			continue;
		}
		if (!done)
			print_identities(f, machine);
		done = true;
	}
	fprintf(f, "node_time_seconds %ld\n", now);
	fprintf(f, "node_textfile_mtime_seconds{file=\"/x/vmgenc.prom\"} %ld\n",
		now - (machine == 7 ? 10000 : 10));
}

static void answer(int fd)
{
	char request[2048] = "", *text = NULL;
	unsigned int machine;
	size_t size = 0;
	ssize_t n = read(fd, request, sizeof(request) - 1);
	FILE *f = open_memstream(&text, &size);

	if (!f || n <= 0 || sscanf(request, "GET /%u ", &machine) != 1 || machine >= count) {
		dprintf(fd, "HTTP/1.0 404 Not Found\r\n\r\n");
	} else {
		print_machine(f, machine);
		fflush(f);
		dprintf(fd,
			"HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
			"Content-Length: %zu\r\n\r\n%s",
			size, text);
	}
	if (f)
		fclose(f);
	free(text);
	close(fd);
}

static int serve(unsigned int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1, s = socket(AF_INET, SOCK_STREAM, 0);

	signal(SIGPIPE, SIG_IGN);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s, (struct sockaddr *)&at, sizeof(at)) || listen(s, 1024)) {
		fprintf(stderr, "machines: port %u: %s\n", port, strerror(errno));
		return 1;
	}
	for (;;) {
		int fd = accept(s, NULL, NULL);

		if (fd >= 0)
			answer(fd);
	}
}

/* For Prometheus: two machines, the first and the last, have the same name besides. */
static void print_targets(const char *port)
{
	char name[32];

	puts("[");
	for (unsigned int i = 0; i < count; i++) {
		name_of(i, name);
		printf("{\"targets\": [\"127.0.0.1:%s\"], \"labels\": {\"__metrics_path__\": "
		       "\"/%u\", "
		       "\"instance\": \"%s\", \"nodename\": \"host-%u\"}}%s\n",
		       port, i, name, i == count - 1 ? 0 : i, i == count - 1 ? "" : ",");
	}
	puts("]");
}

/* What has to be alerted, one line each; verdict.c prints the same of what was. */
static void print_truth(void)
{
	char name[32];

	for (unsigned int g = 0; g < GROUPS; g++) {
		for (size_t k = 0; k < KINDS; k++) {
			if (!shares(g, k))
				continue;
			printf("%s", kinds[k]);
			for (unsigned int i = 0; i < SHARING; i++) {
				name_of(member(i), name);
				if (group_of(i) == g)
					printf(" %s", name);
			}
			putchar('\n');
		}
	}
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		name_of(faults[i].machine, name);
		if (faults[i].alert)
			printf("%s %s\n", faults[i].alert, name);
	}
	name_of(7, name);
	printf("VmgencMetricsOld %s\n", name);
}

int main(int argc, char **argv)
{
	FILE *f = argc == 5 ? fopen(argv[4], "r") : NULL;

	if (argc < 3 || (count = (unsigned int)atoi(argv[2])) < 10 + SHARING) {
		fputs("machines targets|truth|serve COUNT PORT [TEMPLATE]\n", stderr);
		return 2;
	}
	if (f)
		template[fread(template, 1, sizeof(template) - 1, f)] = '\0';
	if (!strcmp(argv[1], "targets"))
		print_targets(argv[3]);
	else if (!strcmp(argv[1], "truth"))
		print_truth();
	else
		return *template ? serve((unsigned int)atoi(argv[3])) : 2;
	return 0;
}
