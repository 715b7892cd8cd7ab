/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd/unit/kpi: STAND-IN for the kernel headers that driver/freebsd includes; none of
 * FreeBSD's text is in it. Signatures are those of 12.1 to main; the tests' kernel.c is behind
 * them.
 */
#ifndef STANDIN_H
#define	STANDIN_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

/* The tests' own files use the C library under its own names. */
#ifndef STANDIN_HOST
#define	malloc(size, type, flags)	standin_malloc(size, type, flags)
#define	free(p, type)			standin_free(p, type)
#define	printf				standin_printf
#undef ENODATA
#define	ENOATTR	87
#else
#define	ENOATTR	87
#endif

/* sys/param.h, sys/systm.h, sys/cdefs.h */
#define	PAGE_SIZE	4096
#define	PAGE_MASK	(PAGE_SIZE - 1)
#define	trunc_page(x)	((x) & ~(uint64_t)PAGE_MASK)
#define	roundup2(x, y)	(((x) + ((y) - 1)) & ~((uintptr_t)(y) - 1))
#define	howmany(x, y)	(((x) + ((y) - 1)) / (y))
#define	__predict_true(x)	__builtin_expect((x), 1)
#define	nitems(x)	(sizeof(x) / sizeof((x)[0]))
#define	MAX(a, b)	((a) > (b) ? (a) : (b))
#define	CTASSERT(x)	_Static_assert(x, #x)
#define	__containerof(p, type, field)	((type *)((char *)(p) - offsetof(type, field)))
#define	__printflike(f, a)	__attribute__((__format__(__printf__, f, a)))
#ifndef __unused
#define	__unused	__attribute__((__unused__))
#endif
typedef int64_t sbintime_t;
typedef uint64_t vm_paddr_t, vm_offset_t, vm_size_t;
typedef int64_t vm_ooffset_t;
typedef uint8_t vm_prot_t;
int	standin_printf(const char *, ...) __printflike(1, 2);
void	explicit_bzero(void *, size_t);
static inline size_t
standin_strlcpy(char *to, const char *from, size_t size)
{

	snprintf(to, size, "%s", from);
	return (strlen(from));
}
#define	strlcpy	standin_strlcpy
void	wakeup(const void *);
int	pause_sbt(const char *, sbintime_t, sbintime_t, int);

/* sys/time.h */
#define	SBT_1S	((sbintime_t)1 << 32)
#define	SBT_1MS	(SBT_1S / 1000)
sbintime_t sbinuptime(void);
sbintime_t getsbinuptime(void);
int64_t	sbttons(sbintime_t);

/* machine/atomic.h, machine/cpu.h, machine/cpufunc.h, machine/md_var.h */
#define	atomic_thread_fence_seq_cst()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define	atomic_set_int(p, v)		((void)__atomic_fetch_or(p, v, __ATOMIC_SEQ_CST))
#define	atomic_readandclear_int(p)	__atomic_exchange_n(p, 0, __ATOMIC_SEQ_CST)
#define	atomic_add_acq_int(p, v)	((void)__atomic_fetch_add(p, v, __ATOMIC_SEQ_CST))
#define	atomic_subtract_rel_int(p, v)	((void)__atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST))
#define	atomic_load_int(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define	atomic_load_acq_int(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
static inline int
atomic_cmpset_int(volatile u_int *p, u_int old, u_int new)
{

	return (__atomic_compare_exchange_n(p, &old, new, false, __ATOMIC_SEQ_CST,
	    __ATOMIC_SEQ_CST));
}
uint64_t get_cyclecount(void);
extern u_int cpu_exthigh;
void	do_cpuid(u_int, u_int *);

