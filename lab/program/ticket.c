/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/program: a TLS client in the guest that shows the key with which a server seals its session
 * tickets, by its name: OpenSSL draws name and keys together (RFC 5077 section 4 has the form of
 * a ticket). For each byte that it reads it writes the 16 of a name.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME_SIZE 16

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return fd;
}

/* With TLS 1.2 the ticket is part of the handshake. */
static int ask(SSL_CTX *ctx, const char *path, unsigned char name[NAME_SIZE])
{
	const unsigned char *ticket = NULL;
	size_t length = 0;
	int fd = open_socket(path);
	SSL *ssl = SSL_new(ctx);

	if (fd >= 0 && ssl && SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1)
		SSL_SESSION_get0_ticket(SSL_get_session(ssl), &ticket, &length);
	if (length >= NAME_SIZE)
		memcpy(name, ticket, NAME_SIZE);
	SSL_free(ssl);
	if (fd >= 0)
		close(fd);
	return length >= NAME_SIZE ? 0 : -1;
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	unsigned char name[NAME_SIZE];
	char request;

	if (argc != 2 || !ctx || !SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION))
		return 2;
	while (read(STDIN_FILENO, &request, 1) == 1) {
		if (ask(ctx, argv[1], name)) {
			ERR_print_errors_fp(stderr);
			return 1;
		}
		if (write(STDOUT_FILENO, name, sizeof(name)) != sizeof(name))
			return 1;
	}
	SSL_CTX_free(ctx);
	return 0;
}
