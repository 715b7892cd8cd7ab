# SPDX-License-Identifier: BSD-2-Clause
"""libvmgenc for Python: notices that this virtual machine was cloned or restored.

libvmgenc.so.1 has to be installed; libvmgenc(3) has the contract of each call. Errors are OSError
with the number that the manual page names: TimeoutError, PermissionError and so on.

    vm = vmgenc.Source()            # OSError ENODEV: this machine cannot tell that it was cloned
    mark = vmgenc.Mark()
    rng = random.Random()
    nonce = vm.draw(mark, lambda: rng.getrandbits(128), renew=rng.seed)
"""
import ctypes
import errno
import math
import os
import time

__all__ = ["Mark", "Source", "Status", "NONE", "NOTIFIED", "RACE_FREE"]

NONE, NOTIFIED, RACE_FREE = 0, 1, 2  # Status.guarantee

_INT_MAX = 2**31 - 1
_WORDS = ctypes.POINTER(ctypes.c_uint64)


class Mark(ctypes.Structure):
    """The generation that a caller last saw. A new mark has seen none, so its first check is true.

    Use one for each thread, or one for each generator under that generator's lock.
    """

    _fields_ = [("seen0", ctypes.c_uint64), ("seen1", ctypes.c_uint64)]


class Status(ctypes.Structure):
    """struct vmgenc_status"""

    _fields_ = [
        ("size", ctypes.c_uint32),
        ("guarantee", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("generation", ctypes.c_uint64),
        ("settled", ctypes.c_uint64),
        ("id", ctypes.c_uint8 * 16),
        ("changed_ns", ctypes.c_uint64),
        ("changes", ctypes.c_uint64),
        ("spurious", ctypes.c_uint64),
        ("rekeys", ctypes.c_uint64),
        ("rekey_failures", ctypes.c_uint64),
        ("source", ctypes.c_char * 64),
        ("unseeded", ctypes.c_uint64),
        ("redraws", ctypes.c_uint64),
        ("redraws_missed", ctypes.c_uint64),
    ]


def _function(name, result, *arguments):
    function = getattr(_library, name)
    function.restype = result
    function.argtypes = arguments
    return function


_library = ctypes.CDLL("libvmgenc.so.1")
_open = _function("vmgenc_open", ctypes.c_int, ctypes.POINTER(ctypes.c_void_p), ctypes.c_char_p)
_close = _function("vmgenc_close", None, ctypes.c_void_p)
_differs = _function(
    "vmgenc_differs", ctypes.c_bool, ctypes.c_void_p, ctypes.POINTER(Mark), ctypes.c_uint64
)
_sync = _function(
    "vmgenc_sync", ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Mark), ctypes.c_int
)
_fd = _function("vmgenc_fd", ctypes.c_int, ctypes.c_void_p)
_status = _function("vmgenc_status", ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Status))


def _raise(negative, name=None):
    if negative < 0:
        raise OSError(-negative, os.strerror(-negative), name)


class Source:
    """An open source. Any thread may use it until close(), and so may a child of fork(2)."""

    _vg = _hot = None

    def __init__(self, name=None):
        """name is "dev:PATH", "vmclock:PATH", "sysctl:DIRECTORY", "file:PATH", or None: the best."""
        vg = ctypes.c_void_p()
        _raise(_open(ctypes.byref(vg), None if name is None else os.fsencode(name)), name)
        self._vg = vg.value
        # struct vmgenc begins with the pointer to the two words that vmgenc_changed() compares.
        self._hot = ctypes.cast(vg, ctypes.POINTER(_WORDS))[0]

    def close(self):
        """No thread may use the source during the call; afterwards its methods raise ValueError."""
        vg, self._vg, self._hot = self._vg, None, None
        _close(vg)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if self._vg:
            self.close()

    def __copy__(self):
        raise TypeError("a source has an owner; pass it on, or open another one")

    def __deepcopy__(self, _):
        self.__copy__()

    def __reduce__(self):
        self.__copy__()

    def _opened(self):
        if not self._vg:
            raise ValueError("the source is closed")
        return self._vg

    def changed(self, mark):
        """Whether the generation differs from the mark. It never fails.

        This is vmgenc_changed(), which the library has only inline. ctypes copies each word anew,
        and the interpreter moves nothing across its own instructions, so a check stays behind the
        draw before it.
        """
        hot = self._hot
        if not hot:
            self._opened()
        difference = (hot[0] ^ mark.seen0) | (hot[1] ^ mark.seen1)
        return difference != 0 and _differs(self._vg, ctypes.byref(mark), difference)

    def sync(self, mark, timeout=1.0):
        """Waits until the kernel is rekeyed for this generation, and sets the mark to it.

        timeout is in seconds; 0 tries once, None waits for ever. If this raises, the mark is
        untouched, so changed() stays true. A signal's handler runs, and the wait goes on.
        """
        end = None if timeout is None else time.monotonic() + timeout
        error = -errno.EINTR
        while error == -errno.EINTR:
            ms = -1 if end is None else max(0, math.ceil((end - time.monotonic()) * 1000))
            error = _sync(self._opened(), ctypes.byref(mark), min(ms, _INT_MAX))
        _raise(error)

    def draw(self, mark, make, renew=None, timeout=1.0):
        """Returns what make() returns: a value that no clone has.

        After a change it syncs and calls renew(), which discards pools, keys and seeds made earlier.
        make() draws, and computes all that follows from the draw. If the generation has changed
        meanwhile, all of this is done again. The mark is set only when renew() has returned.
        """
        while True:
            if self.changed(mark):
                fresh = Mark()
                self.sync(fresh, timeout)
                if renew:
                    renew()
                mark.seen0, mark.seen1 = fresh.seen0, fresh.seen1
            value = make()
            if not self.changed(mark):
                return value

    def fileno(self):
        """A descriptor that polls readable after each change; it belongs to the source.

        OSError ENOTSUP if the source has none (file:, sysctl:, some VMClocks): check periodically.
        """
        fd = _fd(self._opened())
        _raise(fd)
        return fd

    def status(self):
        """A consistent view of the source, as a Status."""
        status = Status(size=ctypes.sizeof(Status))
        _raise(_status(self._opened(), ctypes.byref(status)))
        return status
