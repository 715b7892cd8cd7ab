/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/cmd: vmgenc hooks - each hook of each generation once, whatever the hooks, the disk,
 * the directory or a kill -9 do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hooks/state.h"
#include "program.h"
#include "simfile.h"

#define CHANGES 1000
#define MACHINES 4
#define NOBODY 65534
#define PATIENCE_MS 60000

static struct simfile sim;
static char scratch[64], hooks[128], state_file[128], log_file[128], text[65536];
static struct result result;

static int setup(void **unused)
{
	(void)unused;
	if (simfile_create_plain(&sim))
		return -1;
	scratch_create(scratch);
	snprintf(hooks, sizeof(hooks), "%s/hooks", scratch);
	snprintf(state_file, sizeof(state_file), "%s/state", scratch);
	snprintf(log_file, sizeof(log_file), "%s/log", scratch);
	return mkdir(hooks, 0755);
}

static int teardown(void **unused)
{
	(void)unused;
	scratch_remove(scratch);
	simfile_remove(&sim);
	return 0;
}

/* A hook that notes that it began and that it ended, with this in between. */
static void hook(const char *name, const char *between)
{
	char script[1024];

	snprintf(script, sizeof(script),
		 "#!/bin/sh\necho begin %s $VMGENC_GENERATION >>%s/done\n%s\necho end %s "
		 "$VMGENC_GENERATION >>%s/done\n",
		 name, scratch, between, name, scratch);
	write_file(hooks, name, script, 0755);
}

static int once(void)
{
	RUN(&result, "hooks", hooks, "--once", "--timeout", "1", "--state", state_file, "--source",
	    sim.source);
	return result.code;
}

static pid_t service(void)
{
	return START(log_file, "hooks", hooks, "--state", state_file, "--source", sim.source);
}

static void sleep_us(long us)
{
	nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static struct state state(void)
{
	char why[STATE_WHY];
	struct state s;

	state_load(state_file, &s, why, sizeof(why));
	return s;
}

/* True once the record says that all is done for this generation. */
static bool is_done(uint64_t generation)
{
	struct state s = state();

	return s.known && s.generation == generation && !s.under_way;
}

static bool wait_done(uint64_t generation)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (is_done(generation))
			return true;
		sleep_us(1000);
	}
	return false;
}

static bool wait_for(const char *file, const char *what)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		if (strstr(read_file(scratch, file, text), what))
			return true;
		sleep_us(1000);
	}
	return false;
}

static const char *done(void)
{
	return read_file(scratch, "done", text);
}

/* Fails if the first start runs hooks, a change while it is down is missed or run twice, or the
 * order is not that of the names. */
static void once_for_each_change(void **unused)
{
	(void)unused;
	hook("20-second", "");
	hook("10-first", "");
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "");
	simfile_bump(&sim);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(once(), 0);
		assert_string_equal(done(), "begin 10-first 2\nend 10-first 2\n"
					    "begin 20-second 2\nend 20-second 2\n");
	}
	assert_int_equal(state().runs, 2);
	assert_int_equal(state().changes, 1);
}

/* Fails if a boot, after which the counter starts again, is taken for a change, or hides one. */
static void boots_are_no_changes(void **unused)
{
	struct state s;

	(void)unused;
	hook("a", "");
	simfile_bump(&sim);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	s = state();
	assert_int_equal(s.generation, 3);
	sim.page->generation = sim.page->settled = 1; /* the module was loaded anew */
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "");
	strcpy(s.boot, "another boot");
	s.generation = 1;
	assert_int_equal(state_save(state_file, &s, text, sizeof(text)), 0);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "");
	strcpy(s.boot, "another boot");
	strcpy(s.id, "another id");
	assert_int_equal(state_save(state_file, &s, text, sizeof(text)), 0);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "begin a 1\nend a 1\n");
}

