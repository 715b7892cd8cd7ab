# SPDX-License-Identifier: BSD-2-Clause
# bindings/python: tests vmgenc.py on simulated machines (VMGENC: the program, SCRATCH: a directory).
import copy
import errno
import fcntl
import os
import pickle
import signal
import subprocess
import sys
import threading
import unittest

import vmgenc

SCRATCH = os.environ["SCRATCH"]


def sim(path, *how):
    subprocess.run([os.environ["VMGENC"], "sim", path, *how], check=True)


class Simulated(unittest.TestCase):
    def setUp(self):
        self.path = os.path.join(SCRATCH, self.id().rsplit(".", 1)[1])

    def made(self, *options):
        sim(self.path, "create", *options)
        source = vmgenc.Source(("vmclock:" if options else "file:") + self.path)
        self.addCleanup(source.close)
        return source

    def test_a_clone_is_seen(self):
        vm, mark = self.made(), vmgenc.Mark()
        for _ in range(2):
            self.assertIs(vm.changed(mark), True)
            vm.sync(mark, timeout=0)
            self.assertIs(vm.changed(mark), False)
            sim(self.path, "bump")
        self.assertTrue(vm.changed(mark))

    def test_a_mapped_source(self):
        sim(self.path, "create")
        fd = os.memfd_create("vm", os.MFD_ALLOW_SEALING)
        self.addCleanup(os.close, fd)

        def to_memory():
            with open(self.path, "rb") as file:
                os.pwrite(fd, file.read(), 0)

        to_memory()
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        with vmgenc.Source(f"file:/proc/self/fd/{fd}") as vm:
            mark = vmgenc.Mark()
            self.assertEqual(vm.draw(mark, lambda: 7), 7)
            self.assertFalse(vm.changed(mark))
            for half in (0, 8):  # either word alone is a change
                id_at = os.sysconf("SC_PAGESIZE") + 0x40 + half
                before = os.pread(fd, 8, id_at)
                os.pwrite(fd, bytes(b ^ 1 for b in before), id_at)
                self.assertIs(vm.changed(mark), True)
                os.pwrite(fd, before, id_at)
                self.assertIs(vm.changed(mark), False)
            sim(self.path, "bump")
            to_memory()
            self.assertTrue(vm.changed(mark))

    def test_an_unsettled_clone_draws_nothing(self):
        vm, mark, draws = self.made(), vmgenc.Mark(), []
        vm.draw(mark, lambda: draws.append(1))
        for how in "--raw", "--unsettled":
            sim(self.path, "bump", how)
            with self.assertRaises(TimeoutError):
                vm.draw(mark, lambda: draws.append(2), timeout=0.01)
            self.assertTrue(vm.changed(mark))
        sim(self.path, "bump")
        vm.draw(mark, lambda: draws.append(3), timeout=None)
        self.assertEqual(draws, [1, 3])

    def test_a_clone_in_a_draw_draws_again(self):
        vm, mark, made, renewed = self.made(), vmgenc.Mark(), [], []

        def make():
            made.append(1)
            if len(made) == 1:
                sim(self.path, "bump")
            return len(made)

        self.assertEqual(vm.draw(mark, make, renew=lambda: renewed.append(1)), 2)
        self.assertEqual(len(renewed), 2)

    def test_a_failed_renewal_leaves_the_mark(self):
        vm, mark = self.made(), vmgenc.Mark()
        with self.assertRaises(ZeroDivisionError):
            vm.draw(mark, lambda: self.fail("drew"), renew=lambda: 1 // 0)
        self.assertTrue(vm.changed(mark))

    def test_without_a_device_there_is_no_source(self):
        for name, error in (
            (f"dev:{SCRATCH}/none", errno.ENODEV),
            ("none", errno.EINVAL),
            (f"file:{__file__}", errno.EINVAL),
        ):
            with self.assertRaises(OSError) as raised:
                vmgenc.Source(name)
            self.assertEqual(raised.exception.errno, error)

    def test_the_environment_names_the_source(self):
        sim(self.path, "create")
        code = "import vmgenc; print(vmgenc.Source().status().source.decode())"
        env = dict(os.environ, VMGENC_SOURCE="file:" + self.path)
        said = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True)
        self.assertEqual(said.stdout.decode().strip(), ("file:" + self.path)[:63])

    def test_a_vmclock_counts(self):  # what the kernel says to a rekey depends on who runs this
        vm, mark = self.made("--vmclock", "--start", "0"), vmgenc.Mark()
        self.assertTrue(vm.changed(mark))
        try:
            vm.sync(mark)
            self.assertFalse(vm.changed(mark))
        except PermissionError:
            self.assertTrue(vm.changed(mark))
        sim(self.path, "bump", "--vmclock")
        self.assertTrue(vm.changed(mark))

    def test_a_child_has_marks_of_its_own(self):
        vm, mark = self.made(), vmgenc.Mark()
        vm.sync(mark)
        child = os.fork()
        if not child:
            sim(self.path, "bump")
            seen = vm.changed(mark)
            vm.sync(mark)
            os._exit(not (seen and not vm.changed(mark)))
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertTrue(vm.changed(mark))

    def test_a_file_that_shrank_counts_as_changed(self):
        vm, mark = self.made(), vmgenc.Mark()
        vm.sync(mark)
        self.assertEqual(vm.status().guarantee, vmgenc.RACE_FREE)
        self.assertEqual(vm.status().generation, 1)
        os.truncate(self.path, 0)
        self.assertTrue(vm.changed(mark))
        for call in (lambda: vm.sync(mark), vm.status):
            with self.assertRaises(OSError) as raised:
                call()
            self.assertEqual(raised.exception.errno, errno.EIO)

    def test_a_signal_does_not_end_the_wait(self):
        vm, mark, rung = self.made(), vmgenc.Mark(), []
        sim(self.path, "bump", "--unsettled")
        before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with self.assertRaises(TimeoutError):
            vm.sync(mark, timeout=0.2)
        self.assertEqual(rung, [1])

    def test_others_run_during_the_wait(self):
        vm, mark = self.made(), vmgenc.Mark()
        sim(self.path, "bump", "--unsettled")
        waiter = threading.Thread(target=vm.sync, args=(mark, None))
        waiter.start()
        sim(self.path, "bump")
        waiter.join()
        self.assertFalse(vm.changed(mark))

    def test_a_source_is_closed_once_and_not_copied(self):
        vm, mark = self.made(), vmgenc.Mark()
        for call in copy.copy, copy.deepcopy, pickle.dumps:
            self.assertRaises(TypeError, call, vm)
        self.assertRaises(OSError, vm.fileno)
        vm.close()
        vm.close()
        for call in (lambda: vm.changed(mark), lambda: vm.sync(mark), vm.status, vm.fileno):
            self.assertRaises(ValueError, call)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(bad != 0)
