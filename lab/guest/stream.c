/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest: a program's output on its way to the host, for run.c of either system.
 */
#include "guest.h"

void report_stream(const char *from, uint64_t size)
{
	volatile char *ring = (volatile char *)report + report->records;

	for (uint64_t i = 0; i < size; i++) {
		uint64_t at = report->stream_written;

		while (at - __atomic_load_n(&report->stream_read, __ATOMIC_ACQUIRE) >=
		       report->stream_size)
			sleep_ns(1000000);
		ring[at % report->stream_size] = from[i];
		__atomic_store_n(&report->stream_written, at + 1, __ATOMIC_RELEASE);
	}
}
