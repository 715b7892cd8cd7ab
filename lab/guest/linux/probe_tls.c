/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/guest/linux: begins a TLS 1.2 handshake (RFC 5246) and reads the random value in the
 * ServerHello, which is not encrypted. Its last 8 bytes can be the mark of a server that supports
 * 1.3 (RFC 8446).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"
#include "socket.h"

/* ECDHE-ECDSA-AES128-GCM-SHA256 on P-256, signed with SHA-256, and a random value of zeros. */
static const uint8_t client_hello[] = {
	0x16, 0x03, 0x01, 0x00, 69,	    /* a handshake record of so many bytes */
	0x01, 0x00, 0x00, 65,	0x03, 0x03, /* ClientHello of so many, TLS 1.2 */
	0,    0,    0,	  0,	0,    0,    0,	  0,	0, 0, 0, 0, 0, 0, 0, 0, 0,
	0,    0,    0,	  0,	0,    0,    0,	  0,	0, 0, 0, 0, 0, 0, 0, /* the client's random
										value */
	0x00,								     /* no session */
	0x00, 0x02, 0xc0, 0x2b,						     /* one cipher suite */
	0x01, 0x00,							     /* no compression */
	0x00, 22,					/* extensions of so many bytes */
	0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17, /* groups: secp256r1 */
	0x00, 0x0b, 0x00, 0x02, 0x01, 0x00,		/* uncompressed points */
	0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03, /* signatures: ecdsa, sha256 */
};

_Static_assert(sizeof(client_hello) == 5 + 69, "the lengths above are right");

#define RANDOM_AT 11 /* behind the headers of record and handshake, and the version */

void tls_server_random(const char *path, uint8_t value[LAB_VALUE_SIZE])
{
	uint8_t answer[RANDOM_AT + LAB_VALUE_SIZE];
	int fd = socket_connect(path);

	if (fd < 0)
		fail("the TLS server no longer listens: %s", strerror(errno));
	send_all(fd, client_hello, sizeof(client_hello));
	receive_all(fd, answer, sizeof(answer));
	if (answer[0] != 0x16 || answer[5] != 0x02)
		fail("the TLS server answered with record %u, message %u instead of ServerHello",
		     answer[0], answer[5]);
	memcpy(value, answer + RANDOM_AT, LAB_VALUE_SIZE);
	close(fd);
}
