// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the simulated kernel's sysctls, tunables and eventhandlers. */
#include "kernel.h"

#include <stdlib.h>

static struct sysctl_oid *oids;
static struct tunable {
	const char *name;
	void *p;
	size_t size;
	char initial[16];
} tunables[8];
static int tunable_count;

int sysctl_ctx_init(struct sysctl_ctx_list *ctx)
{
	kernel.contexts++;
	ctx->first = NULL;
	return 0;
}

struct sysctl_oid *standin_add_proc(struct sysctl_ctx_list *ctx, struct sysctl_oid_list *parent,
				    const char *name, u_int access, void *p, intmax_t arg,
				    int (*handler)(SYSCTL_HANDLER_ARGS), const char *format)
{
	struct sysctl_oid *oid;

	if (!(access & CTLFLAG_MPSAFE))
		kernel_broken("a sysctl under Giant");
	if (kernel_fails("SYSCTL_ADD_PROC"))
		return NULL;
	oid = calloc(1, sizeof(*oid));
	*oid = (struct sysctl_oid){name, handler, p, oids};
	oids = oid;
	kernel.procs++;
	return oid;
}

int sysctl_ctx_free(struct sysctl_ctx_list *ctx)
{
	struct sysctl_oid *oid;

	kernel_asleep_allowed("sysctl_ctx_free");
	while ((oid = oids) != NULL) {
		oids = oid->next;
		free(oid);
		kernel.procs--;
	}
	kernel.contexts--;
	return 0;
}

int SYSCTL_OUT(struct sysctl_req *req, const void *p, size_t size)
{
	if (size > req->size)
		return ENOMEM;
	memcpy(req->buf, p, size);
	req->size = size;
	return 0;
}

int kernel_sysctl(const char *name, void *buf, size_t *size)
{
	struct sysctl_req req = {buf, *size};
	struct sysctl_oid *oid;
	int error;

	for (oid = oids; oid && strcmp(oid->name, name) != 0;)
		oid = oid->next;
	if (!oid)
		return ENOENT;
	error = oid->oid_handler(oid, oid->arg1, 0, &req);
	*size = req.size;
	return error;
}

/* kern.arandom is the only one that is looked for. */
int sysctl_find_oid(int *name, u_int length, struct sysctl_oid **oid, int *index,
		    struct sysctl_req *req)
{
	if (length != 2 || name[0] != CTL_KERN || name[1] != KERN_ARND)
		return ENOENT;
	*oid = &kernel_arandom;
	return 0;
}

void sysctl_wlock(void)
{
	kernel_asleep_allowed("sysctl_wlock");
}

void sysctl_wunlock(void)
{
}

void standin_tunable(const char *name, void *p, size_t size)
{
	struct tunable *t = &tunables[tunable_count++];

	*t = (struct tunable){.name = name, .p = p, .size = size};
	memcpy(t->initial, p, size);
}

static struct tunable *tunable(const char *name)
{
	int i;

	for (i = 0; i < tunable_count; i++)
		if (!strcmp(tunables[i].name, name))
			return &tunables[i];
	kernel_broken("no such tunable");
	return &tunables[0];
}

void kernel_tunable_int(const char *name, int value)
{
	*(int *)tunable(name)->p = value;
}

void kernel_tunable_string(const char *name, const char *value)
{
	struct tunable *t = tunable(name);

	snprintf(t->p, t->size, "%s", value);
}

void kernel_tunables_reset(void)
{
	int i;

	for (i = 0; i < tunable_count; i++)
		memcpy(tunables[i].p, tunables[i].initial, tunables[i].size);
}

/* Eventhandlers */
struct eventhandler_entry {
	const char *name;
	void (*f)(void *);
	void *arg;
	struct eventhandler_entry *next;
};
static struct eventhandler_entry *handlers;

eventhandler_tag standin_event_register(const char *name, void (*f)(void *), void *arg, int pri)
{
	struct eventhandler_entry *e = calloc(1, sizeof(*e));

	*e = (struct eventhandler_entry){name, f, arg, handlers};
	handlers = e;
	kernel.events++;
	return e;
}

void standin_event_deregister(const char *name, eventhandler_tag tag)
{
	struct eventhandler_entry **p = &handlers;

	while (*p != tag)
		p = &(*p)->next;
	*p = tag->next;
	free(tag);
	kernel.events--;
}

void standin_event_invoke(const char *name)
{
	struct eventhandler_entry *e;

	kernel_asleep_allowed("EVENTHANDLER_INVOKE");
	if (kernel_holds_sx())
		kernel_broken("listeners are called with a lock held");
	for (e = handlers; e; e = e->next)
		if (!strcmp(e->name, name))
			e->f(e->arg);
}
