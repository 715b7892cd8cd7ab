// SPDX-License-Identifier: BSD-2-Clause
/* driver/linux: getrandom(2) and reads of /dev/random look at the id before they draw. */
#include "device.h"

#if VMGENC_HAVE_DRAW_HOOKS
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/wait_bit.h>

/*
 * However early the interrupt, a processor that does not take it draws on: in a fresh virtual
 * machine for milliseconds. So whoever draws looks first, and where the id has changed, the
 * call goes through one of the functions below, which settles and then draws. The way there is
 * the one that livepatch uses: ftrace, IPMODIFY. A draw costs two loads and the ftrace stub.
 *
 * The four arguments are more than any of the functions has; those that it has come first.
 */
typedef long draw_fn(long a, long b, long c, long d);

enum { GETRANDOM, GETRANDOM32, URANDOM_READ, RANDOM_READ, DRAW_HOOKS };

struct draw_hook {
	const char *symbol;
	draw_fn *checked;
	draw_fn *real; /* known from the first redirected call on */
	struct ftrace_ops ops;
	bool installed;
};

static struct draw_hook hooks[DRAW_HOOKS];

/* Calls that are between the redirection and their end: the module must not go before them. */
static atomic_t in_flight = ATOMIC_INIT(0);

/*
 * A signal can keep the caller from the lock while another settles; it is pending then, so the
 * call is restarted. On other failures the caller draws: the log has them, settled tells them.
 */
static long checked(struct draw_hook *hook, long a, long b, long c, long d)
{
	struct vmgenc_device *dev;
	struct vmgenc_event event;
	long ret = 0;

	list_for_each_entry(dev, &vmgenc_devices, link)
		if (vmgenc_core_sync(&dev->core, &event) == -EINTR)
			ret = -ERESTARTNOINTR;
	if (!ret)
		ret = READ_ONCE(hook->real)(a, b, c, d);
	if (atomic_dec_and_test(&in_flight))
		wake_up_var(&in_flight);
	return ret;
}

static long checked_getrandom(long a, long b, long c, long d)
{
	return checked(&hooks[GETRANDOM], a, b, c, d);
}

static long checked_getrandom32(long a, long b, long c, long d)
{
	return checked(&hooks[GETRANDOM32], a, b, c, d);
}

static long checked_urandom_read(long a, long b, long c, long d)
{
	return checked(&hooks[URANDOM_READ], a, b, c, d);
}

static long checked_random_read(long a, long b, long c, long d)
{
	return checked(&hooks[RANDOM_READ], a, b, c, d);
}

static struct draw_hook hooks[DRAW_HOOKS] = {
	[GETRANDOM] = { .symbol = "__x64_sys_getrandom", .checked = checked_getrandom },
	[GETRANDOM32] = { .symbol = "__ia32_sys_getrandom", .checked = checked_getrandom32 },
	[URANDOM_READ] = { .symbol = "urandom_read_iter", .checked = checked_urandom_read },
	[RANDOM_READ] = { .symbol = "random_read_iter", .checked = checked_random_read },
};

/* ftrace's place follows the ENDBR64 where the kernel is built with IBT. */
static draw_fn *entry_of(unsigned long ip)
{
	static const u8 endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	if (!memcmp((void *)(ip - sizeof(endbr64)), endbr64, sizeof(endbr64)))
		ip -= sizeof(endbr64);
	return (draw_fn *)ip;
}

/* Runs with preemption off. What comes from our own functions has looked already. */
static void notrace on_draw(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			    struct ftrace_regs *fregs)
{
	struct draw_hook *hook = container_of(ops, struct draw_hook, ops);
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct vmgenc_device *dev;
	bool differs = false;

	list_for_each_entry(dev, &vmgenc_devices, link)
		differs |= vmgenc_core_differs(&dev->core);
	if (likely(!differs) || !regs || within_module(parent_ip, THIS_MODULE))
		return;
	WRITE_ONCE(hook->real, entry_of(ip));
	atomic_inc(&in_flight);
	regs->ip = (unsigned long)hook->checked;
}

static int hook_install(struct draw_hook *hook)
{
	int error;

	hook->ops.func = on_draw;
	hook->ops.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY;
	error = ftrace_set_filter(&hook->ops, (u8 *)hook->symbol, strlen(hook->symbol), 0);
	if (!error)
		error = register_ftrace_function(&hook->ops);
	hook->installed = !error;
	return error;
}

/* Where it cannot be had (livepatched, ftrace off), the interrupt is what remains. */
void vmgenc_draws_start(void)
{
	int i, error;

	if (!vmgenc_param_draws)
		return;
	for (i = 0; i < DRAW_HOOKS; i++) {
		error = hook_install(&hooks[i]);
		if (error && i != GETRANDOM32) /* kernels without 32-bit programs lack it */
			pr_warn("%s cannot look at the id before it draws (error %d)\n",
				hooks[i].symbol, -error);
	}
}

/*
 * A call that has left in_flight may still have the last instructions of its function before
 * it: those it runs without sleeping, which is what the RCU tasks grace period waits for.
 */
void vmgenc_draws_stop(void)
{
	int i;

	for (i = 0; i < DRAW_HOOKS; i++) {
		if (!hooks[i].installed)
			continue;
		if (unregister_ftrace_function(&hooks[i].ops))
			pr_err("the hook of %s cannot be removed\n", hooks[i].symbol);
		ftrace_free_filter(&hooks[i].ops);
		hooks[i].installed = false;
	}
	wait_var_event(&in_flight, !atomic_read(&in_flight));
	synchronize_rcu_tasks();
}
#else
void vmgenc_draws_start(void)
{
}

void vmgenc_draws_stop(void)
{
}
#endif
