/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: what vmgenc doctor --processes found, grouped by unit of systemd, as text and as JSON. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "units.h"

struct unit_process {
	struct process process;
	char pid[16];
	enum finding finding;
};

/* %s is the unit. For processes without a unit, remedy_text() has another remedy. */
static const struct {
	const char *key, *words, *remedy;
	bool is_note; /* nothing can be done about it in this process */
} texts[FINDINGS] = {
	[COVERED] = {"covered", "OpenSSL draws from the provider", NULL, false},
	[DEVICE_UNSEEN] =
		{"device_unseen",
		 "OpenSSL has the provider, but cannot see /dev/vmgenc (NOTIFIED at most)",
		 "systemctl edit %s, add to [Service] the lines BindReadOnlyPaths=-/dev/vmgenc "
		 "and DeviceAllow=/dev/vmgenc r, then systemctl restart %s",
		 false},
	[DEVICE_CAME_LATER] =
		{"device_came_later",
		 "OpenSSL has the provider, but was started before the driver was loaded",
		 "systemctl restart %s", false},
	[STARTED_BEFORE] = {"started_before", "started before the provider was configured",
			    "systemctl restart %s", false},
	[NOT_CONFIGURED] = {"not_configured",
			    "has OpenSSL, which is not configured to draw from the provider",
			    "configure it (vmgenc doctor says how), then systemctl restart %s",
			    false},
	[PROVIDER_NOT_LOADED] =
		{"provider_not_loaded",
		 "has OpenSSL without the provider: it has not used OpenSSL yet, cannot read "
		 "openssl.cnf, or reads another configuration",
		 "check OPENSSL_CONF and the permissions of the configuration that %s reads",
		 false},
	[OLD_LIBCRYPTO] = {"old_libcrypto",
			   "has an OpenSSL before 3, which cannot load the provider",
			   "list %s in " VMGENC_CONF
			   "/services and enable the hook 90-restart-services",
			   false},
	[HAS_GNUTLS] = {"gnutls", "has GnuTLS, whose generator does not detect clones",
			"list %s in " VMGENC_CONF
			"/services and enable the hook 90-restart-services",
			false},
	[HAS_LIBGCRYPT] = {"libgcrypt", "has libgcrypt, whose nonces repeat in clones",
			   "list %s in " VMGENC_CONF
			   "/services and enable the hook 90-restart-services",
			   false},
	[HAS_NSS] = {"nss", "has NSS, whose generator does not detect clones",
		     "list %s in " VMGENC_CONF "/services and enable the hook 90-restart-services",
		     false},
	[DRAWS_IN_VDSO] =
		{"vdso",
		 "its C library draws in the vDSO, where draws repeat until the kernel is "
		 "rekeyed",
		 NULL, true},
};

void units_add(struct units *u, const struct process *p, enum finding finding)
{
	struct unit_process *list = realloc(u->list, (u->count + 1) * sizeof(*list)), *f;

	if (!list) {
		say_trouble("out of memory");
		exit(EXIT_TROUBLE);
	}
	u->list = list;
	f = &list[u->count++];
	*f = (struct unit_process){.process = *p, .finding = finding};
	snprintf(f->pid, sizeof(f->pid), "%s", p->pid);
	f->process.pid = NULL; /* the caller's */
}

const char *units_key(enum finding finding)
{
	return texts[finding].key;
}

size_t units_with(const struct units *u, enum finding finding)
{
	size_t n = 0;

	for (size_t i = 0; i < u->count; i++)
		n += u->list[i].finding == finding;
	return n;
}

void units_free(struct units *u)
{
	free(u->list);
}

static int compare(const void *va, const void *vb)
{
	const struct unit_process *a = va, *b = vb;
	int order = strcmp(a->process.unit, b->process.unit);

	if (!order)
		order = (int)a->finding - (int)b->finding;
	if (!order)
		order = strcmp(a->process.name, b->process.name);
	return order ? order : atoi(a->pid) - atoi(b->pid);
}

/* The index where the next unit, or the next finding in this unit, begins. */
static size_t group_end(const struct units *u, size_t from)
{
	size_t i = from;

	while (i < u->count && u->list[i].finding == u->list[from].finding &&
	       !strcmp(u->list[i].process.unit, u->list[from].process.unit))
		i++;
	return i;
}

