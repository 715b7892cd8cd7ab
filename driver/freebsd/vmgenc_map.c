// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: maps the hypervisor's page, and offers it and the generation page to programs. */
#include "vmgenc_var.h"

#include <sys/proc.h>
#include <sys/rwlock.h>
#include <sys/sglist.h>

#include <vm/vm.h>
#include <vm/pmap.h>
#include <vm/vm_object.h>
#include <vm/vm_page.h>
#include <vm/vm_pager.h>

/* The id must not be in memory for which the kernel has pages (rule R1c). */
static bool
vmgenc_kernel_ram(vm_paddr_t first, vm_paddr_t last)
{

	return (PHYS_TO_VM_PAGE(trunc_page(first)) != NULL ||
	    PHYS_TO_VM_PAGE(trunc_page(last)) != NULL);
}

static bool
vmgenc_all_zero(const volatile uint8_t *p, size_t size)
{

	while (size-- > 0)
		if (*p++ != 0)
			return (false);
	return (true);
}

/*
 * The page may also hold ACPI tables or other firmware data (Hyper-V, Xen, Firecracker).  Unless it
 * holds only the id, mapping it needs the privilege to read any physical memory.
 */
static uint32_t
vmgenc_raw_access(const volatile uint8_t *page, uint32_t offset)
{
	uint32_t after = offset + VMGENC_ID_SIZE;

	switch (vmgenc_tunable_raw()) {
	case VMGENC_RAW_ALL:
		return (VMGENC_RAW_MAPPABLE);
	case VMGENC_RAW_DRIVER:
		return (VMGENC_RAW_MAPPABLE | VMGENC_RAW_PRIVILEGED);
	case VMGENC_RAW_AUTO:
		break;
	}
	if (vmgenc_all_zero(page, offset) && vmgenc_all_zero(page + after, PAGE_SIZE - after))
		return (VMGENC_RAW_MAPPABLE);
	return (VMGENC_RAW_MAPPABLE | VMGENC_RAW_PRIVILEGED);
}

/*
 * Cacheable (rule R1e), as AcpiOsMapMemory() maps.  Maps the whole page if the id does not cross
 * its end; otherwise only the id, and programs get no raw page.
 */
int
vmgenc_os_map(struct vmgenc_core *core, uint64_t phys)
{
	struct vmgenc_softc *sc = vmgenc_softc_of(core);
	uint32_t offset = phys & PAGE_MASK;
	bool whole = offset + VMGENC_ID_SIZE <= PAGE_SIZE;

	if (vmgenc_kernel_ram(phys, phys + VMGENC_ID_SIZE - 1)) {
		vmgenc_os_log(core, VMGENC_LOG_ERROR, "ADDR %#jx is RAM that the kernel uses",
		    (uintmax_t)phys);
		return (-EBUSY);
	}
	sc->mapped = whole ? PAGE_SIZE : VMGENC_ID_SIZE;
	sc->mapping = AcpiOsMapMemory(whole ? phys - offset : phys, sc->mapped);
	if (sc->mapping == NULL) {
		vmgenc_os_log(core, VMGENC_LOG_ERROR, "ADDR %#jx cannot be mapped",
		    (uintmax_t)phys);
		return (-ENOMEM);
	}
	core->raw = (const volatile uint64_t *)((uint8_t *)sc->mapping + (whole ? offset : 0));
	core->page->id_offset = offset;
	core->page->flags = whole ? vmgenc_raw_access(sc->mapping, offset) : 0;
	return (0);
}

void
vmgenc_os_unmap(struct vmgenc_core *core)
{
	struct vmgenc_softc *sc = vmgenc_softc_of(core);

	core->raw = NULL;
	AcpiOsUnmapMemory(sc->mapping, sc->mapped);
	sc->mapping = NULL;
}

static struct vm_object *
vmgenc_object_of(vm_paddr_t page)
{
	struct vm_object *object = NULL;
	struct sglist *list;

	list = sglist_alloc(1, M_WAITOK);
	if (sglist_append_phys(list, page, PAGE_SIZE) == 0)
		object = vm_pager_allocate(OBJT_SG, list, PAGE_SIZE, VM_PROT_READ, 0,
		    curthread->td_ucred);
	sglist_free(list);	/* the object has a reference of its own */
	return (object);
}

/*
 * Creates the objects once; each mmap(2) takes a reference.  The reference counts show whether a
 * program still maps a page, which then must not be freed.
 */
int
vmgenc_objects_start(struct vmgenc_softc *sc)
{

	sc->object[VMGENC_GENERATION] = vmgenc_object_of(pmap_kextract((vm_offset_t)sc->core.page));
	if ((sc->core.page->flags & VMGENC_RAW_MAPPABLE) != 0)
		sc->object[VMGENC_RAW] = vmgenc_object_of(trunc_page(sc->phys));
	if (sc->object[VMGENC_GENERATION] != NULL && (sc->object[VMGENC_RAW] != NULL ||
	    (sc->core.page->flags & VMGENC_RAW_MAPPABLE) == 0))
		return (0);
	vmgenc_os_log(&sc->core, VMGENC_LOG_ERROR, "the pages cannot be offered to programs");
	vmgenc_objects_stop(sc);
	return (ENOMEM);
}

void
vmgenc_objects_stop(struct vmgenc_softc *sc)
{
	int i;

	for (i = 0; i < VMGENC_MAPPINGS; i++) {
		if (sc->object[i] != NULL)
			vm_object_deallocate(sc->object[i]);
		sc->object[i] = NULL;
	}
}

bool
vmgenc_objects_mapped(struct vmgenc_softc *sc)
{
	int i;

	for (i = 0; i < VMGENC_MAPPINGS; i++)
		if (sc->object[i] != NULL && atomic_load_int(&sc->object[i]->ref_count) > 1)
			return (true);
	return (false);
}
