//! A state directory whose disk is full, does not answer, or that somebody removed: writes are refused at once and say
//! why, nothing that was acknowledged is lost, and all is well again without a restart.
//!
//! Disks of their own are mounted; where this process has no right to, those tests say so and end.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "what a test cannot set up fails it"
)]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kubelens_server::store::{Shelf, Store, StoreError};

/// How long a store may need to come back.
const SOON: Duration = Duration::from_secs(20);

/// A mounted disk; gone when it is dropped.
struct Disk {
    folder: tempfile::TempDir,
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

impl Disk {
    fn mount(arguments: &[&str]) -> Option<Disk> {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_str().unwrap();
        if run("mount", &[arguments, &[at]].concat()) {
            return Some(Disk { folder });
        }
        eprintln!("not tested: this process may not mount {arguments:?}");
        None
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn freeze(&self, how: &str) -> bool {
        run("fsfreeze", &[how, self.path().to_str().unwrap()])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.freeze("-u");
        // A store that is abandoned keeps its files open.
        run("umount", &["-l", self.path().to_str().unwrap()]);
    }
}

fn put(store: &Store, number: u32) -> Result<(), StoreError> {
    let mut value = [0_u8; 2_000];
    getrandom::fill(&mut value).unwrap();
    store.put(Shelf::Records, &number.to_be_bytes(), &value)
}

/// Writes until it works again; the number after the one that was written.
fn until_written(store: &Store, mut number: u32) -> u32 {
    let started = Instant::now();
    loop {
        number += 1;
        match put(store, number) {
            Ok(()) => return number + 1,
            Err(error) => assert!(started.elapsed() < SOON, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What was acknowledged is there, now and for who opens it next.
fn all_there(store: Store, directory: &Path, acknowledged: &[u32]) {
    let look = |store: &Store| {
        for number in acknowledged {
            let value = store.get(Shelf::Records, &number.to_be_bytes()).unwrap();
            assert!(value.is_some(), "{number} is lost");
        }
        store.check().unwrap();
    };
    look(&store);
    assert_eq!(store.trouble(), None);
    drop(store);
    look(&reopened(directory));
}

/// The store opened anew. A writer that hung on the disk lets the old one go a moment after the last handle is dropped.
fn reopened(directory: &Path) -> Store {
    let started = Instant::now();
    loop {
        match Store::open(directory) {
            Err(StoreError::InUse { .. }) if started.elapsed() < SOON => {
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other.unwrap(),
        }
    }
}

/// Fills the disk to its last byte.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for length in [1 << 20, 1 << 12, 1] {
        while file.write_all(&vec![1; length]).is_ok() {}
    }
}

#[test]
fn a_full_disk_refuses_at_once_and_is_written_again_when_there_is_room() {
    let Some(disk) = Disk::mount(&["-t", "tmpfs", "-o", "size=48m", "none"]) else {
        return;
    };
    let directory = disk.path().join("state");
    let store = Store::open(&directory).unwrap();
    let mut acknowledged: Vec<u32> = (0..50).collect();
    for number in &acknowledged {
        put(&store, *number).unwrap();
    }
    fill(&disk.path().join("filler"));
    let started = Instant::now();
    for number in 50..60 {
        let error = put(&store, number).unwrap_err().to_string();
        assert!(error.contains("is full"), "{error}");
        assert!(store.trouble().unwrap().contains("is full"));
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    fs::remove_file(disk.path().join("filler")).unwrap();
    let next = until_written(&store, 60);
    acknowledged.push(next - 1);
    all_there(store, &directory, &acknowledged);
}

#[test]
fn a_disk_that_fills_in_the_midst_of_writes_loses_nothing_that_was_acknowledged() {
    let Some(disk) = Disk::mount(&["-t", "tmpfs", "-o", "size=40m", "none"]) else {
        return;
    };
    let directory = disk.path().join("state");
    let store = Store::open(&directory).unwrap();
    let (mut acknowledged, mut number) = (Vec::new(), 0);
    for round in 0..4 {
        let filler = disk.path().join(format!("filler-{round}"));
        let is_full = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                fill(&filler);
                is_full.store(true, Ordering::SeqCst);
            });
            while !is_full.load(Ordering::SeqCst) {
                number += 1;
                if put(&store, number).is_ok() {
                    acknowledged.push(number);
                }
            }
        });
        put(&store, 0).unwrap_err();
        fs::remove_file(&filler).unwrap();
        number = until_written(&store, number);
        acknowledged.push(number - 1);
    }
    all_there(store, &directory, &acknowledged);
}

#[test]
fn a_disk_that_does_not_answer_holds_nobody_up_and_is_written_again_when_it_does() {
    let image = tempfile::NamedTempFile::new().unwrap();
    image.as_file().set_len(96 << 20).unwrap();
    let image = image.path().to_str().unwrap();
    if !run("mkfs.ext4", &["-q", "-F", image]) {
        eprintln!("not tested: no mkfs.ext4");
        return;
    }
    let Some(disk) = Disk::mount(&["-o", "loop", image]) else {
        return;
    };
    let directory = disk.path().join("state");
    let store = Store::open(&directory).unwrap();
    put(&store, 1).unwrap();
    if !disk.freeze("-f") {
        eprintln!("not tested: this process may not freeze a file system");
        return;
    }
    let started = Instant::now();
    let error = put(&store, 2).unwrap_err().to_string();
    assert!(error.contains("does not answer"), "{error}");
    let waited = started.elapsed();
    assert!(waited < Duration::from_secs(10));
    // From now on nobody waits the 8 s that a write is given, and reading goes on.
    let started = Instant::now();
    put(&store, 3).unwrap_err();
    assert!(store.trouble().unwrap().contains("does not answer"));
    let read = store.get(Shelf::Records, &1_u32.to_be_bytes()).unwrap();
    assert!(read.is_some());
    assert!(started.elapsed() < waited / 2);
    assert!(disk.freeze("-u"));
    let next = until_written(&store, 3);
    all_there(store, &directory, &[1, next - 1]);
}

#[test]
fn a_removed_directory_is_written_anew_from_memory() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("state");
    let store = Store::open(&directory).unwrap();
    let mut acknowledged: Vec<u32> = (0..700).collect();
    for number in &acknowledged {
        put(&store, *number).unwrap();
    }
    fs::remove_dir_all(&directory).unwrap();
    assert!(store.trouble().is_none_or(|told| told.contains("is gone")));
    let next = until_written(&store, 700);
    acknowledged.push(next - 1);
    all_there(store, &directory, &acknowledged);
}

#[test]
fn another_store_in_its_place_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("state");
    let store = Store::open(&directory).unwrap();
    put(&store, 1).unwrap();
    fs::rename(&directory, folder.path().join("away")).unwrap();
    drop(Store::open(&directory).unwrap());
    let error = put(&store, 2).unwrap_err().to_string();
    assert!(error.contains("is gone"), "{error}");
    fs::remove_dir_all(&directory).unwrap();
    fs::rename(folder.path().join("away"), &directory).unwrap();
    let next = until_written(&store, 2);
    all_there(store, &directory, &[1, next - 1]);
}