/* sys/queue.h */
#define	SLIST_HEAD(name, type)	struct name { struct type *slh_first; }
#define	SLIST_HEAD_INITIALIZER(h)	{ NULL }
#define	SLIST_ENTRY(type)	struct { struct type *sle_next; }
#define	SLIST_EMPTY(h)		((h)->slh_first == NULL)
#define	SLIST_FOREACH(v, h, f)	for ((v) = (h)->slh_first; (v); (v) = (v)->f.sle_next)
#define	SLIST_INSERT_HEAD(h, e, f)	((e)->f.sle_next = (h)->slh_first, (h)->slh_first = (e))
#define	SLIST_REMOVE(h, e, type, f) do {					\
	struct type **p_ = &(h)->slh_first;					\
	while (*p_ != (e))							\
		p_ = &(*p_)->f.sle_next;					\
	*p_ = (*p_)->f.sle_next;						\
} while (0)

/* sys/malloc.h */
struct malloc_type { const char *name; };
#define	MALLOC_DECLARE(t)	extern struct malloc_type t[1]
#define	MALLOC_DEFINE(t, n, d)	struct malloc_type t[1] = { { n } }
MALLOC_DECLARE(M_TEMP);
#define	M_NOWAIT	1
#define	M_WAITOK	2
#define	M_ZERO		0x100
void	*standin_malloc(size_t, struct malloc_type *, int);
void	standin_free(void *, struct malloc_type *);

/* sys/lock.h, sys/mutex.h, sys/sx.h */
struct mtx { void *host; };
struct sx { void *host; };
#define	MTX_DEF	0
void	mtx_init(struct mtx *, const char *, const char *, int);
extern struct mtx Giant;
void	mtx_destroy(struct mtx *);
void	mtx_lock(struct mtx *);
void	mtx_unlock(struct mtx *);
int	mtx_sleep(const void *, struct mtx *, int, const char *, int);
#define	PCATCH	0x100
void	sx_init(struct sx *, const char *);
void	sx_destroy(struct sx *);
void	sx_xlock(struct sx *);
int	sx_xlock_sig(struct sx *);
void	sx_xunlock(struct sx *);
void	standin_sx_sysinit(struct sx *, const char *);
void	standin_mtx_sysinit(struct mtx *, const char *);
#define	MTX_SYSINIT(unique, m, name, options)					\
	__attribute__((constructor)) static void				\
	unique##_sysinit(void)							\
	{									\
		standin_mtx_sysinit(m, name);					\
	}									\
	extern int unique##_semicolon
#define	SX_SYSINIT(unique, sx, name)						\
	__attribute__((constructor)) static void				\
	unique##_sysinit(void)							\
	{									\
		standin_sx_sysinit(sx, name);					\
	}									\
	extern int unique##_semicolon

/* sys/callout.h, sys/taskqueue.h, sys/priority.h */
struct callout {
	void (*function)(void *);
	void *argument;
	bool pending;
	struct callout *next;
};
void	callout_init(struct callout *, int);
int	callout_reset_sbt(struct callout *, sbintime_t, sbintime_t, void (*)(void *), void *, int);
int	callout_drain(struct callout *);
typedef void task_fn_t(void *, int);
struct task {
	task_fn_t *function;
	void *context;
	bool pending;
};
#define	TASK_INIT(t, pri, f, c)	(*(t) = (struct task){ (f), (c), false })
struct taskqueue;
typedef void (*taskqueue_enqueue_fn)(void *);
void	taskqueue_thread_enqueue(void *);
struct taskqueue *taskqueue_create_fast(const char *, int, taskqueue_enqueue_fn, void *);
int	taskqueue_start_threads(struct taskqueue **, int, int, const char *, ...)
	    __printflike(4, 5);
int	taskqueue_enqueue(struct taskqueue *, struct task *);
void	taskqueue_drain(struct taskqueue *, struct task *);
void	taskqueue_free(struct taskqueue *);
#define	PI_REALTIME	0

/* sys/proc.h, sys/priv.h */
struct ucred;
struct thread { struct ucred *td_ucred; };
extern struct thread *curthread;
#define	PRIV_DRIVER	14
int	priv_check(struct thread *, int);

