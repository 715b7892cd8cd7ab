// SPDX-License-Identifier: BSD-2-Clause
//! Notices that this virtual machine was cloned or restored. Reads the pages of vmgenc_abi.h by
//! itself, without libvmgenc, whose contract it keeps: libvmgenc(3). It has the sources `dev:` and
//! `file:`, but neither `sysctl:` nor `vmclock:`, whose pages differ. No other crate is needed.
#![deny(unsafe_op_in_unsafe_fn)]
use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io::{Error, Result};
use std::os::raw::{c_char, c_void};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::os::unix::io::AsRawFd;
use std::ptr::{null_mut, NonNull};
use std::sync::atomic::{compiler_fence, fence, AtomicU64, Ordering};
use std::time::{Duration, Instant};

// The numbers below, and that one atomic load of 64 bits may read a page that is mapped read-only.
#[cfg(not(all(
    target_os = "linux",
    target_endian = "little",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
)))]
compile_error!("vmgenc is for Linux on x86_64, aarch64 and riscv64");

#[rustfmt::skip]
mod number {
    pub const EINTR: i32 = 4; pub const EIO: i32 = 5; pub const EAGAIN: i32 = 11;
    pub const ENODEV: i32 = 19; pub const EINVAL: i32 = 22; pub const ENODATA: i32 = 61;
    pub const EPROTO: i32 = 71; pub const ENOTSUP: i32 = 95; pub const ETIMEDOUT: i32 = 110;
}
use number::*;

extern "C" {
    fn mmap(at: *mut c_void, size: usize, prot: i32, flags: i32, fd: i32, from: i64)
        -> *mut c_void;
    fn munmap(at: *mut c_void, size: usize) -> i32;
    fn ioctl(fd: i32, request: u64, ...) -> i32;
    fn fcntl(fd: i32, command: i32, ...) -> i32;
    fn sysconf(name: i32) -> i64;
    fn secure_getenv(name: *const c_char) -> *const c_char;
}

/// The generation that a caller last saw. A new mark has seen none, so its first check says changed.
/// Use one for each thread, or one for each generator under that generator's lock.
#[derive(Clone, Debug, Default)]
pub struct Mark([u64; 2]);

/// An open source. Any thread may use it, and so may a child of fork(2), with its own marks.
#[derive(Debug)]
pub struct Source {
    file: File,
    device: bool,
    pages: [Page; 2], // the driver's and the hypervisor's
    race_free: bool,  // the hypervisor's page is compared: its id, not generation and settled
    at: usize,        // of these two words in their page
}

/// The words of a page: mapped if it cannot shrink, otherwise read at each access, since a mapping
/// of a truncated file would kill. The kernel changes them, so only copies are handed out.
#[derive(Debug)]
struct Page(usize, Option<NonNull<AtomicU64>>);

// SAFETY: a mapping stays where it is until the page is dropped, and is only read, atomically.
unsafe impl Send for Page {}
unsafe impl Sync for Page {}

impl Page {
    fn map(&mut self, file: &File) -> Result<()> {
        let from = (self.0 * page_size()) as i64;
        // SAFETY: a new range, PROT_READ and MAP_SHARED.
        let page = unsafe { mmap(null_mut(), page_size(), 1, 1, file.as_raw_fd(), from) };
        if page as isize == -1 {
            return Err(Error::last_os_error());
        }
        self.1 = NonNull::new(page.cast());
        Ok(())
    }

    /// Only relaxed loads may read memory that is mapped read-only; the callers have the fences.
    #[inline]
    fn read<const N: usize>(&self, file: &File, at: usize) -> Result<[u64; N]> {
        let mut words = [0; N];
        let page = match self.1 {
            Some(page) => page.as_ptr(),
            None => return self.read_file(file, at, &mut words).map(|()| words),
        };
        for (i, word) in words.iter_mut().enumerate() {
            // SAFETY: checked_page() and the constants below keep at + N within the page.
            *word = unsafe { &*page.add(at + i) }.load(Ordering::Relaxed);
        }
        Ok(words)
    }

