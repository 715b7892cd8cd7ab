/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test/unit/lab: vmgenc-lab report, in this process. The page is read by an XML parser: it is
 * written so that it is both HTML and XML.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>

#include "report/document.h"
#include "report/report.h"

#define RESULTS "test/lab/results/"
#define SCRIPT "<script>alert(1)</script>\"'&]]>\xe2\x80\xae\x01"

static const char *const kinds[] = {"prove", "firmware", "hostile", "soak"};
static char directory[] = "/tmp/vmgenc-report.XXXXXX";
static char in[64], out[64], said[4096];

static void read_text(const char *path, char *to, size_t size)
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	to[fread(to, 1, size - 1, f)] = '\0';
	fclose(f);
}

/* What it says on standard error goes to said. */
static int run(const char *output, const char *const *files)
{
	char path[64];
	int saved = dup(2);

	sprintf(path, "%s/said", directory);
	assert_non_null(freopen(path, "w", stderr));
	int code = report(output, (char *const *)files);

	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	read_text(path, said, sizeof(said));
	unlink(path);
	return code;
}

#define RUN(output, ...) run(output, (const char *[]){__VA_ARGS__, NULL})

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static json_t *fixture(const char *kind)
{
	char path[64];
	json_error_t error;

	sprintf(path, RESULTS "%s.json", kind);
	json_t *root = json_load_file(path, 0, &error);

	assert_non_null(root);
	return root;
}

static int run_on(const json_t *root)
{
	assert_int_equal(json_dump_file(root, in, 0), 0);
	return RUN(out, in);
}

static void wrong(const char *text, const char *says)
{
	write_file(in, text, strlen(text));
	assert_int_equal(RUN(out, in), LAB_EXIT_ENVIRONMENT);
	if (!strstr(said, says) || !strstr(said, in))
		fail_msg("for %s it said: %s", text, said);
	if (strchr(said, '\n') != said + strlen(said) - 1)
		fail_msg("more than one line: %s", said);
}

static xmlDoc *page(void)
{
	xmlDoc *doc = xmlReadFile(out, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);

	if (!doc)
		fail_msg("not well-formed: %s", xmlGetLastError()->message);
	return doc;
}

static double number(const char *xpath)
{
	xmlDoc *doc = page();
	xmlXPathContext *context = xmlXPathNewContext(doc);
	xmlXPathObject *result = xmlXPathEvalExpression((const xmlChar *)xpath, context);

	assert_non_null(result);
	double n = xmlXPathCastToNumber(result);

	xmlXPathFreeObject(result);
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
	return n;
}

static bool says(const char *words)
{
	char xpath[300];

	snprintf(xpath, sizeof(xpath), "count(//body[contains(normalize-space(.), \"%s\")])",
		 words);
	return number(xpath) > 0;
}

/* Fails if a kind is left out, or the page needs anything from elsewhere. */
static void whole_page(void **state)
{
	(void)state;
	assert_int_equal(RUN(out, RESULTS "prove.json", RESULTS "firmware.json",
			     RESULTS "hostile.json", RESULTS "soak.json"),
			 0);
	assert_int_equal(number("count(//script|//link|//img|//iframe|//@src|//@href|//@onload)"),
			 0);
	assert_int_equal(number("count(//h2)"), 5);
	assert_true(number("count(//figure)") > 2);
	assert_int_equal(number("count(//head/title[contains(., '2026-11-24')])"), 1);
	assert_true(says("Protected"));
	assert_true(says("shared at most 2 draws of the kernel’s generator, under way at the "
			 "snapshot, and guarded programs none (2 trials)."));
	assert_true(says("masked, because they hide what clones share"));
	assert_true(says(
		"All 5 trials of hostile or broken firmware ended with the documented answer"));
	assert_true(says("guarded programs, none of 1,100,000 were shared"));
	assert_int_equal(number("count(//td[@class='many' and contains(., '✗ device not found')])"),
			 1);
}

