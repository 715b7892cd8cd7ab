/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd: vmgenc(8) - finds the command; everything else is in the file of its name. */
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
	{"openssl", cmd_openssl}, {"sim", cmd_sim},
};

static const char help[] =
	"usage: vmgenc COMMAND [OPTION ...]\n"
	"Has this virtual machine been cloned, and what was done about it?\n"
	"\n"
	"  status   source, guarantee, generation, rekeys; exit code 0 says protected\n"
	"  wait     until the machine is cloned or restored\n"
	"  watch    a line for each change\n"
	"  sync     have the kernel look now, and rekey if the machine was cloned\n"
	"  hooks    run a directory of programs after each change\n"
	"  doctor   why is this machine not protected, and what to do\n"
	"  openssl  switch the provider for OpenSSL on or off\n"
	"  sim      a file that plays device and hypervisor, for tests of other programs\n"
	"\n"
	"vmgenc COMMAND --help tells more, with examples.\n"
	"Exit codes: 0 yes or done, 1 no, 2 wrong usage, 3 trouble.\n";

/* Whoever starts us may have closed them; what we open must not pass for one of them. */
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
	const char *name = argc > 1 ? argv[1] : "";

	have_standard_descriptors();
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
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
