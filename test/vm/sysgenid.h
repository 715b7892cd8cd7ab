/* SPDX-License-Identifier: BSD-2-Clause */
/* test/vm: what the tests of /dev/sysgenid share: its requests, its counter, a change. */
#ifndef SYSGENID_H
#define SYSGENID_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "check.h"
#include "guest.h"
#include "rawid.h"

#define SYSGENID "/dev/sysgenid"
#define SET_WATCHER_TRACKING 0xE401u
#define WAIT_WATCHERS 0xE402u
#define TRIGGER_GEN_UPDATE 0xE403u
#define ONLY_SYNC "look_ms=0 notify=0 draws=0 sysgenid_map=1 "

static const volatile uint32_t *counter; /* mapped */

/* As AWS-LC does it: the descriptor is closed, and plain loads remain. */
static inline const volatile uint32_t *map_as_awslc(void)
{
	struct stat st;
	void *p;
	int fd;

	if (stat(SYSGENID, &st))
		return NULL;
	fd = open(SYSGENID, O_RDONLY);
	p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(uint32_t), PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static inline bool reaches(const volatile uint32_t *word, uint32_t value)
{
	for (int tries = 0; tries < PATIENCE_S * 100 && *word != value; tries++)
		usleep(10000);
	return *word == value;
}

/* A clone that the driver is made to notice; this counter follows when listeners were told. */
static inline void change(void)
{
	uint32_t before = *counter;
	struct vmgenc_event event;

	rawid_change();
	CHECK(node_sync(&event));
	CHECK(reaches(counter, before + 1));
}

static inline int watcher(int flags)
{
	int fd = open(SYSGENID, O_RDWR | O_CLOEXEC | flags);

	CHECK(fd >= 0);
	return fd;
}

static inline ssize_t take(int fd, uint32_t *value)
{
	return read(fd, value, sizeof(*value));
}

static inline ssize_t ack(int fd, uint32_t value)
{
	return write(fd, &value, sizeof(value));
}

#endif /* SYSGENID_H */
