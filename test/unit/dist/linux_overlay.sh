#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/dist: dist/linux/overlay on a made-up source tree that shares its files with another. Fails
# if a line or file is missing or double, a second run changes a byte, undoing leaves or loses anything,
# an edit by hand is lost or not named, the other tree changes, or what is no tree is touched.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
wrong() { echo "linux_overlay: $*" >&2; exit 1; }
t=$dir/t virt=$dir/t/drivers/virt
mkdir -p "$dir/first/drivers/virt"
printf 'VERSION = 6\nPATCHLEVEL = 12\n' >"$dir/first/Makefile"
printf 'menuconfig VIRT_DRIVERS\n\tbool "x"\n\nif VIRT_DRIVERS\n\nsource "drivers/virt/acrn/Kconfig"\n\nendif\n' >"$dir/first/drivers/virt/Kconfig"
printf 'obj-y\t+= acrn/\n' >"$dir/first/drivers/virt/Makefile"
cp -a "$dir/first" "$dir/was" && cp -al "$dir/first" "$t"
lay() { make -s linux-overlay SRC="$t"; }
undo() { make -s linux-overlay-undo SRC="$t"; }
refused() { # what it says, command...: it changes nothing
	said=$1 && shift
	rm -rf "$dir/before" && cp -a "$t" "$dir/before"
	! "$@" >"$dir/said" 2>&1 || wrong "did not refuse: $said"
	grep -qF -e "$said" "$dir/said" || { cat "$dir/said" >&2; wrong "did not say: $said"; }
	diff -r "$dir/before" "$t" || wrong "changed something: $said"
}
refused "there is no overlay in" undo
lay
for f in driver/linux/*.[ch] driver/core/*.[ch] include/vmgenc_abi.h include/vmgenc_kernel.h dist/linux/Kconfig; do
	cmp -s "$f" "$virt/vmgenc/${f##*/}" || wrong "no ${f##*/}"
done
for f in $(cd "$virt/vmgenc" && ls ./*.c); do
	f=${f##*/} && grep -qw "${f%.c}\.o" "$virt/vmgenc/Makefile" || wrong "$f is not in the Makefile"
done
grep -qx 'obj-$(CONFIG_VMGENC) := vmgenc.o' "$virt/vmgenc/Makefile" || wrong "the Makefile builds a module only"
[ "$(tail -n 2 "$virt/Kconfig" | head -n 1)" = 'source "drivers/virt/vmgenc/Kconfig"' ] || wrong "Kconfig"
diff -r "$dir/first" "$dir/was" || wrong "the other tree has changed"
rm -rf "$dir/once" && cp -a "$t" "$dir/once" && lay && diff -r "$dir/once" "$t" || wrong "a second run changes something"
# Other lines are the owner's, and stay.
echo 'obj-y	+= mine/' >>"$virt/Makefile" && lay && undo
[ "$(cat "$virt/Makefile")" = "$(printf 'obj-y\t+= acrn/\nobj-y\t+= mine/')" ] || wrong "the owner's line is lost"
cp "$dir/was/drivers/virt/Makefile" "$virt/Makefile" && diff -r "$t" "$dir/was" || wrong "not undone"
lay && echo '/* mine */' >>"$virt/vmgenc/main.c"
refused "main.c in $virt/vmgenc is not as it was laid" lay
refused "main.c in $virt/vmgenc is not as it was laid" undo
cp driver/linux/main.c "$virt/vmgenc/" && sed -i 's/^obj.*vmgenc.*/obj-m += vmgenc\/ # CONFIG_VMGENC/' "$virt/Makefile"
refused "drivers/virt/Makefile has been edited" lay
refused "drivers/virt/Makefile has been edited" undo
sed -i '/vmgenc/d' "$virt/Makefile" && lay && echo mine >"$virt/vmgenc/mine.c"
! undo 2>"$dir/said" || wrong "took a file of the owner's"
grep -q 'left in .*mine.c' "$dir/said" && [ "$(ls "$virt/vmgenc")" = mine.c ] || wrong "the owner's file"
refused "is there, but not from an overlay" lay
rm -r "$virt/vmgenc" && sed -i 's/^endif$/endif # VIRT/' "$virt/Kconfig"
refused "has no endif" lay
sed -i 's/^PATCH.*/PATCHLEVEL = 4/; s/6/5/' "$t/Makefile"
refused "is Linux 5.4; vmgenc needs 5.10" lay
rm "$virt/Kconfig"
refused "is not a Linux source tree: it has no drivers/virt/Kconfig" lay
refused "say which tree" make -s linux-overlay