    #[cold]
    fn read_file(&self, file: &File, at: usize, words: &mut [u64]) -> Result<()> {
        for (i, word) in words.iter_mut().enumerate() {
            let mut bytes = [0; 8];
            file.read_exact_at(&mut bytes, (self.0 * page_size() + 8 * (at + i)) as u64)?;
            *word = u64::from_le_bytes(bytes);
        }
        Ok(())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Some(page) = self.1 {
            // SAFETY: map() mapped it, and nothing refers to it.
            unsafe { munmap(page.as_ptr().cast(), page_size()) };
        }
    }
}

fn page_size() -> usize {
    // SAFETY: 30 is _SC_PAGESIZE.
    unsafe { sysconf(30) as usize }
}

fn errno<T>(number: i32) -> Result<T> {
    Err(Error::from_raw_os_error(number))
}

fn from_environment() -> Option<String> {
    // SAFETY: the name ends with NUL; the value is copied before anything can change it.
    let value = unsafe { secure_getenv("VMGENC_SOURCE\0".as_ptr().cast()) };
    let value = NonNull::new(value as *mut c_char)?;
    Some(unsafe { CStr::from_ptr(value.as_ptr()) }.to_string_lossy().into_owned())
}

impl Source {
    /// Opens `dev:PATH` or `file:PATH`; or, with None, VMGENC_SOURCE of the environment, or else
    /// `dev:/dev/vmgenc`. The errors are those of vmgenc_open: ENODEV says that there is no device,
    /// and ENOTSUP that this crate does not have the source that was named.
    pub fn open(name: Option<&str>) -> Result<Source> {
        let name = name.map(str::to_owned).or_else(from_environment);
        let (device, path) = match name.as_deref().unwrap_or("dev:/dev/vmgenc").split_once(':') {
            Some(("vmclock" | "sysctl", _)) => return errno(ENOTSUP),
            Some((kind @ ("dev" | "file"), path)) if !path.is_empty() => {
                (kind == "dev", path.to_owned())
            }
            _ => return errno(EINVAL),
        };
        let flags = 0o4400; // O_NONBLOCK, O_NOCTTY
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let opened = opened.and_then(|file| Source::attach(file, device));
        opened.map_err(|error| match error.raw_os_error() {
            Some(2 | 20 | 6) => Error::from_raw_os_error(ENODEV), // ENOENT, ENOTDIR, ENXIO
            Some(1) => Error::from_raw_os_error(13),              // EPERM, EACCES
            _ => error,
        })
    }

    fn attach(file: File, device: bool) -> Result<Source> {
        let meta = file.metadata()?;
        let is_kind = if device { meta.file_type().is_char_device() } else { meta.is_file() };
        if !is_kind || !device && meta.len() < 2 * page_size() as u64 {
            return errno(EINVAL);
        }
        // SAFETY: 1034 is F_GET_SEALS, 2 F_SEAL_SHRINK; only memory files can be sealed.
        let seals = unsafe { fcntl(file.as_raw_fd(), 1034) };
        let maps = device || seals != -1 && seals & 2 != 0;
        let pages = [Page(0, None), Page(1, None)];
        let mut s = Source { file, device, pages, race_free: false, at: 2 };
        if maps {
            s.pages[0].map(&s.file).map_err(|error| match error.raw_os_error() {
                Some(ENODEV) => Error::from_raw_os_error(EINVAL), // another device, not mappable
                _ => error,
            })?;
        }
        let page = s.checked_page()?;
        if page[1] & 1 == 0 || page[1] & 4 != 0 {
            return Ok(s); // not RAW_MAPPABLE, or ID_UNFILLED
        }
        if let Err(error) = if maps { s.pages[1].map(&s.file) } else { Ok(()) } {
            // EPERM, EACCES: without the privilege, the driver's page is compared.
            return if matches!(error.raw_os_error(), Some(1 | 13)) { Ok(s) } else { Err(error) };
        }
        s.race_free = true;
        s.at = (page[1] >> 32) as usize / 8;
        Ok(s)
    }

