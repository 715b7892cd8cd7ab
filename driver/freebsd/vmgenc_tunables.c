// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: hw.vmgenc - set in loader.conf(5) or by kenv(1) before the module is loaded. */
#include "vmgenc_var.h"

static SYSCTL_NODE(_hw, OID_AUTO, vmgenc, CTLFLAG_RD | CTLFLAG_MPSAFE, 0, "VM generation ID");

int vmgenc_tunable_notify = 1;
SYSCTL_INT(_hw_vmgenc, OID_AUTO, notify, CTLFLAG_RDTUN, &vmgenc_tunable_notify, 0,
    "Act on ACPI notifications and the ACPI interrupt (0 is for tests)");

int vmgenc_tunable_sci = 1;
SYSCTL_INT(_hw_vmgenc, OID_AUTO, sci, CTLFLAG_RDTUN, &vmgenc_tunable_sci, 0,
    "Look at the id in the ACPI interrupt, before the notification arrives");

int vmgenc_tunable_draws = 1;
SYSCTL_INT(_hw_vmgenc, OID_AUTO, draws, CTLFLAG_RDTUN, &vmgenc_tunable_draws, 0,
    "Look before each read of random(4) (1), of arc4random(9) too (2); before FreeBSD 13 only");

int vmgenc_tunable_look_ms = 1000;
SYSCTL_INT(_hw_vmgenc, OID_AUTO, look_ms, CTLFLAG_RDTUN, &vmgenc_tunable_look_ms, 0,
    "Period of the slow look, which needs no notification, in ms (0: never)");

static char raw[8] = "auto";
SYSCTL_STRING(_hw_vmgenc, OID_AUTO, raw, CTLFLAG_RDTUN, raw, sizeof(raw),
    "Who may map the hypervisor's page: auto, all, driver (PRIV_DRIVER)");

/* An unknown value is logged and counts as driver, the strictest. */
enum vmgenc_raw_access
vmgenc_tunable_raw(void)
{

	if (strcmp(raw, "auto") == 0)
		return (VMGENC_RAW_AUTO);
	if (strcmp(raw, "all") == 0)
		return (VMGENC_RAW_ALL);
	if (strcmp(raw, "driver") != 0)
		printf("vmgenc: hw.vmgenc.raw is \"%s\": it takes auto, all or driver\n", raw);
	return (VMGENC_RAW_DRIVER);
}
