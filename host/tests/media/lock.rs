//! The role's lock: one active on a host, whichever way the last one ended.

use core::sync::atomic::{AtomicBool, Ordering};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use shadowvol::backend::ReadAt;
use shadowvol_host::lock::{LockError, RoleLock};
use shadowvol_host::{Caching, File, FileOptions, ReadOnlyFile};

use super::place::Place;

/// Which file the other process is to lock.
const VARIABLE: &str = "SHADOWVOL_TEST_LOCK";

#[test]
fn the_role_is_held_once_in_a_process() {
    let place = &Place::all()[0];
    let path = place.path();
    File::create(&path, 10, FileOptions::default()).expect("a new file");
    let lock = RoleLock::take(&path).expect("a free role");
    let error = RoleLock::take(&path).expect_err("a second active");
    assert!(matches!(error, LockError::Held { .. }));
    #[cfg(target_os = "linux")]
    assert!(error.to_string().contains("held by this process"), "{error}");
    let passive = ReadOnlyFile::open(&path, Caching::Auto).expect("a lock hinders no reader");
    passive.read_at(0, &mut [0; 10]).expect("a lock hinders no read");
    drop(lock);
    RoleLock::take(&path).expect("a role that was given back");
}

/// A child that another thread is forking off, to start a program, has every handle for a moment.
#[cfg(unix)]
#[test]
fn a_role_that_was_given_back_is_free_whoever_has_a_handle() {
    let place = &Place::all()[0];
    let path = place.path();
    File::create(&path, 10, FileOptions::default()).expect("a new file");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                Command::new("true").status().expect("a program");
            }
        });
        let refused = (0..2_000).find_map(|_| RoleLock::take(&path).err());
        stop.store(true, Ordering::Relaxed);
        assert!(refused.is_none(), "{refused:?}");
    });
}

#[test]
fn a_missing_diff_area_is_told() {
    let error = RoleLock::take("/no/such/file").expect_err("nothing to lock");
    assert!(matches!(error, LockError::Io { .. }), "{error}");
}

#[test]
fn a_holder_that_is_killed_gives_the_role_back() {
    let place = &Place::all()[0];
    let path = place.path();
    File::create(&path, 10, FileOptions::default()).expect("a new file");
    let mut other = other_process(&path);
    let error = RoleLock::take(&path).expect_err("held by the other process");
    if let LockError::Held { holder: Some(holder), .. } = &error {
        assert_eq!(holder.process, other.id(), "{error}");
    }
    other.kill().expect("a process of ours");
    other.wait().expect("a process of ours");
    RoleLock::take(&path).expect("the role of a dead process");
}

/// Starts this test program again as the process that takes the lock and keeps it.
fn other_process(path: &std::path::Path) -> Child {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "lock::in_the_other_process", "--ignored", "--nocapture"])
        .env(VARIABLE, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a second process");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let told = lines.map_while(Result::ok).find(|line| line.contains("locked"));
    assert!(told.is_some(), "the other process took no lock");
    child
}

#[test]
#[ignore = "it is run by a_holder_that_is_killed_gives_the_role_back in a process of its own"]
fn in_the_other_process() {
    let Some(path) = std::env::var_os(VARIABLE) else { return };
    let _lock = RoleLock::take(path).expect("a free role");
    println!("locked");
    // Ends with the process that started it, should that one die first.
    let _ = std::io::stdin().lines().next();
}
