/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: vmgenc status, wait, watch, sync and sim, by their exit codes and output. */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "cmd_fixture.h"

#define NOBODY 65534

static int status(void)
{
	RUN(&result, "status", "--source", sim.source, "--state", "/nonexistent");
	return result.code;
}

/* Fails if the exit code does not say protected or not, or not why. */
static void status_says_protected_or_not(void **unused)
{
	(void)unused;
	assert_int_equal(status(), 0);
	assert_non_null(strstr(result.out, "protected   yes\n"));
	simfile_bump_raw(&sim);
	simfile_publish_unsettled(&sim);
	assert_int_equal(status(), 1);
	assert_non_null(strstr(result.out, "protected   no: the kernel's random generator"));
	simfile_settle(&sim);
	assert_int_equal(status(), 0);
	sim.page->flags |= VMGENC_ID_UNFILLED;
	assert_int_equal(status(), 1);
	assert_non_null(strstr(result.out, "guarantee   none\n"));
	sim.page->flags = 0;
	assert_int_equal(status(), 0);
	assert_non_null(strstr(result.out, "guarantee   notified\n"));
}

static void refused(int code, const char *why)
{
	assert_int_equal(status(), code);
	assert_string_equal(result.out, "");
	if (!strstr(result.err, why))
		fail_msg("\"%s\" does not say \"%s\"", result.err, why);
}

/* Fails if a bad page is not told from a missing one, in words and in the exit code. */
static void sources_that_are_wrong(void **unused)
{
	(void)unused;
	sim.page->magic ^= 1;
	refused(3, "is not a vmgenc source");
	sim.page->magic ^= 1;
	sim.page->version++;
	refused(3, "speaks a version");
	sim.page->version--;
	sim.page->seq++;
	refused(3, "is torn");
	sim.page->seq++;
	assert_int_equal(truncate(sim.path, 8191), 0);
	refused(3, "is not a vmgenc source");
	unlink(sim.path);
	refused(1, "is not there");
	RUN(&result, "status", "--json", "--source", sim.source);
	assert_int_equal(result.code, 1);
	assert_non_null(strstr(result.out, "\"protected\": false"));
}

/* Fails if somebody who may not look is told that there is nothing. */
static void source_that_may_not_be_opened(void **unused)
{
	(void)unused;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(sim.path, 0600), 0);
	assert_int_equal(shell("setpriv --reuid %d --clear-groups " PROGRAM " status --source %s",
			       NOBODY, sim.source),
			 3);
	assert_non_null(strstr(result.err, "may not be opened by this user"));
}

/* Fails if a key is renamed, lost, or of another type: programs depend on them. */
static void json_keys(void **unused)
{
	static const struct {
		const char *key;
		json_type type;
	} keys[] = {
		{"version", JSON_INTEGER},
		{"source", JSON_STRING},
		{"guarantee", JSON_STRING},
		{"protected", JSON_TRUE},
		{"reason", JSON_NULL},
		{"generation", JSON_INTEGER},
		{"settled", JSON_INTEGER},
		{"id", JSON_STRING},
		{"changed_ns", JSON_INTEGER},
		{"since", JSON_STRING},
		{"age", JSON_INTEGER},
		{"changes", JSON_INTEGER},
		{"spurious", JSON_INTEGER},
		{"rekeys", JSON_INTEGER},
		{"rekey_failures", JSON_INTEGER},
		{"raw_privileged", JSON_FALSE},
		{"id_unfilled", JSON_FALSE},
		{"rekey_failed", JSON_FALSE},
		{"hooks", JSON_NULL},
		{"unseeded", JSON_INTEGER},
		{"redraws", JSON_INTEGER},
		{"redraws_missed", JSON_INTEGER},
		{"lacks", JSON_ARRAY},
		{"predictable", JSON_FALSE},
	};
	json_t *root;

	(void)unused;
	simfile_bump(&sim);
	RUN(&result, "status", "--json", "--source", sim.source, "--state", "/nonexistent");
	assert_int_equal(result.code, 0);
	root = json_loads(result.out, 0, NULL);
	assert_non_null(root);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_non_null(json_object_get(root, keys[i].key));
		assert_int_equal(json_typeof(json_object_get(root, keys[i].key)), keys[i].type);
	}
	assert_int_equal(json_object_size(root), sizeof(keys) / sizeof(keys[0]));
	assert_int_equal(json_integer_value(json_object_get(root, "generation")), 2);
	assert_string_equal(json_string_value(json_object_get(root, "source")), sim.source);
	json_decref(root);
}

