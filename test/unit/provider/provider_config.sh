#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit: openssl.cnf as people have it around the snippet, asked of the openssl program: which
# generator draws. Fails if a configuration ends it, or another generator draws than vmgenc-provider(7)
# says; or if a set-user-id program takes the configuration of the user who starts it.
set -eu
unset MAKEFLAGS
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir" && make -s install-provider PREFIX="$dir"
build/vmgenc sim "$dir/vm" create
export VMGENC_SOURCE="file:$dir/vm"
snippet=$dir/etc/ssl/vmgenc.cnf failed=0 passed=0
distribution='openssl_conf = openssl_init\n[openssl_init]\nproviders = provider_sect\n[provider_sect]\ndefault = default_sect\n[default_sect]\nactivate = 1\n'

draws() { # generator or none, what this is, file [, what starts openssl...]
	want=$1 what=$2 file=$3
	shift 3
	said=$(OPENSSL_CONF="$file" timeout 60 "$@" openssl list -random-instances 2>&1 | sed -n '2s/^ *\([A-Z-]*\) @ .*/\1/p')
	OPENSSL_CONF="$file" timeout 60 "$@" openssl rand -hex 4 >"$dir/out" 2>&1 || said=none
	[ "$said" = "$want" ] && passed=$((passed + 1)) && return
	failed=$((failed + 1)) && echo "$what: $said draws: $(cat "$dir/out")"
}

{ echo ".include $snippet" && printf "$distribution"; } >"$dir/first"
draws VMGENC-DRBG "the first line, as documented" "$dir/first"
{ printf "$distribution" && echo ".include $snippet"; } >"$dir/last"
draws VMGENC-DRBG "the last line" "$dir/last"
{ echo ".include $dir/self" && echo ".include $snippet" && printf "$distribution"; } >"$dir/self"
draws VMGENC-DRBG "a file that includes itself" "$dir/self"
printf ".include $snippet\n$distribution" | sed 's/openssl_init/my_init/g; s/provider_sect/mine/g' >"$dir/names"
draws CTR-DRBG "sections with other names" "$dir/names"
{ cat "$dir/first" && printf '[openssl_init]\nrandom = mine\n[mine]\nrandom = HASH-DRBG\ndigest = SHA256\n'; } >"$dir/random"
draws HASH-DRBG "random = after ours" "$dir/random"
{ cat "$dir/first" && printf '[openssl_init]\nalg_section = p\n[p]\ndefault_properties = provider=default\n'; } >"$dir/properties"
draws VMGENC-DRBG "default properties that name a provider" "$dir/properties"
{ cat "$dir/first" && printf '[vmgenc_sect]\nmodule = /nonexistent\n'; } >"$dir/gone"
draws none "a module that is gone" "$dir/gone"
echo ".include $dir/nonexistent" | cat - "$dir/last" >"$dir/absent"
draws VMGENC-DRBG "an included file that is gone" "$dir/absent"
if [ "$(id -u)" = 0 ]; then
	cp "$dir/first" "$dir/closed" && chmod 600 "$dir/closed" && chmod 644 "$dir/vm"
	draws CTR-DRBG "a file that the service may not read" "$dir/closed" setpriv --reuid 65534 --clear-groups
	printf '#include <openssl/rand.h>\n#include <openssl/evp.h>\n#include <stdio.h>\nint main(void) {
		return puts(EVP_RAND_get0_name(EVP_RAND_CTX_get0_rand(RAND_get0_public(NULL)))) < 0; }' |
		cc -x c - -o "$dir/suid" -lcrypto
	chown 65534 "$dir/suid" && chmod 4755 "$dir/suid"
	[ "$(OPENSSL_CONF=$dir/first "$dir/suid")" != VMGENC-DRBG ] || { failed=$((failed + 1)) && echo "a set-user-id program takes OPENSSL_CONF"; }
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
