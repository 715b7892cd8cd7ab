#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every C example in README, docs and the manual pages is compiled, and run against vmgenc sim.
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
[ $passed -ge 3 ] || { echo "only $passed examples were found"; failed=$((failed + 1)); }
echo "$passed passed, $failed failed"
[ $failed = 0 ]
