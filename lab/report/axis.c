/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/report: the time axis below the strips on the page of results.
 */
#include "document.h"

/* Choose at most eight round steps. */
struct axis axis_for(uint64_t ns)
{
	static const double round_steps[] = {1, 2, 5, 10};
	double step = 1, wanted = ns < 100000 ? 100000 : (double)ns;
	size_t i = 0;

	while (step * 10 * 8 < wanted)
		step *= 10;
	while (step * round_steps[i] * 8 < wanted)
		i++;
	struct axis a = {.step_ns = step * round_steps[i]};

	while (a.shown_ns < wanted)
		a.shown_ns += a.step_ns;
	return a;
}

double axis_percent(const struct axis *a, uint64_t ns)
{
	double percent = 100 * (double)ns / a->shown_ns;

	return percent > 100 ? 100 : percent;
}

void axis_write(FILE *out, const struct axis *a)
{
	html(out,
	     "<div class=\"clone time\"><span></span><svg class=\"axis\" aria-hidden=\"true\">");
	for (unsigned int i = 0; i * a->step_ns < a->shown_ns * 1.001; i++) {
		double ns = i * a->step_ns;
		double x = axis_percent(a, (uint64_t)ns);
		const char *anchor = x < 1 ? "start" : x > 99 ? "end" : "middle";

		html(out, "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y2=\"5\" />", x, x);
		html(out, "<text class=\"%s\" x=\"%.2f%%\" y=\"18\" text-anchor=\"%s\">%s</text>",
		     i % 2 ? "odd" : "even", x, anchor,
		     ns < 1 ? "0" : words_time((uint64_t)(ns + 0.5)));
	}
	html(out, "</svg></div>\n");
}
