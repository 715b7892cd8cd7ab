/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: QEMU's command line for a virtual machine.
 */
#include <stdarg.h>
#include <string.h>

#include "qemu.h"

/* earlyprintk and loglevel make the kernel show signs of life from its first second. */
#define CMDLINE                                                                                    \
	"earlyprintk=ttyS0,115200 console=ttyS0 loglevel=6 panic=-1 rdinit=/init no_timer_check "  \
	"audit=0 numa=off "                                                                        \
	"random.trust_cpu=off"

#define ARM64_CMDLINE                                                                              \
	"earlycon=pl011,0x9000000 console=ttyAMA0 loglevel=6 panic=-1 rdinit=/init audit=0 "       \
	"numa=off random.trust_cpu=off"

static void __attribute__((format(printf, 2, 3))) add(struct arguments *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(&a->list[a->count], format, args) >= 0)
		a->list[++a->count] = NULL;
	va_end(args);
}

/*
 * Make the exchange a node of RAM, not an ivshmem device: with x-ignore-shared, QEMU needs shared
 * memory at the same address before and after the migration, and a PCI BAR is not mapped yet.
 */
static void add_memory(struct arguments *a, unsigned int node, uint64_t mb, bool shared,
		       const char *path)
{
	add(a, "-object");
	add(a, "memory-backend-file,id=ram%u,size=%lluM,share=%s,mem-path=%s", node,
	    (unsigned long long)mb, shared ? "on" : "off", path);
	add(a, "-numa");
	add(a, "node,nodeid=%u,memdev=ram%u", node, node);
}

/* QEMU's own device also raises the event by which some shapes notify the guest. */
static bool wants_vmgenid(const struct firmware *f)
{
	return !f->no_vmgenid && (!f->shape || f->shape->notify == NOTIFY_GPE);
}

static void add_shape(struct arguments *a, const struct vm *vm)
{
	const struct firmware *f = &vm->machine->firmware;

	if (f->shape->where == WHERE_HOLE) {
		add(a, "-object");
		add(a, "memory-backend-file,id=hole,size=4K,share=off,mem-path=%s", f->page_file);
		add(a, "-device");
		add(a, "ivshmem-plain,memdev=hole,master=on");
	}
	if (f->shape->where == WHERE_ROM) {
		add(a, "-bios");
		add(a, "%s", f->page_file);
	}
	if (f->shape->notify == NOTIFY_GED) {
		add(a, "-chardev");
		add(a, "pipe,id=bell,path=%s", vm->bell);
		add(a, "-serial");
		add(a, "chardev:bell");
	}
}

static void add_firmware(struct arguments *a, const struct vm *vm)
{
	const struct firmware *f = &vm->machine->firmware;

	if (wants_vmgenid(f)) {
		add(a, "-device");
		add(a, "vmgenid,guid=%s", vm->guid);
	}
	if (f->table) {
		add(a, "-acpitable");
		add(a, "file=%s", f->table);
	}
}

/*
 * PID 1 opens /dev/mem, which a locked kernel refuses, so it locks the kernel itself once it has:
 * the kernel gets lab_lockdown= instead of lockdown=, which it hands to PID 1.
 */
static void hand_over_lockdown(const char *append, char *to, size_t size)
{
	static const char word[] = "lockdown=";
	size_t used = 0;

	for (const char *at = append; *at && used + 5 < size; at++) {
		bool begins = at == append || at[-1] == ' ';

		if (begins && !strncmp(at, word, sizeof(word) - 1))
			used += (size_t)snprintf(to + used, size - used, "lab_");
		to[used++] = *at;
	}
	to[used] = '\0';
}

/* Reserve the page of a shape with the exchange, or make it ACPI NVS. */
static void add_command_line(struct arguments *a, const struct machine *m)
{
	const struct shape *s = m->firmware.shape;
	unsigned long long address = machine_exchange_address(m), size = machine_exchange_size(m);
	char page[200] = "", append[2048];

	hand_over_lockdown(m->append, append, sizeof(append));
	if (m->arm64) {
		add(a, ARM64_CMDLINE " lab_exchange=%llx,%llx %s", address, size, append);
		return;
	}
	if (s)
		snprintf(page, sizeof(page), " 8250.nr_uarts=1 memmap=%u%c0x%llx%s", PAGE_BLOCK,
			 s->where == WHERE_NVS ? '%' : '$', address + size,
			 s->where == WHERE_NVS ? "-1+4" : "");
	add(a, CMDLINE " memmap=%llu$0x%llx lab_exchange=%llx,%llx%s %s", size, address, address,
	    size, page, append);
}

/* What a guest could use that took over QEMU. */
static void add_sandbox(struct arguments *a)
{
	add(a, "-sandbox");
	add(a, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

static void add_machine(struct arguments *a, const struct machine *m)
{
	const char *type = m->q35 ? "q35" : "pc";

	add(a, "-machine");
	if (m->arm64)
		add(a, "virt,gic-version=2");
	else if (machine_is_high(m))
		add(a, "%s,usb=off,vmport=off,max-ram-below-4g=%uM", type, m->memory_mb);
	else
		add(a, "%s,usb=off,vmport=off", type);
	if (!m->arm64)
		return;
	add(a, "-dtb");
	add(a, "%s", m->firmware.placed);
}

/* A Cortex-A72 has no random instructions. */
static void add_cpu(struct arguments *a, const struct machine *m)
{
	add(a, "-cpu");
	if (m->cpu)
		add(a, "%s", m->cpu);
	else if (m->arm64)
		add(a, m->rdrand ? "max" : "cortex-a72");
	else
		add(a, "max%s", m->rdrand ? "" : ",-rdrand,-rdseed");
}

void arguments_build(const struct vm *vm, struct arguments *a, int qmp, bool incoming, bool sandbox)
{
	const struct machine *m = vm->machine;

	add(a, "%s", m->arm64 ? QEMU_ARM64 : QEMU);
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	if (sandbox)
		add_sandbox(a);
	add(a, "-no-reboot");
	add(a, "-display");
	add(a, "none");
	add_machine(a, m);
	add(a, "-accel");
	if (!strcmp(m->accel, "kvm"))
		add(a, "kvm");
	else
		add(a, "tcg,thread=%s", m->tcg_single ? "single" : "multi");
	add_cpu(a, m);
	add(a, "-smp");
	add(a, "%u", m->cpus);
	add(a, "-m");
	add(a, "%lluM", (unsigned long long)machine_memory_mb(m));
	add_memory(a, 0, m->memory_mb, vm->shared_ram, vm->ram);
	add_memory(a, 1, m->exchange_size >> 20, true, vm->exchange_path);
	add_memory(a, 2, TOP_MB + m->initramfs_mb, vm->shared_ram, vm->ram_top);
	add_firmware(a, vm);
	add(a, "-chardev");
	add(a, "file,id=console,path=%s", vm->console);
	add(a, "-serial");
	add(a, "chardev:console");
	if (m->firmware.shape)
		add_shape(a, vm);
	add(a, "-chardev");
	add(a, "socket,id=qmp,fd=%d", qmp);
	add(a, "-mon");
	add(a, "chardev=qmp,mode=control");
	add(a, "-kernel");
	add(a, "%s", m->image);
	if (m->initramfs) {
		add(a, "-initrd");
		add(a, "%s", m->initramfs);
		add(a, "-append");
		add_command_line(a, m);
	}
	if (!incoming)
		return;
	add(a, "-S");
	add(a, "-incoming");
	add(a, "defer");
}