/* Fails if what the driver lacks is kept from those who ask, or told where nothing is lacking. */
static void lacks_are_said(void **unused)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} lacking[] = {{VMGENC_LACKS_REKEY, "rekey"},
		       {VMGENC_LACKS_DRAWS, "draws"},
		       {VMGENC_LACKS_REDRAW, "redraw"},
		       {VMGENC_LACKS_VDSO, "vdso"}};
	char line[64];

	(void)unused;
	for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
		sim.page->flags = VMGENC_RAW_MAPPABLE | lacking[i].flag;
		assert_int_equal(status(), 0);
		snprintf(line, sizeof(line), "\nlacks       %s: ", lacking[i].name);
		assert_non_null(strstr(result.out, line));
		RUN(&result, "status", "--json", "--source", sim.source);
		snprintf(line, sizeof(line), "\"lacks\": [\n    \"%s\"\n  ]", lacking[i].name);
		assert_non_null(strstr(result.out, line));
		RUN(&result, "doctor", "--source", sim.source, "--state", "/nonexistent");
		assert_int_equal(result.code, 1);
		snprintf(line, sizeof(line), "load the module with %s=", lacking[i].name);
		assert_true(i == 0 || strstr(result.out, line));
		assert_true(i != 0 || strstr(result.out, "mount devtmpfs"));
	}
	sim.page->flags = VMGENC_RAW_MAPPABLE;
	assert_int_equal(status(), 0);
	assert_null(strstr(result.out, "lacks"));
}

/* Fails if a clone that a sibling's owner can predict is called settled, or unprotected. */
static void predictable_is_said(void **unused)
{
	static const char parted[] = ", parted, but predictable by a sibling's owner";

	(void)unused;
	sim.page->flags = VMGENC_RAW_MAPPABLE | VMGENC_PREDICTABLE;
	assert_int_equal(status(), 0);
	assert_non_null(strstr(result.out, parted));
	assert_null(strstr(result.out, "settled"));
	RUN(&result, "status", "--json", "--source", sim.source);
	assert_int_equal(result.code, 0);
	assert_non_null(strstr(result.out, "\"predictable\": true"));
	RUN(&result, "doctor", "--source", sim.source, "--state", "/nonexistent");
	assert_int_equal(result.code, 1);
	assert_non_null(strstr(result.out, "virtio-rng or a CPU with RDRAND"));
	sim.page->flags = VMGENC_RAW_MAPPABLE;
	assert_int_equal(status(), 0);
	assert_null(strstr(result.out, parted));
	assert_non_null(strstr(result.out, ", settled"));
}

/* Fails if it returns without a change, or misses one before, during or since. */
static void waiting(void **unused)
{
	char log[80];
	pid_t pid;

	(void)unused;
	snprintf(log, sizeof(log), "%s/log", scratch);
	RUN(&result, "wait", "--timeout", "0.05", "--source", sim.source);
	assert_int_equal(result.code, 1);
	RUN(&result, "wait", "--timeout", "0.05", "--since", "1", "--source", sim.source);
	assert_int_equal(result.code, 1);
	pid = START(log, "wait", "--since", "1", "--source", sim.source);
	simfile_bump(&sim);
	assert_int_equal(program_end(pid), 0);
	RUN(&result, "wait", "--since", "1", "--source", sim.source);
	assert_int_equal(result.code, 0);
	simfile_bump_raw(&sim);
	simfile_publish_unsettled(&sim);
	RUN(&result, "wait", "--since", "2", "--timeout", "0.1", "--source", sim.source);
	assert_int_equal(result.code, 1);
	pid = START(log, "wait", "--since", "2", "--source", sim.source);
	assert_int_equal(truncate(sim.path, 50), 0);
	assert_int_equal(program_end(pid), 3); /* and not by SIGBUS */
}

