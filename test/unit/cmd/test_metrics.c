/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: vmgenc status --metrics: what it says, what it keeps to itself, and how its file
 * is replaced. metrics.sh has promtool judge the text. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd_fixture.h"
#include "hash.h"

#define MACHINE_ID "0123456789abcdef0123456789abcdef"
#define SEED "a saved random seed is a secret: "
#define KEY "a key of the whole fleet, of 256 bits or more"

static char fleet_key[64]; /* the file */

static void put(const char *path, const char *content)
{
	char directory[128];

	snprintf(directory, sizeof(directory), "%s%s", scratch, path);
	*strrchr(directory, '/') = '\0';
	shell("mkdir -p %s", directory);
	write_file(scratch, path + 1, content, 0600);
}

static const char *metrics(void)
{
	RUN(&result, "status", "--metrics", "--root", scratch, "--source", sim.source, "--state",
	    "/nonexistent");
	assert_int_equal(result.code, 0);
	assert_string_equal(result.out + strlen(result.out) - 6, "# EOF\n");
	return result.out;
}

static void has(const char *line, bool wanted)
{
	bool found = strstr(result.out, line) != NULL;

	if (found != wanted)
		fail_msg("%s \"%s\" in:\n%s%s", wanted ? "no" : "there is", line, result.out,
			 result.err);
}

/* The fingerprint of this kind, or "". */
static const char *of(const char *kind)
{
	static char found[4][64];
	static int turn;
	char wanted[128], *at = found[turn = (turn + 1) % 4];
	const char *line;

	snprintf(wanted, sizeof(wanted), "vmgenc_identity_info{kind=\"%s\",fingerprint=\"", kind);
	line = strstr(result.out, wanted);
	snprintf(at, 64, "%.32s", line ? line + strlen(wanted) : "");
	return at;
}

