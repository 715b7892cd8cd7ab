#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every C example in README, docs and the manual pages is compiled, and run against vmgenc sim. Each
# command line there and in --help is of right usage; those of vmgenc sim are run.
set -eu
out=build/test/examples
rm -rf $out && mkdir -p $out

# Blocks of ```c, and displays of a manual page that are C; each becomes a file of its own.
for f in README.md docs/*.md man/*.[1-9]; do
	awk -v name="$out/$(basename "$f" | tr . _)" '
		/^```c$/ || /^\.Bd -literal/ { text = ""; on = 1; display = /^\.Bd/; next }
		on && (/^```$/ || /^\.Ed/) {
			on = 0
			if (!display || text ~ /#include|(^|\n)struct [a-z_]* \{/)
				printf "%s", text > (name "_" ++n ".c")
			next
		}
		on { if (display) { gsub(/\\e/, "\\"); gsub(/\\&/, "") } text = text $0 "\n" }
	' "$f"
done

passed=0 failed=0
for f in $out/*.c; do
	case $(cat "$f") in
	*make_nonce*) with=nonce ;;
	"struct vmgenc_event"*) with=layout ;;
	*) echo "$f is an example that nothing here runs" && failed=$((failed + 1)) && continue ;;
	esac
	if ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Iinclude -DEXAMPLE="\"$PWD/$f\"" \
		-o "${f%.c}" test/unit/examples/$with.c build/libvmgenc.a && "./${f%.c}" "${f%.c}.sim"; then
		passed=$((passed + 1))
	else
		echo "$f fails: it ended with $?" && failed=$((failed + 1))
	fi
done

# As they stand there, but for the roff.
usage() { # file with examples
	sed -n 's/^\.Dl //; s/^  *vmgenc/vmgenc/; /^[A-Z_]*=*[^ ]* *vmgenc/p; /^while /p' "$1" |
		grep -o 'vmgenc\(-lab\)\? [-a-z][^;&|`]*' | grep -v 'vmgenc r$'
}
for f in README.md docs/admin.md man/*.[178]; do
	usage "$f" || true
done >$out/usage
for c in '' status wait watch sync hooks doctor openssl run sim; do
	build/vmgenc $c --help
done | sed -n '/^[Ee]xamples:/,/^$/p' >$out/help
build/vmgenc-lab --help | sed -n '/^[Ee]xamples:/,$p' >>$out/help
usage $out/help >>$out/usage
sort -u $out/usage >$out/each
# --help comes last, so that all before it is judged. The lab looks for its files first.
while read -r line; do
	code=0
	case $line in # what follows is another program's
	*" -- "*) line="${line%% -- *} --help -- ${line#* -- }" ;;
	*) line="$line --help" ;;
	esac
	eval "build/$line" </dev/null >/dev/null 2>$out/said || code=$?
	if [ $code = 0 ] || grep -q '^vmgenc-lab: .*cannot .*: No such file' $out/said; then
		passed=$((passed + 1))
	else
		echo "$line: $code, $(cat $out/said)" && failed=$((failed + 1))
	fi
done <$out/each
[ "$(wc -l <$out/each)" -ge 20 ] || { echo "few command lines were found"; failed=$((failed + 1)); }

mkdir -p $out/bin $out/sim
ln -sf "$PWD/build/vmgenc" $out/bin/vmgenc
printf '#!/bin/sh\nexec vmgenc status\n' >$out/bin/my-program && chmod 755 $out/bin/my-program
{ echo 'set -e' && sed -n '/^vmgenc sim .*create$/,/^\.Ed/{/^\.Ed/!p}' man/vmgenc.8 && echo 'wait $!'; } >$out/sim/run
if (cd $out/sim && PATH="$PWD/../bin:$PATH" sh ./run) >$out/said 2>&1 && [ "$(grep -c . $out/sim/run)" = 5 ]; then
	passed=$((passed + 1))
else
	echo "vmgenc(8)'s example of a simulation fails: $(cat $out/said)" && failed=$((failed + 1))
fi
[ $passed -ge 3 ] || { echo "only $passed examples were found"; failed=$((failed + 1)); }
echo "$passed passed, $failed failed"
[ $failed = 0 ]
