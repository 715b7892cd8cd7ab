// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: /dev/vmgenc - read, poll, kqueue, mmap of two pages, and sync. */
#include "vmgenc_var.h"

#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/filio.h>
#include <sys/poll.h>
#include <sys/priv.h>
#include <sys/proc.h>
#include <sys/uio.h>

#include <vm/vm.h>
#include <vm/vm_object.h>

/*
 * One open descriptor.  lock makes the comparison with read_generation and its update one step, for
 * threads and child processes that share the descriptor.
 */
struct reader {
	struct vmgenc_softc	*sc;
	struct sx		 lock;
	uint64_t		 read_generation;	/* 0: nothing read yet */
};

static void
vmgenc_reader_free(void *data)
{
	struct reader *reader = data;
	struct vmgenc_softc *sc = reader->sc;

	sx_destroy(&reader->lock);
	free(reader, M_VMGENC);
	mtx_lock(&sc->wait_lock);
	sc->open--;
	mtx_unlock(&sc->wait_lock);
}

/*
 * Nobody may open for writing, not even root: a mapping of such a descriptor could become
 * writable later.
 */
static int
vmgenc_open(struct cdev *node, int flags, int type, struct thread *td)
{
	struct vmgenc_softc *sc = node->si_drv1;
	struct reader *reader;
	bool closing;
	int error;

	if ((flags & FWRITE) != 0)
		return (EACCES);
	mtx_lock(&sc->wait_lock);
	closing = sc->closing;
	if (!closing)
		sc->open++;
	mtx_unlock(&sc->wait_lock);
	if (closing)
		return (ENXIO);
	reader = malloc(sizeof(*reader), M_VMGENC, M_WAITOK | M_ZERO);
	reader->sc = sc;
	sx_init(&reader->lock, "vmgenc reader");
	error = devfs_set_cdevpriv(reader, vmgenc_reader_free);
	if (error != 0)
		vmgenc_reader_free(reader);
	return (error);
}

static bool
vmgenc_unread(struct reader *reader)
{
	const volatile uint64_t *now = &reader->sc->core.page->generation;

	return (*now != *(volatile uint64_t *)&reader->read_generation);
}

static int
vmgenc_take_event(struct reader *reader, struct uio *uio)
{
	struct vmgenc_event event;
	int error = EAGAIN;

	if (sx_xlock_sig(&reader->lock) != 0)
		return (EINTR);
	vmgenc_core_event(&reader->sc->core, &event);
	if (event.generation != reader->read_generation) {
		error = uiomove(&event, sizeof(event), uio);
		if (error == 0)
			*(volatile uint64_t *)&reader->read_generation = event.generation;
	}
	sx_xunlock(&reader->lock);
	return (error);
}

static int
vmgenc_wait_unread(struct reader *reader)
{
	struct vmgenc_softc *sc = reader->sc;
	int error = 0;

	mtx_lock(&sc->wait_lock);
	while (error == 0 && !vmgenc_unread(reader))
		error = mtx_sleep(&sc->readers, &sc->wait_lock, PCATCH, "vmgenc", 0);
	mtx_unlock(&sc->wait_lock);
	return (error);
}

static int
vmgenc_read(struct cdev *node, struct uio *uio, int flags)
{
	struct reader *reader;
	int error;

	error = devfs_get_cdevpriv((void **)&reader);
	if (error != 0)
		return (error);
	if (uio->uio_resid < (ssize_t)sizeof(struct vmgenc_event))
		return (EINVAL);
	for (;;) {
		error = vmgenc_take_event(reader, uio);
		if (error != EAGAIN || (flags & O_NONBLOCK) != 0)
			return (error);
		error = vmgenc_wait_unread(reader);
		if (error != 0)
			return (error);
	}
}

static int
vmgenc_poll(struct cdev *node, int events, struct thread *td)
{
	struct vmgenc_softc *sc = node->si_drv1;
	struct reader *reader;
	int ready = 0;

	if (devfs_get_cdevpriv((void **)&reader) != 0)
		return (POLLHUP);
	mtx_lock(&sc->wait_lock);
	if (vmgenc_unread(reader))
		ready = events & (POLLIN | POLLRDNORM);
	else
		selrecord(td, &sc->readers);
	mtx_unlock(&sc->wait_lock);
	return (ready);
}

static void
vmgenc_filter_detach(struct knote *kn)
{
	struct reader *reader = kn->kn_hook;

	knlist_remove(&reader->sc->readers.si_note, kn, 0);
}

static int
vmgenc_filter_event(struct knote *kn, long hint)
{

	return (vmgenc_unread(kn->kn_hook));
}

