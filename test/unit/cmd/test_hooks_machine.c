/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: vmgenc hooks - an identity is replaced where the machine is a copy, and nowhere
 * else: what tells the two apart, what is not known, and what the administrator says. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hooks_fixture.h"

/* One hook of each kind, and a machine that has been noted. */
static void begin(void)
{
	hook_with("10-seed", "# vmgenc-hook: when=change", "");
	hook_with("20-identity", "# vmgenc-hook: when=new-machine", "");
	hook_with("30-running", "# vmgenc-hook: when=running", "");
	hook_with("40-unsaid", "", "");
	is_machine(UUID_A, MAC_A);
	assert_int_equal(machine_once(), 0);
	assert_string_equal(noted(), "");
}

static void runs(const char *expected)
{
	assert_int_equal(machine_once(), 0);
	assert_string_equal(noted(), expected);
	assert_int_equal(machine_once(), 0); /* and once only */
	assert_string_equal(noted(), "");
}

#define SAME "10-seed boot no 1\n"
#define UNKNOWN "10-seed boot unknown 1\n"
#define COPY                                                                                       \
	"10-seed new-machine yes 1\n20-identity new-machine yes 1\n40-unsaid new-machine yes 1\n"
#define HOT_COPY                                                                                   \
	"10-seed change yes 1\n20-identity change yes 1\n30-running change yes 1\n"                \
	"40-unsaid change yes 1\n"
#define ROLLBACK "10-seed change no 1\n30-running change no 1\n"

/* Fails if a power cycle with another id replaces an identity, or one without runs anything. */
static void power_cycles(void **unused)
{
	(void)unused;
	begin();
	power_cycle(true);
	runs(SAME);
	power_cycle(false);
	runs("");
	has("sys/class/net/eth0/address", MAC_B); /* another network card */
	power_cycle(true);
	runs(SAME);
	is_machine("01008F3A-5E1C-3B4D-9A77-0242AC110002", MAC_B); /* A, in the other order */
	power_cycle(true);
	runs(SAME);
}

/* Fails if a copied disk keeps its identity, with another id or with the original's. */
static void copied_disks(void **unused)
{
	(void)unused;
	begin();
	is_machine(UUID_B, MAC_B);
	power_cycle(true);
	runs(COPY);
	is_machine(UUID_A, MAC_A);
	power_cycle(false); /* virt-clone */
	runs(COPY);
	power_cycle(true);
	runs(SAME);
	is_machine(UUID_B, "52:54:00:12:34:56"); /* QEMU's, of no meaning */
	power_cycle(true);
	runs(COPY);
}

static void is_doubtful(const char *why)
{
	power_cycle(true);
	runs(UNKNOWN);
	assert_non_null(strstr(state().doubt, why));
}

/* Fails if unknown or contradictory parts replace an identity, or are not reported. */
static void what_is_not_known(void **unused)
{
	(void)unused;
	begin();
	is_machine(UUID_B, MAC_A);
	is_doubtful("another one, but a network card is the same");
	is_machine(NULL, MAC_B);
	is_doubtful("gives it no product UUID");
	is_machine("00000000-0000-0000-0000-000000000000", MAC_A);
	is_doubtful("gives it no product UUID");
	is_machine("not a uuid", NULL);
	is_doubtful("gives it no product UUID");
	RUN(&result, "status", "--state", state_file, "--source", sim.source);
	assert_non_null(strstr(result.out, "is a copy is not known: its host gives it no"));
	assert_int_equal(result.code, 0); /* docs/admin.md says so; doctor's is 1 */
	RUN(&result, "doctor", "--state", state_file, "--source", sim.source);
	assert_non_null(strstr(result.out, "to do whether this machine is a copy is not known"));
	RUN(&result, "hooks", "--new-machine", "--state", state_file);
	assert_int_equal(result.code, 0);
	assert_string_equal(noted(), COPY);
	assert_string_equal(state().doubt, "");
	is_machine(UUID_B, MAC_B); /* what was recorded before it was unknown counts */
	power_cycle(true);
	runs(SAME);
}