    /// struct vmgenc_page: 0 magic, version, size; 1 flags, id_offset; 2 generation; 3 settled; 4 and
    /// 5 id; 7 seq in the lower half.
    fn checked_page(&self) -> Result<[u64; 8]> {
        let page = self.pages[0].read::<8>(&self.file, 0)?;
        let (size, id_at, room) = (page[0] >> 48, page[1] >> 32, page_size() as u64);
        if page[0] as u32 != 0x43474d56 {
            return errno(EINVAL);
        } else if (page[0] >> 32) as u16 != 1 {
            return errno(EPROTO);
        }
        let misplaced = page[1] & 1 != 0 && (id_at % 8 != 0 || id_at > room - 16);
        if size < 96 || size > room || page[2] == 0 || misplaced {
            return errno(EINVAL);
        }
        Ok(page)
    }

    #[inline]
    fn words(&self) -> Result<[u64; 2]> {
        self.pages[self.race_free as usize].read(&self.file, self.at)
    }

    /// Whether the generation differs from the mark. It never fails. It makes no system call if the
    /// source is mapped. The first fence keeps the compiler from moving a draw behind the check that
    /// follows it; the second orders the loads before what follows, as an acquire does.
    #[inline]
    pub fn changed(&self, mark: &Mark) -> bool {
        compiler_fence(Ordering::SeqCst);
        let now = self.words();
        fence(Ordering::Acquire);
        !matches!(now, Ok(now) if (now[0] ^ mark.0[0]) | (now[1] ^ mark.0[1]) == 0)
    }

    /// Whether a clone is seen from its first instruction on. Otherwise changed() is true once the
    /// driver has noticed, and only sync() makes it look.
    #[rustfmt::skip]
    pub fn race_free(&self) -> bool { self.race_free }

    /// Waits until the kernel is rekeyed for this generation, and sets the mark to it. A timeout of
    /// zero tries once, None waits for ever. On an error the mark is untouched, so changed() stays
    /// true: ETIMEDOUT, or EIO (the driver failed, or the source is gone).
    pub fn sync(&self, mark: &mut Mark, timeout: Option<Duration>) -> Result<()> {
        let start = Instant::now();
        loop {
            match self.settled() {
                Ok(seen) => return Ok(mark.0 = seen),
                Err(error) if matches!(error.raw_os_error(), Some(ENODATA | EAGAIN | EINTR)) => {}
                Err(_) => return errno(EIO),
            }
            if timeout.map_or(false, |timeout| start.elapsed() >= timeout) {
                return errno(ETIMEDOUT);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What is known to be settled, not what is in force at the end, so that the next check sees a
    /// later change. A file has no driver: its writer has to have settled it.
    fn settled(&self) -> Result<[u64; 2]> {
        let mut event = [0u64; 5]; // struct vmgenc_event: generation, settled, id, changed_ns
        if self.device {
            // SAFETY: VMGENC_SYNC fills in this structure.
            if unsafe { ioctl(self.file.as_raw_fd(), 0x802847e1, event.as_mut_ptr()) } != 0 {
                return Err(Error::last_os_error());
            }
        } else {
            let page = self.checked_page()?;
            fence(Ordering::Acquire);
            if page != self.checked_page()? || page[7] & 1 != 0 {
                return errno(EAGAIN); // it was being written
            } else if page[2] != page[3] {
                return errno(ENODATA);
            } else if self.race_free && self.words()? != page[4..6] {
                return errno(EAGAIN);
            }
            event[..4].copy_from_slice(&page[2..6]);
        }
        Ok(if self.race_free { [event[2], event[3]] } else { [event[0], event[1]] })
    }

    /// Returns what draw returns: a value that no clone has. After a change it syncs and calls renew,
    /// which discards pools, keys and seeds made earlier. draw draws, and computes all that follows
    /// from it. If the generation has changed meanwhile, the value is dropped and all of this is done
    /// again. The mark is set only if renew has succeeded.
    pub fn draw<T>(
        &self,
        mark: &mut Mark,
        timeout: Option<Duration>,
        mut renew: impl FnMut() -> Result<()>,
        mut draw: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        loop {
            if self.changed(mark) {
                let mut fresh = Mark::default();
                self.sync(&mut fresh, timeout)?;
                renew()?;
                *mark = fresh;
            }
            let value = draw()?;
            if !self.changed(mark) {
                return Ok(value);
            }
        }
    }
}

#[cfg(test)]
mod test;