static bool is_to_do(enum finding finding)
{
	return finding != COVERED && !texts[finding].is_note;
}

static int code_of(const struct units *u)
{
	for (size_t i = 0; i < u->count; i++) {
		if (is_to_do(u->list[i].finding))
			return EXIT_NO;
	}
	return u->unreadable || u->is_hidden ? EXIT_NO : EXIT_YES;
}

/* Empty if there is no remedy. */
static void remedy_text(const struct unit_process *f, char *text, size_t size)
{
	const char *at = texts[f->finding].remedy, *unit = f->process.unit;
	size_t n = 0;

	*text = '\0';
	if (at && !*unit)
		at = "start it again as it was started before";
	for (; at && *at && n < size - 1; at++) {
		if (at[0] == '%' && at[1] == 's') {
			n += (size_t)snprintf(text + n, size - n, "%s", unit);
			n = n < size ? n : size - 1;
			at++;
		} else {
			text[n++] = *at;
			text[n] = '\0';
		}
	}
}

/* The names of a group's processes, each once. */
static void print_names(const struct units *u, size_t from, size_t to)
{
	const char *last = "";

	printf(" (");
	for (size_t i = from; i < to; i++) {
		if (strcmp(last, u->list[i].process.name) != 0)
			printf("%s%s", *last ? ", " : "", u->list[i].process.name);
		last = u->list[i].process.name;
	}
	printf(", %zu process%s)", to - from, to - from == 1 ? "" : "es");
}

static void print_group(const struct units *u, size_t from, size_t to)
{
	const struct unit_process *f = &u->list[from];
	char remedy[1024];

	remedy_text(f, remedy, sizeof(remedy));
	printf("%s %s",
	       is_to_do(f->finding)	   ? "to do"
	       : texts[f->finding].is_note ? "note "
					   : "ok   ",
	       *f->process.unit ? f->process.unit : "without a unit");
	print_names(u, from, to);
	printf(": %s%s%s\n", texts[f->finding].words, *remedy ? ": " : "", remedy);
}

int units_print(struct units *u)
{
	if (u->count)
		qsort(u->list, u->count, sizeof(*u->list), compare);
	for (size_t i = 0, end; i < u->count; i = end) {
		end = group_end(u, i);
		print_group(u, i, end);
	}
	if (!u->count)
		puts("ok    no process that may be read has a generator that this command knows");
	if (u->unreadable)
		printf("to do %u process%s may not be read: %s\n", u->unreadable,
		       u->unreadable == 1 ? "" : "es",
		       geteuid() ? "run it as root"
				 : "a security module or a namespace keeps root from reading it");
	if (u->is_hidden)
		puts("to do /proc hides the processes of other users (hidepid): run it as root");
	return code_of(u);
}

static json_t *group_json(const struct units *u, size_t from, size_t to)
{
	const struct unit_process *f = &u->list[from];
	json_t *processes = json_array();
	char remedy[1024];

	remedy_text(f, remedy, sizeof(remedy));
	for (size_t i = from; i < to; i++)
		json_array_append_new(processes, json_pack("{s:i,s:s}", "pid", atoi(u->list[i].pid),
							   "name", u->list[i].process.name));
	return json_pack(
		"{s:s?,s:s,s:b,s:s,s:s?,s:o}", "unit", *f->process.unit ? f->process.unit : NULL,
		"finding", texts[f->finding].key, "to_do", is_to_do(f->finding), "words",
		texts[f->finding].words, "remedy", *remedy ? remedy : NULL, "processes", processes);
}

int units_print_json(struct units *u)
{
	json_t *root, *groups = json_array();
	int failed;

	if (u->count)
		qsort(u->list, u->count, sizeof(*u->list), compare);
	for (size_t i = 0, end; i < u->count; i = end) {
		end = group_end(u, i);
		json_array_append_new(groups, group_json(u, i, end));
	}
	root = json_pack("{s:i,s:o,s:i,s:b}", "version", 1, "groups", groups, "unreadable",
			 (int)u->unreadable, "hidden", u->is_hidden);
	failed = !root || json_dumpf(root, stdout, JSON_INDENT(2)) || putchar('\n') < 0;
	json_decref(root);
	return failed ? say_trouble("the report cannot be written") : code_of(u);
}