static void poison(json_t *value, const char *key)
{
	const char *name;
	json_t *child;
	size_t i;

	json_object_foreach(value, name, child) poison(child, name);
	json_array_foreach(value, i, child) poison(child, key);
	if (json_is_string(value) && strcmp(key, "kind") != 0)
		json_string_set_nocheck(value, SCRIPT);
}

/* Fails if any text of any kind gets into the page unescaped, or turns the text around it. */
static void every_text_is_escaped(void **state)
{
	static char text[1 << 20];

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		json_t *root = fixture(kinds[i]);

		poison(root, "");
		assert_int_equal(run_on(root), 0);
		assert_int_equal(number("count(//script)"), 0);
		assert_true(says("<script>alert(1)</script>"));
		read_text(out, text, sizeof(text));
		assert_null(strstr(text, "\xe2\x80\xae"));
		assert_null(strchr(text, '\x01'));
		json_decref(root);
	}
}

/* Read if they are there, or not read at all. */
static bool is_optional(const char *key)
{
	static const char *const keys[] = {"date",
					   "accel",
					   "seconds",
					   "address",
					   "note",
					   "errno",
					   "log",
					   "where",
					   "module_args",
					   "append",
					   "id",
					   "guid",
					   "event",
					   "complaint",
					   "start_seconds",
					   "snapshot_seconds",
					   "snapshot_bytes",
					   "identical_announced"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!strcmp(keys[i], key))
			return true;
	}
	return false;
}

static void refused(json_t *root, const char *key, const char *how)
{
	if (run_on(root) != LAB_EXIT_ENVIRONMENT)
		fail_msg("%s %s is taken", key, how);
	if (!strstr(said, key) || !strstr(said, in))
		fail_msg("%s %s: it says %s", key, how, said);
}

/* Takes each key away in turn, and puts something of another type in its place. */
static void spoil(json_t *root, json_t *value)
{
	json_t *child, *as_it_was = json_copy(value), *no_type = json_object();
	const char *key;
	size_t i;

	json_array_foreach(as_it_was, i, child) spoil(root, child);
	json_object_foreach(as_it_was, key, child)
	{
		spoil(root, child);
		if (is_optional(key))
			continue;
		json_object_del(value, key);
		refused(root, key, "missing");
		json_object_set(value, key, no_type);
		refused(root, key, "of another type");
		json_object_set(value, key, child);
	}
	json_decref(as_it_was);
	json_decref(no_type);
}

/* Fails if a key that the page needs may be missing or wrong, or goes unnamed. */
static void every_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		json_t *root = fixture(kinds[i]);

		spoil(root, root);
		assert_int_equal(run_on(root), 0);
		json_decref(root);
	}
}

static void wrong_input(void **state)
{
	(void)state;
	wrong("", "is not JSON");
	wrong("results", "is not JSON: line 1");
	wrong("[]", "holds no object of results");
	wrong("{\"version\": 1, \"version\": 1}", "duplicate object key");
	wrong("{\"version\": 2, \"kind\": \"soak\"}", "version is not 1");
	wrong("{\"version\": -1}", "version is not a count");
	wrong("{\"version\": 1}", "kind is missing");
	wrong("{\"version\": 1, \"kind\": \"party\"}", "kind is none of");
	wrong("{\"version\": 1, \"kind\": \"hostile\", \"rows\": [3]}", "rows[0] is not an object");
	wrong("{\"version\": 1, \"kind\": \"soak\", \"release\": \"\xff\", \"parts\": []}",
	      "is not JSON");
	wrong("{\"version\": 1, \"kind\": \"soak\", \"release\": \"x\", \"parts\": [], "
	      "\"seconds\": -1}",
	      "seconds is not a number from 0 up");
	wrong("{\"version\": 123456789012345678901}", "is not JSON");
}

