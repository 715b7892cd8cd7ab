// SPDX-License-Identifier: BSD-2-Clause

//go:build linux && (amd64 || arm64 || riscv64)

// Package vmgenc notices that this virtual machine was cloned or restored. It reads the pages of
// vmgenc_abi.h by itself, without cgo and without libvmgenc, whose contract it keeps: libvmgenc(3).
// It has the sources dev: and file:, but neither sysctl: nor vmclock:, whose pages differ.
package vmgenc

import (
	"encoding/binary"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Mark is the generation that a caller last saw. The zero Mark has seen none, so its first check
// says changed. Use one for each goroutine, or one for each generator under that generator's lock.
type Mark struct{ seen [2]uint64 }

// Source is open until Close. Any goroutine may use it; nothing in it is written in between.
type Source struct {
	_        noCopy
	hot      *[2]uint64 // the mapped words that Changed compares, or nil if it has to read them
	fd       int
	device   bool      // otherwise a file
	raceFree bool      // hot is the hypervisor's id, not the driver's generation and settled
	at       int       // of these words, from the beginning of page 0
	mapped   [2][]byte // or nil: a file that may shrink is read, since a mapping would kill then
}

type noCopy struct{} // go vet refuses copies of a Source: each would unmap the same pages

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// Open opens "dev:PATH" or "file:PATH"; or, named "", VMGENC_SOURCE of the environment, or else
// dev:/dev/vmgenc. The errors are vmgenc_open's, of type syscall.Errno: ENODEV says that there is no
// device, and ENOTSUP that this package does not have the source that was named.
func Open(name string) (*Source, error) {
	if name == "" && os.Getuid() == os.Geteuid() && os.Getgid() == os.Getegid() {
		name = os.Getenv("VMGENC_SOURCE")
	}
	if name == "" {
		name = "dev:/dev/vmgenc"
	}
	kind, path, _ := strings.Cut(name, ":")
	if kind == "vmclock" || kind == "sysctl" {
		return nil, syscall.ENOTSUP
	} else if path == "" || kind != "dev" && kind != "file" {
		return nil, syscall.EINVAL
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	s := &Source{fd: fd, device: kind == "dev"}
	if err == nil {
		if err = s.attach(); err == nil {
			return s, nil
		}
		s.Close()
	}
	switch err {
	case syscall.ENOENT, syscall.ENOTDIR, syscall.ENXIO:
		err = syscall.ENODEV
	case syscall.EPERM:
		err = syscall.EACCES
	}
	return nil, err
}

// Close unmaps the source. No goroutine may use it during the call or afterwards.
func (s *Source) Close() {
	for _, page := range s.mapped {
		if page != nil {
			syscall.Munmap(page)
		}
	}
	syscall.Close(s.fd)
	s.hot, s.mapped, s.fd = nil, [2][]byte{}, -1
}

// Changed says whether the generation differs from the mark. It never fails. It makes no system call
// if the source is mapped. Go's atomic loads stay behind the draw before them, and what follows stays
// behind the loads.
func (s *Source) Changed(m *Mark) bool {
	if p := s.hot; p != nil {
		return (atomic.LoadUint64(&p[0])^m.seen[0])|(atomic.LoadUint64(&p[1])^m.seen[1]) != 0
	}
	var now [2]uint64
	return s.read(s.at, now[:]) != nil || now != m.seen // Sync returns the error
}

// RaceFree says whether a clone is seen from its first instruction on. Otherwise Changed is true once
// the driver has noticed, and only Sync makes it look.
func (s *Source) RaceFree() bool { return s.raceFree }

// Sync waits until the kernel is rekeyed for this generation, and sets the mark to it. A timeout of
// 0 tries once, a negative one waits for ever. On an error the mark is untouched, so Changed stays
// true: ETIMEDOUT, or EIO (the driver failed, or the source is gone).
func (s *Source) Sync(m *Mark, timeout time.Duration) error {
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		seen, err := s.settled()
		if err == nil {
			m.seen = seen
			return nil
		} else if err != syscall.ENODATA && err != syscall.EAGAIN && err != syscall.EINTR {
			return syscall.EIO
		} else if timeout >= 0 && time.Since(start) >= timeout {
			return syscall.ETIMEDOUT
		}
	}
}

// Draw returns what draw returns: a value that no clone has. After a change it syncs and calls
// renew (unless nil), which discards pools, keys and seeds made earlier. draw draws, and computes all
// that follows from it. If the generation has changed meanwhile, all of this is done again. On an
// error there is no value, and the mark is set only if renew has succeeded.
func Draw[T any](s *Source, m *Mark, timeout time.Duration, renew func() error, draw func() (T, error)) (T, error) {
	var none T
	for {
		if s.Changed(m) {
			var fresh Mark
			err := s.Sync(&fresh, timeout)
			if err == nil && renew != nil {
				err = renew()
			}
			if err != nil {
				return none, err
			}
			*m = fresh
		}
		if value, err := draw(); err != nil {
			return none, err
		} else if !s.Changed(m) {
			return value, nil
		}
	}
}

// read loads aligned words, each at once. No slice of a page is handed out: the kernel changes it.
func (s *Source) read(at int, to []uint64) error {
	size := os.Getpagesize()
	for i := range to {
		if page := s.mapped[at/size]; page != nil {
			to[i] = atomic.LoadUint64((*uint64)(unsafe.Pointer(&page[at%size+8*i])))
			continue
		}
		var b [8]byte
		if n, _ := syscall.Pread(s.fd, b[:], int64(at+8*i)); n != len(b) { // a file's is not interrupted
			return syscall.EIO
		}
		to[i] = binary.LittleEndian.Uint64(b[:]) // as each GOARCH above
	}
	return nil
}

// page is struct vmgenc_page in words: 0 magic, version and size; 1 flags and id_offset;
// 2 generation; 3 settled; 4 and 5 id; 7 seq in the lower half.
func (s *Source) page() (p [8]uint64, err error) {
	err = s.read(0, p[:])
	size, room := p[0]>>48, uint64(os.Getpagesize())
	if err != nil || uint32(p[0]) != 0x43474d56 {
		return p, syscall.EINVAL
	} else if uint16(p[0]>>32) != 1 {
		return p, syscall.EPROTO
	} else if size < 96 || size > room || p[2] == 0 || p[1]&1 != 0 && (p[1]>>32%8 != 0 || p[1]>>32 > room-16) {
		return p, syscall.EINVAL
	}
	return p, nil
}

// settled returns what is known to be settled, not what is in force when it returns, so that the
// next check sees a later change. A file has no driver: its writer has to have settled it.
func (s *Source) settled() (seen [2]uint64, err error) {
	var p, again, id [8]uint64
	if s.device { // VMGENC_SYNC fills in generation, settled, id, changed_ns
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(s.fd), 0x802847e1, uintptr(unsafe.Pointer(&id)))
		if errno != 0 {
			return seen, errno
		}
		copy(p[2:], id[:4])
	} else if p, err = s.page(); err != nil {
		return seen, err
	} else if again, err = s.page(); err != nil {
		return seen, err
	} else if p != again || p[7]&1 != 0 {
		return seen, syscall.EAGAIN // it was being written
	} else if p[2] != p[3] {
		return seen, syscall.ENODATA
	} else if err = s.read(s.at, id[:2]); err != nil {
		return seen, err
	} else if s.raceFree && (id[0] != p[4] || id[1] != p[5]) {
		return seen, syscall.EAGAIN
	}
	if s.raceFree {
		return [2]uint64{p[4], p[5]}, nil
	}
	return [2]uint64{p[2], p[3]}, nil
}

