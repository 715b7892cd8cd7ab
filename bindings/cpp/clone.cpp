// SPDX-License-Identifier: BSD-2-Clause
// bindings/cpp: what bindings/clones runs in a guest. A generator that was seeded once; for each byte
// read it writes 16 of its own. With the provider's configuration it is guarded by the binding.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <sys/random.h>
#include <unistd.h>

#include "vmgenc.hpp"

static std::uint64_t state; // of SplitMix64: clones continue with the same values

static std::error_code seed()
{
	if (getrandom(&state, sizeof(state), 0) != sizeof(state))
		return std::make_error_code(std::errc::io_error);
	return {};
}

static std::uint64_t next()
{
	std::uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

int main()
{
	const char *conf = std::getenv("OPENSSL_CONF");
	std::optional<vmgen::source> vm;
	vmgen::mark mark;
	std::uint64_t value[2];
	char request;
	auto make = [&] { return value[0] = next(), value[1] = next(), std::error_code(); };

	if (conf && std::strstr(conf, "vmgenc"))
		vm.emplace();
	else if (seed())
		return 1;
	while (read(STDIN_FILENO, &request, 1) == 1) {
		if (vm ? vm->draw(mark, std::chrono::seconds(-1), seed, make) : make())
			return 1;
		if (write(STDOUT_FILENO, value, sizeof(value)) != sizeof(value))
			return 1;
	}
	return 0;
}
