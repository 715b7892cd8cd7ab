/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd: a module that lets programs draw from the kernel's own arc4rand(9), which
 * nothing else hands out as it is: the sysctl debug.vmgenc_arc4rand.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kernel.h>
#include <sys/libkern.h>
#include <sys/module.h>
#include <sys/sysctl.h>

static int
vmgenc_arc4rand_sysctl(SYSCTL_HANDLER_ARGS)
{
	char buf[64];
	size_t len;

	len = MIN(req->oldlen, sizeof(buf));
	arc4rand(buf, len, 0);
	return (SYSCTL_OUT(req, buf, len));
}

SYSCTL_PROC(_debug, OID_AUTO, vmgenc_arc4rand,
    CTLTYPE_OPAQUE | CTLFLAG_RD | CTLFLAG_MPSAFE, NULL, 0,
    vmgenc_arc4rand_sysctl, "", "bytes of arc4rand(9)");

static int
vmgenc_arc4rand_modevent(module_t mod, int type, void *arg)
{

	return (type == MOD_LOAD || type == MOD_UNLOAD ? 0 : EOPNOTSUPP);
}

static moduledata_t vmgenc_arc4rand_mod = {
	"vmgenc_arc4rand",
	vmgenc_arc4rand_modevent,
	NULL
};

DECLARE_MODULE(vmgenc_arc4rand, vmgenc_arc4rand_mod, SI_SUB_PSEUDO,
    SI_ORDER_ANY);
MODULE_VERSION(vmgenc_arc4rand, 1);