static json_t *first_clone(json_t *root)
{
	json_t *result = json_array_get(json_object_get(root, "results"), 0);

	return json_array_get(json_object_get(result, "clones"), 0);
}

/* Fails if numbers that contradict each other are drawn. */
static void absurd_numbers(void **state)
{
	static const char *const spans[] = {"[1, 2, 3]",     "[2, 1, 3, 3]",   "[1, 2, 3, 4]",
					    "[1, 2, -3, 0]", "[1, 2, 3.5, 0]", "{}"};
	json_t *root = fixture("prove");

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++) {
		json_t *strip = json_array();

		json_array_append_new(strip, json_loads(spans[i], 0, NULL));
		json_object_set_new(first_clone(root), "strip", strip);
		refused(root, "strip", spans[i]);
		assert_non_null(strstr(said, "results[0].clones[0].strip"));
	}
	json_object_set_new(first_clone(root), "strip", json_array());
	json_object_set_new(first_clone(root), "identical", json_integer(1000000000));
	refused(root, "identical", "above drawn");
	json_decref(root);
}

/* Fails if half a file is a page. */
static void truncated(void **state)
{
	char text[8192];

	(void)state;
	read_text(RESULTS "firmware.json", text, sizeof(text));
	for (size_t size = strlen(text) - 2; size; size -= size > 40 ? 37 : 1) {
		write_file(in, text, size);
		assert_int_equal(RUN(out, in), LAB_EXIT_ENVIRONMENT);
		assert_non_null(strstr(said, "is not JSON"));
	}
}

static void unreadable(void **state)
{
	(void)state;
	assert_int_equal(RUN(out, "/nowhere/x.json"), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "cannot read /nowhere/x.json: No such file"));
	assert_int_equal(RUN(out, directory), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "Is a directory"));
	write_file(in, "", 0);
	assert_int_equal(truncate(in, (64 << 20) + 1), 0);
	assert_int_equal(RUN(out, in), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "is larger than 64 MiB"));
}

/* Fails if empty arrays cost hundreds of times their size before they are refused. */
static void many_values(void **state)
{
	static const size_t size = 60 << 20;
	char *text = malloc(size + 1);
	struct rusage before, after;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i + 3 <= size; i += 3)
		memcpy(text + i, "[],", 3);
	text[0] = '[';
	text[1] = '0';
	write_file(in, text, size);
	free(text);
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	assert_int_equal(RUN(out, in), LAB_EXIT_ENVIRONMENT);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_non_null(strstr(said, "values: no results of vmgenc-lab"));
	assert_true(after.ru_maxrss - before.ru_maxrss < 300 << 10); /* KiB */
}

static void still_old(void)
{
	char text[8];

	read_text(out, text, sizeof(text));
	assert_string_equal(text, "old");
	/* What was written beside it is gone: only these are left. */
	unlink(in);
	unlink(out);
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(mkdir(directory, 0700), 0);
}

/* Fails if the page that was there is lost with wrong input or without space. */
static void old_page_stays(void **state)
{
	struct rlimit little = {.rlim_cur = 2000, .rlim_max = RLIM_INFINITY}, all;

	(void)state;
	write_file(out, "old", 3);
	wrong("{", "is not JSON");
	still_old();
	write_file(out, "old", 3);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	little.rlim_max = all.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	int code = RUN(out, RESULTS "soak.json");

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(code, LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "cannot write "));
	assert_non_null(strstr(said, "File too large"));
	still_old();
}

static void unwritable(void **state)
{
	(void)state;
	assert_int_equal(RUN("/nowhere/page.html", RESULTS "soak.json"), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "cannot write /nowhere/page.html: No such file"));
	assert_int_equal(RUN(directory, RESULTS "soak.json"), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "Is a directory"));
	assert_int_equal(RUN("/dev/full", RESULTS "soak.json"), LAB_EXIT_ENVIRONMENT);
	assert_non_null(strstr(said, "cannot write /dev/full: No space left"));
}

