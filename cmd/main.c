/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc(8) - finds the command. Each command is in a file of its name. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"status", cmd_status},	  {"wait", cmd_wait},	{"watch", cmd_watch},
	{"sync", cmd_sync},	  {"hooks", cmd_hooks}, {"doctor", cmd_doctor},
	{"openssl", cmd_openssl}, {"run", cmd_run},	{"sim", cmd_sim},
};

static const char help[] =
	"usage: vmgenc COMMAND [OPTION ...]\n"
	"Shows whether this virtual machine was cloned, waits for clones and acts on them.\n"
	"\n"
	"  status   print source, guarantee, generation and rekeys; exit code 0 if protected\n"
	"  wait     wait until the machine is cloned or restored\n"
	"  watch    print a line for each change\n"
	"  sync     make the kernel look at the id now, and rekey if it changed\n"
	"  hooks    run a directory of programs after each change\n"
	"  doctor   find out why this machine is not protected, and what to do\n"
	"  openssl  enable or disable the provider for OpenSSL\n"
	"  run      run a program whose generators a clone refreshes\n"
	"  sim      simulate driver and hypervisor in a file, for tests of other programs\n"
	"\n"
	"vmgenc COMMAND --help, or vmgenc help COMMAND, has the options, and examples.\n"
	"Exit codes: 0 yes or done, 1 no, 2 wrong usage, 3 trouble.\n";

/* If the caller closed descriptors 0 to 2, no file that we open may take such a number. */
static void have_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	static char dash_help[] = "--help";
	const char *name = argc > 1 ? argv[1] : "";

	have_standard_descriptors();
	if (!strcmp(name, "help") && argc > 2) {
		argv[1] = argv[2]; /* help COMMAND is COMMAND --help */
		argv[2] = dash_help;
		name = argv[1];
		argc = 3;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
		return fputs(help, stdout) < 0 ? EXIT_TROUBLE : say_done(EXIT_YES);
	if (!strcmp(name, "--version")) {
		printf("vmgenc %s\n", VMGENC_VERSION);
		return say_done(EXIT_YES);
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(name, commands[i].name))
			return say_done(commands[i].run(argc - 1, argv + 1));
	}
	return *name ? say_usage("there is no command %s", name) : say_usage("no command given");
}
