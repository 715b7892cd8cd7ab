// SPDX-License-Identifier: BSD-2-Clause
//! Tests on simulated machines (VMGENC: the program, SCRATCH: a directory).
use super::*;
use std::cell::Cell;
use std::io::ErrorKind;
use std::os::unix::io::FromRawFd;
use std::process::Command;

extern "C" {
    fn memfd_create(name: *const c_char, flags: u32) -> i32;
    fn fork() -> i32;
    fn waitpid(child: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(code: i32) -> !;
}

fn path(name: &str) -> String {
    format!("{}/{}", std::env::var("SCRATCH").unwrap(), name)
}

fn sim(name: &str, how: &[&str]) {
    let mut vmgenc = Command::new(std::env::var("VMGENC").unwrap());
    assert!(vmgenc.arg("sim").arg(path(name)).args(how).status().unwrap().success());
}

fn create(name: &str) -> Source {
    sim(name, &["create"]);
    Source::open(Some(&format!("file:{}", path(name)))).unwrap()
}

fn error_of<T>(result: Result<T>) -> Option<i32> {
    result.err().map(|error| error.raw_os_error().unwrap())
}

const ONCE: Option<Duration> = Some(Duration::ZERO);

fn nothing() -> Result<()> {
    Ok(())
}

#[test]
fn a_clone_is_seen() {
    let (vm, mut mark) = (create("seen"), Mark::default());
    for _ in 0..2 {
        assert!(vm.changed(&mark));
        vm.sync(&mut mark, ONCE).unwrap();
        assert!(!vm.changed(&mark));
        sim("seen", &["bump"]);
    }
    assert!(vm.changed(&mark));
    assert!(vm.race_free());
}

#[test]
fn a_mapped_source() {
    sim("mapped", &["create"]);
    let file = unsafe { File::from_raw_fd(memfd_create("vm\0".as_ptr().cast(), 2)) };
    let update = || file.write_all_at(&std::fs::read(path("mapped")).unwrap(), 0).unwrap();
    update();
    assert_eq!(unsafe { fcntl(file.as_raw_fd(), 1033, 2) }, 0);
    let vm = Source::open(Some(&format!("file:/proc/self/fd/{}", file.as_raw_fd()))).unwrap();
    let mut mark = Mark::default();
    assert!(vm.pages[0].1.is_some() && vm.pages[1].1.is_some());
    assert!(vm.changed(&mark));
    vm.sync(&mut mark, ONCE).unwrap();
    assert!(!vm.changed(&mark));
    for half in [0, 8] {
        // either word alone is a change
        let at = page_size() as u64 + 0x40 + half;
        let mut before = [0; 8];
        file.read_exact_at(&mut before, at).unwrap();
        file.write_all_at(&before.map(|b| b ^ 1), at).unwrap();
        assert!(vm.changed(&mark));
        file.write_all_at(&before, at).unwrap();
        assert!(!vm.changed(&mark));
    }
    sim("mapped", &["bump", "--raw"]);
    update();
    assert!(vm.changed(&mark));
    assert_eq!(error_of(vm.sync(&mut mark, ONCE)), Some(ETIMEDOUT));
    sim("mapped", &["bump"]);
    update();
    vm.sync(&mut mark, ONCE).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(!vm.changed(&mark)));
    });
}

/// Without the hypervisor's page, the driver's counter is compared.
#[test]
fn notified() {
    sim("notified", &["create"]);
    let file = OpenOptions::new().write(true).open(path("notified")).unwrap();
    file.write_all_at(&[0; 4], 8).unwrap();
    let vm = Source::open(Some(&format!("file:{}", path("notified")))).unwrap();
    let mut mark = Mark::default();
    assert!(!vm.race_free());
    vm.sync(&mut mark, ONCE).unwrap();
    sim("notified", &["bump", "--raw"]);
    assert!(!vm.changed(&mark));
    sim("notified", &["bump"]);
    assert!(vm.changed(&mark));
}

#[test]
fn an_unsettled_clone_draws_nothing() {
    let (vm, mut mark, draws) = (create("unsettled"), Mark::default(), Cell::new(0));
    let count = || Ok(draws.replace(draws.get() + 1));
    vm.draw(&mut mark, ONCE, nothing, count).unwrap();
    for how in ["--raw", "--unsettled"] {
        sim("unsettled", &["bump", how]);
        let drawn = vm.draw(&mut mark, Some(Duration::from_millis(1)), nothing, count);
        assert_eq!(drawn.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(vm.changed(&mark));
    }
    sim("unsettled", &["bump"]);
    assert_eq!(vm.draw(&mut mark, None, nothing, count).unwrap(), 1);
}

#[test]
fn a_clone_in_a_draw_draws_again() {
    let (vm, mut mark) = (create("again"), Mark::default());
    let (mut draws, mut renewed) = (0, 0);
    let renew = || Ok(renewed += 1);
    let value = vm.draw(&mut mark, ONCE, renew, || {
        draws += 1;
        if draws == 1 {
            sim("again", &["bump"]);
        }
        Ok(draws)
    });
    assert_eq!(value.unwrap(), 2);
    assert_eq!(renewed, 2);
}

#[test]
fn a_failed_renewal_leaves_the_mark() {
    let (vm, mut mark) = (create("renewal"), Mark::default());
    let drawn = vm.draw(&mut mark, ONCE, || errno(EPROTO), || -> Result<()> { panic!("drew") });
    assert_eq!(error_of(drawn), Some(EPROTO));
    assert!(vm.changed(&mark));
    assert_eq!(error_of(vm.draw(&mut mark, ONCE, nothing, || errno::<()>(EPROTO))), Some(EPROTO));
}

#[test]
fn without_a_device_there_is_no_source() {
    sim("clock", &["create", "--vmclock"]);
    let clock = path("clock");
    for (name, want) in [
        (format!("dev:{}", path("none")), ENODEV),
        ("none".to_owned(), EINVAL),
        ("file:".to_owned(), EINVAL),
        (format!("dev:{clock}"), EINVAL),
        (format!("file:{clock}"), EINVAL),
        (format!("vmclock:{clock}"), ENOTSUP),
        ("sysctl:/proc".to_owned(), ENOTSUP),
        ("dev:/dev/null".to_owned(), EINVAL),
    ] {
        assert_eq!(error_of(Source::open(Some(&name))), Some(want), "{name}");
    }
}

#[test]
fn a_child_has_marks_of_its_own() {
    let (vm, mut mark, mut status) = (create("fork"), Mark::default(), -1);
    vm.sync(&mut mark, ONCE).unwrap();
    sim("fork", &["bump"]);
    // Between fork and _exit, the child makes only system calls: other threads hold locks.
    unsafe {
        let child = fork();
        if child == 0 {
            let seen = vm.changed(&mark);
            let good = seen && vm.sync(&mut mark, ONCE).is_ok() && !vm.changed(&mark);
            _exit(!good as i32);
        }
        assert_eq!(waitpid(child, &mut status, 0), child);
    }
    assert_eq!(status, 0);
    assert!(vm.changed(&mark));
}

#[test]
fn a_file_that_shrank_counts_as_changed() {
    let (vm, mut mark) = (create("shrank"), Mark::default());
    vm.sync(&mut mark, ONCE).unwrap();
    OpenOptions::new().write(true).open(path("shrank")).unwrap().set_len(0).unwrap();
    assert!(vm.changed(&mark));
    assert_eq!(error_of(vm.sync(&mut mark, ONCE)), Some(EIO));
}
