/* SPDX-License-Identifier: BSD-2-Clause */
/* test/unit/guard: a program that nobody changed. Each argument is a step; it prints what the calls
 * did. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libraries.h"

/* In place of the C library's, for what the guard draws. */
ssize_t getrandom(void *to, size_t size, unsigned int flags)
{
	be_cloned();
	calls.kernel++;
	return syscall(SYS_getrandom, to, size, flags);
}

static void *draw(void *unused)
{
	unsigned char value[16] = "";
	int code = gnutls_rnd(2, value, sizeof(value));

	(void)unused;
	printf("rnd %d of seed %u\n", code, value[0]);
	return NULL;
}

static void draw_in_thread(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, draw, NULL))
		pthread_join(thread, NULL);
}

static void draw_in_child(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		draw(NULL);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void generate(void)
{
	struct calls *c = &calls;

	printf("others %d %d %d %d %d %d %d\n", gnutls_handshake(c), gnutls_key_generate(c, 20),
	       gnutls_session_ticket_key_generate(c), gnutls_privkey_generate(c, 1, 20, 300),
	       gnutls_privkey_generate2(c, 1, 20, 300, c, 4000),
	       gnutls_x509_privkey_generate(c, 2, 20, 300),
	       gnutls_x509_privkey_generate2(c, 2, 20, 300, c, 4000));
}

static void nonce(void)
{
	char value[8] = "";

	gcry_create_nonce(value, 7);
	printf("nonce %s\n", strcmp(value, "nnnnnnn") ? "kernel's" : "own");
}

static void arc4(void)
{
	unsigned char a[64] = {0}, b[64] = {0};
	unsigned int below = 0;

	arc4random_buf(a, sizeof(a));
	arc4random_buf(b, sizeof(b));
	for (int i = 0; i < 1000; i++)
		below += arc4random_uniform(10) < 10;
	printf("arc4random %d %u %u %d\n", memcmp(a, b, sizeof(a)) != 0, below, arc4random_uniform(1),
	       arc4random() != arc4random());
}

/* Daemons close what they did not open. */
static void close_all(void)
{
	for (int fd = 3; fd < 1000; fd++)
		close(fd);
}

static void step(const char *name)
{
	if (!strcmp(name, "draw"))
		draw(NULL);
	else if (!strcmp(name, "thread"))
		draw_in_thread();
	else if (!strcmp(name, "child"))
		draw_in_child();
	else if (!strcmp(name, "generate"))
		generate();
	else if (!strcmp(name, "nonce"))
		nonce();
	else if (!strcmp(name, "arc4random"))
		arc4();
	else if (!strcmp(name, "close"))
		close_all();
	else if (!strcmp(name, "calls"))
		printf("calls %u %u %u %u\n", calls.refresh, calls.draw, calls.nonce, calls.kernel);
	else if (!strncmp(name, "within:", 7))
		in_a_draw = name + 7;
	else if (system(name))
		exit(9);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		step(argv[i]);
	return 0;
}
