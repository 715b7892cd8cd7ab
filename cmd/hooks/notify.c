/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: tells systemd that the service is ready, alive, and what it does: sd_notify(3)'s
 * protocol, a datagram of text. By hand, since the program is static and libsystemd is not. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hooks.h"
#include "os.h"

static struct sockaddr_un address;
static socklen_t address_size;
static int channel = -1;
static int64_t interval_ms = -1, last_ms;

/* WATCHDOG_USEC is for us only if WATCHDOG_PID says so, or is not there. */
static void read_watchdog(void)
{
	const char *usec = secure_getenv("WATCHDOG_USEC"), *pid = secure_getenv("WATCHDOG_PID");
	long long value = usec ? atoll(usec) : 0;

	if (value >= 4000 && (!pid || atoll(pid) == (long long)getpid()))
		interval_ms = value / 4000;
}

void notify_open(void)
{
	const char *path = secure_getenv("NOTIFY_SOCKET");
	size_t length = path ? strlen(path) : 0;

	if (length < 2 || length >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return;
	channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (channel < 0) {
		say_log("systemd cannot be told: %s", strerror(errno));
		return;
	}
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0';
	address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	read_watchdog();
}

void notify(const char *format, ...)
{
	char text[512];
	va_list args;
	int length;

	if (channel < 0)
		return;
	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length >= (int)sizeof(text))
		length = (int)sizeof(text) - 1;
	if (sendto(channel, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (const struct sockaddr *)&address, address_size) < 0)
		say_log("systemd cannot be told: %s", strerror(errno));
}

int64_t notify_interval_ms(void)
{
	return interval_ms;
}

void notify_alive(void)
{
	int64_t now = now_ms();

	if (interval_ms < 0 || (last_ms && now - last_ms < interval_ms / 2))
		return;
	last_ms = now;
	notify("WATCHDOG=1");
}
