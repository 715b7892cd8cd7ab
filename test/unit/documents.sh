#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit: README.md has 120 lines at most, and what the documents name is there. Fails if one
# names a file, a link, a make target, or a command or option of vmgenc or vmgenc-lab that is not.
# In code, NAME and the like stand for any name.
bad=0
wrong() { echo "documents: $*" >&2 && bad=1; }
[ "$(wc -l <README.md)" -le 120 ] || wrong "README.md has $(wc -l <README.md) lines, more than 120"

code() { # document: what is code in it - fenced, indented by four, between backquotes - without comments
	awk '/^```/ { fenced = !fenced; next }
		fenced || /^    / { sub(/ +# .*/, ""); line = line $0; if (!sub(/\\$/, "", line)) { print line; line = "" } next }
		{ text = text " " $0 } END { n = split(text, part, "`"); for (i = 2; i <= n; i += 2) print part[i] }' "$1"
}
dirs='(bindings|include|driver|lib|provider|cmd|lab|test|man|docs|dist|tools|\.ci)'
targets=$(make -pqr 2>/dev/null | sed -n 's/^\([a-z][a-z-]*\):.*/\1/p')
commands=$(build/vmgenc --help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
takes() { "$@" --help 2>/dev/null | grep -qE -e "(^|[^a-z-])$option([^a-z-]|$)"; }

for doc in README.md HACKING.md SECURITY.md bindings/README.md $(find docs -name '*.md' ! -name guarantees.md); do
	[ -f "$doc" ] || { wrong "there is no $doc" && continue; }
	for link in $(grep -o '](\([^)#]*\))' "$doc" | sed 's/](//; s/)//' | grep -v '^https*:'); do
		[ -e "$(dirname "$doc")/$link" ] || wrong "$doc links $link, which is not there"
	done
	code=$(code "$doc")
	for file in $(echo "$code" | grep -oE "(^|[^A-Za-z0-9_/.@-])$dirs/[A-Za-z0-9_./*-]*|(^|[ (])[A-Za-z_]+\.md" |
		sed -E 's/^[^A-Za-z.]//; s/[.]$//; s/[A-Z]{3,}[A-Z0-9]*([^.A-Za-z]|$|\.[a-ln-z])/*\1/g' | sort -u); do
		ls -d $file >/dev/null 2>&1 || wrong "$doc names $file, which is not there"
	done
	for target in $(echo "$code" | awk '{ made = 0; for (i = 1; i <= NF; i++) {
		if ($i ~ /^[(]?make$/) made = 1; else if ($i ~ /^-C|[;&|()]/) made = 0; else if (made && $i ~ /^[a-z-]+$/ && $i !~ /^-/) print $i } }' | sort -u); do
		echo "$targets" | grep -qx -e "$target" || wrong "$doc says make $target, which is no target"
	done
	echo "$code" | grep -oE 'vmgenc-lab( .*)?' | grep -oE -e '(^| |\[)--[a-z-]+' | sed 's/.*--/--/' | sort -u >build/test/options
	while read -r option; do takes build/vmgenc-lab || wrong "$doc gives vmgenc-lab $option"; done <build/test/options
	echo "$code" | sed -nE 's,.*(^|[ /])vmgenc ([a-z]+)(.*),\2 \3,p' | while read -r command rest; do
		echo "$commands" | grep -qx "$command" || echo "vmgenc $command, which is no command"
		for option in $(echo "$rest" | grep -oE -e ' --[a-z]+'); do takes build/vmgenc "$command" || echo "vmgenc $command $option"; done
	done | sort -u >build/test/options
	while read -r said; do wrong "$doc gives $said"; done <build/test/options
	for option in $(echo "$code" | grep -oE '^--[a-z][a-z-]*' | sort -u); do # by itself, between backquotes
		takes build/vmgenc-lab || { for c in $commands; do takes build/vmgenc "$c" && break; done; } || wrong "$doc gives $option"
	done
done
exit $bad
