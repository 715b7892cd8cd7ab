// SPDX-License-Identifier: BSD-2-Clause
/* test/freebsd/unit: what the driver makes of firmware, on the simulated kernel. */
#include "fixture.h"

extern const char **standin_pnp_vmgenc_cid, **standin_pnp_vmgenc_hid;
extern int standin_pnp_vmgenc_cid_count, standin_pnp_vmgenc_hid_count;

static bool listed(const char *id, const char **table, int count)
{
	int i;

	for (i = 0; id && i < count; i++)
		if (!strcmp(table[i], id))
			return true;
	return false;
}

/* devmatch(8) compares exactly; it knows the _HID, and from 13 on the first _CID. */
static bool in_pnp_info(const struct acpi_node *node)
{
	return listed(node->hid, standin_pnp_vmgenc_hid, standin_pnp_vmgenc_hid_count) ||
	       listed(node->cid[0], standin_pnp_vmgenc_cid, standin_pnp_vmgenc_cid_count);
}

/* Fails if a hypervisor's device is not ours or is not loaded for, or something else is ours. */
static void test_shapes(void **state)
{
	const struct {
		const char *hid, *cid[4];
		bool ours;
	} rows[] = {
		{"QEMUVGID", {"VM_Gen_Counter"}, true},
		{"VMW0001", {"VM_Gen_Counter", "PNP0C02"}, true},
		{"VMW0001", {"PNP0C02", "VM_GEN_COUNTER"}, true},
		{"Hyper_V_Gen_Counter_V1", {"VM_Gen_Counter"}, true},
		{"MSFT1002", {"VM_Gen_Counter", "VMGENCTR", "Hyper_V_Gen_Counter_V1"}, true},
		{"XEN0000", {"VM_Gen_Counter"}, true},
		{"AMZN0000", {"VM_Gen_Counter"}, true},
		{"VMGENCTR", {"VM_Gen_Counter"}, true},
		{"VMGENCTR", {NULL}, true},
		{"Bhyve_V_Gen_Counter_V1", {"VM_Gen_Counter"}, true},
		{NULL, {"vm_gen_counter"}, true},
		{"PNP0C02", {"PNP0C01"}, false},
		{"VM_Gen_Counter2", {NULL}, false},
		{NULL, {NULL}, false},
	};
	device_probe_t *probe = (device_probe_t *)kernel_method("device_probe");
	size_t i;

	for (i = 0; i < nitems(rows); i++) {
		kernel.firmware.hid = rows[i].hid;
		memcpy(kernel.firmware.cid, rows[i].cid, sizeof(rows[i].cid));
		assert_int_equal(probe(&kernel.device), rows[i].ours ? BUS_PROBE_VENDOR : ENXIO);
		if (rows[i].hid)
			assert_int_equal(in_pnp_info(&kernel.firmware), rows[i].ours);
	}
	kernel.device.handle = NULL;
	assert_int_equal(probe(&kernel.device), ENXIO);
	assert_clean();
}