/* Fails if an id that comes back is no change, or generations that nobody saw go unreported. */
static void generations_that_are_passed_over(void **unused)
{
	const uint64_t before[2] = {sim.raw[0], sim.raw[1]};

	(void)unused;
	hook("a", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	sim.raw[0] = before[0];
	sim.raw[1] = before[1];
	simfile_publish(&sim);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "begin a 3\nend a 3\n");
	assert_int_equal(state().passed_over, 1);
	assert_non_null(strstr(result.err, "generations 2 to 2 were over"));
}

/* Fails if hooks run for a change before the kernel is rekeyed, or not afterwards. */
static void waits_until_it_has_settled(void **unused)
{
	pid_t pid;

	(void)unused;
	hook("a", "");
	assert_int_equal(once(), 0);
	pid = service();
	simfile_bump_raw(&sim);
	simfile_publish_unsettled(&sim);
	sleep_us(200000);
	assert_string_equal(done(), "");
	simfile_settle(&sim);
	assert_true(wait_done(2));
	assert_string_equal(done(), "begin a 2\nend a 2\n");
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
}

/* Fails if a hook does not get what is documented, or gets what it should not. */
static void environment_of_a_hook(void **unused)
{
	(void)unused;
	setenv("SECRET_OF_THE_CALLER", "1", 1);
	hook("a", "pwd; env; cat; echo to the log >&2");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	unsetenv("SECRET_OF_THE_CALLER");
	assert_non_null(strstr(result.err, "a: VMGENC_GENERATION=2\n"));
	assert_non_null(strstr(result.err, "a: VMGENC_PREVIOUS_GENERATION=1\n"));
	assert_non_null(strstr(result.err, "a: VMGENC_ID="));
	assert_non_null(strstr(result.err, "a: /\n"));
	assert_non_null(strstr(result.err, "a: to the log\n"));
	assert_null(strstr(result.err, "SECRET"));
}

/* Fails if a failure stops the others, is repeated, or is told by nobody. */
static void hooks_that_fail(void **unused)
{
	(void)unused;
	hook("10-fails", "exit 3");
	hook("20-dies", "kill -SEGV $$");
	write_file(hooks, "30-nothing", "#!/nonexistent/interpreter\n", 0755);
	hook("40-good", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 1);
	assert_non_null(strstr(result.err, "generation 2: 10-fails exited with code 3"));
	assert_non_null(strstr(result.err, "generation 2: 20-dies was ended by signal 11"));
	assert_non_null(strstr(result.err, "generation 2: 30-nothing exited with code 127"));
	assert_non_null(strstr(done(), "end 40-good 2"));
	assert_int_equal(state().failures, 3);
	assert_int_equal(once(), 0);
	assert_int_equal(count_of(done(), "begin"), 3);
	RUN(&result, "status", "--state", state_file, "--source", sim.source);
	assert_int_equal(result.code, 1);
	assert_non_null(strstr(result.out, "4 hooks run, 3 failed"));
	assert_non_null(strstr(result.out, "last failure: generation 2: 30-nothing"));
}

static pid_t noted(const char *file)
{
	return (pid_t)atoi(read_file(scratch, file, text));
}

static bool is_gone(pid_t pid)
{
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		char path[40], line[512] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "r");
		if (!f)
			return true;
		if (!fgets(line, sizeof(line), f))
			line[0] = '\0';
		fclose(f);
		if (strstr(line, ") Z "))
			return true; /* whose parent is not ours to make reap it */
		sleep_us(1000);
	}
	return false;
}

/* Fails if a hook that hangs, deaf to SIGTERM and with a child in a session of its own, stays. */
static void hook_that_hangs(void **unused)
{
	char between[512];

	(void)unused;
	snprintf(between, sizeof(between),
		 "trap '' TERM\nsetsid sh -c 'echo $$ >%s/far; sleep 1000' &\necho $$ "
		 ">%s/near\nwhile :; do "
		 "sleep 1000; done",
		 scratch, scratch);
	hook("10-hangs", between);
	hook("20-next", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 1);
	assert_non_null(strstr(result.err, "generation 2: 10-hangs took too long and was ended"));
	assert_non_null(strstr(done(), "end 20-next 2"));
	assert_true(noted("near") > 1 && is_gone(noted("near")));
	assert_true(noted("far") > 1 && is_gone(noted("far")));
}

