//! The commands that work on what a server left, as its operator runs them.

use std::path::Path;
use std::process::{Command, Output};

use kubelens_server::store::{Shelf, Store};

fn kubelens_server(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubelens-server"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("STATE_DIR")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(text).unwrap()
}

#[test]
fn a_backup_is_written_checked_and_restored() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let store = Store::open(&here.join("state")).unwrap();
    store.put(Shelf::Records, b"one", b"1").unwrap();
    drop(store);
    let done = |arguments: &[&str]| {
        let output = kubelens_server(here, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        said(&output)
    };
    let counted = done(&["--state-dir", "state", "store", "check"]);
    assert!(counted.contains("records: 1\n"), "{counted}");
    let backup = ["--state-dir", "state", "store", "backup", "state.jsonl"];
    assert_eq!(done(&backup), counted);
    let restore = ["--state-dir", "copy", "store", "restore", "state.jsonl"];
    assert_eq!(done(&restore), counted);

    // What is there already is left alone.
    let again = kubelens_server(here, &backup);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert!(said(&again).contains("state.jsonl"), "{}", said(&again));
    let again = kubelens_server(here, &restore);
    assert!(
        said(&again).contains("holds a store already"),
        "{}",
        said(&again)
    );
}

#[test]
fn a_directory_without_a_store_is_an_error_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        &["store", "check"][..],
        &["store", "backup", "state.jsonl"],
        &["audit", "verify"],
        &["audit", "export"],
    ] {
        let arguments = [&["--state-dir", "mistyped"], command].concat();
        let output = kubelens_server(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(
            said(&output).contains("mistyped holds no store"),
            "{}",
            said(&output)
        );
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "{command:?}");
    }
}

#[test]
fn the_state_directory_of_the_configuration_file_counts() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    drop(Store::open(&here.join("kept")).unwrap());
    std::fs::write(here.join("kubelens.yaml"), "STATE_DIR: kept\n").unwrap();
    let check = ["--config", "kubelens.yaml", "store", "check"];
    let output = kubelens_server(here, &check);
    assert!(output.status.success(), "{}", said(&output));
    let output = kubelens_server(here, &["--config", "gone.yaml", "store", "check"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("gone.yaml"), "{}", said(&output));
}
