/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: OpenSSL's rules for which algorithm fits a property query, property(7ossl). */
#ifndef PROPERTIES_H
#define PROPERTIES_H

/*
 * How many clauses of the query the definition fulfils, or -1 if it lacks one that is not
 * optional. Either may be NULL: no clause. A query with something in it that is no clause counts
 * as none, as it does for OpenSSL.
 */
int properties_fit(const char *query, const char *definition);

#endif
