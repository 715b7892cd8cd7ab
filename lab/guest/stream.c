/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest: sends a program's output to the host, for run.c of both systems.
 */
#include "guest.h"

void report_stream(const char *from, uint64_t size)
{
	volatile char *ring = (volatile char *)exchange + exchange->records;

	for (uint64_t i = 0; i < size; i++) {
		uint64_t at = exchange->stream_written;

		while (at - __atomic_load_n(&exchange->stream_read, __ATOMIC_ACQUIRE) >=
		       exchange->stream_size)
			sleep_ns(1000000);
		ring[at % exchange->stream_size] = from[i];
		__atomic_store_n(&exchange->stream_written, at + 1, __ATOMIC_RELEASE);
	}
}