/* sys/uuid.h */
struct uuid { uint8_t bytes[16]; };
void	le_uuid_dec(void const *, struct uuid *);
int	snprintf_uuid(char *, size_t, struct uuid *);

/* sys/random.h, dev/random/randomdev.h, sys/libkern.h; and what differs per version */
struct harvest_event {
	uint32_t he_somecounter;
	uint32_t he_entropy[2];
	uint8_t he_size, he_destination, he_source;
};
typedef struct device *device_t;
typedef struct devclass *devclass_t;
#include "standin_version.h"
struct random_source {
	const char *rs_ident;
	enum random_entropy_source rs_source;
	u_int (*rs_read)(void *, u_int);
};
extern u_int hc_source_mask;
void	random_harvest_direct_(const void *, u_int, enum random_entropy_source);
static inline void
random_harvest_direct(const void *p, u_int size, enum random_entropy_source source)
{

	if ((hc_source_mask & 1u << source) != 0)
		random_harvest_direct_(p, size, source);
}
void	arc4rand(void *, u_int, int);
#define	ARC4_ENTR_NONE	0
#define	ARC4_ENTR_HAVE	1
#define	ARC4_ENTR_SEED	2
extern int arc4rand_iniseed_state;
bool	random_harvest_healthtest(const struct harvest_event *);
void	fxrng_brng_reseed(const void *, size_t);
extern uint64_t fxrng_root_generation;

/* sys/sysent.h, sys/syscall.h */
typedef int sy_call_t(struct thread *, void *);
struct sysent { sy_call_t *sy_call; };
extern struct sysent sysent[];
#define	SYS_getrandom	563

/* sys/bus.h, sys/kobj.h: method tables are looked up by name */
typedef void standin_method(void);
typedef struct { const char *name; standin_method *function; } device_method_t;
typedef struct { const char *name; device_method_t *methods; size_t size; } driver_t;
typedef void device_identify_t(driver_t *, device_t);
typedef int device_probe_t(device_t), device_attach_t(device_t), device_detach_t(device_t);
typedef int device_resume_t(device_t);
#define	DEVMETHOD(n, f)	{ #n, (standin_method *)(1 ? (f) : (n##_t *)NULL) }
#define	DEVMETHOD_END	{ NULL, NULL }
#define	STANDIN_DRIVER(driver)	driver_t *standin_driver = &driver
#define	BUS_PROBE_VENDOR	(-10)
device_t BUS_ADD_CHILD(device_t, u_int, const char *, int);
int	device_get_children(device_t, device_t **, int *);
const char *device_get_name(device_t);
const char *device_get_nameunit(device_t);
int	device_get_unit(device_t);
void	*device_get_softc(device_t);
struct sysctl_oid *device_get_sysctl_tree(device_t);
int	device_is_attached(device_t);
void	device_busy(device_t);
void	device_unbusy(device_t);
void	bus_topo_lock(void);
void	bus_topo_unlock(void);
void	device_set_desc(device_t, const char *);
int	device_printf(device_t, const char *, ...) __printflike(2, 3);
devclass_t devclass_find(const char *);
device_t devclass_get_device(devclass_t, int);
int	devclass_get_maxunit(devclass_t);

/* sys/module.h, sys/kernel.h */
typedef struct module *module_t;
enum modeventtype { MOD_LOAD, MOD_UNLOAD, MOD_SHUTDOWN, MOD_QUIESCE };
typedef struct { const char *name; int (*evhand)(module_t, int, void *); void *priv; } moduledata_t;
#define	DECLARE_MODULE(name, data, sub, order)	moduledata_t *standin_module = &data
#define	MODULE_VERSION(m, v)		extern int m##_version
#define	MODULE_DEPEND(m, on, a, b, c)	extern int m##_depends_##on
#define	MODULE_PNP_INFO(d, bus, unique, table, n)				\
	const char **standin_pnp_##unique = table;				\
	int standin_pnp_##unique##_count = n

