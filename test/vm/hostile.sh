#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The variants of test/firmware/hostile.def with one kernel (SERIES), and of the rows that they
# print build/test/hostile-SERIES.json. One boot is for all devices that _STA hides: a load of the
# module is what each is met by. Then with QEMU's own, with one without _STA, and with 64 bits.
. test/lib.sh
k=$1 program=build/test/vm/hostile tables=build/test/firmware out=build/test/hostile-$1
reserved='iomem=relaxed memmap=64K$0x6000000 memmap=4K%0x7000000-1+4 memmap=4K#0x7001000'
begin=$(date +%s%N)

# Loading modules makes the kernel patch code in use: one processor at a time, as in test/vm/run.
boot() { # name, lab options...
	name=$1 single=--tcg-single
	[ "$name" != race ] || single=
	shift
	lab $k run $single --no-load --append "$reserved" "$@" $program "$name" >$out-"$name" 2>&1
}
wide() {
	lab $k run --tcg-single --no-load $program dsdt >$tables/dsdt-$k.aml 2>$out-wide &&
		boot wide --no-vmgenid --acpi $tables/hostile.aml \
			--file $tables/dsdt-$k.aml:kernel/firmware/acpi/dsdt.aml
}

{
	boot alone --no-vmgenid --acpi $tables/hostile.aml
	boot race --no-vmgenid --acpi $tables/hostile.aml
	[ -z "$SLOW" ] || boot slow --no-vmgenid --acpi $tables/hostile.aml
} &
{ boot beside --acpi $tables/hostile.aml; boot boot --acpi $tables/boot.aml; wide; } &
wait
for name in alone beside boot wide race ${SLOW:+slow}; do
	grep -v '^row ' $out-$name
	grep -q ' passed, 0 failed$' $out-$name || failed=$((failed + 1))
done
seconds=$((($(date +%s%N) - begin) / 100000000))
sed -n 's/^row //p' $out-alone $out-beside $out-boot \
	$out-wide $out-race ${SLOW:+$out-slow} >$out-rows
{
	printf '{"version":1,"kind":"hostile","rows":[\n' && sed '$!s/$/,/' $out-rows
	printf '],"seconds":%d.%d}\n' $((seconds / 10)) $((seconds % 10))
} >$out.json
[ $failed = 0 ] || echo "$failed boots failed"
good=$(grep -c '"ok":true}$' $out-rows)
echo "$good passed, $(($(wc -l <$out-rows) - good + failed)) failed"
[ $failed = 0 ] && [ "$good" = "$(wc -l <$out-rows)" ]
