/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: starts Debian's programs, without and with the provider, and requests values
 * from them. The programs are unchanged; only the configuration that OPENSSL_CONF names differs.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "socket.h"

#define POSTGRES_USER 1000
#define POSTGRES_SOCKET "/tmp/.s.PGSQL.5432"
#define NGINX_SOCKET "/tmp/nginx.socket"

static char *const rand_argv[] = {"/usr/bin/probe-rand", NULL};
static char *const gnutls_argv[] = {"/usr/bin/probe-library", "gnutls", NULL};
static char *const libgcrypt_argv[] = {"/usr/bin/probe-library", "libgcrypt", NULL};
static char *const glibc_argv[] = {"/usr/bin/probe-glibc", NULL};
static char *const ticket_argv[] = {"/usr/bin/probe-ticket", NGINX_SOCKET, NULL};
static char *const nginx_argv[] = {"/usr/sbin/nginx", "-c", "/etc/nginx.conf", NULL};
static char *const postgres_argv[] = {"/usr/bin/postgres",
				      "-D",
				      "/data",
				      "-k",
				      "/tmp",
				      "-h",
				      "",
				      "-c",
				      "fsync=off",
				      "-c",
				      "jit=off",
				      "-c",
				      "autovacuum=off",
				      "-c",
				      "shared_buffers=16MB",
				      "-c",
				      "dynamic_shared_memory_type=mmap",
				      NULL};

static pid_t server; /* the program that all workers share, or 0 */

static const char *const *environment(enum lab_generator kind)
{
	static const char *const plain[] = {"OPENSSL_CONF=/etc/ssl/openssl.cnf", NULL};
	static const char *const provider[] = {"OPENSSL_CONF=/etc/ssl/vmgenc.cnf", NULL};
	static const char *const guard[] = {"LD_PRELOAD=/usr/local/lib/vmgenc/libvmgenc-guard.so",
					    NULL};

	if (kind == LAB_GNUTLS_GUARD || kind == LAB_LIBGCRYPT_GUARD)
		return guard;
	return generator_table[kind].ours ? provider : plain;
}

/*
 * Send the program's messages to the kernel's log, whose end the host shows if the guest fails.
 * io is the program's standard input and output, or -1.
 */
static pid_t spawn(enum lab_generator kind, char *const argv[], uid_t user, int io)
{
	int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid) {
		close(log);
		return pid;
	}
	dup2(log, STDERR_FILENO);
	if (io >= 0 && (dup2(io, STDIN_FILENO) < 0 || dup2(io, STDOUT_FILENO) < 0))
		_exit(126);
	if (user && (setgid(user) || setuid(user)))
		_exit(126);
	execve(argv[0], argv, (char *const *)environment(kind));
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int give_away(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)where;
	if (type == FTW_D && chmod(path, 0700))
		return -1;
	return chown(path, POSTGRES_USER, POSTGRES_USER);
}

static void start_postgres(enum lab_generator kind)
{
	if (nftw("/data", give_away, 16, FTW_PHYS) || chmod("/tmp", 01777))
		fail("cannot give /data to PostgreSQL: %s", strerror(errno));
	server = spawn(kind, postgres_argv, POSTGRES_USER, -1);
}

static void wait_for(const char *path)
{
	int fd;

	while ((fd = socket_connect(path)) < 0) {
		if (waitpid(server, NULL, WNOHANG) == server)
			fail("the program under test ended before it listened on %s", path);
		sleep_ns(20000000);
	}
	close(fd);
}

static bool has_program(enum lab_generator kind)
{
	switch (generator_table[kind].probe) {
	case LAB_PROBE_UUID:
	case LAB_PROBE_SYSGENID:
		return true;
	case LAB_PROBE_GLIBC:
		return !access(glibc_argv[0], X_OK);
	case LAB_PROBE_OPENSSL:
		return !access(rand_argv[0], X_OK);
	case LAB_PROBE_GNUTLS:
	case LAB_PROBE_LIBGCRYPT:
		return !access(gnutls_argv[0], X_OK);
	case LAB_PROBE_POSTGRES:
		return !access(postgres_argv[0], X_OK);
	default:
		return !access(nginx_argv[0], X_OK);
	}
}

/* Without a device, the provider cannot detect clones. */
uint32_t probe_generators(void)
{
	bool device = !access("/dev/vmgenc", R_OK);
	uint32_t there = 0;

	for (int g = 0; g < LAB_GENERATORS; g++) {
		enum lab_generator kind = (enum lab_generator)g;

		if (generator_table[kind].probe && has_program(kind) &&
		    (device || !generator_table[kind].ours))
			there |= 1u << g;
	}
	return there;
}

void probe_start(enum lab_generator kind)
{
	if (generator_table[kind].probe == LAB_PROBE_NGINX) {
		server = spawn(kind, nginx_argv, 0, -1);
		wait_for(NGINX_SOCKET);
	} else if (generator_table[kind].probe == LAB_PROBE_POSTGRES) {
		start_postgres(kind);
		wait_for(POSTGRES_SOCKET);
	}
}

void probe_stop(void)
{
	if (!server)
		return;
	/* Both programs end at once and leave no socket behind. */
	kill(server, SIGINT);
	while (waitpid(server, NULL, 0) < 0 && errno == EINTR)
		;
	unlink(NGINX_SOCKET);
	server = 0;
}

/* Start a program that answers each byte with a value. */
static void open_answerer(struct generator *g, char *const argv[])
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		fail("socketpair: %s", strerror(errno));
	g->pid = spawn(g->kind, argv, 0, ends[1]);
	close(ends[1]);
	g->fd = ends[0];
}