/* sys/sysctl.h */
struct sysctl_req;
#define	SYSCTL_HANDLER_ARGS							\
	struct sysctl_oid *oidp, void *arg1, intmax_t arg2, struct sysctl_req *req
struct sysctl_oid_list;
struct sysctl_oid {
	const char *name;
	int (*oid_handler)(SYSCTL_HANDLER_ARGS);
	void *arg1;
	struct sysctl_oid *next;
};
#define	CTL_KERN	1
#define	KERN_ARND	37
void	sysctl_wlock(void);
void	sysctl_wunlock(void);
int	sysctl_find_oid(int *, u_int, struct sysctl_oid **, int *, struct sysctl_req *);
struct sysctl_ctx_list { void *first; };
#define	SYSCTL_CHILDREN(oid)	((struct sysctl_oid_list *)(oid))
#define	OID_AUTO	(-1)
#define	CTLTYPE_OPAQUE	5
#define	CTLTYPE_U32	0xc
#define	CTLTYPE_U64	9
#define	CTLFLAG_RD	0x80000000u
#define	CTLFLAG_RDTUN	0x80080000u
#define	CTLFLAG_MPSAFE	0x00040000u
int	sysctl_ctx_init(struct sysctl_ctx_list *);
int	sysctl_ctx_free(struct sysctl_ctx_list *);
struct sysctl_oid *standin_add_proc(struct sysctl_ctx_list *, struct sysctl_oid_list *,
	    const char *, u_int, void *, intmax_t, int (*)(SYSCTL_HANDLER_ARGS), const char *);
#define	SYSCTL_ADD_PROC(ctx, parent, nbr, name, access, p, arg, handler, fmt, descr)	\
	standin_add_proc(ctx, parent, name, access, p, arg, handler, fmt)
int	SYSCTL_OUT(struct sysctl_req *, const void *, size_t);
void	standin_tunable(const char *, void *, size_t);
#define	SYSCTL_NODE(parent, nbr, name, access, handler, descr)			\
	struct sysctl_oid *standin##parent##_##name __unused