func (s *Source) attach() (err error) {
	var st syscall.Stat_t
	size := os.Getpagesize()
	if err = syscall.Fstat(s.fd, &st); err != nil {
		return err
	}
	maps, kind := s.device, uint32(syscall.S_IFCHR)
	if !s.device { // only memory files can be sealed (F_GET_SEALS, F_SEAL_SHRINK)
		seals, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(s.fd), 1034, 0)
		maps, kind = errno == 0 && seals&2 != 0, syscall.S_IFREG
	}
	if st.Mode&syscall.S_IFMT != kind || !s.device && st.Size < int64(2*size) {
		return syscall.EINVAL
	}
	open := func(number int) (err error) {
		if maps {
			s.mapped[number], err = syscall.Mmap(s.fd, int64(number*size), size, syscall.PROT_READ, syscall.MAP_SHARED)
		}
		return err
	}
	if err = open(0); err == syscall.ENODEV {
		return syscall.EINVAL // a device that cannot be mapped is another one
	} else if err != nil {
		return err
	}
	p, err := s.page()
	if err != nil {
		return err
	}
	s.at = 2 * 8
	if p[1]&1 != 0 && p[1]&4 == 0 { // RAW_MAPPABLE, and not ID_UNFILLED
		if err = open(1); err == nil {
			s.raceFree, s.at = true, size+int(p[1]>>32)
		} else if err != syscall.EPERM && err != syscall.EACCES { // those: without the privilege
			return err
		}
	}
	if maps {
		s.hot = (*[2]uint64)(unsafe.Pointer(&s.mapped[s.at/size][s.at%size]))
	}
	return nil
}