/* Fails if a settled change has no line of its own, or a line is no JSON. */
static void watching(void **unused)
{
	char log[80], end[64];
	json_t *line;
	pid_t pid;

	(void)unused;
	snprintf(log, sizeof(log), "%s/log", scratch);
	pid = START(log, "watch", "--json", "--count", "4", "--source", sim.source);
	for (int generation = 1; generation <= 4; generation++) {
		snprintf(end, sizeof(end), "{\"generation\":%d,", generation);
		while (!strstr(read_file(scratch, "log", text), end))
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		simfile_bump(&sim);
	}
	assert_int_equal(program_end(pid), 0);
	assert_int_equal(count_of(read_file(scratch, "log", text), "\n"), 4);
	for (char *save, *at = strtok_r(text, "\n", &save); at; at = strtok_r(NULL, "\n", &save)) {
		line = json_loads(at, 0, NULL);
		assert_int_equal(json_object_size(line), 5);
		json_decref(line);
	}
	RUN(&result, "watch", "--timeout", "0.01", "--source", sim.source);
	assert_int_equal(result.code, 1);
	assert_non_null(strstr(result.out, "generation 5 id "));
}

/* Fails if a rekey is claimed that did not happen, or not waited for. */
static void syncing(void **unused)
{
	(void)unused;
	RUN(&result, "sync", "--source", sim.source);
	assert_int_equal(result.code, 0);
	assert_string_equal(result.out, "generation 1: rekeyed\n");
	simfile_bump_raw(&sim);
	RUN(&result, "sync", "--timeout", "0.05", "--source", sim.source);
	assert_int_equal(result.code, 1);
	simfile_publish(&sim);
	RUN(&result, "sync", "--timeout", "0", "--source", sim.source);
	assert_int_equal(result.code, 0);
}

/* Fails if what sim writes is no source, or a bump is lost beside another. */
static void simulating(void **unused)
{
	(void)unused;
	assert_int_equal(shell("cd %s && V=$OLDPWD/" PROGRAM
			       "; $V sim vm create && $V status --source file:vm && "
			       "! $V sim vm create && for i in 1 2 3 4 5 6 7 8 9 10; do $V sim vm "
			       "bump & done; wait; "
			       "$V sync --source file:vm",
			       scratch),
			 0);
	assert_non_null(strstr(result.out, "generation 11: rekeyed"));
	assert_int_equal(shell("cd %s && V=$OLDPWD/" PROGRAM
			       "; $V sim vm bump --raw; $V sync --timeout 0 --source file:vm",
			       scratch),
			 1);
	assert_int_equal(shell("cd %s && V=$OLDPWD/" PROGRAM
			       "; $V sim vm bump --unsettled; $V status --source file:vm",
			       scratch),
			 1);
	assert_int_equal(shell("cd %s && V=$OLDPWD/" PROGRAM
			       "; $V sim vm reset && $V sync --source file:vm",
			       scratch),
			 0);
	assert_string_equal(result.out, "generation 1: rekeyed\n");
	assert_int_equal(
		shell("cd %s && V=$OLDPWD/" PROGRAM "; echo no >x; $V sim x bump", scratch), 3);
	assert_int_equal(shell("cd %s && V=$OLDPWD/" PROGRAM
			       "; $V sim c create --vmclock && $V sim c bump --vmclock && $V watch "
			       "--count 1 --source vmclock:c",
			       scratch),
			 0);
	assert_non_null(strstr(result.out, "generation 2 "));
	assert_int_equal(
		shell("cd %s && V=$OLDPWD/" PROGRAM "; $V status --source vmclock:c", scratch), 1);
	assert_non_null(strstr(result.out, "no vmgenc driver rekeys the kernel"));
	/* Hosts start anywhere; nothing is settled there, nor is there an id. */
	assert_int_equal(
		shell("cd %s && V=$OLDPWD/" PROGRAM
		      "; $V sim z create --vmclock --start 0 && $V status --source vmclock:z",
		      scratch),
		1);
	assert_non_null(strstr(result.out, "generation  0, and a sync leaves it predictable "
					   "by a sibling's owner\n"));
	assert_null(strstr(result.out, "settled"));
	assert_int_equal(
		shell("cd %s && V=$OLDPWD/" PROGRAM
		      "; $V sim z reset --vmclock --start 18446744073709551615 && "
		      "$V sim z bump --vmclock && $V watch --count 1 --source vmclock:z && "
		      "od -An -tx1 -j24 -N2 z",
		      scratch),
		0);
	assert_non_null(strstr(result.out, "generation 0 "));
	assert_non_null(strstr(result.out, " 00 03\n")); /* counter present, and host notifies */
}