#define	STANDIN_TUNABLE(name, p, size)						\
	__attribute__((constructor)) static void				\
	name##_tunable(void)							\
	{									\
		standin_tunable(#name, p, size);				\
	}									\
	extern int name##_semicolon
#define	SYSCTL_INT(parent, nbr, name, access, p, v, descr)			\
	STANDIN_TUNABLE(name, p, sizeof(int))
#define	SYSCTL_STRING(parent, nbr, name, access, p, len, descr)			\
	STANDIN_TUNABLE(name, p, len)
int	kernel_sysctlbyname(struct thread *, char *, void *, size_t *, void *, size_t, size_t *,
	    int);

/* sys/eventhandler.h, sys/power.h */
typedef struct eventhandler_entry *eventhandler_tag;
#define	EVENTHANDLER_PRI_FIRST	0
#define	EVENTHANDLER_PRI_ANY	10000
#define	EVENTHANDLER_DECLARE(name, type)	typedef type name##_type
eventhandler_tag standin_event_register(const char *, void (*)(void *), void *, int);
void	standin_event_deregister(const char *, eventhandler_tag);
void	standin_event_invoke(const char *);
#define	EVENTHANDLER_REGISTER(name, f, arg, pri)				\
	standin_event_register(#name, f, arg, pri)
#define	EVENTHANDLER_DEREGISTER(name, tag)	standin_event_deregister(#name, tag)
#define	EVENTHANDLER_INVOKE(name)	standin_event_invoke(#name)

/* sys/conf.h, sys/uio.h, sys/fcntl.h, sys/filio.h, sys/ioccom.h, sys/poll.h */
struct uio { char *buf; ssize_t uio_resid; bool unwritable; };
int	uiomove(void *, int, struct uio *);
struct cdev { struct cdevsw *si_devsw; void *si_drv1; };
struct knote;
struct vm_object;
struct cdevsw {
	int d_version;
	const char *d_name;
	int (*d_open)(struct cdev *, int, int, struct thread *);
	int (*d_read)(struct cdev *, struct uio *, int);
	int (*d_poll)(struct cdev *, int, struct thread *);
	int (*d_kqfilter)(struct cdev *, struct knote *);
	int (*d_ioctl)(struct cdev *, u_long, caddr_t, int, struct thread *);
	int (*d_mmap_single)(struct cdev *, vm_ooffset_t *, vm_size_t, struct vm_object **, int);
};
#define	D_VERSION	0x17122009
struct make_dev_args {
	int mda_flags;
	struct cdevsw *mda_devsw;
	uid_t mda_uid;
	gid_t mda_gid;
	int mda_mode;
	void *mda_si_drv1;
};
#define	MAKEDEV_CHECKNAME	0x20
#define	MAKEDEV_WAITOK		0x08
#define	UID_ROOT	0
#define	GID_WHEEL	0
#define	make_dev_args_init(a)	memset(a, 0, sizeof(*(a)))
int	make_dev_s(struct make_dev_args *, struct cdev **, const char *, ...) __printflike(3, 4);
void	destroy_dev(struct cdev *);
int	devfs_set_cdevpriv(void *, void (*)(void *));
int	devfs_get_cdevpriv(void **);
#define	FREAD	1
#define	FWRITE	2
#define	STANDIN_FIONBIO	0x8004667eu
#ifndef O_NONBLOCK
#define	O_NONBLOCK	04000
#endif
#ifndef STANDIN_HOST
/* As the C library of the tests has it, so that both mean the same request. */
#define	_IOR(g, n, t)	(0x80000000u | sizeof(t) << 16 | (g) << 8 | (n))
#define	FIONBIO	STANDIN_FIONBIO
#define	POLLIN		1
#define	POLLRDNORM	0x40
#define	POLLHUP		0x10
#endif

/* sys/selinfo.h, sys/event.h */
struct knlist { struct mtx *lock; struct knote *first; bool live; };
struct selinfo { struct knlist si_note; int recorded; };
struct filterops {
	int f_isfd;
	void (*f_detach)(struct knote *);
	int (*f_event)(struct knote *, long);
};
struct knote {
	struct filterops *kn_fop;
	void *kn_hook;
	short kn_filter;
	bool active;
	struct knote *next;
};
#define	EVFILT_READ	(-1)
void	knlist_init_mtx(struct knlist *, struct mtx *);
void	knlist_add(struct knlist *, struct knote *, int);
void	knlist_remove(struct knlist *, struct knote *, int);
void	knlist_clear(struct knlist *, int);
void	knlist_destroy(struct knlist *);
void	KNOTE_LOCKED(struct knlist *, long);
void	selrecord(struct thread *, struct selinfo *);
void	selwakeup(struct selinfo *);
void	seldrain(struct selinfo *);

/* vm, sys/sglist.h */
struct vm_object { volatile u_int ref_count; vm_paddr_t page; };
struct vm_page;
struct vm_page *PHYS_TO_VM_PAGE(vm_paddr_t);
vm_paddr_t pmap_kextract(vm_offset_t);
struct sglist;
struct sglist *sglist_alloc(int, int);
int	sglist_append_phys(struct sglist *, vm_paddr_t, size_t);
void	sglist_free(struct sglist *);
enum obj_type { OBJT_SG = 6 };
#define	VM_PROT_READ	1
#define	VM_PROT_WRITE	2
struct vm_object *vm_pager_allocate(enum obj_type, void *, vm_ooffset_t, vm_prot_t, vm_ooffset_t,
	    struct ucred *);
void	vm_object_reference(struct vm_object *);
void	vm_object_deallocate(struct vm_object *);

/* contrib/dev/acpica/include/acpi.h, dev/acpica/acpivar.h */
typedef struct acpi_node *ACPI_HANDLE;
typedef uint32_t UINT32;
typedef uint64_t UINT64;
typedef UINT32 ACPI_STATUS;
typedef size_t ACPI_SIZE;
typedef char *ACPI_STRING;
#define	AE_OK		0
#define	AE_NO_MEMORY	4
#define	AE_NOT_FOUND	5
#define	AE_ERROR	1
#define	ACPI_SUCCESS(s)	((s) == AE_OK)
#define	ACPI_FAILURE(s)	((s) != AE_OK)
#define	ACPI_ALLOCATE_BUFFER	((ACPI_SIZE)-1)
#define	ACPI_TYPE_INTEGER	1
#define	ACPI_TYPE_STRING	2
#define	ACPI_TYPE_PACKAGE	4
#define	ACPI_VALID_HID	4
#define	ACPI_VALID_CID	0x20
#define	ACPI_FULL_PATHNAME	0
#define	ACPI_DEVICE_NOTIFY	2
#define	ACPI_INTERRUPT_NOT_HANDLED	0
#define	ACPI_FADT_HW_REDUCED	(1u << 20)
typedef struct { ACPI_SIZE Length; void *Pointer; } ACPI_BUFFER;
typedef union acpi_object {
	UINT32 Type;
	struct { UINT32 Type; UINT64 Value; } Integer;
	struct { UINT32 Type; UINT32 Length; char *Pointer; } String;
	struct { UINT32 Type; UINT32 Count; union acpi_object *Elements; } Package;
} ACPI_OBJECT;
typedef struct { UINT32 Length; char *String; } ACPI_PNP_DEVICE_ID;
typedef struct { UINT32 Count; UINT32 ListSize; ACPI_PNP_DEVICE_ID Ids[8]; } ACPI_PNP_DEVICE_ID_LIST;
typedef struct {
	UINT32 Valid;
	ACPI_PNP_DEVICE_ID HardwareId;
	ACPI_PNP_DEVICE_ID_LIST CompatibleIdList;
} ACPI_DEVICE_INFO;
struct standin_fadt { UINT32 Flags; };
extern struct standin_fadt AcpiGbl_FADT;
typedef void (*ACPI_NOTIFY_HANDLER)(ACPI_HANDLE, UINT32, void *);
typedef UINT32 (*ACPI_SCI_HANDLER)(void *);
ACPI_STATUS AcpiGetObjectInfo(ACPI_HANDLE, ACPI_DEVICE_INFO **);
ACPI_STATUS AcpiGetName(ACPI_HANDLE, UINT32, ACPI_BUFFER *);
ACPI_STATUS AcpiEvaluateObject(ACPI_HANDLE, ACPI_STRING, void *, ACPI_BUFFER *);
ACPI_STATUS AcpiInstallNotifyHandler(ACPI_HANDLE, UINT32, ACPI_NOTIFY_HANDLER, void *);
ACPI_STATUS AcpiRemoveNotifyHandler(ACPI_HANDLE, UINT32, ACPI_NOTIFY_HANDLER);
ACPI_STATUS AcpiInstallSciHandler(ACPI_SCI_HANDLER, void *);
ACPI_STATUS AcpiRemoveSciHandler(ACPI_SCI_HANDLER);
const char *AcpiFormatException(ACPI_STATUS);
void	AcpiOsFree(void *);
void	*AcpiOsMapMemory(uint64_t, ACPI_SIZE);
void	AcpiOsUnmapMemory(void *, ACPI_SIZE);
ACPI_HANDLE acpi_get_handle(device_t);
void	acpi_set_handle(device_t, ACPI_HANDLE);
int	acpi_disabled(char *);
void	acpi_UserNotify(const char *, ACPI_HANDLE, uint8_t);

#endif /* STANDIN_H */
