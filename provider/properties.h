/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: OpenSSL's rules for matching a property query, property(7ossl). */
#ifndef PROPERTIES_H
#define PROPERTIES_H

/*
 * Returns how many clauses of the query the definition matches, or -1 if it does not match one that
 * is not optional. Either may be NULL, which has no clauses. An invalid query counts as one without
 * clauses, as it does for OpenSSL.
 */
int properties_fit(const char *query, const char *definition);

#endif
