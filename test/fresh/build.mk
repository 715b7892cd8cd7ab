# SPDX-License-Identifier: BSD-2-Clause
# test/fresh: the README's commands on a fresh Debian 12 and 13, below build/fresh. Half an hour each;
# SUITES=trixie FRESH="make demo" is the short form.
check-fresh:
	@test/fresh/run
.PHONY: check-fresh