/* Fails if a daemon that a hook starts is waited for, for its end or for that of its output. */
static void hook_that_forks_away(void **unused)
{
	char between[512];

	(void)unused;
	snprintf(between, sizeof(between),
		 "setsid sh -c 'echo $$ >%s/far; exec sleep 1000' &\n"
		 "while [ ! -s %s/far ]; do :; done",
		 scratch, scratch);
	hook("a", between);
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	assert_null(strstr(result.err, "too long"));
	assert_true(noted("far") > 1);
	assert_int_equal(kill(noted("far"), SIGKILL), 0); /* it lives: restarts start daemons */
}

/* Fails if the log fills the disk, or the hook waits for somebody to read. */
static void hook_that_prints_endlessly(void **unused)
{
	pid_t pid;
	struct stat st;

	(void)unused;
	hook("10-much", "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; yes | head -n 1000000");
	hook("20-endless", "exec yes");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	pid = START(log_file, "hooks", hooks, "--once", "--timeout", "3", "--state", state_file,
		    "--source", sim.source);
	assert_int_equal(program_end(pid), 1);
	assert_int_equal(stat(log_file, &st), 0);
	assert_true(st.st_size < 400000);
	assert_non_null(strstr(done(), "end 10-much 2"));
	assert_int_equal(state().runs, 2);
	assert_int_equal(state().failures, 1);
}

/* Fails if what a hook prints can drive the terminal that shows the log: C0, C1, and C1 in UTF-8.
 */
static void hook_that_prints_controls(void **unused)
{
	(void)unused;
	hook("a", "printf 'x\\033[2Jy\\233z\\302\\233w\\177 \\303\\244~\\n'");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	assert_int_equal(once(), 0);
	assert_non_null(strstr(result.err, "a: x?[2Jy?z??w? ??~\n"));
	for (const char *at = result.err; *at; at++)
		assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
}

static void refused(const char *why)
{
	assert_int_equal(once(), 3);
	assert_non_null(strstr(result.err, hooks));
	assert_non_null(strstr(result.err, why));
	assert_string_equal(done(), "");
}

/* Fails if somebody else's programs are run as root; or if their change is lost with that. */
static void directories_that_are_refused(void **unused)
{
	char why[128];

	(void)unused;
	hook("a", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	chmod(hooks, 0775);
	refused("is writable by its group");
	chmod(hooks, 0757);
	refused("is writable by everyone");
	chmod(hooks, 0755);
	if (geteuid() == 0) {
		assert_int_equal(chown(hooks, NOBODY, NOBODY), 0);
		refused("is owned by another user");
		assert_int_equal(chown(hooks, 0, 0), 0);
	}
	chmod(scratch, 0777);
	snprintf(why, sizeof(why), "refused, since %s is writable by everyone", scratch);
	refused(why);
	chmod(scratch, 0700);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "begin a 2\nend a 2\n");
	RUN(&result, "hooks", "/nonexistent", "--once", "--state", state_file);
	assert_int_equal(result.code, 3);
	assert_non_null(strstr(result.err, "/nonexistent"));
}

/* Fails if a directory that becomes unsafe while the service runs is used, or its change lost. */
static void directory_that_becomes_unsafe(void **unused)
{
	pid_t pid;

	(void)unused;
	hook("a", "");
	pid = service();
	assert_true(wait_done(1));
	chmod(hooks, 0777);
	simfile_bump(&sim);
	assert_true(wait_for("log", "waits for it"));
	assert_string_equal(done(), "");
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
	chmod(hooks, 0755);
	assert_int_equal(once(), 0);
	assert_string_equal(done(), "begin a 2\nend a 2\n");
}

/* Fails if a file that others can write is run, or takes the rest with it; or if one is run that
 * is off or no hook. */
