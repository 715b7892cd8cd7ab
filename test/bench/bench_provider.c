/* SPDX-License-Identifier: BSD-2-Clause */
/* test/bench: OpenSSL with the provider beside OpenSSL without it: RAND_bytes(), and TLS
 * handshakes with two servers that differ in nothing else. Both take turns, many times. */
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 201
#define DRAWS 4000
#define HANDSHAKES 10

/* Without and with the provider. */
struct side {
	OSSL_LIB_CTX *ctx;
	const char *socket;
};

struct round {
	double without, with, ratio; /* nanoseconds each; ratio of speeds, 1 is as fast */
};

static SSL_CTX *client;

static int fail(const char *what)
{
	fprintf(stderr, "bench_provider: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds of this thread on a processor, so that a busy machine disturbs less. */
static double draw(const struct side *s, size_t size)
{
	unsigned char value[1024];
	double start = now(CLOCK_THREAD_CPUTIME_ID);

	for (int i = 0; i < DRAWS; i++) {
		if (RAND_bytes_ex(s->ctx, value, size, 0) != 1)
			fail("RAND_bytes_ex failed");
	}
	return (now(CLOCK_THREAD_CPUTIME_ID) - start) / DRAWS;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("no server listens on its socket");
	return fd;
}

/* Until both have finished: the first bytes of TLS 1.3 from the server come after that. */
static void shake_hands(const char *path)
{
	int fd = connect_to(path);
	SSL *ssl = SSL_new(client);

	if (!ssl || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
		fail("the handshake failed");
	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

static double handshake(const struct side *s, size_t unused)
{
	double start = now(CLOCK_MONOTONIC);

	(void)unused;
	for (int i = 0; i < HANDSHAKES; i++)
		shake_hands(s->socket);
	return (now(CLOCK_MONOTONIC) - start) / HANDSHAKES;
}

static int by_ratio(const void *a, const void *b)
{
	double x = ((const struct round *)a)->ratio, y = ((const struct round *)b)->ratio;

	return (x > y) - (x < y);
}

/* Who goes first alternates, since what runs second may find a warmer or a busier machine. */
static void measure(const char *name, double (*run)(const struct side *, size_t), size_t size,
		    const struct side *without, const struct side *with)
{
	static struct round rounds[ROUNDS];
	const struct round *median = &rounds[ROUNDS / 2];

	run(without, size);
	run(with, size);
	for (int i = 0; i < ROUNDS; i++) {
		struct round *r = &rounds[i];

		if (i % 2)
			r->with = run(with, size);
		r->without = run(without, size);
		if (i % 2 == 0)
			r->with = run(with, size);
		r->ratio = r->without / r->with;
	}
	qsort(rounds, ROUNDS, sizeof(rounds[0]), by_ratio);
	printf("%-22s without %9.0f ns, with %9.0f ns; speed with/without: median %.3f "
	       "(quartiles %.3f, %.3f) of %d pairs\n",
	       name, median->without, median->with, median->ratio, rounds[ROUNDS / 4].ratio,
	       rounds[ROUNDS * 3 / 4].ratio, ROUNDS);
}

static OSSL_LIB_CTX *context(const char *configuration, const char *expected)
{
	OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();
	EVP_RAND_CTX *rand;

	if (!ctx || !OSSL_LIB_CTX_load_config(ctx, configuration))
		fail(configuration);
	rand = RAND_get0_public(ctx);
	if (!rand || strcmp(EVP_RAND_get0_name(EVP_RAND_CTX_get0_rand(rand)), expected))
		fail("a configuration gives another generator than it should");
	return ctx;
}

int main(int argc, char **argv)
{
	struct side without, with;

	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: bench_provider CNF CNF-WITH [SOCKET SOCKET-WITH]\n");
		return 2;
	}
	without = (struct side){context(argv[1], "CTR-DRBG"), argc > 3 ? argv[3] : NULL};
	with = (struct side){context(argv[2], "VMGENC-DRBG"), argc > 3 ? argv[4] : NULL};
	measure("RAND_bytes, 16 bytes", draw, 16, &without, &with);
	measure("RAND_bytes, 1024 bytes", draw, 1024, &without, &with);
	client = SSL_CTX_new(TLS_client_method());
	if (!client)
		fail("SSL_CTX_new");
	if (argc > 3)
		measure("nginx handshake", handshake, 0, &without, &with);
	SSL_CTX_free(client);
	OSSL_LIB_CTX_free(without.ctx);
	OSSL_LIB_CTX_free(with.ctx);
	return 0;
}