/* Fails if a malformed ADDR attaches, is not named in one line with its path, or leaks. */
static void test_addr(void **state)
{
	const struct {
		UINT32 type, count, element;
		UINT64 low, high;
		int error;
		const char *line;
	} rows[] = {
		{0, 0, 0, 0, 0, ENOENT, "ADDR cannot be evaluated: AE_NOT_FOUND"},
		{ACPI_TYPE_INTEGER, 0, 0, 0, 0, EINVAL, "ADDR is not a package {0, 0}"},
		{ACPI_TYPE_PACKAGE, 1, ACPI_TYPE_INTEGER, 8, 0, EINVAL,
		 "ADDR does not have two elements {0x8, 0}"},
		{ACPI_TYPE_PACKAGE, 3, ACPI_TYPE_INTEGER, 8, 0, EINVAL,
		 "ADDR does not have two elements {0x8, 0}"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_STRING, 8, 0, EINVAL,
		 "ADDR has an element that is not an integer {0, 0}"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 1ul << 32, 0, EINVAL,
		 "ADDR has an element above 32 bits {0x100000000, 0}"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 0, 0, ENODEV, "ADDR is zero: the hypervisor"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 0xfeedf02c, 0, EINVAL,
		 "ADDR is not 8-byte aligned, which Microsoft's VM Generation ID paper requires {0xfeedf02c, 0}"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 0, 0x100, ERANGE,
		 "ADDR is beyond the processor's physical addresses {0, 0x100}"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 0x10028, 0, EBUSY,
		 "ADDR 0x10028 is RAM that the kernel uses"},
		{ACPI_TYPE_PACKAGE, 2, ACPI_TYPE_INTEGER, 0x7ffffff8, 0, EBUSY,
		 "ADDR 0x7ffffff8 is RAM that the kernel uses"},
	};
	char line[200];
	size_t i;

	for (i = 0; i < nitems(rows); i++) {
		kernel_reset();
		kernel.firmware.addr_type = rows[i].type;
		kernel.firmware.addr_count = rows[i].count;
		kernel.firmware.element_type[0] = kernel.firmware.element_type[1] = rows[i].element;
		kernel.firmware.addr[0] = rows[i].low;
		kernel.firmware.addr[1] = rows[i].high;
		assert_int_equal(kernel_attach(), rows[i].error);
		assert_int_equal(kernel.lines, 1);
		snprintf(line, sizeof(line), "vmgenc0: \\_SB_.VGEN: %s", rows[i].line);
		assert_memory_equal(kernel.line[0], line, strlen(line));
		assert_clean();
	}
}

/* Fails if only the first of the two pages that an id lies in is asked for. */
static void test_half_in_ram(void **state)
{
	kernel.firmware.addr[0] = KERNEL_PAGE + PAGE_SIZE - 8;
	kernel.ram_bottom = KERNEL_PAGE + PAGE_SIZE;
	kernel.ram_top = KERNEL_PAGE + 2 * PAGE_SIZE;
	assert_int_equal(kernel_attach(), EBUSY);
	assert_int_equal(lines_with("is RAM that the kernel uses"), 1);
}

/* Fails if an id that the host never filled is taken for one, or not said. */
static void test_unfilled(void **state)
{
	kernel_set_id(0, 0);
	assert_int_equal(kernel_attach(), 0);
	assert_int_equal(lines_with("\\_SB_.VGEN: the id is all zero"), 1);
	assert_true(page_now().flags & VMGENC_ID_UNFILLED);
	kernel_notify(0x80);
	kernel_run();
	assert_int_equal(page_now().generation, 1);
}

/*
 * Fails if the module, when it comes after acpi_sysres has the device (VMware), does without it,
 * adds a second child each time, or adds one for a device of its own.
 */
static void test_late_on_vmware(void **state)
{
	kernel_identify();
	assert_null(kernel.added.name);
	kernel.device.name = "acpi_sysresource";
	kernel.device.attached = true;
	kernel.fail_at = kernel.calls + 3;
	kernel_identify();
	assert_string_equal(kernel.failed, "BUS_ADD_CHILD");
	assert_int_equal(lines_with("acpi0: vmgenc cannot be added"), 1);
	kernel.fail_at = kernel.calls + 1;
	kernel_identify();
	assert_string_equal(kernel.failed, "device_get_children");
	kernel.fail_at = 0;
	kernel_identify();
	assert_string_equal(kernel.added.name, "vmgenc");
	assert_ptr_equal(kernel.added.handle, &kernel.firmware);
	kernel_identify();
	kernel.device.attached = false;
	assert_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		row(test_shapes),
		row(test_addr),
		row(test_half_in_ram),
		row(test_unfilled),
		row(test_late_on_vmware),
	};

	return cmocka_run_group_tests_name("freebsd firmware", tests, NULL, free_page);
}
