/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: reads which machine this is, and what the administrator says of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __FreeBSD__
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <ifaddrs.h>
#include <kenv.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_types.h>
#endif

#include "cmd.h"
#include "identity.h"
#include "trust.h"

#define SAID_MAX 4096

/*
 * Reads a file that steers what root does, so trust_open() must accept it. Returns 0, or -errno
 * with the reason in why.
 */
static int read_text(const char *root, const char *path, char *text, size_t size, char *why,
		     size_t why_size)
{
	char full[PATH_MAX];
	struct trust file;
	ssize_t n;
	int error;

	*text = '\0';
	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	error = trust_open(&file, NULL, full, O_RDONLY, 0);
	if (error) {
		snprintf(why, why_size, "%s", file.why);
		return error;
	}
	n = read(file.fd, text, size);
	error = n < 0 ? -errno : n == (ssize_t)size ? -EFBIG : 0;
	trust_close(&file);
	text[error ? 0 : n] = '\0';
	if (error)
		snprintf(why, why_size, "%s", strerror(-error));
	return error;
}

/* Reads the first line of a file. If others could have written it, logs that and takes "". */
static void read_line(const char *root, const char *path, char *text, size_t size)
{
	char why[PATH_MAX + 160] = "";

	if (read_text(root, path, text, size, why, sizeof(why)) == -EPERM)
		say_log("%s%s is not believed, since %s", root, path, why);
	text[strcspn(text, "\r\n")] = '\0';
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Addresses that QEMU gives out from :56 on, the same in each machine that configures none. */
static bool is_default(const char *mac)
{
	return !strncmp(mac, "52:54:00:12:34:", 15) && strcmp(mac + 15, "56") >= 0;
}

static void add_mac(struct machine *m, size_t *count, const char *mac)
{
	if (strlen(mac) != 17 || is_default(mac) || !strcmp(mac, "00:00:00:00:00:00"))
		return;
	if (*count < MACHINE_MACS)
		memcpy(m->macs[(*count)++], mac, 18);
}

#ifdef __FreeBSD__
static void read_uuid(const char *root, char *uuid, size_t size)
{
	if (*root || kenv(KENV_GET, "smbios.system.uuid", uuid, (int)size) < 0)
		*uuid = '\0';
}

static bool is_xen(const char *root)
{
	char guest[32] = "";
	size_t size = sizeof(guest) - 1;

	return !*root && !sysctlbyname("kern.vm_guest", guest, &size, NULL, 0) &&
	       !strcmp(guest, "xen");
}

static bool is_made_up(const char *name)
{
	return !strncmp(name, "tap", 3) || !strncmp(name, "epair", 5) || !strncmp(name, "vnet", 4);
}

static void read_macs(const char *root, struct machine *m)
{
	struct ifaddrs *all, *a;
	size_t count = 0;

	if (*root || getifaddrs(&all))
		return;
	for (a = all; a; a = a->ifa_next) {
		const struct sockaddr_dl *dl = (const void *)a->ifa_addr;
		const unsigned char *b;
		char mac[18];

		if (!dl || dl->sdl_family != AF_LINK || dl->sdl_type != IFT_ETHER ||
		    dl->sdl_alen != 6 || is_made_up(a->ifa_name))
			continue;
		b = (const unsigned char *)LLADDR(dl);
		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
			 b[4], b[5]);
		add_mac(m, &count, mac);
	}
	freeifaddrs(all);
	qsort(m->macs, count, sizeof(m->macs[0]), by_text);
}
#else
static void read_uuid(const char *root, char *uuid, size_t size)
{
	read_line(root, "/sys/class/dmi/id/product_uuid", uuid, size);
}

static bool is_xen(const char *root)
{
	char type[16];

	read_line(root, "/sys/hypervisor/type", type, sizeof(type));
	return !strcmp(type, "xen");
}

/* Takes the address only if a device is behind it and it is the device's own (NET_ADDR_PERM). */
static void read_mac(const char *root, const char *name, struct machine *m, size_t *count)
{
	char path[PATH_MAX + NAME_MAX + 64], text[64];

	snprintf(path, sizeof(path), "%s/sys/class/net/%s/device", root, name);
	if (access(path, F_OK))
		return;
	snprintf(path, sizeof(path), "/sys/class/net/%s/addr_assign_type", name);
	read_line(root, path, text, sizeof(text));
	if (strcmp(text, "0"))
		return;
	snprintf(path, sizeof(path), "/sys/class/net/%s/address", name);
	read_line(root, path, text, sizeof(text));
	add_mac(m, count, text);
}

static void read_macs(const char *root, struct machine *m)
{
	char path[PATH_MAX];
	struct dirent *entry;
	size_t count = 0;
	DIR *net;

	if (snprintf(path, sizeof(path), "%s/sys/class/net", root) >= (int)sizeof(path))
		return;
	net = opendir(path);
	while (net && (entry = readdir(net))) {
		if (entry->d_name[0] != '.')
			read_mac(root, entry->d_name, m, &count);
	}
	if (net)
		closedir(net);
	qsort(m->macs, count, sizeof(m->macs[0]), by_text);
}
#endif

void machine_read(const char *root, struct machine *m)
{
	char uuid[64];

	memset(m, 0, sizeof(*m));
	m->live = smbios_uuid(root, uuid);
	if (!m->live)
		read_uuid(root, uuid, sizeof(uuid));
	machine_digest(uuid, m->uuid);
	read_macs(root, m);
	read_line(root, "/var/lib/cloud/data/instance-id", m->instance, sizeof(m->instance));
	if (!strcmp(m->instance, "iid-datasource-none"))
		m->instance[0] = '\0'; /* cloud-init found no data source */
	m->xen = is_xen(root);
}

static bool take_word(struct said *said, char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(line, "identity") && *value && strlen(value) < sizeof(said->identity)) {
		memcpy(said->identity, value, strlen(value) + 1);
		return true;
	}
	if (strcmp(line, "change"))
		return false;
	said->change = !strcmp(value, "rollback") ? CHANGE_ROLLBACK
		       : !strcmp(value, "copy")	  ? CHANGE_COPY
						  : CHANGE_UNSAID;
	return said->change != CHANGE_UNSAID;
}

int said_read(const char *root, struct said *said, char *why, size_t why_size)
{
	char text[SAID_MAX], *rest = text, *line;
	int error = read_text(root, VMGENC_MACHINE, text, sizeof(text), why, why_size);

	memset(said, 0, sizeof(*said));
	if (error == -ENOENT || error == -ENOTDIR)
		return 0;
	if (error)
		return -1;
	for (int number = 1; (line = strsep(&rest, "\n")) != NULL; number++) {
		line += strspn(line, " \t");
		line[strcspn(line, "\r")] = '\0';
		if (!*line || *line == '#' || take_word(said, line))
			continue;
		memset(said, 0, sizeof(*said));
		snprintf(why, why_size,
			 "its line %d is neither identity=TEXT nor change=copy or change=rollback",
			 number);
		return -1;
	}
	return 0;
}
