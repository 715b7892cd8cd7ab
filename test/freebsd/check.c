/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/freebsd: runs vmgenc-lab with a FreeBSD kernel and the module that this kernel needs, prints
 * the table and counts what the guests' programs and the clones' reports show. Runs on the host, by
 * make check-freebsd.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define LAB "build/vmgenc-lab"
#define REPORT "build/test/freebsd.json"
#define OURS "vmgenc"
#define EVENT "!system=ACPI subsystem=VMGenerationCounter type=\\_SB_.VGEN notify=0x00"
/* Between the resume and the announcement. */
#define MAX_IDENTICAL 5
#define NO_LIMIT 1000000
/* ACPICA logs much. */
#define WRONG "--no-load --append kern.msgbufsize=1048576 --acpi build/test/firmware/all.aml"
#define DRAWS_OF_ALL "--append hw.vmgenc.draws=2 "
#define IDLE                                                                                       \
	"--interval 5 --seconds 60 --generator getrandom --generator arandom --generator "         \
	"arc4rand "

static const char *kernel, *driver, *companion, *arc4rand, *compare, *runs = "10";
static const char *only;   /* a part of the titles of what is tried, or NULL: all */
static const char *module; /* what is loaded: driver, companion, or NULL if ours is in the kernel */
static bool witness;
static unsigned int passed, failed;

/* What test/freebsd/guest/form.c says about the kernel. */
static struct {
	char form[16];
	int version, witness, fenestras;
} kernel_has;

static void check(bool good, const char *what, const char *detail)
{
	if (good)
		passed++;
	else
		failed++;
	if (!good)
		printf("FAIL %s: %s\n", what, detail);
}

