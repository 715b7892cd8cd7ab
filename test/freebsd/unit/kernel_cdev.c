// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: the simulated kernel's devfs, kqueue and VM, and what a program does with them. */
#include "kernel.h"

#include <poll.h>
#include <stdlib.h>

__thread struct kernel_file *kernel_current;

int make_dev_s(struct make_dev_args *args, struct cdev **node, const char *format, ...)
{
	va_list list;

	kernel_asleep_allowed("make_dev_s");
	if (kernel_fails("make_dev_s") || kernel.node)
		return EEXIST;
	va_start(list, format);
	vsnprintf(kernel.node_name, sizeof(kernel.node_name), format, list);
	va_end(list);
	kernel.mode = (mode_t)args->mda_mode;
	*node = kernel.node = calloc(1, sizeof(**node));
	**node = (struct cdev){args->mda_devsw, args->mda_si_drv1};
	kernel.nodes++;
	if (kernel.on_node)
		kernel.on_node();
	return 0;
}

void destroy_dev(struct cdev *node)
{
	kernel_asleep_allowed("destroy_dev");
	free(node);
	kernel.node = NULL;
	kernel.nodes--;
}

int devfs_set_cdevpriv(void *priv, void (*dtor)(void *))
{
	if (kernel_fails("devfs_set_cdevpriv"))
		return EBUSY;
	kernel_current->priv = priv;
	kernel_current->dtor = dtor;
	return 0;
}

int devfs_get_cdevpriv(void **priv)
{
	*priv = kernel_current->priv;
	return *priv ? 0 : EBADF;
}

struct kernel_file *kernel_open(int flags, int *error)
{
	struct kernel_file *file = calloc(1, sizeof(*file));

	kernel_current = file;
	file->node = kernel.node;
	*error = file->node->si_devsw->d_open(file->node, flags, 0, curthread);
	if (!*error)
		return file;
	free(file);
	return NULL;
}

void kernel_close(struct kernel_file *file)
{
	if (file->dtor)
		file->dtor(file->priv);
	free(file);
}

int uiomove(void *p, int size, struct uio *uio)
{
	if (uio->unwritable)
		return EFAULT;
	memcpy(uio->buf, p, (size_t)size);
	uio->buf += size;
	uio->uio_resid -= size;
	return 0;
}

/* A NULL buffer is memory that cannot be written. */
int kernel_read(struct kernel_file *file, void *buf, size_t size, int flags)
{
	struct uio uio = {buf, (ssize_t)size, !buf};

	kernel_current = file;
	return file->node->si_devsw->d_read(file->node, &uio, flags);
}

int kernel_poll(struct kernel_file *file)
{
	kernel_current = file;
	return file->node->si_devsw->d_poll(file->node, POLLIN | POLLOUT, curthread);
}

int kernel_ioctl(struct kernel_file *file, u_long command, void *data)
{
	kernel_current = file;
	return file->node->si_devsw->d_ioctl(file->node, command, data, 0, curthread);
}

int kernel_mmap(struct kernel_file *file, vm_ooffset_t offset, size_t size, int prot,
		struct vm_object **object)
{
	kernel_current = file;
	return file->node->si_devsw->d_mmap_single(file->node, &offset, size, object, prot);
}

int kernel_kevent(struct kernel_file *file, short filter, struct knote *kn)
{
	*kn = (struct knote){.kn_filter = filter};
	kernel_current = file;
	return file->node->si_devsw->d_kqfilter(file->node, kn);
}

/* select and kqueue */
void selrecord(struct thread *td, struct selinfo *sel)
{
	sel->recorded++;
}

void selwakeup(struct selinfo *sel)
{
	sel->recorded = 0;
	kernel.wakes++;
}

void seldrain(struct selinfo *sel)
{
	sel->recorded = 0;
}

void knlist_init_mtx(struct knlist *list, struct mtx *lock)
{
	*list = (struct knlist){lock, NULL, true};
}

void knlist_add(struct knlist *list, struct knote *kn, int islocked)
{
	kn->next = list->first;
	list->first = kn;
	kernel.knotes++;
}

void knlist_remove(struct knlist *list, struct knote *kn, int islocked)
{
	struct knote **p = &list->first;

	while (*p != kn)
		p = &(*p)->next;
	*p = kn->next;
	kernel.knotes--;
}

void knlist_clear(struct knlist *list, int islocked)
{
	while (list->first)
		knlist_remove(list, list->first, 0);
}

void knlist_destroy(struct knlist *list)
{
	if (!list->live || list->first)
		kernel_broken("destroyed a knlist that is not empty");
	list->live = false;
}

void KNOTE_LOCKED(struct knlist *list, long hint)
{
	struct knote *kn;

	for (kn = list->first; kn; kn = kn->next)
		if (kn->kn_fop->f_event(kn, hint))
			kn->active = true;
}

/* VM */
struct sglist {
	vm_paddr_t page;
	int references;
};

struct vm_page *PHYS_TO_VM_PAGE(vm_paddr_t phys)
{
	if (phys & PAGE_MASK)
		kernel_broken("not the address of a page");
	if (phys < kernel.ram_bottom || phys >= kernel.ram_top)
		return NULL;
	return (struct vm_page *)&kernel;
}

vm_paddr_t pmap_kextract(vm_offset_t va)
{
	return va;
}

struct sglist *sglist_alloc(int segments, int flags)
{
	kernel.lists++;
	return calloc(1, sizeof(struct sglist));
}

int sglist_append_phys(struct sglist *list, vm_paddr_t phys, size_t size)
{
	if (kernel_fails("sglist_append_phys"))
		return EFBIG;
	if (phys & PAGE_MASK || size != PAGE_SIZE)
		kernel_broken("not a page");
	list->page = phys;
	return 0;
}

void sglist_free(struct sglist *list)
{
	kernel.lists--;
	free(list);
}

struct vm_object *vm_pager_allocate(enum obj_type type, void *handle, vm_ooffset_t size,
				    vm_prot_t prot, vm_ooffset_t offset, struct ucred *cred)
{
	struct vm_object *object;

	if (kernel_fails("vm_pager_allocate"))
		return NULL;
	object = calloc(1, sizeof(*object));
	*object = (struct vm_object){1, ((struct sglist *)handle)->page};
	kernel.objects++;
	return object;
}

void vm_object_reference(struct vm_object *object)
{
	object->ref_count++;
}

void vm_object_deallocate(struct vm_object *object)
{
	if (--object->ref_count)
		return;
	free(object);
	kernel.objects--;
}
