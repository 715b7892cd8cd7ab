// SPDX-License-Identifier: BSD-2-Clause
//! What bindings/clones runs in a guest. A generator that was seeded once; for each byte read it
//! writes 16 of its own. With the provider's configuration it is guarded by the binding.
use std::cell::Cell;
use std::fs::File;
use std::io::{stdin, stdout, Read, Result, Write};
use std::time::Duration;

/// SplitMix64: clones continue with the same values.
struct Generator(Cell<u64>);

impl Generator {
    fn seed(&self) -> Result<()> {
        let mut seed = [0; 8];
        File::open("/dev/urandom")?.read_exact(&mut seed)?;
        self.0.set(u64::from_le_bytes(seed));
        Ok(())
    }

    fn next(&self) -> u64 {
        let mut z = self.0.get().wrapping_add(0x9e3779b97f4a7c15);
        self.0.set(z);
        z = (z ^ z >> 30).wrapping_mul(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d049bb133111eb);
        z ^ z >> 31
    }

    fn draw(&self) -> Result<[u64; 2]> {
        Ok([self.next(), self.next()])
    }
}

fn main() -> Result<()> {
    let guarded = std::env::var("OPENSSL_CONF").map_or(false, |name| name.contains("vmgenc"));
    let vm = if guarded { Some(vmgenc::Source::open(None)?) } else { None };
    let (mut mark, generator) = (vmgenc::Mark::default(), Generator(Cell::new(0)));
    let timeout = Some(Duration::from_secs(10));
    generator.seed()?;
    loop {
        stdin().read_exact(&mut [0])?;
        let value = match &vm {
            Some(vm) => vm.draw(&mut mark, timeout, || generator.seed(), || generator.draw())?,
            None => generator.draw()?,
        };
        stdout().write_all(&value.map(u64::to_ne_bytes).concat())?;
        stdout().flush()?;
    }
}
