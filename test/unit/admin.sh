#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit: docs/admin.md is read in ten minutes. Each of its command lines is tried on what make
# install ships (those of vmgenc: examples.sh); its files, units, hooks, keys and log lines exist.
set -eu
doc=${1:-docs/admin.md}
dir=$(mktemp -d) && trap 'rm -rf --one-file-system "$dir"' EXIT
passed=0 failed=0
wrong() { echo "$doc: $*" && failed=$((failed + 1)); }
try() { # what, command...
	what=$1 && shift
	if "$@" >"$dir/said" 2>&1; then passed=$((passed + 1)); else wrong "$what: $(cat "$dir/said")"; fi
}
words=$(tr -d '|' <"$doc" | wc -w)
[ "$words" -le 2300 ] || wrong "$words words are more than ten minutes"
make -s install DESTDIR="$dir"
mkdir -p "$dir/etc/ssh"
spans() { awk '{ text = text " " $0 } END { n = split(text, part, "`"); for (i = 2; i <= n; i += 2) print part[i] }'; }
below() { awk -v head="$1" '/^ *\|/ { if (on) print; if (index($0, head)) on = 1; next } { on = 0 }' "$doc"; }

sign_file=$(find build/kernels/root/usr/lib -name sign-file 2>/dev/null | head -n 1)
signs() {
	module=$(find build/linux /lib/modules -name '*.ko' 2>/dev/null | head -n 1)
	[ -n "$module" ] || module=build/vmgenc # it appends to any file
	cp "$module" "$dir/vmgenc.ko"
	(cd "$dir" && "$OLDPWD/$sign_file" sha256 module.key module.der vmgenc.ko) &&
		tail -c 28 "$dir/vmgenc.ko" | grep -qa '~Module signature appended~'
}
known="systemctl daemon-reload
systemctl restart nginx" # need a running systemd
sed -n '/^    /s/^ *//p' "$doc" | grep -v '^|' >"$dir/lines"
while read -r line; do
	case $line in
	vmgenc\ *) ;;
	install\ *) try "$line" sh -c "$(echo "$line" | sed "s, /, $dir/,g")" ;;
	"systemctl enable --now "*)
		command -v systemctl >/dev/null || continue
		try "$line" systemctl --root="$dir" enable "${line##* }" ;;
	openssl\ *) try "$line" sh -c "cd '$dir' && $line" ;;
	*/scripts/sign-file\ *) [ -z "$sign_file" ] || try "$line" signs ;;
	*) echo "$known" | grep -qxF -e "$line" || wrong "nothing tries: $line" ;;
	esac
done <"$dir/lines"
[ "$(grep -c '^vmgenc ' "$dir/lines")" -ge 4 ] || wrong "its command lines were not found"

below '| key |' | grep -v -- '---' | cut -d'|' -f2,3 | spans >"$dir/keys"
spans <"$doc" | sort -u >"$dir/spans"
cat cmd/*.c cmd/hooks/*.c provider/*.c driver/linux/*.[ch] driver/core/*.[ch] | tr -d '\n\t' |
	sed 's/" *"//g; s/\\"/"/g' >"$dir/texts" # a literal in pieces is one
! command -v ssh-keygen >/dev/null || ssh-keygen -q -t ed25519 -N '' -f "$dir/etc/ssh/ssh_host_ed25519_key"
while read -r span; do
	case $span in
	/usr/local/*) try "$span" test -e "$dir$span" ;;
	*.service) try "$span" test -e "$dir/usr/local/lib/systemd/system/$span" ;;
	hooks.[a-z]*) grep -q "^$span$" "$dir/keys" || echo "$span" >>"$dir/keys" ;;
	[0-9][0-9]-*) try "$span" test -e "dist/hooks/$span" ;;
	ssh-keygen\ *) ! command -v ssh-keygen >/dev/null || try "$span" sh -c "$(echo "$span" | sed "s, /, $dir/,g")" ;;
	journalctl\ *) ! command -v journalctl >/dev/null || try "$span" sh -c "$span --help" ;;
	xl\ restore\ * | qm\ * | -device\ * | "<genid/>" | ms_vm_genid* | vm.genid | device_unseen | docker\ *)
		try "$span: no program says so" grep -qF -e "$span" "$dir/texts" ;;
	esac
done <"$dir/spans"

# Hooks: all, in the column where they belong.
for hook in dist/hooks/*; do
	row=$(below '| hook |' | grep -F "\`${hook##*/}\`") || { wrong "${hook##*/} is in no row" && continue; }
	grep -q '^# vmgenc-hook: when=new-machine' "$hook" && kept=no || kept=yes
	try "${hook##*/} after a rollback" expr "$row" : ".*| yes | $kept |"
	kind=$(sed -n 's/^# vmgenc-hook: when=\([a-z-]*\).*/\1/p' "$hook")
	case $kind in new-machine) name="the others" ;; *) name="\`${hook##*/}\`" ;; esac
	said=$(sed -n '/^`10-random-seed` is of/,/^$/p' "$doc" | tr '\n' ' ' | sed 's/, /\n/g')
	try "the kind of ${hook##*/}" sh -c 'echo "$1" | grep -F -e "$2" | grep -q "of the kind $3"' - "$said" "$name" "$kind"
done

build/vmgenc sim "$dir/vm" create
mkdir -p "$dir/root/etc/vmgenc"
printf 'change=rollback\nidentity=NAME\n' >"$dir/root/etc/vmgenc/machine"
try "/etc/vmgenc/machine" build/vmgenc hooks "$dir/etc/vmgenc/hooks.d" --once --root "$dir/root" \
	--source "file:$dir/vm" --state "$dir/state"
! grep "is not understood" "$dir/said" || wrong "what it says of /etc/vmgenc/machine"
build/vmgenc status --json --source "file:$dir/vm" --state "$dir/state" >"$dir/json"
while read -r key; do try "key $key" grep -q "\"${key#hooks.}\":" "$dir/json"; done <"$dir/keys"
below '| line |' | grep -v -- '---' | spans >"$dir/log"
while read -r line; do
	try "no program logs \"$line\"" grep -qF -e "$line" "$dir/texts"
done <"$dir/log"
[ "$(cat "$dir/keys" "$dir/log" | wc -l)" -ge 15 ] || wrong "its tables were not found"

# QEMU's two ids and one UUID, of two machines that never start.
qemu() {
	printf '{"execute":"%s"}\n' qmp_capabilities query-vm-generation-id query-uuid quit |
		qemu-system-x86_64 -M pc -accel tcg -S -nodefaults -display none -qmp stdio \
			-device vmgenid,guid=auto -uuid 3f8a0001-5e1c-4d3b-9a77-0242ac110002
}
if command -v qemu-system-x86_64 >/dev/null; then
	{ qemu && qemu; } >"$dir/qemu"
	try "guid=auto: another id at each start" test "$(grep '"guid"' "$dir/qemu" | sort -u | wc -l)" = 2
	try "-uuid: one UUID" test "$(grep '"UUID"' "$dir/qemu" | sort -u | wc -l)" = 1
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
