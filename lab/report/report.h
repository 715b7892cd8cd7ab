/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: makes the page of results.
 */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

/*
 * Makes the page of files that --json wrote; files ends with NULL. output is the page's path, or
 * NULL for standard output. Returns 0 or, after a message, an exit code.
 */
int report(const char *output, char *const *files);

#endif
