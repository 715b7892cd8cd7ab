/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: rekeys the kernel for sources without a driver to do it (vmclock:), or makes the driver look
 * if there is no descriptor to ask it (sysctl:). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rekey.h"

#ifdef __linux__
#include <linux/random.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/syscall.h>

/*
 * How long it takes to read the clock differs in clones, also if they resume with the same page and
 * the same time. How much of that the owner of a clone can guess about another was not measured, so
 * it does not count.
 */
static bool mix_timing(int fd)
{
	uint32_t samples[REKEY_SAMPLES];
	struct timespec t;
	bool mixed;

	for (size_t i = 0; i < REKEY_SAMPLES; i++) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		samples[i] = (uint32_t)t.tv_nsec;
	}
	mixed = write(fd, samples, sizeof(samples)) == (ssize_t)sizeof(samples);
	explicit_bzero(samples, sizeof(samples)); /* not for the next snapshot */
	return mixed;
}

int rekey_kernel(const void *fresh, size_t size)
{
	int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -EIO;
	if (write(fd, fresh, size) != (ssize_t)size || !mix_timing(fd))
		err = -EIO;
	else if (ioctl(fd, RNDRESEEDCRNG, 0))
		err = errno == EPERM || errno == ENODATA ? -errno : -EIO;
	close(fd);
	return err;
}

/* A system call, since getrandom(3) may draw in the vDSO. */
void draw_from_kernel(void)
{
	unsigned char byte;

	syscall(SYS_getrandom, &byte, sizeof(byte), GRND_NONBLOCK);
}
#else
/* Other systems have neither a VMClock driver nor a call to rekey. */
int rekey_kernel(const void *fresh, size_t size)
{
	(void)fresh;
	(void)size;
	return -EPERM;
}

void draw_from_kernel(void)
{
}
#endif
