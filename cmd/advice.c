/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc doctor - which of the hooks that come along are right on this machine, which are off,
 * and whether the service that runs them is there. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "doctor.h"

#define SHIPPED VMGENC_SHARE "/hooks/"
#define SERVICES VMGENC_SHARE "/services"
#define DHCP                                                                                       \
	"/run/systemd/netif/leases/*", "/var/lib/dhc*/*", "/var/lib/NetworkManager/*.lease",       \
		"/var/lib/connman/*/settings"

/* What a hook replaces is there if one of these files is; NULL: always. */
static const struct advice {
	const char *name;
	bool for_copies;
	const char *there[4];
} hooks[] = {
	{"10-random-seed", false, {NULL}},
	{"50-journal", false, {"/run/systemd/journal/socket", "/dev/log"}},
	{"20-machine-id", true, {"/etc/machine-id"}},
	{"30-ssh-host-keys", true, {"/etc/ssh/ssh_host_*_key"}},
	{"31-dropbear-host-keys", true, {"/etc/dropbear/dropbear_*_host_key"}},
	{"40-dhcp", true, {DHCP}},
	{"41-duid", true, {DHCP}},
	{"45-cloud-init", true, {"/var/lib/cloud/data/instance-id"}},
	{"46-iscsi-initiator", true, {"/etc/iscsi/initiatorname.iscsi"}},
	{"47-nvme-host", true, {"/etc/nvme/hostnqn"}},
};
#define COUNT (sizeof(hooks) / sizeof(hooks[0]))

static bool is_right(const struct advice *a)
{
	for (size_t i = 0; i < sizeof(a->there) / sizeof(a->there[0]); i++) {
		if (!a->there[i])
			return i == 0;
		if (doctor_any_there(a->there[i]))
			return true;
	}
	return false;
}

static bool is_off(const char *name)
{
	char on[128], shipped[256];

	snprintf(on, sizeof(on), VMGENC_HOOKS "/%s", name);
	snprintf(shipped, sizeof(shipped), SHIPPED "%s", name);
	return doctor_there(shipped) && !doctor_there(on);
}

static void advise(bool for_copies, const char *where)
{
	char names[512] = "";
	size_t n = 0;

	for (size_t i = 0; i < COUNT && n < sizeof(names) - 64; i++) {
		if (hooks[i].for_copies == for_copies && is_off(hooks[i].name) &&
		    is_right(&hooks[i]))
			n += (size_t)snprintf(names + n, sizeof(names) - n, " %s", hooks[i].name);
	}
	if (n)
		note("hooks that are right %s, and off: cd " SHIPPED
		     "; install -m 755%s " VMGENC_HOOKS "/",
		     where, names);
}

/* By the control group that systemd gives it, in version 2 or 1. */
static bool service_runs(const char *name)
{
	char two[512], one[512];

	snprintf(two, sizeof(two), "/sys/fs/cgroup/system.slice/%s.service", name);
	snprintf(one, sizeof(one), "/sys/fs/cgroup/systemd/system.slice/%s.service", name);
	return doctor_there(two) || doctor_there(one);
}

/* Whether a line begins with this name. */
static bool is_listed(const char *list, const char *name)
{
	char path[PATH_MAX], line[512], word[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", doctor_root, list);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%255s", word) == 1 && !strcmp(word, name);
	if (f)
		fclose(f);
	return found;
}

/* Services of the list that comes along which run here, and which nobody has confirmed. */
static void check_services(void)
{
	char path[PATH_MAX], line[512], name[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s" SERVICES, doctor_root);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%255s", name) != 1 || *name == '#' || !service_runs(name) ||
		    is_listed(VMGENC_CONF "/services", name))
			continue;
		note("%s runs, and has a random generator of its own, which clones share: list it "
		     "in " VMGENC_CONF "/services (see " SERVICES
		     ") and enable 90-restart-services",
		     name);
	}
	if (f)
		fclose(f);
}

void doctor_hooks(void)
{
	if (!doctor_there(SHIPPED))
		return;
	if (doctor_any_there(VMGENC_HOOKS "/*") && doctor_there("/run/systemd/system") &&
	    !service_runs("vmgenc-hooks"))
		bad("systemctl enable --now vmgenc-hooks",
		    "there are hooks in " VMGENC_HOOKS ", but their service does not run");
	advise(false, "on every machine");
	advise(true, "where copies become machines of their own");
	check_services();
}