static void open_postgres(struct generator *g)
{
	char query[120], none[8];

	g->fd = postgres_connect(POSTGRES_SOCKET);
	snprintf(query, sizeof(query), "DROP ROLE IF EXISTS p%u; CREATE ROLE p%u", g->cpu, g->cpu);
	postgres_query(g->fd, query, none, sizeof(none));
}

void probe_open(struct generator *g)
{
	g->fd = -1;
	g->pid = 0;
	if (generator_table[g->kind].probe == LAB_PROBE_OPENSSL)
		open_answerer(g, rand_argv);
	else if (generator_table[g->kind].probe == LAB_PROBE_GNUTLS)
		open_answerer(g, gnutls_argv);
	else if (generator_table[g->kind].probe == LAB_PROBE_LIBGCRYPT)
		open_answerer(g, libgcrypt_argv);
	else if (generator_table[g->kind].probe == LAB_PROBE_GLIBC)
		open_answerer(g, glibc_argv);
	else if (g->kind == LAB_TICKET || g->kind == LAB_TICKET_PROVIDER)
		open_answerer(g, ticket_argv);
	else if (generator_table[g->kind].probe == LAB_PROBE_POSTGRES)
		open_postgres(g);
	else if (g->kind == LAB_SYSGENID)
		sysgenid_open(g);
}

void probe_close(struct generator *g)
{
	if (g->kind == LAB_SYSGENID)
		sysgenid_close(g);
	if (g->fd >= 0)
		close(g->fd);
	if (g->pid && waitpid(g->pid, NULL, 0) != g->pid)
		fail("waitpid: %s", strerror(errno));
}

/* Read all hexadecimal digits, up to 128 bits. */
static void hex_value(const char *text, uint8_t value[LAB_VALUE_SIZE])
{
	unsigned int digits = 0, digit;
	char one[2] = "";

	memset(value, 0, LAB_VALUE_SIZE);
	for (; *text && digits < 2 * LAB_VALUE_SIZE; text++) {
		one[0] = *text;
		if (sscanf(one, "%1x", &digit) != 1)
			continue;
		value[digits / 2] |= (uint8_t)(digits % 2 ? digit : digit << 4);
		digits++;
	}
	if (digits != 2 * LAB_VALUE_SIZE)
		fail("a program under test returned no UUID");
}

static void kernel_uuid(uint8_t value[LAB_VALUE_SIZE])
{
	char text[40] = "";
	int fd = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 36)
		fail("cannot read /proc/sys/kernel/random/uuid: %s", strerror(errno));
	close(fd);
	hex_value(text, value);
}

/* The salt follows "SCRAM-SHA-256$4096:"; 16 of its base64 digits have 96 bits. */
static void scram_salt(struct generator *g, uint8_t value[LAB_VALUE_SIZE])
{
	char query[160], text[40];

	snprintf(query, sizeof(query),
		 "ALTER ROLE p%u PASSWORD 'x'; "
		 "SELECT substr(rolpassword, 20, 24) FROM pg_authid WHERE rolname = 'p%u'",
		 g->cpu, g->cpu);
	postgres_query(g->fd, query, text, sizeof(text));
	if (strlen(text) != 24)
		fail("PostgreSQL returned \"%s\" instead of a SCRAM salt", text);
	memcpy(value, text, LAB_VALUE_SIZE);
}

static void answer(struct generator *g, uint8_t value[LAB_VALUE_SIZE])
{
	send_all(g->fd, "", 1);
	receive_all(g->fd, value, LAB_VALUE_SIZE);
}

/*
 * nginx makes its ticket keys when it reads its configuration. Its old workers may answer until
 * they stop listening, so ignore a key that was seen before. Serve one CPU at a time, or it would
 * take the key that another one requested.
 */
static void ticket_key(struct generator *g, uint8_t value[LAB_VALUE_SIZE])
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static uint8_t seen[4][LAB_VALUE_SIZE];
	static unsigned int next;
	bool old = true;

	pthread_mutex_lock(&lock);
	answer(g, seen[next++ % 4]);
	kill(server, SIGHUP);
	while (old) {
		answer(g, value);
		old = false;
		for (int i = 0; i < 4; i++)
			old |= !memcmp(value, seen[i], LAB_VALUE_SIZE);
		if (old)
			sleep_ns(5000000);
	}
	memcpy(seen[next++ % 4], value, LAB_VALUE_SIZE);
	pthread_mutex_unlock(&lock);
}

void probe_draw(struct generator *g, uint8_t value[LAB_VALUE_SIZE])
{
	char text[40];

	switch (g->kind) {
	case LAB_UUID:
		kernel_uuid(value);
		break;
	case LAB_SYSGENID:
		sysgenid_draw(g, value);
		break;
	case LAB_GLIBC:
	case LAB_OPENSSL:
	case LAB_OPENSSL_PROVIDER:
	case LAB_GNUTLS:
	case LAB_GNUTLS_GUARD:
	case LAB_LIBGCRYPT:
	case LAB_LIBGCRYPT_GUARD:
		answer(g, value);
		break;
	case LAB_TICKET:
	case LAB_TICKET_PROVIDER:
		ticket_key(g, value);
		break;
	case LAB_POSTGRES:
	case LAB_POSTGRES_PROVIDER:
		postgres_query(g->fd, "SELECT gen_random_uuid()", text, sizeof(text));
		hex_value(text, value);
		break;
	case LAB_SCRAM:
	case LAB_SCRAM_PROVIDER:
		scram_salt(g, value);
		break;
	default:
		tls_server_random(NGINX_SOCKET, value);
	}
}
