/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the page of results.
 */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

/* From results as --json wrote them; output is NULL: to standard output. Returns 0 or an exit code. */
int report(const char *output, char *const *files);

#endif
