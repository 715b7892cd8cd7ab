#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit: docs/guarantees.md names for each line the test that shows it. Fails if a line of a table
# names none and does not say "no test", a test's file or the case in it does not exist, or a link is
# dead.
doc=${1:-docs/guarantees.md} bad=0
wrong() { echo "$doc: $*" && bad=1; }

# The last cell of each line of a table, but for its head and the line below that.
shown=$(awk -F'|' '/^\|/ { if (last !~ /^\|/) n = 0; if (++n > 2) print $(NF - 1) } { last = $0 }' "$doc")
[ "$(echo "$shown" | wc -l)" -gt 30 ] || wrong "the tables are gone"
echo "$shown" | grep -v '`test/\|no test' && wrong "the lines above name no test"

tests=$(grep -o '`test/[^`]*`' "$doc" | tr -d '`' | sort -u)
while IFS= read -r name; do
	file=${name%%: *} case=${name#"$file"}
	[ -f "$file" ] || case $name in test/unit | test/vm | test/freebsd/unit) continue ;; *) wrong "there is no $file" && continue ;; esac
	[ -z "$case" ] || grep -qF -e "${case#: }" "$file" || wrong "$file has no ${case#: }"
done <<END
$tests
END
for page in $(grep -o '](#[^)]*)' "$doc" | tr -d '()#]'); do
	grep -qi "^##* $(echo "$page" | tr - ' ')$" "$doc" || wrong "no heading for #$page"
done
grep -q 'docs/guarantees\.md' README.md || wrong "README.md does not link it"
exit $bad