/* The command's status, and its output's last "N passed, N failed" added to ours. */
static int run(const char *command)
{
	char line[1000];
	unsigned int good, bad;
	FILE *out = popen(command, "r");

	if (!out)
		return -1;
	while (fgets(line, sizeof(line), out)) {
		if (sscanf(line, "%u passed, %u failed", &good, &bad) == 2) {
			passed += good;
			failed += bad;
		} else {
			fputs(line, stdout);
		}
	}
	int status = pclose(out);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool wanted(const char *title)
{
	if (only && !strstr(title, only))
		return false;
	printf("%s:\n", title);
	fflush(stdout);
	return true;
}

/* Asks the kernel, because a stripped one has no symbols to look for. */
static bool ask_kernel(void)
{
	char command[1000], line[200] = "";
	int found = 0;

	snprintf(command, sizeof(command), LAB " run --quiet --kernel %s build/test/freebsd/form",
		 kernel);
	FILE *out = popen(command, "r");

	while (out && fgets(line, sizeof(line), out))
		if (sscanf(line, "form %15s version %d witness %d fenestras %d", kernel_has.form,
			   &kernel_has.version, &kernel_has.witness, &kernel_has.fenestras) == 4)
			found++;
	if (out)
		pclose(out);
	if (found != 1)
		return false;
	module = !strcmp(kernel_has.form, "companion") ? companion : driver;
	if (!strcmp(kernel_has.form, "none"))
		module = NULL;
	printf("FreeBSD %d%s%s: %s\n", kernel_has.version, kernel_has.witness ? ", WITNESS" : "",
	       kernel_has.fenestras ? ", Fenestras X" : "",
	       !module		     ? "vmgenc is compiled in"
	       : module == companion ? "it has FreeBSD's own driver: the companion"
				     : "it has no driver: ours");
	return true;
}

/* Fails if the program in the guest says so, or the guest panics or hangs. */
static void program(const char *name, const char *options, const char *argument)
{
	char command[2000], load[600] = "", title[100];

	snprintf(title, sizeof(title), "%s %s", name, argument);
	if (!wanted(title))
		return;
	if (module)
		snprintf(load, sizeof(load), "--module %s", module);
	snprintf(command, sizeof(command),
		 LAB " run --quiet --kernel %s %s --arc4rand %s %s build/test/freebsd/%s %s",
		 kernel, load, arc4rand, options, name, argument);
	check(run(command) == 0, name, "its exit status");
}

static const char *text(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static json_int_t number(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Fails if a clone was told wrong, late or not at all, or its kernel found a mistake. */
static void check_clone(json_t *clone, bool same_id)
{
	char detail[400];

	snprintf(detail, sizeof(detail), "guid %s of clone %s", text(clone, "guid"),
		 text(clone, "id"));
	check(!strcmp(text(clone, "guid"), text(clone, "id")), "dev.vmgenc.0.guid", detail);
	check(!*text(clone, "complaint"), "the kernel does not complain", text(clone, "complaint"));
	check(!number(clone, "rekey_failures"), "no rekey failed", "");
	if (same_id)
		check(!number(clone, "changes"), "with the same id nothing changes", "");
	else
		check(!strcmp(text(clone, "event"), EVENT), "the devctl(4) line",
		      text(clone, "event"));
	snprintf(detail, sizeof(detail), "%lld ns, announced %lld ns after the resume",
		 (long long)number(clone, "rekeyed_ns"), (long long)number(clone, "announced_ns"));
	check(same_id || (number(clone, "rekeyed_ns") > 0 &&
			  number(clone, "rekeyed_ns") <= number(clone, "announced_ns")),
	      "the time of the change", detail);
}

/*
 * What no clone may have is an identical draw that it began once it had announced the change. In
 * between, nothing of ours is in the way of an arc4rand(9) until the first interrupt, unless draws
 * is 2: in a tight loop on another CPU that can be many draws, in an idle guest it is none.
 */
static json_int_t limit(const char *generator, const char *options)
{
	if (!strcmp(generator, "guarded"))
		return 0;
	return strcmp(generator, "arc4rand") || strstr(options, "--interval") ||
			       strstr(options, DRAWS_OF_ALL)
		       ? MAX_IDENTICAL
		       : NO_LIMIT;
}

static void check_draws(json_t *result, const char *options)
{
	const char *generator = text(result, "generator");
	json_int_t allowed = limit(generator, options);
	char detail[200];

	snprintf(detail, sizeof(detail), "run %lld, %s: %lld of %lld, %lld after the announcement",
		 (long long)number(result, "run"), generator,
		 (long long)number(result, "identical"), (long long)number(result, "drawn"),
		 (long long)number(result, "identical_announced"));
	check(json_is_true(json_object_get(result, "possible")), "the generator is there", detail);
	check(!number(result, "identical_announced"), "identical once announced", detail);
	check(number(result, "identical") <= allowed, "identical after the resume", detail);
}

static void check_report(const char *options)
{
	bool same_id = strstr(options, "--same-id");
	json_t *report = json_load_file(REPORT, 0, NULL);
	json_t *result, *clone;
	size_t i, j, found = 0;

	json_array_foreach(json_object_get(report, "results"), i, result)
	{
		if (strcmp(text(result, "guest"), OURS) != 0 ||
		    !strcmp(text(result, "generator"), "unguarded"))
			continue;
		found++;
		if (!same_id)
			check_draws(result, options);
		json_array_foreach(json_object_get(result, "clones"), j, clone)
			check_clone(clone, same_id);
	}
	check(found > 0, "the report", "there is none, or it is empty");
	json_decref(report);
}

/* Beside ours, where there is a module of ours: the same kernel without it, and another driver. */
static void prove(const char *title, const char *options, bool beside)
{
	char guests[1200] = "", other[600] = "", command[3000];

	if (!wanted(title))
		return;
	remove(REPORT);
	if (compare)
		snprintf(other, sizeof(other), "--compare other=%s,%s", kernel, compare);
	if (beside && module)
		snprintf(guests, sizeof(guests), "--%s=%s %s",
			 module == companion ? "compare upstream" : "guest none", kernel, other);
	snprintf(command, sizeof(command),
		 LAB " prove --quiet --json " REPORT " --arc4rand %s --max-identical %d %s "
		     "--guest " OURS "=%s%s%s %s",
		 arc4rand, MAX_IDENTICAL, guests, kernel, module ? "," : "", module ? module : "",
		 options);
	int status = run(command);

	/* 1 is a finding, which the report tells in detail. */
	check(status == 0 || status == 1, title, "vmgenc-lab itself failed");
	check_report(options);
}

/* FreeBSD's own driver, built as a module, and our companion beside it. */
static void prove_companion(void)
{
	const char *before = module;
	char both[1200];

	snprintf(both, sizeof(both), "%s,%s", compare, companion);
	module = both;
	prove("the companion beside the other driver, in tight loops", "--draws 60000", false);
	module = before;
}

static int usage(void)
{
	fprintf(stderr, "usage: freebsd-check [--witness] [--runs N] [--compare MODULE] "
			"[--only TITLE] KERNEL DRIVER COMPANION ARC4RAND\n");
	return 2;
}

/* What is loaded and unloaded, and so not where ours is compiled in. */
static void check_module(void)
{
	program("loads", "--no-load", witness ? "witness" : "");
	program("firmware", WRONG, "beside");
	program("firmware", WRONG " --no-vmgenid", "alone");
}

/* From 13 on nothing can look before each arc4rand(9). */
static void check_draws_of_all(void)
{
	char options[300];

	snprintf(options, sizeof(options),
		 DRAWS_OF_ALL "--draws 60000 --generator arc4rand --runs %s", runs);
	prove("the same pairs, looking before each arc4rand(9) too", options, false);
	prove("a clone of a clone, likewise",
	      DRAWS_OF_ALL "--draws 60000 --generator arc4rand --depth 2 --runs 5", false);
}

static void check_all(void)
{
	char options[300];

	if (module)
		check_module();
	if (module == companion && kernel_has.version >= 1500000 && !kernel_has.fenestras)
		program("health", "--no-load", "");
	program("device", "", "");
	program("device", "--append hw.vmgenc.raw=driver", "driver");
	program("device", "--q35", "q35");
	snprintf(options, sizeof(options), IDLE "--draws 300 --runs %s", runs);
	prove("pairs of clones of an idle guest: a draw every 5 ms", options, true);
	prove("a clone of a clone, idle", IDLE "--draws 300 --depth 2 --runs 5", false);
	snprintf(options, sizeof(options), "--draws 60000 --runs %s", runs);
	prove("pairs of clones, both CPUs in tight loops", options, true);
	prove("a clone of a clone, in tight loops", "--draws 60000 --depth 2 --runs 5", false);
	if (kernel_has.version < 1300000)
		check_draws_of_all();
	if (compare && module == driver)
		prove_companion();
	prove("with q35, in tight loops", "--draws 60000 --q35", false);
	prove("with RDRAND, in tight loops", "--draws 60000 --rdrand", true);
	prove("a guarded program where nothing tells the driver",
	      "--draws 60000 --generator guarded --append 'hw.vmgenc.notify=0 hw.vmgenc.sci=0 "
	      "hw.vmgenc.draws=0 hw.vmgenc.look_ms=0'",
	      false);
	prove("clones with the same id", "--draws 60000 --same-id --generator getrandom", false);
	prove("how long: one CPU, a draw every 5 ms", IDLE "--cpus 1 --draws 2000", true);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"compare", required_argument, NULL, 'c'},
						{"only", required_argument, NULL, 'o'},
						{"runs", required_argument, NULL, 'r'},
						{"witness", no_argument, NULL, 'w'},
						{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return usage();
		if (option == 'c')
			compare = optarg;
		if (option == 'o')
			only = optarg;
		if (option == 'r')
			runs = optarg;
		witness |= option == 'w';
	}
	if (argc - optind != 4)
		return usage();
	kernel = argv[optind];
	driver = argv[optind + 1];
	companion = argv[optind + 2];
	arc4rand = argv[optind + 3];
	if (!ask_kernel()) {
		fprintf(stderr, "freebsd-check: %s does not start the lab's guest\n", kernel);
		printf("0 passed, 1 failed\n");
		return 1;
	}
	if (compare && module != driver) {
		printf("The kernel has a driver, so %s is not tried\n", compare);
		compare = NULL;
	}
	check_all();
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
