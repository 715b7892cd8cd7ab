/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/fuzz: firmware of any kind under the FreeBSD driver on its simulated kernel - what _HID,
 * _CID and ADDR evaluate to, the id, and what is notified. The kernel notices what would panic.
 */
#include <stdlib.h>
#include <strings.h>

#include "input.h"
#include "kernel.h"
#include "../firmware/hostile.h"

enum op { OP_ID, OP_NONE, OP_NOTIFY, OP_SCI, OP_TICK, OP_RUN, OP_SYNC, OP_FAIL, OPS };

static void broken(const char *what)
{
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

/* A string of the input's own, one of ours, or none. */
static const char *id_string(struct input *in, char *to, size_t size)
{
	static const char *const known[] = {"VM_Gen_Counter",  "VMGENCTR", "vm_gen_counter",
					    "VM_Gen_Counter2", "PNP0C02",  ""};
	uint8_t kind = input_byte(in);
	size_t length = 0;

	if (kind < 64)
		return NULL;
	if (kind < 192)
		return known[kind % nitems(known)];
	while (length + 1 < size && in->left && *in->next)
		to[length++] = (char)input_byte(in);
	input_byte(in);
	to[length] = '\0';
	return to;
}

static bool is_our_id(const char *id)
{
	return id && (!strcasecmp(id, "VM_Gen_Counter") || !strcasecmp(id, "VMGENCTR"));
}

static void describe(struct input *in, char text[KERNEL_CIDS + 1][300])
{
	struct acpi_node *f = &kernel.firmware;
	bool ours;

	f->hid = id_string(in, text[KERNEL_CIDS], 300);
	ours = is_our_id(f->hid);
	for (int i = 0; i < KERNEL_CIDS; i++)
		f->cid[i] = id_string(in, text[i], 300);
	for (int i = 0; i < KERNEL_CIDS && f->cid[i]; i++)
		ours |= is_our_id(f->cid[i]);
	if ((((device_probe_t *)kernel_method("device_probe"))(&kernel.device) == ENXIO) == ours)
		broken("ours, or not ours");
	f->hid = "VMGENCTR";
}

/*
 * The good one for one input in two, since behind it is what else can go wrong. The others are
 * variants of test/firmware/hostile.def, or near one.
 */
static bool set_addr(struct input *in)
{
	struct acpi_node *f = &kernel.firmware;
	const struct hostile_variant *v;
	uint8_t other;

	if (input_byte(in) % 2)
		return true;
	kernel.anywhere = true;
	v = &hostile_variants[input_byte(in) % HOSTILE_VARIANTS];
	other = input_byte(in);
	f->addr_type = v->kind == IS_CODE || v->kind == IS_OBJECT ? other % 5 : ACPI_TYPE_PACKAGE;
	f->addr_count = other < 192 ? v->count : input_byte(in);
	f->addr_fails = input_byte(in) == 7 ? "AE_AML_INTERNAL" : NULL;
	for (int i = 0; i < 3; i++) {
		f->element_type[i] = i < 2 && v->integer[i] ? ACPI_TYPE_INTEGER : input_byte(in);
		f->addr[i] = (i < 2 ? v->value[i] : 0) ^ input_word(in);
	}
	return false;
}

static void sync_node(void)
{
	struct vmgenc_event event = {.generation = 0};
	struct kernel_file *file;
	int error;

	file = kernel_open(FREAD, &error);
	if (!file)
		return;
	if (!kernel_ioctl(file, VMGENC_SYNC, &event) && event.settled != event.generation)
		broken("sync succeeds, unsettled");
	kernel_close(file);
}

static void step(struct input *in)
{
	uint8_t op = input_byte(in), with = input_byte(in);
	uint64_t none = with % 2 ? UINT64_MAX : 0;
	uint64_t first;

	switch ((enum op)(op % OPS)) {
	case OP_ID:
		first = input_word(in);
		kernel_set_id(first, input_word(in));
		break;
	case OP_NONE:
		kernel_set_id(none, none);
		break;
	case OP_NOTIFY:
		for (int i = 0; i <= op; i++)
			kernel_notify(with < 128 ? 0x80 : with);
		break;
	case OP_SCI:
		kernel_sci();
		break;
	case OP_TICK:
		kernel_tick();
		break;
	case OP_RUN:
		kernel_run();
		break;
	case OP_SYNC:
		sync_node();
		break;
	default:
		kernel.fail_at = kernel.calls + with;
	}
}

/* Whatever was, the generators take in the next id once nothing fails. */
static void settle(void)
{
	kernel.fail_at = 0;
	kernel_run();
	kernel_set_id(0x5e771edu, ~0x5e771eduLL);
	kernel_tick();
	kernel_run();
	if (!kernel_reseeded_for_id())
		broken("the generators do not have the id that is there");
}

static void use(struct input *in, bool good)
{
	kernel.id_moves = true;
	while (good && in->left)
		step(in);
	if (good)
		settle();
	kernel.fail_at = 0;
	kernel_run();
	if (kernel_detach())
		broken("it cannot be detached");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[KERNEL_CIDS + 1][300];
	struct input in = {data, size};
	bool good;
	int error;

	kernel_reset();
	describe(&in, text);
	good = set_addr(&in);
	kernel_set_id(input_word(&in), input_word(&in));
	error = kernel_attach();
	if (error && kernel.lines != 1)
		broken("refused without a line, or with two");
	if (error && error != ENOENT && error != EIO && error != EINVAL && error != ENODEV &&
	    error != ERANGE && error != EBUSY)
		broken("an errno that is not documented");
	if (!error)
		use(&in, good);
	if (kernel_leaks() || kernel.broken)
		broken(kernel.broken ? kernel.broken : kernel_leaks());
	return 0;
}
