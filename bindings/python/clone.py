#!/usr/bin/python3 -IS
# SPDX-License-Identifier: BSD-2-Clause
# What bindings/clones runs in a guest. A generator that was seeded once; for each byte read it writes
# 16 of its own. With the provider's configuration it is guarded by the binding.
import os
import sys

sys.path[:0] = ["/usr/lib/vmgenc"]
import vmgenc


class Generator:  # SplitMix64: clones continue with the same values
    def seed(self):
        self.state = int.from_bytes(os.urandom(8), "little")

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = (self.state ^ self.state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return z ^ z >> 31

    def draw(self):
        return self.next().to_bytes(8, "little") + self.next().to_bytes(8, "little")


def main():
    generator, mark = Generator(), vmgenc.Mark()
    guarded = "vmgenc" in os.environ.get("OPENSSL_CONF", "")
    vm = vmgenc.Source() if guarded else None
    generator.seed()
    while os.read(0, 1):
        if vm:
            value = vm.draw(mark, generator.draw, renew=generator.seed, timeout=10)
        else:
            value = generator.draw()
        os.write(1, value)


main()
