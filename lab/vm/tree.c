/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/vm: the devicetree of an arm64 guest: QEMU's machine "virt" (hw/arm/virt.c has its addresses
 * and interrupts), and the VM Generation ID as Firecracker offers it there. QEMU itself adds
 * memory, PSCI, and what the kernel is told.
 */
#include <stdlib.h>
#include <string.h>

#include "firmware/fdt.h"
#include "host/host.h"
#include "qemu.h"

/* Phandles, and the line of the GPIO controller that system_powerdown raises. */
enum { GIC = 1, GPIO = 2, CLOCK = 3, POWER_LINE = 3 };

#define SPI 0u
#define PPI 1u
#define EDGE_RISING 1u
#define LEVEL_HIGH 4u

#define LOW(x) ((uint32_t)(x))
#define HIGH(x) ((uint32_t)((uint64_t)(x) >> 32))

static void add_texts(struct fdt *f, const char *name, const char *first, const char *second)
{
	char texts[64];
	size_t size = strlen(first) + 1;

	memcpy(texts, first, size);
	memcpy(texts + size, second, strlen(second) + 1);
	fdt_data(f, name, texts, size + strlen(second) + 1);
}

static void add_cpus(struct fdt *f, unsigned int cpus)
{
	char name[16];

	fdt_begin(f, "cpus");
	FDT_CELLS(f, "#address-cells", 1);
	FDT_CELLS(f, "#size-cells", 0);
	for (unsigned int i = 0; i < cpus; i++) {
		snprintf(name, sizeof(name), "cpu@%x", i);
		fdt_begin(f, name);
		fdt_text(f, "device_type", "cpu");
		fdt_text(f, "compatible", "arm,armv8");
		fdt_text(f, "enable-method", "psci");
		FDT_CELLS(f, "reg", i);
		fdt_end(f);
	}
	fdt_end(f);
}

static void add_timer(struct fdt *f, unsigned int cpus)
{
	const uint32_t flags = LEVEL_HIGH | ((1u << cpus) - 1) << 8;

	fdt_begin(f, "timer");
	fdt_text(f, "compatible", "arm,armv8-timer");
	fdt_data(f, "always-on", "", 0);
	FDT_CELLS(f, "interrupts", PPI, 13, flags, PPI, 14, flags, PPI, 11, flags, PPI, 10, flags);
	fdt_end(f);
}

static void add_gic(struct fdt *f)
{
	fdt_begin(f, "intc@8000000");
	fdt_text(f, "compatible", "arm,cortex-a15-gic");
	FDT_CELLS(f, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000);
	fdt_data(f, "interrupt-controller", "", 0);
	FDT_CELLS(f, "#interrupt-cells", 3);
	FDT_CELLS(f, "phandle", GIC);
	fdt_end(f);
}

static void add_primecell(struct fdt *f, const char *node, const char *compatible, uint32_t address,
			  uint32_t interrupt)
{
	fdt_begin(f, node);
	add_texts(f, "compatible", compatible, "arm,primecell");
	FDT_CELLS(f, "reg", 0, address, 0, 0x1000);
	FDT_CELLS(f, "interrupts", SPI, interrupt, LEVEL_HIGH);
}

static void add_devices(struct fdt *f)
{
	fdt_begin(f, "clock");
	fdt_text(f, "compatible", "fixed-clock");
	FDT_CELLS(f, "#clock-cells", 0);
	FDT_CELLS(f, "clock-frequency", 24000000);
	FDT_CELLS(f, "phandle", CLOCK);
	fdt_end(f);

	add_primecell(f, "pl011@9000000", "arm,pl011", 0x9000000, 1);
	FDT_CELLS(f, "clocks", CLOCK, CLOCK);
	add_texts(f, "clock-names", "uartclk", "apb_pclk");
	fdt_end(f);

	add_primecell(f, "pl061@9030000", "arm,pl061", 0x9030000, 7);
	FDT_CELLS(f, "clocks", CLOCK);
	fdt_text(f, "clock-names", "apb_pclk");
	fdt_data(f, "gpio-controller", "", 0);
	FDT_CELLS(f, "#gpio-cells", 2);
	fdt_data(f, "interrupt-controller", "", 0);
	FDT_CELLS(f, "#interrupt-cells", 2);
	FDT_CELLS(f, "phandle", GPIO);
	fdt_end(f);
}

