/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd/metrics: fingerprints of identities, as HMAC-SHA-256 with the fleet's key, cut to 128 bits.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hash.h"
#include "metrics.h"
#include "trust.h"

#define KEY_PATH VMGENC_CONF "/fleet-key"

/*
 * Where the administrator gives none. It still separates these fingerprints from all other uses
 * of SHA-256, but everybody knows it: values that can be guessed must not be hashed with it.
 */
static const char known_key[] = "vmgenc: this fleet has no key of its own";

static int refuse(struct fleet_key *key, const char *path, const char *why)
{
	memset(key, 0, sizeof(*key));
	say_log("no fingerprints are made, since the fleet's key %s %s", path, why);
	return -1;
}

static int load(struct fleet_key *key, const char *path)
{
	struct trust file;
	int error = trust_open(&file, NULL, path, O_RDONLY, 0);
	ssize_t n;

	if (error == -ENOENT || error == -ENOTDIR)
		return 0;
	if (error)
		return refuse(key, "cannot be used:", file.why);
	n = read(file.fd, key->bytes, sizeof(key->bytes));
	trust_close(&file);
	if (n < 0)
		return refuse(key, path, strerror(errno));
	if (file.st.st_mode & 077)
		return refuse(key, path, "is open to other users (chmod 600)");
	while (n > 0 && (key->bytes[n - 1] == '\n' || key->bytes[n - 1] == '\r'))
		n--;
	if (n < FLEET_KEY_MIN || n > FLEET_KEY_MAX)
		return refuse(key, path, "does not have 32 to 4096 bytes");
	key->size = (size_t)n;
	key->is_own = true;
	return 0;
}

void fleet_key_read(const char *root, struct fleet_key *key)
{
	char path[PATH_MAX];

	memset(key, 0, sizeof(*key));
	if (snprintf(path, sizeof(path), "%s" KEY_PATH, root) >= (int)sizeof(path))
		return;
	key->is_usable = !load(key, path);
	if (key->is_usable && !key->is_own) {
		key->size = sizeof(known_key);
		memcpy(key->bytes, known_key, sizeof(known_key));
	}
}

void fingerprint(const struct fleet_key *key, const char *kind, const void *value, size_t size,
		 char text[FINGERPRINT_SIZE])
{
	static const char purpose[] = "vmgenc identity 1";
	uint8_t tag[HASH_SIZE];
	struct hmac m;

	hmac_begin(&m, key->bytes, key->size);
	hmac_add(&m, purpose, sizeof(purpose));
	hmac_add(&m, kind, strlen(kind) + 1);
	hmac_add(&m, value, size);
	hmac_end(&m, tag);
	for (size_t i = 0; i < (FINGERPRINT_SIZE - 1) / 2; i++)
		snprintf(text + 2 * i, 3, "%02x", tag[i]);
}

void fleet_key_fingerprint(const struct fleet_key *key, char text[FINGERPRINT_SIZE])
{
	fingerprint(key, "fleet-key", "", 0, text);
}
