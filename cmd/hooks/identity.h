/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/hooks: identifies this machine by what differs between copies but stays the same for one
 * machine, and compares it with the machine in a record. */
#ifndef VMGENC_CMD_IDENTITY_H
#define VMGENC_CMD_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_MACS 8
#define MACHINE_TEXT 128

/* A part that is unknown or meaningless is "". */
struct machine {
	char uuid[17];		     /* a digest of DMI's product UUID, which only root may read */
	char macs[MACHINE_MACS][18]; /* permanent addresses of network cards, sorted */
	char instance[MACHINE_TEXT]; /* cloud-init's */
	char said[MACHINE_TEXT];     /* the administrator's: identity= */
	bool xen;    /* on Xen, xl invents a UUID and addresses if it is given none */
	bool stayed; /* the UUID was the same after the machine was started anew */
	bool live; /* the UUID is what the host says now, not what it said at the boot; not recorded
		    */
};

/* What a change while running means, if the administrator says it. */
enum change { CHANGE_UNSAID, CHANGE_COPY, CHANGE_ROLLBACK };

/* What the administrator says in /etc/vmgenc/machine. */
struct said {
	enum change change;
	char identity[MACHINE_TEXT];
};

enum copy { COPY_NO, COPY_YES, COPY_UNKNOWN };

/* identity.c: reads the machine's parts below root. A part that cannot be read is unknown. */
void machine_read(const char *root, struct machine *m);
/* Returns 0, also if the file does not exist, or -1 with the reason in why. */
int said_read(const char *root, struct said *said, char *why, size_t why_size);

/* smbios.c: the product UUID of the machine that QEMU runs now, as digits; false where there is
 * none. */
bool smbios_uuid(const char *root, char text[33]);

/* copy.c: compares the parts that are known of both. Sets why to a clause with the reason. */
enum copy machine_compare(const struct machine *before, const struct machine *now, char *why,
			  size_t why_size);
/* Updates the recorded machine from now, and keeps recorded parts that are unknown now. */
void machine_keep(struct machine *before, const struct machine *now, bool other_id);
/* Gives the same digest for both byte orders of a product UUID; see copy.c. */
void machine_digest(const char *uuid, char digest[17]);

#endif