static void check_digest(const char *wanted, const uint8_t digest[HASH_SIZE])
{
	char digits[2 * HASH_SIZE + 1];

	for (int i = 0; i < HASH_SIZE; i++)
		snprintf(digits + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(digits, wanted);
}

/* FIPS 180-4's examples and RFC 4231's cases 2 and 6; then every length around a block. */
static void hash_is_sha256(void **unused)
{
	static const char *const texts[] = {
		"", "abc", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"};
	static const char *const digests[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"};
	uint8_t digest[HASH_SIZE], key[131];
	struct hash h;
	struct hmac m;

	(void)unused;
	for (int i = 0; i < 3; i++) {
		hash_begin(&h);
		hash_add(&h, texts[i], strlen(texts[i]));
		hash_end(&h, digest);
		check_digest(digests[i], digest);
	}
	hmac_begin(&m, "Jefe", 4);
	hmac_add(&m, "what do ya want for nothing?", 28);
	hmac_end(&m, digest);
	check_digest("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", digest);
	memset(key, 0xaa, sizeof(key));
	hmac_begin(&m, key, sizeof(key));
	hmac_add(&m, "Test Using Larger Than Block-Size Key - Hash Key First", 54);
	hmac_end(&m, digest);
	check_digest("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", digest);
}

static void hash_of_each_length(void **unused)
{
	uint8_t digest[HASH_SIZE], data[200];
	struct hash h;

	(void)unused;
	memset(data, 'x', sizeof(data));
	for (size_t n = 0; n < sizeof(data); n += n < 50 || n > 130 ? 37 : 1) {
		hash_begin(&h);
		for (size_t i = 0; i < n; i += 7)
			hash_add(&h, data + i, n - i < 7 ? n - i : 7);
		hash_end(&h, digest);
		assert_int_equal(shell("printf %%%zus '' | tr ' ' x | sha256sum", n), 0);
		result.out[64] = '\0';
		check_digest(n ? result.out
			       : "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			     digest);
	}
}

/* Fails if a state that an alert asks for is not said. */
static void state_is_said(void **unused)
{
	(void)unused;
	metrics();
	has("vmgenc_protected 1\n", true);
	has("vmgenc_ready 1\n", true);
	has("vmgenc_guarantee{guarantee=\"race-free\"} 1\n", true);
	has("vmgenc_guarantee{guarantee=\"notified\"} 0\n", true);
	has("vmgenc_generation 1\n", true);
	has("vmgenc_processes{", false); /* not of another system's root */
	simfile_bump_raw(&sim);
	simfile_publish_unsettled(&sim);
	sim.page->flags |= VMGENC_REKEY_FAILED;
	metrics();
	has("vmgenc_protected 0\n", true);
	has("vmgenc_ready 0\n", true);
	has("vmgenc_settled 1\n", true);
	has("vmgenc_rekey_failed 1\n", true);
	has("vmgenc_changes_total 1\n", true);
}

/* Fails if a source that is not there, or is broken, leaves the monitoring without a word. */
static void no_source_is_said(void **unused)
{
	(void)unused;
	sim.page->magic ^= 1;
	metrics();
	has("vmgenc_source_present 0\n", true);
	assert_non_null(strstr(result.err, "is not a vmgenc source"));
	unlink(sim.path);
	metrics();
	has("vmgenc_source_present 0\n", true);
	has("vmgenc_protected 0\n", true);
	has("vmgenc_generation ", false);
	assert_string_equal(result.err, "");
}

static void hooks_are_said(void **unused)
{
	char hook[128], state[128];

	(void)unused;
	put("/hooks/10-fails", "#!/bin/sh\n# vmgenc-hook: when=change\nexit 1\n");
	snprintf(hook, sizeof(hook), "%s/hooks", scratch);
	snprintf(state, sizeof(state), "%s/state", scratch);
	shell("chmod 755 %s %s/*", hook, hook);
	RUN(&result, "hooks", hook, "--once", "--source", sim.source, "--state", state);
	assert_int_equal(result.code, 0);
	RUN(&result, "sim", sim.path, "bump");
	RUN(&result, "status", "--metrics", "--source", sim.source, "--state", state);
	has("vmgenc_protected 1\n", true);
	has("vmgenc_ready 0\n", true); /* not before the hooks */
	RUN(&result, "hooks", hook, "--once", "--source", sim.source, "--state", state);
	RUN(&result, "status", "--metrics", "--source", sim.source, "--state", state);
	has("vmgenc_ready 0\n", true);
	has("vmgenc_hooks_owed 1\n", true);
	has("vmgenc_hooks_failures_total 1\n", true);
	write_file(scratch, "state", "{", 0600);
	RUN(&result, "status", "--metrics", "--source", sim.source, "--state", state);
	has("vmgenc_hooks_record_readable 0\n", true);
	has("vmgenc_ready 0\n", true);
}

static void ready_is(const char *state, int code)
{
	RUN(&result, "status", "--source", sim.source, "--state", state);
	assert_int_equal(result.code, code);
	RUN(&result, "status", "--metrics", "--source", sim.source, "--state", state);
	has("vmgenc_protected 1\n", true);
	has(code ? "vmgenc_ready 0\n" : "vmgenc_ready 1\n", true);
}

/* Fails if the metrics call a machine ready while status says that its hooks have not begun. */
static void ready_as_status_says(void **unused)
{
	char hook[128], state[128];

	(void)unused;
	put("/hooks/10-nothing", "#!/bin/sh\n# vmgenc-hook: when=change\nexit 0\n");
	snprintf(hook, sizeof(hook), "%s/hooks", scratch);
	snprintf(state, sizeof(state), "%s/state", scratch);
	shell("chmod 755 %s %s/*", hook, hook);
	RUN(&result, "hooks", hook, "--once", "--source", sim.source, "--state", state);
	ready_is(state, 0);
	RUN(&result, "sim", sim.path, "reset"); /* generation 1 as before, and another id */
	ready_is(state, 1);
	RUN(&result, "hooks", hook, "--once", "--source", sim.source, "--state", state);
	ready_is(state, 0);
}

/* Fails if two machines with the same id look different, or two with different ones the same. */
static void equal_from_unequal(void **unused)
{
	char first[64], nqn[64];

	(void)unused;
	put("/etc/machine-id", MACHINE_ID "\n");
	put("/etc/nvme/hostid", "01234567-89ab-cdef-0123-456789abcdef\n");
	put("/var/lib/systemd/random-seed", SEED SEED);
	put("/etc/ssh/ssh_host_rsa_key.pub", "ssh-rsa AAAAB3Nza root@one\n");
	metrics();
	snprintf(first, sizeof(first), "%s", of("machine-id"));
	snprintf(nqn, sizeof(nqn), "%s", of("ssh-host-key-rsa"));
	assert_int_equal(strlen(first), 32);
	assert_int_equal(strlen(of("random-seed")), 32);
	assert_int_equal(strlen(of("generation-id")), 32);
	put("/etc/machine-id", "0123456789ABCDEF0123456789ABCDEF"); /* the same */
	put("/etc/ssh/ssh_host_rsa_key.pub", "ssh-rsa AAAAB3Nza root@two\n");
	metrics();
	assert_string_equal(of("machine-id"), first);
	assert_string_equal(of("ssh-host-key-rsa"), nqn);
	put("/etc/machine-id", "0123456789abcdef0123456789abcdee\n");
	metrics();
	assert_string_not_equal(of("machine-id"), first);
}

/* Fails if a value itself is printed, or a hash of it that everybody can make. */
static void nothing_is_revealed(void **unused)
{
	char line[128];

	(void)unused;
	put("/etc/machine-id", MACHINE_ID "\n");
	put("/var/lib/systemd/random-seed", SEED SEED);
	metrics();
	has(MACHINE_ID, false);
	has("secret", false);
	has("01234567", false);
	assert_int_equal(shell("printf %%s " MACHINE_ID " | sha256sum"), 0);
	snprintf(line, sizeof(line), "%.16s", result.out);
	metrics();
	has(line, false);
}

/* What can be guessed is compared only by a key; another key gives another fingerprint. */
static void key_of_the_fleet(void **unused)
{
	char known[64], first[64];

	(void)unused;
	put("/etc/machine-id", MACHINE_ID "\n");
	put("/var/lib/dhcpcd/duid", "00:01:00:01:2a:bc:de:f0:52:54:00:12:34:56\n");
	put("/var/lib/dhcp/dhclient.enp1s0.leases", "lease {\n}\ndefault-duid \"\\000\\001x\";\n");
	put("/etc/iscsi/initiatorname.iscsi", "## x\nInitiatorName=iqn.1993-08.org.debian:01:1\n");
	metrics();
	snprintf(known, sizeof(known), "%s", of("machine-id"));
	assert_string_equal(of("duid-dhcpcd"), "");
	has("vmgenc_identities_unkeyed 3\n", true);
	has("vmgenc_fleet_key_info{fingerprint=\"none\"} 1\n", true);
	put(fleet_key, KEY "\n");
	metrics();
	snprintf(first, sizeof(first), "%s", of("duid-dhcpcd"));
	assert_int_equal(strlen(first), 32);
	assert_int_equal(strlen(of("duid-dhclient")), 32);
	assert_int_equal(strlen(of("iscsi-initiator")), 32);
	assert_string_not_equal(of("machine-id"), known);
	has("vmgenc_identities_unkeyed 0\n", true);
	has("fingerprint=\"none\"", false);
	has(KEY, false);
	put(fleet_key, KEY "!");
	metrics();
	assert_string_not_equal(of("duid-dhcpcd"), first);
}

static void key_that_is_refused(const char *why)
{
	metrics();
	has("vmgenc_identity_info{", false);
	has("vmgenc_fleet_key_usable 0\n", true);
	if (!strstr(result.err, why))
		fail_msg("\"%s\" does not say \"%s\"", result.err, why);
}

/* Fails if fingerprints are made with a key that others know, or with none although there is one.
 */
static void bad_key(void **unused)
{
	(void)unused;
	put("/etc/machine-id", MACHINE_ID "\n");
	put(fleet_key, "too short for a key of a fleet\n");
	key_that_is_refused("32 to 4096 bytes");
	put(fleet_key, KEY);
	shell("chmod 640 %s%s", scratch, fleet_key);
	key_that_is_refused("open to other users");
	shell("chmod 660 %s%s", scratch, fleet_key);
	key_that_is_refused("writable by its group");
	shell("rm %s%s; head -c 4097 /dev/zero >%s%s; chmod 600 %s%s", scratch, fleet_key, scratch,
	      fleet_key, scratch, fleet_key);
	key_that_is_refused("32 to 4096 bytes");
	shell("rm %s%s; mkfifo -m 600 %s%s", scratch, fleet_key, scratch, fleet_key);
	key_that_is_refused("not a regular file");
}

/* Fails if a machine that has no identity yet is taken for one that shares it. */
static void no_identity_is_none(void **unused)
{
	(void)unused;
	put("/etc/machine-id", "uninitialized\n");
	put("/etc/ssh/ssh_host_rsa_key.pub", "");
	put("/var/lib/systemd/random-seed", "short");
	put("/etc/nvme/hostid", "00000000-0000-0000-0000-000000000000\n");
	put(fleet_key, KEY);
	put("/var/lib/dhcpcd/duid", "\n");
	put("/etc/iscsi/initiatorname.iscsi", "GenerateName=yes\n#InitiatorName=iqn.x\n");
	put("/var/lib/dhcp/dhclient.leases", "default-duid \"");
	sim.page->flags |= VMGENC_ID_UNFILLED;
	metrics();
	has("vmgenc_identity_info{", false);
	put("/etc/machine-id", "00000000000000000000000000000000\n");
	metrics();
	has("vmgenc_identity_info{", false);
	put("/var/lib/dbus/machine-id", MACHINE_ID "\n"); /* the second place */
	metrics();
	assert_int_equal(strlen(of("machine-id")), 32);
	assert_int_equal(count_of(result.out, "vmgenc_identity_info{"), 1);
}

static void strange_files(void **unused)
{
	(void)unused;
	shell("mkdir -p %s/etc/ssh && mkfifo %s/etc/machine-id && mkdir "
	      "%s/etc/ssh/ssh_host_rsa_key.pub",
	      scratch, scratch, scratch);
	metrics();
	has("vmgenc_identity_unreadable{kind=\"machine-id\"} 1\n", true);
	has("vmgenc_identity_unreadable{kind=\"ssh-host-key-rsa\"} 1\n", true);
	put("/var/lib/systemd/x", "");
	shell("head -c 10M /dev/zero >%s/var/lib/systemd/random-seed", scratch);
	metrics();
	assert_int_equal(strlen(of("random-seed")), 32);
}

static int write_to(const char *path)
{
	RUN(&result, "status", "--metrics", "--output", path, "--source", sim.source, "--state",
	    "/nonexistent");
	assert_string_equal(result.out, "");
	return result.code;
}

/* Fails if a reader can meet half a text, or if something is left beside it. */
static void file_is_replaced(void **unused)
{
	char path[128], old[65536];
	struct stat st;

	(void)unused;
	snprintf(path, sizeof(path), "%s/vmgenc.prom", scratch);
	assert_int_equal(write_to(path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	read_file(scratch, "vmgenc.prom", old);
	assert_string_equal(old + strlen(old) - 6, "# EOF\n");
	write_file(scratch, "elsewhere", "untouched", 0644); /* what a link would reach */
	shell("ln -sf elsewhere %s.new", path);
	assert_int_equal(write_to(path), 0);
	assert_string_equal(read_file(scratch, "elsewhere", text), "untouched");
	shell("rm %s && ln -s elsewhere %s", path, path);
	assert_int_equal(write_to(path), 0);
	assert_string_equal(read_file(scratch, "elsewhere", text), "untouched");
	shell("ls -A %s", scratch);
	assert_string_equal(result.out, "elsewhere\nvmgenc.prom\n");
}

/* Fails if metrics that cannot be written pass for written, or take the last ones along. */
static void file_that_cannot_be_written(void **unused)
{
	char path[128];

	(void)unused;
	snprintf(path, sizeof(path), "%s/nowhere/vmgenc.prom", scratch);
	assert_int_equal(write_to(path), 3);
	assert_non_null(strstr(result.err, "cannot be written to"));
	assert_int_equal(write_to(scratch), 3);
	assert_non_null(strstr(result.err, "cannot be written to"));
	snprintf(path, sizeof(path), "%s/", scratch);
	assert_int_equal(write_to(path), 3);
	assert_int_equal(shell(PROGRAM
			       " status --metrics --source %s --state /nonexistent >/dev/full",
			       sim.source),
			 3);
	snprintf(path, sizeof(path), "%s/old", scratch);
	write_file(scratch, "old", "the last ones\n", 0644);
	assert_int_equal(shell("ulimit -f 0; " PROGRAM " status --metrics --source %s --state "
			       "/nonexistent --output %s",
			       sim.source, path) != 0,
			 1);
	assert_string_equal(read_file(scratch, "old", text), "the last ones\n");
}

static void usage(void **unused)
{
	(void)unused;
	RUN(&result, "status", "--metrics", "--json");
	assert_int_equal(result.code, 2);
	RUN(&result, "status", "--output", "/tmp/x");
	assert_int_equal(result.code, 2);
	RUN(&result, "status", "--root", "/");
	assert_int_equal(result.code, 2);
	RUN(&result, "doctor", "--metrics");
	assert_int_equal(result.code, 2);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, cmd_setup, cmd_teardown)
	static const struct CMUnitTest tests[] = {
		CASE(hash_is_sha256),
		CASE(hash_of_each_length),
		CASE(state_is_said),
		CASE(no_source_is_said),
		CASE(hooks_are_said),
		CASE(ready_as_status_says),
		CASE(equal_from_unequal),
		CASE(nothing_is_revealed),
		CASE(key_of_the_fleet),
		CASE(bad_key),
		CASE(no_identity_is_none),
		CASE(strange_files),
		CASE(file_is_replaced),
		CASE(usage),
		CASE(file_that_cannot_be_written),
	};

	snprintf(fleet_key, sizeof(fleet_key), "%s/fleet-key", VMGENC_CONF);
	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
