// SPDX-License-Identifier: BSD-2-Clause
/* driver/freebsd: Fenestras X, random(4)'s other generator since 13 (option RANDOM_FENESTRASX). */
#include "vmgenc_var.h"

/*
 * fxrng_brng_reseed() is the generator's own reseed (dev/random/fenestrasX/fx_brng.c): it hashes
 * what it is given and the key into a new key of the root generator, and increments
 * fxrng_root_generation.  Every CPU's generator and arc4random(9) compare with this count at each
 * draw, and the page that libc's arc4random(3) looks at gets it.  So it reaches all of them at
 * once, without a delay.
 *
 * The symbols are weak, because the usual kernel has Fortuna and not these.  They are not looked up
 * while the driver runs: a look-up takes the linker's lock, with which kldunload(2) waits for us.
 */
void	fxrng_brng_reseed(const void *, size_t);
extern uint64_t fxrng_root_generation;
#pragma weak fxrng_brng_reseed
#pragma weak fxrng_root_generation

bool
vmgenc_fenestras(void)
{

	return (fxrng_brng_reseed != NULL && &fxrng_root_generation != NULL &&
	    strcmp(p_random_alg_context->ra_ident, "fenestrasX") == 0);
}

/*
 * The root has a buffer of 128 bytes, which its reseed does not empty: the next keys that it gives
 * are older than the reseed, and the same in all clones.  A read after a reseed takes a key of 32
 * bytes from the root, so this empties the buffer.  What other CPUs took meanwhile ends with the
 * last reseed.
 */
#define	VMGENC_ROOT_KEYS	(128 / 32)

/* May be called with mutexes held.  Returns EIO if the generator does not count the reseeds. */
int
vmgenc_fenestras_reseed(const void *seed, size_t size)
{
	volatile uint64_t *generation = &fxrng_root_generation;
	uint64_t before = *generation;
	uint8_t discarded[32];
	int i;

	for (i = 0; i <= VMGENC_ROOT_KEYS; i++) {
		fxrng_brng_reseed(seed, size);
		p_random_alg_context->ra_read(discarded, sizeof(discarded));
	}
	fxrng_brng_reseed(seed, size);
	explicit_bzero(discarded, sizeof(discarded));
	return (*generation != before ? 0 : EIO);
}