/* Fails if xl create, which makes up what its file does not name, passes for a copy. */
static void xen(void **unused)
{
	(void)unused;
	has("sys/hypervisor/type", "xen");
	begin();
	is_machine(UUID_B, MAC_B);
	is_doubtful("has not been seen to stay");
	power_cycle(true); /* named in its file after all */
	runs(SAME);
	is_machine(UUID_A, MAC_A);
	power_cycle(true);
	runs(COPY);
}

/* Fails if another instance passes for the same, or a file that others can write is believed. */
static void cloud_init(void **unused)
{
	char path[256];

	(void)unused;
	has("var/lib/cloud/data/instance-id", "i-0123");
	begin();
	has("var/lib/cloud/data/instance-id", "i-4567");
	power_cycle(true);
	runs(COPY);
	power_cycle(true);
	runs(SAME);
	has("var/lib/cloud/data/instance-id", "i-89ab");
	snprintf(path, sizeof(path), "%s/var/lib/cloud/data/instance-id", root);
	assert_int_equal(chmod(path, 0666), 0);
	power_cycle(true);
	assert_int_equal(machine_once(), 0);
	assert_non_null(strstr(result.err, "is not believed, since"));
	assert_string_equal(noted(), SAME);
	has("var/lib/cloud/data/instance-id", "iid-datasource-none");
	power_cycle(true);
	runs(SAME);
	is_machine(UUID_B, MAC_B); /* the same instance says nothing: the disk was copied with it */
	assert_int_equal(chmod(path, 0644), 0);
	has("var/lib/cloud/data/instance-id", "i-4567");
	power_cycle(true);
	runs(COPY);
}

/* Fails if a change while running is no copy by default, whether the service ran or not. */
static void changes_while_running(void **unused)
{
	pid_t pid;

	(void)unused;
	begin();
	simfile_bump(&sim);
	runs(HOT_COPY);
	power_cycle(true); /* and a change before the service was started */
	sim.page->changes = 1;
	runs(HOT_COPY);
	power_cycle(true);
	pid = machine_service();
	assert_true(wait_for("log", "a boot of the same machine"));
	simfile_bump(&sim);
	assert_true(wait_for("log", "generation 2: 40-unsaid done"));
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
	assert_string_equal(noted(), SAME HOT_COPY);
}

/* Fails if what the administrator says does not count, or is guessed where it is not understood. */
static void what_the_administrator_says(void **unused)
{
	(void)unused;
	begin();
	has("etc/vmgenc/machine", "# ours\nchange=rollback");
	simfile_bump(&sim);
	runs(ROLLBACK);
	has("etc/vmgenc/machine", "identity=web-1\nchange=copy");
	runs("");
	has("etc/vmgenc/machine", "identity=web-2");
	runs("10-seed new-machine yes 1\n20-identity new-machine yes 1\n40-unsaid new-machine yes "
	     "1\n");
	is_machine(UUID_B, MAC_B); /* it says the same, but is a copied file as well */
	power_cycle(true);
	runs(COPY);
	has("etc/vmgenc/machine", "changes=rollback");
	simfile_bump(&sim);
	assert_int_equal(machine_once(), 0);
	assert_string_equal(noted(), "10-seed change unknown 1\n30-running change unknown 1\n");
	assert_non_null(strstr(result.err, "its line 1 is neither identity=TEXT nor change="));
}

#define FW_CFG "sys/firmware/qemu_fw_cfg/by_name/etc/smbios/smbios-tables/raw"

/* The tables of a QEMU that runs: firmware's structure, the system's, cut at this size, and an end.
 */
