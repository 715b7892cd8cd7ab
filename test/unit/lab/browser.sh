#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test/unit/lab: the page of results as Chromium lays it out, where it is installed. Fails if the
# page is wider than a phone or a desk, a bar or mark of a strip is not to be seen or lies outside
# of it, a text is cut off, or the page asks for anything or says anything to the browser's console.
set -eu
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
	{ echo "no Chromium is installed"; exit 77; }
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
build/vmgenc-lab report -o "$dir/page.html" test/lab/results/*.json
cat >"$dir/look.html" <<'END'
<!DOCTYPE html><body><script>
const said = [], wrong = (...words) => said.push(words.join(' '));
function look(frame, width) {
	const page = frame.contentDocument, root = page.documentElement;
	if (root.scrollWidth > width) wrong(width, 'is too narrow for', root.scrollWidth);
	const strips = page.querySelectorAll('figure svg.strip');
	if (!strips.length) wrong('no strips');
	for (const strip of strips) {
		const all = strip.getBoundingClientRect();
		if (all.width < width / 3) wrong(width, 'strip of', all.width);
		for (const part of strip.querySelectorAll('rect, path')) {
			const box = part.getBoundingClientRect(), style = frame.contentWindow.getComputedStyle(part);
			if (!box.width || !box.height || (style.fill == 'none' && style.stroke == 'none')) wrong(width, 'not to be seen:', part.outerHTML);
			if (box.left < all.left - 8 || box.right > all.right + 8) wrong(width, 'outside:', part.outerHTML);
		}
	}
	for (const text of page.querySelectorAll('p, td, tbody th, li, dd, figcaption'))
		if (text.scrollWidth > text.clientWidth + 1 && text.clientWidth) wrong(width, 'cut off:', text.textContent);
}
const widths = [320, 390, 768, 1400];
Promise.all(widths.map(width => new Promise(done => {
	const frame = document.createElement('iframe');
	frame.width = width, frame.height = 900, frame.src = 'page.html';
	frame.onload = () => { look(frame, width); done(); };
	document.body.append(frame);
}))).then(() => document.body.textContent = said.length ? 'WRONG ' + said.slice(0, 9).join('\n') : 'LOOKS-RIGHT');
</script></body>
END
seen=$("$browser" --headless --no-sandbox --disable-gpu --allow-file-access-from-files --user-data-dir="$dir/profile" \
	--virtual-time-budget=20000 --enable-logging=stderr --dump-dom "file://$dir/look.html" 2>"$dir/log")
case $seen in *'<body>LOOKS-RIGHT</body>'*) ;; *) echo "$seen" | tail -n 20; exit 1 ;; esac
! grep 'CONSOLE' "$dir/log"