static void files_that_are_not_run(void **unused)
{
	(void)unused;
	hook("10-open", "");
	chmod(strcat(strcpy(text, hooks), "/10-open"), 0777);
	hook("20-off", "");
	chmod(strcat(strcpy(text, hooks), "/20-off"), 0644);
	hook(".hidden", "");
	hook("a~", "");
	hook("b.dpkg-old", "");
	hook("30-good", "");
	assert_int_equal(once(), 0);
	snprintf(text, sizeof(text), "10-open: refused, since %s/10-open is writable by everyone",
		 hooks);
	assert_non_null(strstr(result.err, text));
	simfile_bump(&sim);
	assert_int_equal(once(), 1);
	assert_string_equal(done(), "begin 30-good 2\nend 30-good 2\n");
	assert_int_equal(state().failures, 1);
}

/* Fails if two runs overlap, or the second waits without end. */
static void one_at_a_time(void **unused)
{
	pid_t pid;

	(void)unused;
	hook("a", "");
	pid = service();
	assert_true(wait_done(1));
	assert_int_equal(once(), 3);
	assert_non_null(strstr(result.err, "another vmgenc hooks works with"));
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
	assert_int_equal(once(), 0);
}

/* Fails if a record that is not one is believed, or destroyed before somebody has seen it. */
static void records_that_are_broken(void **unused)
{
	static const char *const broken[] = {"",
					     "{",
					     "[]",
					     "null",
					     "{\"version\": 1}",
					     "\xff\xfe",
					     "{\"version\": 2, \"boot\": \"\"}"};

	(void)unused;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		write_file(scratch, "state", broken[i], 0644);
		assert_int_equal(once(), 3);
		assert_non_null(strstr(result.err, state_file));
		assert_string_equal(read_file(scratch, "state", text), broken[i]);
	}
}

/* Fails if a hook runs that cannot be recorded, or is lost when it can again. */
static void record_that_cannot_be_written(void **unused)
{
	char here[80], away[80];
	pid_t pid;

	(void)unused;
	snprintf(here, sizeof(here), "%s/var", scratch);
	snprintf(away, sizeof(away), "%s/away", scratch);
	assert_int_equal(mkdir(here, 0700), 0);
	snprintf(state_file, sizeof(state_file), "%s/state", here);
	hook("a", "");
	pid = service();
	assert_true(wait_done(1));
	assert_int_equal(rename(here, away), 0);
	simfile_bump(&sim);
	assert_true(wait_for("log", "no hook is run until it can"));
	assert_string_equal(done(), "");
	assert_int_equal(rename(away, here), 0);
	assert_true(wait_done(2));
	assert_string_equal(done(), "begin a 2\nend a 2\n");
	kill(pid, SIGTERM);
	assert_int_equal(program_end(pid), 0);
}

/* Fails if a full disk leaves half a record, or none. */
static void full_disk(void **unused)
{
	char where[80];
	int fd;

	(void)unused;
	snprintf(where, sizeof(where), "%s/disk", scratch);
	assert_int_equal(mkdir(where, 0700), 0);
	if (mount("tmpfs", where, "tmpfs", 0, "size=16k"))
		skip(); /* needs root, and a sandbox that lets it */
	snprintf(state_file, sizeof(state_file), "%s/state", where);
	hook("a", "");
	assert_int_equal(once(), 0);
	fd = open(strcat(strcpy(text, where), "/fill"), O_WRONLY | O_CREAT, 0600);
	while (write(fd, text, 4096) == 4096)
		;
	close(fd);
	simfile_bump(&sim);
	int code = once();
	bool whole = is_done(1), quiet = !*done();

	unlink(strcat(strcpy(text, where), "/fill"));
	int after = once();
	bool ran = !strcmp(done(), "begin a 2\nend a 2\n");

	umount(where);
	assert_int_equal(code, 3);
	assert_true(whole && quiet);
	assert_int_equal(after, 0);
	assert_true(ran);
}

static int once_with_descriptors(int limit)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "ulimit -n %d; exec " PROGRAM " hooks %s --once --state %s --source %s", limit,
		 hooks, state_file, sim.source);
	program_run(&result, (const char *const[]){"/bin/sh", "-c", command, NULL});
	return result.code;
}

