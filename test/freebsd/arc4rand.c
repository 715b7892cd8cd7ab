/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd: a module with sysctls: debug.vmgenc_arc4rand draws from arc4rand(9), _reversal takes
 * two locks in both orders, and from 15 on _repeat makes the source VMGENID fail its health test.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kernel.h>
#include <sys/libkern.h>
#include <sys/lock.h>
#include <sys/module.h>
#if __FreeBSD_version >= 1500000
#include <sys/random.h>
#endif
#include <sys/sx.h>
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

static struct sx first, second;
SX_SYSINIT(vmgenc_first, &first, "vmgenc test 1");
SX_SYSINIT(vmgenc_second, &second, "vmgenc test 2");

static void
lock_both(struct sx *one, struct sx *other)
{

	sx_xlock(one);
	sx_xlock(other);
	sx_xunlock(other);
	sx_xunlock(one);
}

static int
vmgenc_reversal_sysctl(SYSCTL_HANDLER_ARGS)
{

	lock_both(&first, &second);
	lock_both(&second, &first);
	return (SYSCTL_OUT(req, "", 1));
}

SYSCTL_PROC(_debug, OID_AUTO, vmgenc_reversal,
    CTLTYPE_OPAQUE | CTLFLAG_RD | CTLFLAG_MPSAFE, NULL, 0,
    vmgenc_reversal_sysctl, "", "a lock order reversal");

#if __FreeBSD_version >= 1500000
static int
vmgenc_repeat_sysctl(SYSCTL_HANDLER_ARGS)
{
	static const uint64_t sample = 1;
	int i;

	for (i = 0; i < 3; i++)
		random_harvest_direct(&sample, sizeof(sample), RANDOM_PURE_VMGENID);
	return (SYSCTL_OUT(req, "", 1));
}

SYSCTL_PROC(_debug, OID_AUTO, vmgenc_repeat,
    CTLTYPE_OPAQUE | CTLFLAG_RD | CTLFLAG_MPSAFE, NULL, 0,
    vmgenc_repeat_sysctl, "", "repeated samples of VMGENID");
#endif

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