static void fw_cfg_has(const char *uuid, size_t size)
{
	unsigned char tables[128] = {0, 24, 0, 0, [24] = 'S', 'e', 'a', 0, 'x', 0, 0};
	char path[256];
	FILE *f;

	memcpy(tables + 31, (unsigned char[]){1, 27, 0, 1}, 4);
	for (int i = 0; i < 16; i++)
		sscanf(uuid + 2 * i, "%2hhx", &tables[31 + 8 + i]);
	memcpy(tables + 31 + 27 + 2, (unsigned char[]){127, 4, 0, 2}, 4);
	has(FW_CFG, "");
	snprintf(path, sizeof(path), "%s/%s", root, FW_CFG);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(tables, 1, size, f), size);
	fclose(f);
}

#define TABLES 66
/* In the order in which the tables have them. */
#define NOW_A "01008f3a5e1c3b4d9a770242ac110002"
#define NOW_B "10772c9daa770f4e8b210242ac110003"

/*
 * Fails if a rollback on a host that says now which machine it is replaces an identity, a clone
 * there keeps one, or if tables that are wrong are believed.
 */
static void host_that_says_it_now(void **unused)
{
	(void)unused;
	begin();
	fw_cfg_has(NOW_A, TABLES);
	simfile_bump(&sim);
	runs(ROLLBACK);
	fw_cfg_has(NOW_B, TABLES); /* DMI and the card are still those of the memory */
	simfile_bump(&sim);
	runs(HOT_COPY);
	simfile_bump(&sim);
	runs(ROLLBACK);
	is_machine(UUID_B, MAC_B);
	power_cycle(true);
	runs(SAME);
	has("etc/vmgenc/machine", "change=copy");
	simfile_bump(&sim);
	runs(HOT_COPY);
	has("etc/vmgenc/machine", NULL);
	for (size_t size = 0; size < TABLES - 8; size += 9) {
		fw_cfg_has(NOW_B, size);
		simfile_bump(&sim);
		assert_int_equal(machine_once(), 0);
		if (strcmp(noted(), HOT_COPY) != 0 && size < 31 + 8 + 16)
			fail_msg("tables of %zu bytes are believed", size);
	}
	fw_cfg_has("00000000000000000000000000000000", TABLES);
	simfile_bump(&sim);
	runs(HOT_COPY);
}

/* Fails if a header that is wrong is guessed, or a hook without one is not spoken of. */
static void headers(void **unused)
{
	(void)unused;
	hook_with("10-wrong", "# vmgenc-hook: when=always", "");
	hook_with("20-wrong", "# vmgenc-hook: when=change foo=bar", "");
	hook_with("30-wrong", "# vmgenc-hook: timeout=-1", "");
	hook_with("40-wrong", "# vmgenc-hook: scratch=etc", "");
	hook_with("50-wrong", "# vmgenc-hook: retry", "");
	hook_with("60-unsaid", "# vmgenc-hooks: when=change", "");
	hook_with("70-good",
		  "#\n# vmgenc-hook:  when=change\tretry=never timeout=1.5 scratch=/tmp ", "");
	assert_int_equal(machine_once(), 0);
	assert_non_null(strstr(result.err, "10-wrong: refused, since its line \"# vmgenc-hook:\" "
					   "says when=always, which is not change, running or"));
	assert_non_null(strstr(result.err, "says foo, which is none of when=, retry=,"));
	assert_non_null(strstr(result.err, "says timeout=-1, which is not seconds"));
	assert_non_null(strstr(result.err, "says scratch=etc, which is not the absolute name"));
	assert_non_null(strstr(result.err, "says retry, which is none of"));
	assert_non_null(strstr(result.err, "60-unsaid: does not say what it is for"));
	simfile_bump(&sim);
	assert_int_equal(machine_once(), 1);
	assert_string_equal(noted(), "60-unsaid change yes 1\n70-good change yes 1\n");
	assert_int_equal(state().owed_count, 5);
}

#define VERSION_1                                                                                  \
	"{\"version\": 1, \"boot\": \"b\", \"generation\": 7, \"previous\": 6, \"changed_ns\": "   \
	"1, "                                                                                      \
	"\"id\": \"an id\", \"under_way\": %s, \"started\": false, \"hook\": \"%s\", "             \
	"\"changes\": 3, \"runs\": 9, \"failures\": 2, \"interrupted\": 1, \"passed_over\": 0, "   \
	"\"last_failure\": \"generation 6: 20-keys took too long and was ended\"}"

