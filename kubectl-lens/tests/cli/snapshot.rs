//! `snapshot`: what is saved is what is read back.

use crate::harness::{SHOP, run};

#[test]
fn a_saved_picture_gives_the_same_causes() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("shop.tar.gz");
    let path = path.to_str().expect("a path");
    let saved = run(&["snapshot", "save", path, "--from", SHOP]);
    assert_eq!((saved.status, saved.stdout.as_str()), (Some(0), ""), "{}", saved.stderr);
    assert!(saved.stderr.starts_with("saved 7 objects to "), "{}", saved.stderr);

    let causes = ["-o", "jsonpath={.takenAt} {.causes} {.coverage}"];
    let before = run(&[&["diagnose", "--from", SHOP], &causes[..]].concat());
    let after = run(&[&["diagnose", "--from", path], &causes[..]].concat());
    assert_eq!(after.status, Some(0), "{}", after.stderr);
    assert_eq!(after.stdout, before.stdout);

    let again = run(&["snapshot", "save", path, "--from", SHOP]);
    assert_eq!(again.status, Some(2));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(run(&["snapshot", "save", path, "--force", "--from", SHOP]).status, Some(0));
}

#[test]
fn what_a_picture_holds_is_shown_by_kind() {
    let shown = run(&["snapshot", "show", SHOP, "-o", "custom-columns=KIND:.kind,N:.objects,STATE:.state"]);
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    assert!(shown.stdout.lines().any(|line| line.split_whitespace().eq(["Deployment", "2", "complete"])), "{}", shown.stdout);
}
