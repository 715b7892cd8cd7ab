/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/lab: what the tests of vmgenc-lab report share. */
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report_fixture.h"

const char *const kinds[KINDS] = {"prove", "firmware", "hostile", "soak"};
char directory[] = "/tmp/vmgenc-report.XXXXXX";
char in[64], out[64], said[4096];

int report_setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	sprintf(in, "%s/in.json", directory);
	sprintf(out, "%s/page.html", directory);
	return 0;
}

int report_teardown(void **state)
{
	(void)state;
	unlink(in);
	unlink(out);
	xmlCleanupParser();
	return rmdir(directory);
}

void read_text(const char *path, char *to, size_t size)
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	to[fread(to, 1, size - 1, f)] = '\0';
	fclose(f);
}

int run(const char *output, const char *const *files)
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

void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

json_t *fixture(const char *kind)
{
	char path[64];
	json_error_t error;

	sprintf(path, RESULTS "%s.json", kind);
	json_t *root = json_load_file(path, 0, &error);

	assert_non_null(root);
	return root;
}

int run_on(const json_t *root)
{
	assert_int_equal(json_dump_file(root, in, 0), 0);
	return RUN(out, in);
}

void wrong(const char *input, const char *words)
{
	write_file(in, input, strlen(input));
	assert_int_equal(RUN(out, in), LAB_EXIT_ENVIRONMENT);
	if (!strstr(said, words) || !strstr(said, in))
		fail_msg("for %s it said: %s", input, said);
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

double number(const char *xpath)
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

bool says(const char *words)
{
	char xpath[300];

	snprintf(xpath, sizeof(xpath), "count(//body[contains(normalize-space(.), \"%s\")])",
		 words);
	return number(xpath) > 0;
}

json_t *first_clone(json_t *root)
{
	json_t *result = json_array_get(json_object_get(root, "results"), 0);

	return json_array_get(json_object_get(result, "clones"), 0);
}
