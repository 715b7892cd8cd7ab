/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc doctor - which of the hooks that come along are right on this machine, which are off,
 * and whether the service that runs them is there. */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "doctor.h"

#define SHIPPED VMGENC_SHARE "/hooks/"
#define NAMES 24

/* What a hook replaces is there if one of these files is; NULL: always. */
static const struct advice {
	const char *name;
	bool for_copies;
	const char *there[3];
} hooks[] = {
	{"10-random-seed", false, {NULL}},
	{"50-journal", false, {"/run/systemd/journal/socket", "/dev/log"}},
	{"20-machine-id", true, {"/etc/machine-id"}},
	{"30-ssh-host-keys", true, {"/etc/ssh/ssh_host_*_key"}},
	{"40-dhcp",
	 true,
	 {"/run/systemd/netif/leases/*", "/var/lib/dhc*/*", "/var/lib/NetworkManager/*"}},
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

/* By the control group that systemd gives it. */
static bool service_runs(void)
{
	return doctor_there("/sys/fs/cgroup/system.slice/vmgenc-hooks.service") ||
	       doctor_there("/sys/fs/cgroup/systemd/system.slice/vmgenc-hooks.service");
}

void doctor_hooks(void)
{
	if (!doctor_there(SHIPPED))
		return;
	if (doctor_any_there(VMGENC_HOOKS "/*") && doctor_there("/run/systemd/system") &&
	    !service_runs())
		bad("systemctl enable --now vmgenc-hooks",
		    "there are hooks in " VMGENC_HOOKS ", but their service does not run");
	advise(false, "on every machine");
	advise(true, "where copies become machines of their own");
}