/* Fails if a link is replaced, or a page that others may not read becomes readable. */
static void link_and_mode_stay(void **state)
{
	char link[80];
	struct stat st;

	(void)state;
	sprintf(link, "%s/link", directory);
	write_file(out, "old", 3);
	assert_int_equal(chmod(out, 0600), 0);
	assert_int_equal(symlink(out, link), 0);
	assert_int_equal(RUN(link, RESULTS "soak.json"), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(out, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(st.st_size > 1000);
	unlink(link);
}

/* Two clones of one guest; identical from 10 to 30 ms and in a draw at 60, else drawn to 90 ms. */
static json_t *made_up(void)
{
	json_t *root = fixture("prove"), *results = json_object_get(root, "results");
	json_t *result = json_array_get(results, 0);

	json_incref(result);
	json_array_clear(results);
	json_array_append_new(results, result);
	json_t *clone = first_clone(root);

	json_object_update_new(
		clone,
		json_pack("{s:i,s:n,s:i,s:n,s:i,s:i,s:i,s:i,s:[[i,i,i,i],[i,i,i,i]]}", "rekeyed_ns",
			  50000000, "woken_ns", "kernel_logged_ns", 80000000, "announced_ns",
			  "drawn", 300, "identical", 101, "first_identical_ns", 10000000,
			  "last_identical_ns", 60000000, "strip", 10000000, 30000000, 100, 100,
			  55000000, 90000000, 200, 1));
	json_t *clones = json_object_get(result, "clones");

	json_incref(clone);
	json_array_clear(clones);
	json_array_append_new(clones, clone);
	return root;
}

/* Fails if the strip lies: the axis is 100 ms, so that percents are milliseconds. */
static void strip_is_true(void **state)
{
	json_t *root = made_up();

	(void)state;
	assert_int_equal(run_on(root), 0);
	json_decref(root);
#define STRIP "//figure//*[@role='img']"
#define NUMBER(path) number("number(substring-before(" path ", '%'))")
	assert_int_equal(NUMBER(STRIP "/*[@class='s'][1]/@x"), 10);
	assert_int_equal(NUMBER(STRIP "/*[@class='s'][1]/@width"), 20);
	assert_int_equal(NUMBER(STRIP "/*[@class='d']/@x"), 55);
	assert_int_equal(NUMBER(STRIP "/*[@class='d']/@width"), 35);
	assert_int_equal(NUMBER(STRIP "/*[@class='s'][2]/@x"), 60);
	assert_int_equal(number("count(" STRIP "/*[@class='s' or @class='m'])"), 2);
	assert_int_equal(NUMBER(STRIP "/*[@class='rekey']/@x"), 50);
	assert_int_equal(NUMBER(STRIP "/*[@class='log']/@x"), 80);
	assert_int_equal(number("count(" STRIP "/*[@class='told'])"), 0);
	assert_true(says("101 of 300 identical, rekeyed at 50 ms"));
}

static void copy_clones(json_t *root, int count)
{
	json_t *result = json_array_get(json_object_get(root, "results"), 0);

	for (int i = 1; i < count; i++) {
		json_t *copy = json_deep_copy(first_clone(root));

		json_object_set_new(copy, "identical", json_integer(i));
		json_array_append_new(json_object_get(result, "clones"), copy);
	}
}

/* Fails if a thousand clones are a thousand strips, or the worst is not among those shown. */
static void many_clones(void **state)
{
	json_t *root = made_up();

	(void)state;
	copy_clones(root, 40);
	assert_int_equal(run_on(root), 0);
	json_decref(root);
	assert_int_equal(number("count(" STRIP ")"), 4);
	assert_int_equal(number("count(" STRIP "[starts-with(@aria-label, 'clone 1:')])"), 1);
	assert_int_equal(number("count(" STRIP "[starts-with(@aria-label, 'clone 40:')])"), 1);
	assert_true(
		says("The 4 worst of 40 clones are shown; no other has more than 36 identical"));
}

/* Fails if the kernel's own driver passes for protection because it fails as expected. */
static void own_driver_is_not_judged(void **state)
{
	json_t *root = fixture("firmware"), *rows = json_object_get(root, "rows");

	(void)state;
	for (size_t i = 0; i < json_array_size(rows); i++)
		json_object_set_new(json_array_get(rows, i), "ok", json_true());
	assert_int_equal(run_on(root), 0);
	json_decref(root);
	assert_int_equal(number("count(//td[@class='many'])"), 1);
	assert_true(says("noticed its change and rekeyed the kernel (5 trials)"));
}

/* Fails if the kernels' results, each in a file of its own, are not side by side. */
static void files_of_a_kind_are_one(void **state)
{
	json_t *root = fixture("hostile"), *row;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(root, "rows"), i, row)
		json_object_set_new(row, "release", json_string("7.0"));
	assert_int_equal(json_dump_file(root, in, 0), 0);
	json_decref(root);
	assert_int_equal(RUN(out, RESULTS "hostile.json", RESULTS "firmware.json", in), 0);
	assert_true(says("All 10 trials of hostile or broken firmware"));
	assert_int_equal(number("count(//th[@scope='row' and . = 'ADDR missing'])"), 1);
	assert_true(says(
		"6.1.0-56-cloud-amd64, 6.12.117+deb12-cloud-amd64, 7.0, 7.0 ✓ survived, ENOENT"));
	assert_int_equal(number("count(//dt[. = 'File'])"), 3);
}

/* Fails if results that are not as promised look as if they were. */
static void not_as_promised(void **state)
{
	json_t *root = made_up(), *result = json_array_get(json_object_get(root, "results"), 0);

	(void)state;
	json_object_update_new(result,
			       json_pack("{s:b,s:i,s:b}", "judged", 1, "allowed", 2, "module", 1));
	assert_int_equal(run_on(root), 0);
	assert_true(says("NOT as promised"));
	json_object_update_new(result,
			       json_pack("{s:i,s:i}", "allowed", 20000, "last_identical_index", 7));
	assert_int_equal(run_on(root), 0);
	assert_true(says("draws of the kernel’s generator (1 trial)."));
	json_object_set_new(result, "allowed", json_integer(2));
	assert_int_equal(run_on(root), 0);
	assert_true(says("drew the same random values in 1 of 1 trials"));
	assert_int_equal(number("count(//td[@class='many' and contains(., '✗')])"), 1);
	json_object_set_new(root, "same_id", json_true());
	json_object_set_new(first_clone(root), "changes", json_integer(1));
	assert_int_equal(run_on(root), 0);
	assert_true(says("vmgenc disturbed 1 of 1 clones"));
	json_object_set_new(first_clone(root), "changes", json_null());
	json_object_set_new(first_clone(root), "rekeys", json_null());
	assert_int_equal(run_on(root), 0);
	assert_true(says("Nothing judged"));
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_page),
		cmocka_unit_test(every_text_is_escaped),
		cmocka_unit_test(every_key),
		cmocka_unit_test(wrong_input),
		cmocka_unit_test(absurd_numbers),
		cmocka_unit_test(truncated),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(many_values),
		cmocka_unit_test(old_page_stays),
		cmocka_unit_test(unwritable),
		cmocka_unit_test(link_and_mode_stay),
		cmocka_unit_test(strip_is_true),
		cmocka_unit_test(many_clones),
		cmocka_unit_test(not_as_promised),
		cmocka_unit_test(own_driver_is_not_judged),
		cmocka_unit_test(files_of_a_kind_are_one),
	};

	if (!mkdtemp(directory))
		return 2;
	sprintf(in, "%s/in.json", directory);
	sprintf(out, "%s/page.html", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	unlink(in);
	unlink(out);
	rmdir(directory);
	xmlCleanupParser();
	return failed;
}
