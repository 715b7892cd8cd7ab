# SPDX-License-Identifier: BSD-2-Clause
# test/packages: what the steps share. They run as root in a minimal root; $debs has the packages, $next
# those of the next version, $here is this tree.
wrong() { echo "WRONG: $*"; exit 1; }
every_file() { find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path "$here" \) -prune -o -print | sort; }
ours() { openssl list -random-instances | grep -q 'VMGENC-DRBG @ vmgenc'; }
installed() { # version, kernel: dkms has this module there, and modprobe finds it
	dkms status | grep -F "vmgenc/$1, $2," | grep -q ': installed' || wrong "dkms: $(dkms status)"
	file=$(find "/lib/modules/$2" -name 'vmgenc.ko*')
	[ "$(echo "$file" | wc -w)" = 1 ] || wrong "modules for $2: $file"
	[ "$(modinfo -F version "$file")" = "$1" ] || wrong "modinfo says $(modinfo -F version "$file")"
	[ "$(modinfo -F vermagic "$file" | cut -d' ' -f1)" = "$2" ] || wrong "built for another kernel"
	modinfo -F alias "$file" | grep -qx 'acpi\*:VM_GEN_COUNTER:\*' || wrong "no alias"
	[ -n "$(modinfo -F signer "$file")" ] || wrong "it is not signed"
	grep -q /vmgenc.ko "/lib/modules/$2/modules.dep" || wrong "depmod was not run"
}
kernel() { ls -d /lib/modules/*"$1"*/kernel | cut -d/ -f4 | sort -V | tail -n 1; } # the newest of a kind
