/* SPDX-License-Identifier: BSD-2-Clause */
/* lib: reads the driver's sysctls, for processes that cannot see its device (sysctl:). */
#include <errno.h>
#include <unistd.h>

#include "sysctl.h"

int sysctl_number(int fd, uint64_t *value)
{
	char text[24];
	uint64_t number = 0;
	ssize_t n, i;

	do
		n = pread(fd, text, sizeof(text), 0);
	while (n < 0 && errno == EINTR);
	for (i = 0; i < n && i < 20 && text[i] >= '0' && text[i] <= '9'; i++) {
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(text[i] - '0'), &number))
			return -EIO;
	}
	if (i <= 0 || i + (text[i] == '\n') != n)
		return -EIO;
	*value = number;
	return 0;
}