/* no-map: the kernel takes none of it for its own, so that programs may map it by /dev/mem. */
static void add_reserved(struct fdt *f, const struct machine *m)
{
	uint64_t address = machine_exchange_address(m), size = m->exchange_size;

	fdt_begin(f, "reserved-memory");
	FDT_CELLS(f, "#address-cells", 2);
	FDT_CELLS(f, "#size-cells", 2);
	fdt_data(f, "ranges", "", 0);
	fdt_begin(f, "exchange");
	FDT_CELLS(f, "reg", HIGH(address), LOW(address), HIGH(size), LOW(size));
	fdt_data(f, "no-map", "", 0);
	fdt_end(f);
	fdt_end(f);
}

static void begin_id(struct fdt *f, const char *name)
{
	fdt_begin(f, name);
	fdt_text(f, "compatible", "microsoft,vmgenid");
	FDT_CELLS(f, "interrupt-parent", GPIO);
	FDT_CELLS(f, "interrupts", POWER_LINE, EDGE_RISING);
}

/* A number, or "page" or "page+NUMBER": the page of the id. */
static bool parse_cell(const char *text, const struct machine *m, uint32_t *cell, char **end)
{
	uint64_t page = 0;

	if (!strncmp(text, "page", 4)) {
		page = machine_id_page(m);
		text += 4;
		*end = (char *)text;
		if (*text != '+') {
			*cell = (uint32_t)page;
			return true;
		}
	}
	*cell = (uint32_t)(page + strtoul(text, end, 0));
	return *end != text;
}

/* NAME[=CELL,...]: one more node for an id, with these cells as its reg. */
static int add_node(struct fdt *f, const struct machine *m, const char *text)
{
	const char *cells = strchr(text, '=');
	uint32_t reg[16];
	size_t count = 0;
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "="), text);
	while (cells && count < sizeof(reg) / sizeof(*reg)) {
		char *end;

		if (!parse_cell(cells + 1, m, &reg[count++], &end) || (*end && *end != ','))
			return lab_fail(LAB_EXIT_USAGE, "--node takes NAME[=CELL,...], not %s",
					text);
		cells = *end ? end : NULL;
	}
	begin_id(f, name);
	if (count)
		fdt_cells(f, "reg", reg, count);
	fdt_end(f);
	return 0;
}

static int add_ids(struct fdt *f, const struct machine *m)
{
	uint64_t address = machine_id_address(m);
	int code = 0;

	if (!m->firmware.no_vmgenid) {
		begin_id(f, "vmgenid");
		FDT_CELLS(f, "reg", HIGH(address), LOW(address), 0, ID_SIZE);
		fdt_end(f);
	}
	for (unsigned int i = 0; i < m->firmware.node_count && !code; i++)
		code = add_node(f, m, m->firmware.nodes[i]);
	return code;
}

int tree_write(const struct machine *m, const char *path)
{
	struct fdt *f = calloc(1, sizeof(*f));

	if (!f)
		return lab_fail(LAB_EXIT_ENVIRONMENT, "no memory");
	fdt_begin(f, "");
	FDT_CELLS(f, "#address-cells", 2);
	FDT_CELLS(f, "#size-cells", 2);
	FDT_CELLS(f, "interrupt-parent", GIC);
	fdt_text(f, "compatible", "linux,dummy-virt");
	fdt_text(f, "model", "vmgenc-lab");
	fdt_begin(f, "chosen");
	fdt_text(f, "stdout-path", "/pl011@9000000");
	fdt_end(f);
	add_cpus(f, m->cpus);
	add_timer(f, m->cpus);
	add_gic(f);
	add_devices(f);
	add_reserved(f, m);
	int code = add_ids(f, m);

	fdt_end(f);
	if (!code)
		code = fdt_write(f, path);
	free(f);
	return code;
}