/* Fails if a mistake passes for a wish, or is answered with another code. */
static void wrong_usage(void **unused)
{
	static const char *const wrong[] = {
		"",
		"bogus",
		"status --bogus",
		"status x",
		"wait --timeout",
		"wait --timeout x",
		"wait --timeout -1",
		"wait --timeout 1e9999",
		"wait --since -1",
		"watch --count 0",
		"status --once",
		"hooks",
		"hooks a b",
		"sim",
		"sim x",
		"sim x bogus",
		"sim x create --raw",
		"sync x",
		"sim x bump --raw --unsettled",
		"sim x create --start 1",
		"sim x bump --vmclock --start 1",
		"sim x create --vmclock --start -1",
		"doctor x",
		"doctor --json",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (shell(PROGRAM " %s", wrong[i]) != 2 || !*result.err || *result.out)
			fail_msg("vmgenc %s: code %d, \"%s\"", wrong[i], result.code, result.err);
	}
}

/* Fails if a command has no help, or one without an example. */
static void help_of_each_command(void **unused)
{
	static const char *const commands[] = {"status", "wait",   "watch", "sync",
					       "hooks",	 "doctor", "sim"};

	(void)unused;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		RUN(&result, commands[i], "--help");
		assert_int_equal(result.code, 0);
		assert_non_null(strstr(result.out, "Examples:\n"));
		assert_non_null(strstr(result.out, "Exit codes: 0 "));
	}
	RUN(&result, "--version");
	assert_int_equal(result.code, 0);
	assert_int_equal(strncmp(result.out, "vmgenc ", 7), 0);
}

/* Fails if lost output counts as written, or a file gets the number of a closed descriptor. */
static void standard_output_that_fails(void **unused)
{
	(void)unused;
	assert_int_equal(shell(PROGRAM " status --source %s >/dev/full", sim.source), 3);
	assert_non_null(strstr(result.err, "standard output cannot be written"));
	assert_int_equal(shell(PROGRAM " watch --count 1 --source %s >/dev/full", sim.source), 3);
	assert_int_equal(shell(PROGRAM " status --source %s 0<&- 1>&- 2>&-", sim.source), 0);
}

/* Fails if a user who starts a set-user-id vmgenc can choose its source. */
static void environment_of_a_set_user_id_program(void **unused)
{
	struct statvfs fs;

	(void)unused;
	if (geteuid() != 0 || statvfs("/tmp", &fs) || fs.f_flag & (ST_NOSUID | ST_NOEXEC))
		skip();
	chmod(sim.path, 0644);
	setenv("VMGENC_SOURCE", sim.source, 1);
	assert_int_equal(shell("d=$(mktemp -d) && cp " PROGRAM
			       " $d/v && chmod 755 $d && chown 65534 $d/v && "
			       "$d/v watch --count 1; chmod 4755 $d/v && $d/v watch --count 1 "
			       "--source %s && "
			       "! $d/v status; rm -r $d",
			       sim.source),
			 0);
	assert_int_equal(count_of(result.out, "generation 1 id"), 2);
	assert_non_null(strstr(result.err, "is not there"));
	unsetenv("VMGENC_SOURCE");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, cmd_setup, cmd_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(status_says_protected_or_not),
		TEST(sources_that_are_wrong),
		TEST(source_that_may_not_be_opened),
		TEST(json_keys),
		TEST(lacks_are_said),
		TEST(predictable_is_said),
		TEST(waiting),
		TEST(watching),
		TEST(syncing),
		TEST(simulating),
		TEST(wrong_usage),
		TEST(help_of_each_command),
		TEST(standard_output_that_fails),
		TEST(environment_of_a_set_user_id_program),
	};

	return cmocka_run_group_tests_name("vmgenc", tests, NULL, NULL);
}
