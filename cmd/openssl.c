/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc doctor - asks OpenSSL whether it draws from the provider, in a child with the
 * system's configuration. The configuration files alone do not tell. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "doctor.h"

#define PATIENCE_MS 20000

extern char **environ;

#define FIRST_MODULE 7
static const char *const places[] = {"/etc/ssl/openssl.cnf",
				     "/etc/ssl/vmgenc.cnf",
				     "/etc/pki/tls/openssl.cnf",
				     "/usr/local/etc/ssl/vmgenc.cnf",
				     VMGENC_OPENSSL_CNF,
				     VMGENC_SNIPPET,
				     VMGENC_CONF "/provider.cnf",
				     "/usr/lib/*/ossl-modules/vmgenc.so",
				     "/usr/lib/ossl-modules/vmgenc.so",
				     "/usr/lib64/ossl-modules/vmgenc.so",
				     "/usr/local/lib/ossl-modules/vmgenc.so",
				     "/usr/local/lib64/ossl-modules/vmgenc.so"};

/* Our environment, but OpenSSL reads the given configuration, or else the one that services read.
 */
static char **plain_environment(char *configuration)
{
	size_t count = 0, kept = 0;
	char **list;

	while (environ[count])
		count++;
	list = calloc(count + 2, sizeof(*list));
	for (size_t i = 0; list && i < count; i++) {
		if (strncmp(environ[i], "OPENSSL_", 8) != 0)
			list[kept++] = environ[i];
	}
	if (list && *configuration)
		list[kept] = configuration;
	return list;
}

static pid_t start(const char *configuration, int *out)
{
	char setting[PATH_MAX + 32] = "";
	char *arguments[] = {"openssl", "list", "-random-instances", NULL};
	posix_spawn_file_actions_t actions;
	char **environment;
	int pipes[2];
	pid_t child = -1;

	if (configuration)
		snprintf(setting, sizeof(setting), "OPENSSL_CONF=%s", configuration);
	environment = plain_environment(setting);
	if (!environment || pipe2(pipes, O_CLOEXEC)) {
		free(environment);
		return -1;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&child, "openssl", &actions, NULL, arguments, environment))
		child = -1;
	posix_spawn_file_actions_destroy(&actions);
	free(environment);
	close(pipes[1]);
	*out = pipes[0];
	if (child < 0)
		close(pipes[0]);
	return child;
}

/* Reads the child's output until it ends, and kills it if that takes too long. */
static bool listen_to(pid_t child, int out, char *text, size_t size)
{
	struct pollfd p = {.fd = out, .events = POLLIN};
	int64_t deadline = now_ms() + PATIENCE_MS;
	size_t length = 0;
	int status = -1;
	ssize_t n = 1;

	while (n > 0 && length < size - 1) {
		int64_t left = deadline - now_ms();

		n = left > 0 && poll(&p, 1, (int)left) > 0
			    ? read(out, text + length, size - 1 - length)
			    : -1;
		length += n > 0 ? (size_t)n : 0;
	}
	text[length] = '\0';
	close(out);
	if (n)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}

/* The output has a line "  NAME @ provider" after each of primary:, public: and private: */
enum openssl_answer openssl_ask(const char *configuration, char generator[64])
{
	char text[4096];
	int out, seen = 0;
	pid_t child = start(configuration, &out);

	*generator = '\0';
	if (child < 0)
		return OPENSSL_ABSENT;
	if (!listen_to(child, out, text, sizeof(text)))
		return OPENSSL_FAILS;
	for (char *at = text; (at = strstr(at, " @ ")); at++, seen++) {
		const char *begin = at;

		while (begin > text && begin[-1] > ' ')
			begin--;
		snprintf(generator, 64, "%.*s", (int)(at - begin), begin);
		if (strcmp(generator, "VMGENC-DRBG") != 0)
			return OPENSSL_OTHER;
	}
	return seen == 3 ? OPENSSL_OURS : OPENSSL_FAILS;
}

static bool installed(void)
{
	for (size_t i = FIRST_MODULE; i < sizeof(places) / sizeof(places[0]); i++) {
		char full[PATH_MAX];
		glob_t files;
		int found;

		snprintf(full, sizeof(full), "%s%s", doctor_root, places[i]);
		found = glob(full, 0, NULL, &files);
		globfree(&files);
		if (!found)
			return true;
	}
	return false;
}

int64_t openssl_configured(void)
{
	int64_t newest = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char full[PATH_MAX];
		struct stat st;
		glob_t files;

		snprintf(full, sizeof(full), "%s%s", doctor_root, places[i]);
		if (!glob(full, 0, NULL, &files) && !stat(files.gl_pathv[0], &st) &&
		    st.st_ctim.tv_sec > newest)
			newest = st.st_ctim.tv_sec;
		globfree(&files);
	}
	return newest;
}

static void check_modes(void)
{
	for (size_t i = 0; i < FIRST_MODULE; i++) {
		char full[PATH_MAX];
		struct stat st;
		size_t first = 0;

		while (strcmp(places[first], places[i]) != 0)
			first++;
		if (first < i) /* a place that the build says, and known anyway */
			continue;

		snprintf(full, sizeof(full), "%s%s", doctor_root, places[i]);
		if (!stat(full, &st) && !(st.st_mode & S_IROTH))
			bad("chmod o+r it; OpenSSL silently continues without it",
			    "services that do not run as root cannot read %s", places[i]);
	}
}

void doctor_openssl(void)
{
	char generator[64];

	check_modes();
	if (*doctor_root) { /* another system's program is not run */
		if (installed())
			good("the OpenSSL provider is installed; run vmgenc doctor on that system "
			     "to find out whether it is active");
		else
			bad("install the provider vmgenc and see vmgenc-provider(7)",
			    "OpenSSL's generators do not notice clones");
		return;
	}
	switch (openssl_ask(NULL, generator)) {
	case OPENSSL_OURS:
		good("OpenSSL draws from the provider (VMGENC-DRBG)");
		break;
	case OPENSSL_ABSENT:
		bad("install the program openssl, or look for vmgenc.so in /proc/PID/maps",
		    "OpenSSL cannot be asked which generator it uses");
		break;
	case OPENSSL_FAILS:
		bad("see openssl list -random-instances, and vmgenc-provider(7)",
		    "OpenSSL cannot draw with this configuration");
		break;
	case OPENSSL_OTHER:
		bad(installed()
			    ? "vmgenc openssl enable; if it is enabled, another random = or other "
			      "section names override it, see vmgenc-provider(7)"
			    : "install the provider vmgenc and see vmgenc-provider(7)",
		    "OpenSSL draws from %s, which does not notice clones", generator);
		break;
	}
}
