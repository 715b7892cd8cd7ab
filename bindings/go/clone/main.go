// SPDX-License-Identifier: BSD-2-Clause

// What bindings/clones runs in a guest. A generator that was seeded once; for each byte read it
// writes 16 of its own. With the provider's configuration it is guarded by the binding.
package main

import (
	"crypto/rand"
	"encoding/binary"
	"log"
	"os"
	"strings"
	"time"

	"vmgenc"
)

var state uint64 // of SplitMix64: clones continue with the same values

func seed() error { return binary.Read(rand.Reader, binary.LittleEndian, &state) }

func next() uint64 {
	state += 0x9e3779b97f4a7c15
	z := (state ^ state>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func draw() (value [2]uint64, err error) { return [2]uint64{next(), next()}, nil }

func main() {
	guarded := strings.Contains(os.Getenv("OPENSSL_CONF"), "vmgenc")
	var vm *vmgenc.Source
	var mark vmgenc.Mark
	var request [1]byte
	err := seed()
	if guarded {
		vm, err = vmgenc.Open("")
	}
	for err == nil {
		var value [2]uint64
		if _, err = os.Stdin.Read(request[:]); err != nil {
			break
		}
		if guarded {
			value, err = vmgenc.Draw(vm, &mark, 10*time.Second, seed, draw)
		} else {
			value, err = draw()
		}
		if err == nil {
			err = binary.Write(os.Stdout, binary.LittleEndian, value)
		}
	}
	log.Fatal(err)
}