#[test]
fn damaged_files_are_an_error_and_never_an_empty_store() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("state");
    let store = Store::open(&directory).unwrap();
    for number in 0..200 {
        put(&store, number).unwrap();
    }
    drop(store);
    let mut files = Vec::new();
    let mut folders = vec![directory.join("records")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if entry.metadata().unwrap().len() > 0 {
                files.push(entry.path());
            }
        }
    }
    assert!(files.len() >= 2, "{files:?}");
    let copies = files.iter().map(|file| {
        let copy = tempfile::tempdir().unwrap();
        assert!(run(
            "cp",
            &[
                "-r",
                directory.to_str().unwrap(),
                copy.path().to_str().unwrap()
            ]
        ));
        let spoiled = copy.path().join("state");
        let spoiled = spoiled.join(file.strip_prefix(&directory).unwrap());
        let mut bytes = fs::read(&spoiled).unwrap();
        for byte in &mut bytes {
            *byte ^= 0x5a;
        }
        fs::write(spoiled, bytes).unwrap();
        copy
    });
    let copies: Vec<_> = copies.collect();
    let checks = copies.iter().map(|copy| {
        let mut check = Command::new(env!("CARGO_BIN_EXE_kubelens-server"));
        let state = copy.path().join("state");
        check.arg("--state-dir").arg(state).args(["store", "check"]);
        check.stdout(Stdio::piped()).stderr(Stdio::null());
        check.spawn().unwrap()
    });
    let checks: Vec<_> = checks.collect();
    let mut refused = 0;
    for (check, file) in checks.into_iter().zip(&files) {
        let output = check.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        // A file of nothing but old versions may be spoiled without harm.
        if output.status.success() {
            assert!(told.contains("records: 200"), "{}: {told}", file.display());
        } else {
            refused += 1;
        }
    }
    assert!(refused > 0, "{files:?}");
}
