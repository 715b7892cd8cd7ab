# SPDX-License-Identifier: BSD-2-Clause
# bindings: "make check-bindings" installs g++ and python3, and brings Debian's Go and Rust where they
# are missing, unpacked below build/compilers; make check tests a binding only where its compiler is there already.
check-bindings: deps
	@$(MAKE) --no-print-directory $(JOBS) all modules
	@tools/deps g++ python3
	@tools/compilers || echo "The tests of a language without a compiler are skipped."
	@bindings/run
.PHONY: check-bindings