/* Fails if it crashes, blames something else, or loses the change where descriptors run out. */
static void without_descriptors(void **unused)
{
	int limit = 3;

	(void)unused;
	hook("a", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	/* With some more than it needs itself, it is the hook that does not have enough. */
	while (once_with_descriptors(limit) == 3) {
		assert_true(strstr(result.err, "open files") ||
			    strstr(result.err, "Too many open"));
		assert_string_equal(done(), "");
		assert_true(is_done(1));
		limit++;
	}
	assert_true(limit > 6);
	assert_true(is_done(2));
}

/* Fails if a stop cuts a hook off, or loses those behind it, or repeats it. */
static void stop_between_two_hooks(void **unused)
{
	char between[256];
	pid_t pid;

	(void)unused;
	snprintf(between, sizeof(between), "while [ ! -e %s/go ]; do sleep 0.01; done", scratch);
	hook("10-slow", between);
	hook("20-next", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	pid = service();
	assert_true(wait_for("done", "begin 10-slow 2"));
	kill(pid, SIGTERM);
	write_file(scratch, "go", "", 0600);
	assert_int_equal(program_end(pid), 0);
	assert_string_equal(done(), "begin 10-slow 2\nend 10-slow 2\n");
	assert_int_equal(once(), 0);
	assert_string_equal(done(),
			    "begin 10-slow 2\nend 10-slow 2\nbegin 20-next 2\nend 20-next 2\n");
	assert_int_equal(state().interrupted, 0);
}

/* Fails if a killed runner's hook runs on beside the next run, or is repeated, or unreported. */
static void kill_in_the_middle_of_a_hook(void **unused)
{
	char between[256];
	pid_t pid;

	(void)unused;
	snprintf(between, sizeof(between), "echo $$ >%s/near; sleep 1000", scratch);
	hook("10-slow", between);
	hook("20-next", "");
	assert_int_equal(once(), 0);
	simfile_bump(&sim);
	pid = service();
	assert_true(wait_for("near", "\n"));
	kill(pid, SIGKILL);
	assert_int_equal(program_end(pid), 128 + SIGKILL);
	assert_int_equal(once(), 0);
	assert_true(is_gone(noted("near")));
	assert_non_null(strstr(result.err, "generation 2: 10-slow was interrupted"));
	assert_string_equal(done(), "begin 10-slow 2\nbegin 20-next 2\nend 20-next 2\n");
	assert_int_equal(state().interrupted, 1);
}

/* Fails if a source that shrinks under the service is SIGBUS, or waited for in silence. */
static void source_that_shrinks(void **unused)
{
	pid_t pid = service();

	(void)unused;
	assert_true(wait_done(1));
	assert_int_equal(truncate(sim.path, 100), 0);
	assert_int_equal(program_end(pid), 3);
	assert_non_null(strstr(read_file(scratch, "log", text), "the file shrank"));
}

/* Lets the runner work for a random time and kills it, or not, until the generation is done. */
static pid_t until_done(pid_t pid, uint64_t generation, unsigned int *seed, unsigned int *kills)
{
	while (!is_done(generation)) {
		if (rand_r(seed) % 2) {
			sleep_us(rand_r(seed) % 12000);
			kill(pid, SIGKILL);
			program_end(pid);
			++*kills;
			pid = service();
		} else if (!wait_done(generation)) {
			return -1;
		}
	}
	return pid;
}

/* How often each hook of each generation began, ended, and was reported as interrupted. */
enum { BEGUN, ENDED, REPORTED, KINDS };
static unsigned char seen[KINDS][CHANGES + 2][2];

static void count(int kind, unsigned long long generation, const char *name)
{
	if (generation <= CHANGES + 1)
		seen[kind][generation][!strcmp(name, "20-b")]++;
}

static void count_lines(const char *file)
{
	unsigned long long generation;
	char path[128], line[512], name[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", scratch, file);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "begin %63s %llu", name, &generation) == 2)
			count(BEGUN, generation, name);
		else if (sscanf(line, "end %63s %llu", name, &generation) == 2)
			count(ENDED, generation, name);
		else if (strstr(line, " was interrupted") &&
			 sscanf(line, "vmgenc: generation %llu: %63s", &generation, name) == 2)
			count(REPORTED, generation, name);
	}
	if (f)
		fclose(f);
}

/* A hook that is reported may have run or not; one that is not has run to its end, once. */
static unsigned int count_wrong(unsigned int changes, unsigned int *interrupted)
{
	unsigned int wrong = 0;

	count_lines("done");
	count_lines("log");
	for (unsigned int g = 2; g <= changes + 1; g++) {
		for (int i = 0; i < 2; i++) {
			bool twice = seen[BEGUN][g][i] > 1 || seen[ENDED][g][i] > 1;
			bool lost = !seen[ENDED][g][i] && !seen[REPORTED][g][i];

			if (twice || lost)
				printf("# generation %u, hook %d: begun %d, ended %d, reported "
				       "%d\n",
				       g, i, seen[BEGUN][g][i], seen[ENDED][g][i],
				       seen[REPORTED][g][i]);
			wrong += twice + lost;
			*interrupted += seen[REPORTED][g][i] != 0;
		}
	}
	return wrong;
}

/* One machine's changes. 0 if all is as it must be; prints what it counted. */
static int changes_under_kill(unsigned int changes, unsigned int seed)
{
	unsigned int kills = 0, interrupted = 0, wrong;
	pid_t pid;

	if (setup(NULL))
		return 1;
	hook("10-a", ":");
	hook("20-b", ":");
	pid = service();
	if (!wait_done(1))
		return 1;
	for (uint64_t generation = 2; generation <= changes + 1 && pid > 0; generation++) {
		simfile_bump(&sim);
		pid = until_done(pid, generation, &seed, &kills);
	}
	if (pid < 0)
		return 1;
	kill(pid, SIGTERM);
	int code = program_end(pid);

	/* The last one may have been started a moment ago, too young for its signal handler. */
	wrong = code != 0 && code != 128 + SIGTERM;
	wrong += count_wrong(changes, &interrupted);
	wrong += state().changes != changes || state().passed_over != 0;
	wrong += kills < changes / 4 || !interrupted;
	if (wrong)
		printf("# code %d, changes %llu, passed over %llu\n", code,
		       (unsigned long long)state().changes,
		       (unsigned long long)state().passed_over);
	printf("# %u changes, %u kills, %u hooks reported as interrupted, %u wrong\n", changes,
	       kills, interrupted, wrong);
	fflush(stdout);
	teardown(NULL);
	return wrong != 0;
}

/*
 * Fails if a kill at whatever moment makes a hook of a generation run twice, or not at all
 * without a word. Several machines at once, since each waits for most of its time.
 */
static void a_thousand_changes_under_kill(void **unused)
{
	unsigned int seed = (unsigned int)time(NULL);
	pid_t pids[MACHINES];

	(void)unused;
	printf("# seed %u\n", seed);
	fflush(stdout);
	for (unsigned int i = 0; i < MACHINES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(changes_under_kill(CHANGES / MACHINES, seed + i));
	}
	for (int i = 0; i < MACHINES; i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(once_for_each_change),
		TEST(boots_are_no_changes),
		TEST(generations_that_are_passed_over),
		TEST(waits_until_it_has_settled),
		TEST(environment_of_a_hook),
		TEST(hooks_that_fail),
		TEST(hook_that_hangs),
		TEST(hook_that_forks_away),
		TEST(hook_that_prints_endlessly),
		TEST(hook_that_prints_controls),
		TEST(directories_that_are_refused),
		TEST(directory_that_becomes_unsafe),
		TEST(files_that_are_not_run),
		TEST(one_at_a_time),
		TEST(records_that_are_broken),
		TEST(record_that_cannot_be_written),
		TEST(full_disk),
		TEST(without_descriptors),
		TEST(stop_between_two_hooks),
		TEST(kill_in_the_middle_of_a_hook),
		TEST(source_that_shrinks),
		cmocka_unit_test(a_thousand_changes_under_kill),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("vmgenc hooks", tests, NULL, NULL);
}
