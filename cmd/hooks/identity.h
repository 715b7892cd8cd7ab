/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: which machine this is, by what differs between copies and stays for one; and whether
 * it is another one than the machine that a record tells of. */
#ifndef VMGENC_CMD_IDENTITY_H
#define VMGENC_CMD_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#define MACHINE_MACS 8
#define MACHINE_TEXT 128

/* "" where a part is not known, or means nothing. */
struct machine {
	char uuid[17];		     /* a digest of DMI's product UUID, which only root may read */
	char macs[MACHINE_MACS][18]; /* permanent addresses of network cards, sorted */
	char instance[MACHINE_TEXT]; /* cloud-init's */
	char said[MACHINE_TEXT];     /* the administrator's: identity= */
	bool xen;		     /* xl makes up UUID and addresses that it is not given */
	bool stayed;		     /* UUID or address stayed when the machine was started anew */
};

/* What the administrator says in /etc/vmgenc/machine. */
struct said {
	bool rollback; /* change=rollback: a change while running is no copy */
	char identity[MACHINE_TEXT];
};

enum copy { COPY_NO, COPY_YES, COPY_UNKNOWN };

/* identity.c: reads what there is below root. A part that cannot be read is not known. */
void machine_read(const char *root, struct machine *m);
/* 0, also where there is no such file; else -1, with why. */
int said_read(const char *root, struct said *said, char *why, size_t why_size);

/* copy.c: only what is known of both counts. why: one clause, also where it is a copy. */
enum copy machine_compare(const struct machine *before, const struct machine *now, char *why,
			  size_t why_size);
/* What is recorded next: now, with what is not known now as it was before. */
void machine_keep(struct machine *before, const struct machine *now, bool other_id);
/* Two texts of a product UUID of one machine give one digest: see copy.c. */
void machine_digest(const char *uuid, char digest[17]);

#endif
