/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit: draws by the provider and ends, in one of the ways in which programs end. What it
 * prints stays buffered until the C library ends, so that a crash on the way there is seen. */
#include <dlfcn.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8

static void need(int what, const char *sentence)
{
	if (what)
		return;
	fprintf(stderr, "%s\n", sentence);
	_exit(1);
}

static void draw(OSSL_LIB_CTX *ctx)
{
	unsigned char out[16];
	EVP_RAND_CTX *drbg;

	need(RAND_bytes_ex(ctx, out, sizeof(out), 0) == 1, "RAND_bytes failed");
	need(RAND_priv_bytes_ex(ctx, out, sizeof(out), 0) == 1, "RAND_priv_bytes failed");
	drbg = RAND_get0_public(ctx);
	need(drbg && !strcmp(EVP_RAND_get0_name(EVP_RAND_CTX_get0_rand(drbg)), "VMGENC-DRBG"),
	     "it was not drawn by VMGENC-DRBG");
}

static void *draw_in_thread(void *unused)
{
	draw(NULL);
	return unused;
}

static void *draw_and_stay(void *ready)
{
	draw(NULL);
	pthread_barrier_wait(ready);
	for (;;)
		pause();
	return NULL;
}

static void once(void)
{
	draw(NULL);
}

static void threads(void)
{
	pthread_t ids[THREADS];

	for (int i = 0; i < THREADS; i++)
		need(!pthread_create(&ids[i], NULL, draw_in_thread, NULL), "pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
}

/* Threads that have drawn and are still there at the end. */
static void staying(void)
{
	static pthread_barrier_t ready;
	pthread_t id;

	pthread_barrier_init(&ready, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		need(!pthread_create(&id, NULL, draw_and_stay, &ready), "pthread_create");
	pthread_barrier_wait(&ready);
}

static void forked(void)
{
	pid_t child;
	int status;

	draw(NULL);
	child = fork();
	draw(NULL);
	if (child == 0)
		exit(0);
	need(waitpid(child, &status, 0) == child && status == 0, "the child ended badly");
}

/* Loaded, used and unloaded, and again. */
static void again(void)
{
	for (int i = 0; i < 20; i++) {
		OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();

		need(OSSL_LIB_CTX_load_config(ctx, getenv("OPENSSL_CONF")), "load_config");
		draw(ctx);
		OSSL_LIB_CTX_free(ctx);
	}
}

/* A library context that is never freed, and threads that never end their use of it. */
static void leaked(void)
{
	OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();

	need(OSSL_LIB_CTX_load_config(ctx, getenv("OPENSSL_CONF")), "load_config");
	draw(ctx);
	draw(NULL);
}

/* In a handler that still runs before OpenSSL's own. (After that, OpenSSL 3.0 crashes by itself.)
 */
static void late(void)
{
	draw(NULL);
	atexit(once);
}

/* OpenSSL ended by the program itself. */
static void cleanup(void)
{
	draw(NULL);
	OPENSSL_cleanup();
}

/* A second libcrypto in the process, with the same provider; both end by themselves. */
static int (*second_draw(void))(unsigned char *, int)
{
	void *second = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
	int (*bytes)(unsigned char *, int) = NULL;
	unsigned char out[16];

	need(second != NULL, "there is no libcrypto.so.3");
	*(void **)&bytes = dlsym(second, "RAND_bytes");
	need(bytes && bytes(out, sizeof(out)) == 1, "the second libcrypto does not draw");
	return bytes;
}

static void second_last(void)
{
	draw(NULL);
	second_draw();
}

static void second_first(void)
{
	second_draw();
	draw(NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {{"once", once},
	    {"threads", threads},
	    {"staying", staying},
	    {"forked", forked},
	    {"again", again},
	    {"leaked", leaked},
	    {"late", late},
	    {"cleanup", cleanup},
	    {"second_last", second_last},
	    {"second_first", second_first}};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (argc == 2 && strcmp(argv[1], ways[i].name))
			continue;
		if (argc == 2)
			ways[i].run();
		printf("%s\n", ways[i].name); /* without an argument: their names */
	}
	return 0;
}
