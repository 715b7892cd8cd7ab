// SPDX-License-Identifier: BSD-2-Clause

// Tests on simulated machines (VMGENC: the program).
package vmgenc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

func sim(t *testing.T, path string, how ...string) {
	t.Helper()
	if said, err := exec.Command(os.Getenv("VMGENC"), append([]string{"sim", path}, how...)...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", said, err)
	}
}

func create(t *testing.T) (*Source, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vm")
	sim(t, path, "create")
	return open(t, "file:"+path), path
}

func open(t *testing.T, name string) *Source {
	t.Helper()
	s, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func is(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v instead of %v", what, got, want)
	}
}

func counted(n *int) func() (int, error) {
	return func() (int, error) { *n++; return *n, nil }
}

func TestCloneIsSeen(t *testing.T) {
	s, path := create(t)
	var m Mark
	for i := 0; i < 2; i++ {
		is(t, "changed", s.Changed(&m), true)
		is(t, "sync", s.Sync(&m, 0), nil)
		is(t, "changed after sync", s.Changed(&m), false)
		sim(t, path, "bump")
	}
	is(t, "changed", s.Changed(&m), true)
	is(t, "race-free", s.RaceFree(), true)
}

// memory returns a source that cannot shrink, so that it is mapped, and a function that brings it
// up to date with a simulation.
func memory(t *testing.T, path string) (*os.File, func()) {
	number := uintptr(279)
	if runtime.GOARCH == "amd64" {
		number = 319
	}
	name := []byte("vm\x00")
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(&name[0])), 2, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	file := os.NewFile(fd, "/proc/self/fd")
	t.Cleanup(func() { file.Close() })
	update := func() {
		page, err := os.ReadFile(path)
		if err == nil {
			_, err = file.WriteAt(page, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	update()
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, 1033, 2); errno != 0 {
		t.Fatal(errno)
	}
	return file, update
}

func TestMappedSource(t *testing.T) {
	_, path := create(t)
	file, update := memory(t, path)
	s := open(t, "file:"+filepath.Join("/proc/self/fd", itoa(file.Fd())))
	var m Mark
	is(t, "mapped", s.hot != nil, true)
	is(t, "changed", s.Changed(&m), true)
	is(t, "sync", s.Sync(&m, 0), nil)
	is(t, "changed after sync", s.Changed(&m), false)
	for half := int64(0); half < 16; half += 8 { // either word alone is a change
		var before, other [8]byte
		at := int64(os.Getpagesize()) + 0x40 + half
		file.ReadAt(before[:], at)
		other = before
		other[3] ^= 1
		file.WriteAt(other[:], at)
		is(t, "changed half", s.Changed(&m), true)
		file.WriteAt(before[:], at)
		is(t, "changed back", s.Changed(&m), false)
	}
	sim(t, path, "bump", "--raw")
	update()
	is(t, "changed in a clone", s.Changed(&m), true)
	is(t, "sync before the driver", s.Sync(&m, 0), syscall.ETIMEDOUT)
	sim(t, path, "bump")
	update()
	is(t, "sync", s.Sync(&m, 0), nil)
	is(t, "allocations of a check", testing.AllocsPerRun(100, func() { s.Changed(&m) }), 0.0)
}

func itoa(n uintptr) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

// Without the hypervisor's page, the driver's counter is compared.
func TestNotified(t *testing.T) {
	_, path := create(t)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	file.WriteAt([]byte{0, 0, 0, 0}, 8)
	s := open(t, "file:"+path)
	var m Mark
	is(t, "race-free", s.RaceFree(), false)
	is(t, "sync", s.Sync(&m, 0), nil)
	sim(t, path, "bump", "--raw")
	is(t, "changed unnoticed", s.Changed(&m), false)
	sim(t, path, "bump")
	is(t, "changed", s.Changed(&m), true)
}

func TestUnsettledCloneDrawsNothing(t *testing.T) {
	s, path := create(t)
	var m Mark
	draws := 0
	if v, err := Draw(s, &m, 0, nil, counted(&draws)); v != 1 || err != nil {
		t.Fatal(v, err)
	}
	for _, how := range []string{"--raw", "--unsettled"} {
		sim(t, path, "bump", how)
		v, err := Draw(s, &m, time.Millisecond, nil, counted(&draws))
		is(t, how, err, syscall.ETIMEDOUT)
		is(t, "value", v, 0)
		is(t, "changed", s.Changed(&m), true)
	}
	sim(t, path, "bump")
	v, err := Draw(s, &m, -1, nil, counted(&draws))
	is(t, "value", v, 2)
	is(t, "error", err, nil)
}

func TestCloneInADrawDrawsAgain(t *testing.T) {
	s, path := create(t)
	var m Mark
	draws, renewed := 0, 0
	v, err := Draw(s, &m, time.Second, func() error { renewed++; return nil }, func() (int, error) {
		if draws++; draws == 1 {
			sim(t, path, "bump")
		}
		return draws, nil
	})
	is(t, "value", v, 2)
	is(t, "error", err, nil)
	is(t, "renewed", renewed, 2)
}

func TestFailedRenewalLeavesTheMark(t *testing.T) {
	s, _ := create(t)
	var m Mark
	draws, broken := 0, errors.New("broken")
	v, err := Draw(s, &m, 0, func() error { return broken }, counted(&draws))
	is(t, "error", err, broken)
	is(t, "value", v, 0)
	is(t, "draws", draws, 0)
	is(t, "changed", s.Changed(&m), true)
	v, err = Draw(s, &m, 0, nil, func() (int, error) { return 7, broken })
	is(t, "error of a draw", err, broken)
	is(t, "its value", v, 0)
}

func TestWithoutADeviceThereIsNoSource(t *testing.T) {
	dir := t.TempDir()
	clock := filepath.Join(dir, "clock")
	sim(t, clock, "create", "--vmclock")
	for name, want := range map[string]error{
		"dev:" + dir + "/none": syscall.ENODEV,
		"none":                 syscall.EINVAL,
		"file:":                syscall.EINVAL,
		"dev:" + clock:         syscall.EINVAL,
		"file:" + clock:        syscall.EINVAL,
		"vmclock:" + clock:     syscall.ENOTSUP,
		"sysctl:/proc":         syscall.ENOTSUP,
		"dev:/dev/null":        syscall.EINVAL,
	} {
		s, err := Open(name)
		is(t, name, err, want)
		is(t, name, s == nil, true)
	}
	t.Setenv("VMGENC_SOURCE", "dev:"+dir+"/none")
	_, err := Open("")
	is(t, "VMGENC_SOURCE", err, syscall.ENODEV)
}

func TestFileThatShrankCountsAsChanged(t *testing.T) {
	s, path := create(t)
	var m Mark
	is(t, "sync", s.Sync(&m, 0), nil)
	os.Truncate(path, 0)
	is(t, "changed", s.Changed(&m), true)
	is(t, "sync", s.Sync(&m, 0), syscall.EIO)
}
