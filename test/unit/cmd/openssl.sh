#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/cmd: vmgenc openssl, on copies of openssl.cnf. Fails if OpenSSL does not draw by the provider
# once it is on, if it is not undone to the byte, if a mode is lost, or if a configuration is written that
# OpenSSL cannot draw with.
set -eu
unset MAKEFLAGS
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
make -s install-provider PREFIX="$dir"
build/vmgenc sim "$dir/vm" create
export VMGENC_SOURCE="file:$dir/vm"
snippet=$dir/etc/ssl/vmgenc.cnf cnf=$dir/openssl.cnf passed=0 failed=0
distribution='openssl_conf = openssl_init\n[openssl_init]\nproviders = provider_sect\n[provider_sect]\ndefault = default_sect\n[default_sect]\nactivate = 1\n'
wrong() { echo "openssl: $*" && failed=$((failed + 1)); }
ok() { passed=$((passed + 1)); }
on() { OPENSSL_CONF=$cnf openssl list -random-instances | grep -q VMGENC-DRBG; }
run() { # exit code, word: on this configuration
	code=0
	build/vmgenc openssl "$2" --config "$cnf" --snippet "$snippet" >"$dir/said" 2>&1 || code=$?
	[ $code = "$1" ] || wrong "$2 ended with $code and not $1: $(cat "$dir/said")"
	[ ! -e "$cnf.vmgenc" ] || wrong "$2 left $cnf.vmgenc"
}
same() { if cmp -s "$cnf" "$dir/was" && [ "$(stat -c %a "$cnf")" = 640 ]; then ok; else wrong "$1"; fi; }

for text in "$distribution" "$distribution# no end of line" "#a\r\n$distribution"; do
	printf "$text" >"$cnf" && chmod 640 "$cnf" && cp "$cnf" "$dir/was"
	run 0 disable && same "nothing to undo, but changed"
	run 0 enable && if on && [ "$(wc -l <"$cnf")" = $(($(wc -l <"$dir/was") + 1)) ]; then ok; else wrong "not on"; fi
	run 0 enable && if [ "$(grep -c vmgenc.cnf "$cnf")" = 1 ]; then ok; else wrong "on twice"; fi
	echo "# an edit meanwhile" >>"$cnf" && echo "# an edit meanwhile" >>"$dir/was"
	: >"$cnf.vmgenc" # of a run that was killed
	run 0 disable && same "not undone to the byte"
done
ln -s openssl.cnf "$dir/link" && cnf=$dir/link && run 0 enable && cnf=$dir/openssl.cnf
if [ -L "$dir/link" ] && on; then ok; else wrong "by a link: not on, or the link is gone"; fi
run 0 disable && same "by a link: not undone"
sed -i 's/openssl_init/my_init/' "$cnf" && cp -p "$cnf" "$dir/was"
run 1 enable && same "sections with other names, but changed"
printf "$distribution" >"$cnf" && cp -p "$cnf" "$dir/was" && mv "$dir/lib/ossl-modules/vmgenc.so" "$dir/module"
run 3 enable && same "without its module, but changed"
build/vmgenc openssl enable --config "$cnf" --snippet "$dir/none" 2>/dev/null || [ $? != 3 ] || { ok && same "without a snippet, but changed"; }
mv "$dir/module" "$dir/lib/ossl-modules/vmgenc.so" && run 0 enable && rm "$dir/lib/ossl-modules/vmgenc.so"
run 0 disable && same "broken already, but not undone"
chmod 666 "$cnf" && run 3 enable && chmod 640 "$cnf" && same "a file that anyone may write, but changed"
echo "$passed passed, $failed failed" && [ $failed = 0 ]