/* Fails if the hooks and the record of 0.1 replace an identity at a boot, or lose a failure. */
static void carried_over_from_0_1(void **unused)
{
	char record[1024];

	(void)unused;
	hook_with("10-seed", "# vmgenc-hook: when=change", "");
	hook_with("20-keys", "", ""); /* as 0.1 shipped it */
	is_machine(UUID_A, MAC_A);
	snprintf(record, sizeof(record), VERSION_1, "false", "");
	write_file(scratch, "state", record, 0644);
	runs(UNKNOWN);
	assert_int_equal(state().changes, 4);
	assert_int_equal(state().failures, 2);
	assert_string_equal(state().owed[0].name, "20-keys");
	assert_string_equal(state().owed[0].reason, "took too long and was ended");
	power_cycle(true);
	runs(SAME);
	snprintf(record, sizeof(record), VERSION_1, "true", "10-seed");
	write_file(scratch, "state", record, 0644);
	assert_int_equal(machine_once(), 0);
	assert_string_equal(noted(), UNKNOWN); /* of what came after what was under way */
}

/* Fails if a record of a newer version is destroyed, or does not get its sentence. */
static void newer_record(void **unused)
{
	static const char newer[] = "{\"version\": 3, \"new\": true}";

	(void)unused;
	hook_with("10-seed", "# vmgenc-hook: when=change", "");
	write_file(scratch, "state", newer, 0644);
	assert_int_equal(machine_once(), 3);
	assert_non_null(strstr(result.err, "state is of version 3, which a newer vmgenc wrote: it "
					   "is left as it is\n"));
	assert_int_equal(count_of(result.err, "\n"), 1);
	RUN(&result, "hooks", "--retry", "--state", state_file);
	assert_int_equal(result.code, 3);
	RUN(&result, "hooks", "--new-machine", "--state", state_file);
	assert_int_equal(result.code, 3);
	assert_string_equal(read_file(scratch, "state", text), newer);
}

/* Fails if who removes the record loses a clone by it: while running, or a copied disk. */
static void record_that_is_removed(void **unused)
{
	(void)unused;
	begin();
	assert_int_equal(unlink(state_file), 0);
	simfile_bump(&sim);
	assert_int_equal(machine_once(), 0);
	assert_string_equal(noted(), HOT_COPY);
	assert_non_null(strstr(result.err, "state is gone; its copy"));
	is_machine(UUID_B, MAC_B);
	power_cycle(true);
	assert_int_equal(unlink(state_file), 0);
	runs(COPY);
	assert_int_equal(unlink(state_file), 0);
	runs("");
	assert_int_equal(access(state_file, F_OK), 0);
	assert_int_equal(shell("rm %s %s.last", state_file, state_file), 0);
	sim.page->changes = 0;
	runs("");
	assert_string_equal(state().doubt, "");
	assert_int_equal(shell("rm %s %s.last", state_file, state_file), 0);
	sim.page->changes = 1;
	assert_int_equal(machine_once(), 0);
	assert_non_null(strstr(result.err, "there was no record, and this machine was cloned"));
	RUN(&result, "doctor", "--state", state_file, "--source", sim.source);
	assert_non_null(strstr(result.out, "to do whether this machine is a copy is not known"));
	RUN(&result, "hooks", "--new-machine", "--state", state_file);
	assert_string_equal(noted(), COPY);
	assert_string_equal(state().doubt, "");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(power_cycles),
		TEST(copied_disks),
		TEST(what_is_not_known),
		TEST(xen),
		TEST(cloud_init),
		TEST(changes_while_running),
		TEST(what_the_administrator_says),
		TEST(host_that_says_it_now),
		TEST(headers),
		TEST(carried_over_from_0_1),
		TEST(newer_record),
		TEST(record_that_is_removed),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("vmgenc hooks: copies", tests, NULL, NULL);
}
