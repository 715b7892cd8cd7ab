/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the interface between the files of "report", which reads JSON results and writes one
 * HTML page.
 */
#ifndef LAB_DOCUMENT_H
#define LAB_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "compare/compare.h"
#include "exchange.h"
#include "generators.h"
#include "host/host.h"

/* html.c: writes text, with the strings of %s escaped. Also knows %d, %u, %zu, %llu, %f, %g, %%. */
void html(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * read.c: a file, and objects in it. The first error is reported with the file and the key, and
 * sets code to an exit code. After that, all functions return 0, "" or the like.
 */
struct input {
	const char *path;
	json_t *root;
	int code;
};

struct node {
	struct input *input;
	const json_t *json;
	char where[160]; /* its place in the file, for messages */
};

/* Reads a file. The caller frees s->root with json_decref(), also after an error. */
int input_open(struct input *s, const char *path, struct node *root);
/* Reports that a key is wrong, unless an error was reported before. */
void input_wrong(const struct node *n, const char *key, const char *what);
/* Return the value of a key of an object. Texts belong to the file. */
uint64_t node_count(const struct node *n, const char *key);
uint64_t node_time(const struct node *n, const char *key);    /* null: LAB_NEVER */
int64_t node_count_or(const struct node *n, const char *key); /* null: -1 */
double node_real(const struct node *n, const char *key);
bool node_bool(const struct node *n, const char *key);
const char *node_text(const struct node *n, const char *key);
const char *node_text_or(const struct node *n, const char *key, const char *otherwise);
size_t node_list(const struct node *n, const char *key); /* the length of an array */
/* Allocates zeroed elements, at least one; the caller frees them. */
void *node_alloc(const struct node *n, size_t count, size_t size);
/* The same for an array of objects, each read into its element of that size. Sets *count. */
void *node_items(const struct node *n, const char *key, size_t size, size_t *count,
		 void (*read)(const struct node *item, void *element));

/* The kinds of results. Texts belong to the file. */
struct trial_clone {
	uint64_t drawn, identical, first_ns, last_ns;
	uint64_t rekeyed_ns, woken_ns, announced_ns, logged_ns;
	int64_t changes, spurious, rekey_failures; /* -1: no module */
	const char *complaint;			   /* "": none */
	const char *clock;			   /* "": unknown */
	struct span *spans;
	size_t span_count;
};

struct trial { /* one generator in one guest in one run */
	const char *guest, *release, *generator;
	bool module, possible, judged;
	uint64_t run, allowed, identical, drawn, last_ns;
	bool under_way; /* only draws under way at the snapshot are identical */
	struct trial_clone *clones;
	size_t clone_count;
};

struct prove_results {
	uint64_t clones, depth, runs, cpus, draws;
	double record_seconds, interval_ms;
	bool same_id, rdrand, vmclock, torn;
	const char *module_args, *append; /* "": none */
	struct trial *trials;
	size_t trial_count;
};

struct firmware_row {
	const char *firmware, *release, *driver, *address, *noticed, *note;
	bool found, id_order, rekeyed, ok;
	int64_t getrandom_identical, getrandom_drawn, guarded_identical, guarded_drawn;
};

struct hostile_row {
	const char *variant, *release, *error, *log;
	bool survived, ok;
};

struct soak_shared {
	const char *generator, *where;
	uint64_t values, shared;
};

struct soak_memory {
	const char *what;
	uint64_t before, after;
};

struct soak_part {
	const char *name, *release;
	uint64_t count;
	int64_t warnings; /* -1: the log was not checked */
	double seconds;
	struct soak_shared *shared;
	struct soak_memory *memory;
	size_t shared_count, memory_count;
	bool ok;
};

struct document {
	struct input input;
	const struct kind *kind;
	const char *date, *accel; /* "": not given */
	double seconds;		  /* 0: not given */
	const char *release;
	void *rows; /* of the kind's own type */
	size_t row_count;
	bool merged; /* its rows were moved to the first document of its kind */
	struct prove_results prove;
};

/* How many of a document's results were judged, and how many of these are wrong. */
struct judgement {
	uint64_t judged, wrong;
};

struct kind {
	const char *name;
	size_t row_size; /* of rows that are merged into one table; 0: do not merge */
	void (*read)(struct document *d, const struct node *root);
	struct judgement (*judge)(const struct document *d);
	void (*sentence)(FILE *out, const struct document *d); /* what the results mean */
	void (*write)(FILE *out, const struct document *d);    /* the document's section */
	void (*conditions)(FILE *out, const struct document *d);
	void (*release)(struct document *d); /* frees what read() allocated beside rows; or NULL */
};

extern const struct kind kind_prove, kind_firmware, kind_hostile, kind_soak;

/* trials.c: reads and frees the results of "prove" */
void trials_read(struct document *d, const struct node *root);
void trials_release(struct document *d);
/* Returns the worst run of a generator in a guest, or NULL. */
const struct trial *worst_trial(const struct document *d, const char *guest, const char *generator);
/* Lists the guests, or the generators, in the order of their first results. Returns the number. */
size_t distinct(const struct document *d, bool generators, const char **list);

/* meaning.c: the judgement of "prove" and its sentence */
struct judgement judge_trials(const struct document *d);
void trials_sentence(FILE *out, const struct document *d);

/* strip.c: a generator's draws in each guest, on one axis of time */
void strips_write(FILE *out, const struct document *d, const char *generator);
void strips_legend(FILE *out);

/* axis.c: the time that the strips show */
struct axis {
	double shown_ns, step_ns;
};

struct axis axis_for(uint64_t ns);
/* Returns the place of a time in percent of the axis. */
double axis_percent(const struct axis *a, uint64_t ns);
void axis_write(FILE *out, const struct axis *a);

/* style.c */
extern const char report_style[];

/* page.c: writes the whole page */
void page_write(FILE *out, const struct document *documents, size_t count);

/* write.c: writes the whole file or leaves the old one; NULL is standard output */
int report_write(const char *path, const char *text, size_t size);

#endif