static struct filterops filter_ops = {
	.f_isfd = 1,
	.f_detach = vmgenc_filter_detach,
	.f_event = vmgenc_filter_event,
};

static int
vmgenc_kqfilter(struct cdev *node, struct knote *kn)
{
	struct reader *reader;
	int error;

	error = devfs_get_cdevpriv((void **)&reader);
	if (error != 0)
		return (error);
	if (kn->kn_filter != EVFILT_READ)
		return (EINVAL);
	kn->kn_fop = &filter_ops;
	kn->kn_hook = reader;
	knlist_add(&reader->sc->readers.si_note, kn, 0);
	return (0);
}

static int
vmgenc_ioctl(struct cdev *node, u_long command, caddr_t data, int flags, struct thread *td)
{
	struct vmgenc_softc *sc = node->si_drv1;

	switch (command) {
	case VMGENC_SYNC:
		return (-vmgenc_core_sync(&sc->core, (struct vmgenc_event *)data));
	case FIONBIO:	/* the descriptor's flag is enough */
		return (0);
	default:
		return (ENOTTY);
	}
}

/* ENODEV would make the kernel call d_mmap, so a raw page that cannot be mapped is ENXIO. */
static int
vmgenc_mmap_single(struct cdev *node, vm_ooffset_t *offset, vm_size_t size,
    struct vm_object **object, int prot)
{
	struct vmgenc_softc *sc = node->si_drv1;
	int error, which;

	if ((prot & VM_PROT_WRITE) != 0)
		return (EPERM);
	if (size != PAGE_SIZE || (*offset != 0 && *offset != PAGE_SIZE))
		return (EINVAL);
	which = *offset == 0 ? VMGENC_GENERATION : VMGENC_RAW;
	if (sc->object[which] == NULL)
		return (ENXIO);
	if (which == VMGENC_RAW && (sc->core.page->flags & VMGENC_RAW_PRIVILEGED) != 0) {
		error = priv_check(curthread, PRIV_DRIVER);
		if (error != 0)
			return (error);
	}
	vm_object_reference(sc->object[which]);
	*object = sc->object[which];
	*offset = 0;
	return (0);
}

static struct cdevsw vmgenc_cdevsw = {
	.d_version = D_VERSION,
	.d_name = "vmgenc",
	.d_open = vmgenc_open,
	.d_read = vmgenc_read,
	.d_poll = vmgenc_poll,
	.d_kqfilter = vmgenc_kqfilter,
	.d_ioctl = vmgenc_ioctl,
	.d_mmap_single = vmgenc_mmap_single,
};

/* Called after publication.  Readers compare and go to sleep under wait_lock, so none is missed. */
void
vmgenc_os_wake_readers(struct vmgenc_core *core)
{
	struct vmgenc_softc *sc = vmgenc_softc_of(core);

	mtx_lock(&sc->wait_lock);
	wakeup(&sc->readers);
	selwakeup(&sc->readers);
	KNOTE_LOCKED(&sc->readers.si_note, 0);
	mtx_unlock(&sc->wait_lock);
}

int
vmgenc_cdev_start(struct vmgenc_softc *sc)
{
	struct make_dev_args args;
	int error, unit = device_get_unit(sc->dev);
	char name[24] = "vmgenc";

	if (unit != 0)
		snprintf(name, sizeof(name), "vmgenc%d", unit);
	make_dev_args_init(&args);
	args.mda_flags = MAKEDEV_CHECKNAME | MAKEDEV_WAITOK;
	args.mda_devsw = &vmgenc_cdevsw;
	args.mda_uid = UID_ROOT;
	args.mda_gid = GID_WHEEL;
	args.mda_mode = 0444;
	args.mda_si_drv1 = sc;
	error = make_dev_s(&args, &sc->node, "%s", name);
	if (error != 0) {
		sc->node = NULL;
		vmgenc_os_log(&sc->core, VMGENC_LOG_ERROR, "/dev/%s cannot be created (error %d)",
		    name, error);
	}
	return (error);
}

/* Returns 0 if the device is unused, and blocks further opens; or EBUSY, and changes nothing. */
int
vmgenc_cdev_close(struct vmgenc_softc *sc)
{
	bool busy;

	mtx_lock(&sc->wait_lock);
	sc->closing = true;
	busy = sc->open > 0 || vmgenc_objects_mapped(sc);
	if (busy)
		sc->closing = false;
	mtx_unlock(&sc->wait_lock);
	return (busy ? EBUSY : 0);
}

void
vmgenc_cdev_stop(struct vmgenc_softc *sc)
{

	destroy_dev(sc->node);
	sc->node = NULL;
}
