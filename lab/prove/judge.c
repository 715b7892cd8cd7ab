/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/prove: what decides the exit code.
 */

/*
 * Only guests with a module, or with vmgenc in their kernel, are judged. The guarded generator and
 * programs with the OpenSSL provider may repeat nothing; the kernel's own generator, by whatever
 * way, may repeat the draw that was under way on each CPU. The unguarded generators, guests without
 * a module and those given with --compare are there to compare with. With --same-id, nothing may
 * have changed in the clones of guests with a module. With --vmclock only the guarded generator
 * rekeys the kernel, and only that is judged.
 */
#include <string.h>

#include "host/host.h"
#include "prove.h"

/* The generators that vmgenc protects. The others are for comparison. */
static bool is_protected(enum lab_generator g)
{
	return g == LAB_GETRANDOM || g == LAB_VDSO || g == LAB_URANDOM || g == LAB_ARANDOM ||
	       g == LAB_ARC4RAND || g == LAB_GUARDED || g == LAB_UUID || g == LAB_GLIBC ||
	       g == LAB_SYSGENID || generator_table[g].ours;
}

/* A guest given with --compare may have another driver, such as FreeBSD's own. */
static bool is_ours(const struct prove_options *o, const struct result *r)
{
	return (o->guests[r->guest].module || o->built_in) && !o->guests[r->guest].compare;
}

/* With --vmclock, only the guarded generator rekeys the kernel. */
bool judge_counts(const struct prove_options *o, const struct result *r)
{
	/* With --same-id, a guest cannot know that anything changed. */
	if (!r->possible || o->same_id)
		return false;
	if (o->vmclock)
		return r->generator == LAB_GUARDED;
	return is_ours(o, r) && is_protected(r->generator);
}

/* The kernel may repeat the draw that was under way on each CPU; guarded programs nothing. */
uint64_t judge_allowed(const struct prove_options *o, const struct result *r)
{
	if (r->generator == LAB_GUARDED || generator_table[r->generator].ours)
		return 0;
	return o->max_identical >= 0 ? (uint64_t)o->max_identical : o->cpus;
}

/* Print the results without vmgenc, which are not judged. */
static void compare_draws(const struct prove_options *o, const struct results *all)
{
	unsigned long long trials = 0, same = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct result *r = &all->list[i];

		if (!r->possible || is_ours(o, r) || !is_protected(r->generator))
			continue;
		trials++;
		same += r->found.identical > judge_allowed(o, r);
	}
	if (trials && !o->vmclock)
		printf("Without vmgenc, clones drew the same values in %llu of %llu trials.\n",
		       same, trials);
}

static int judge_draws(const struct prove_options *o, const struct results *all)
{
	uint64_t judged = 0, bad = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct result *r = &all->list[i];

		judged += judge_counts(o, r);
		bad += judge_counts(o, r) && r->found.identical > judge_allowed(o, r);
	}
	if (bad)
		printf("NOT PROTECTED: with %s, clones drew the same values in %llu of %llu "
		       "trials.\n",
		       o->vmclock ? "a VMClock" : "vmgenc", (unsigned long long)bad,
		       (unsigned long long)judged);
	else if (judged && o->vmclock)
		printf("PROTECTED: with a VMClock, guarded programs in clones drew different "
		       "values (%llu of %llu trials).\n",
		       (unsigned long long)judged, (unsigned long long)judged);
	else if (judged)
		printf("PROTECTED: with vmgenc, clones drew different values from the kernel and "
		       "in "
		       "guarded\nprograms (%llu of %llu trials).\n",
		       (unsigned long long)judged, (unsigned long long)judged);
	else
		printf("Nothing judged: no guest had %s.\n",
		       o->vmclock ? "a guarded program" : "a vmgenc module to judge");
	compare_draws(o, all);
	return bad ? LAB_EXIT_IDENTICAL : LAB_EXIT_OK;
}

/* Rekeys do not count: the driver rekeys a settled generation again when more entropy has come. */
static bool unchanged(const struct clone *c)
{
	return !c->changes && !c->rekey_failures;
}

static int judge_same_id(const struct prove_options *o, const struct results *all)
{
	uint64_t clones = 0, bad = 0, spurious = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct result *r = &all->list[i];

		for (size_t j = 0; is_ours(o, r) && j < r->clone_count; j++) {
			clones += r->clones[j].device;
			bad += r->clones[j].device && !unchanged(&r->clones[j]);
			spurious += r->clones[j].device && r->clones[j].spurious;
		}
	}
	if (!clones)
		printf("Nothing judged: no guest had a vmgenc module to judge.\n");
	else
		printf("%s: with the same id, vmgenc changed something in %llu of %llu clones; "
		       "%llu counted a spurious notification.\n",
		       bad ? "DISTURBED" : "UNCHANGED", (unsigned long long)bad,
		       (unsigned long long)clones, (unsigned long long)spurious);
	return bad ? LAB_EXIT_IDENTICAL : LAB_EXIT_OK;
}

int judge(const struct prove_options *o, const struct results *all)
{
	if (o->same_id)
		return judge_same_id(o, all);
	return judge_draws(o, all);
}
