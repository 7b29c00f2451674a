//! What `tests/scripts` tell is what `tests/stories` hold.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kubelens_tests::script;

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(place) = open.pop() {
        for entry in std::fs::read_dir(&place).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("inside").to_path_buf();
                all.insert(name, std::fs::read(&path).expect("a file"));
            }
        }
    }
    all
}

#[test]
fn every_script_is_written_out_as_it_stands() {
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    let scripts = script::all().expect("scripts");
    assert!(scripts.len() >= 45, "{} scripts", scripts.len());
    let fresh = tempfile::tempdir().expect("a folder");
    let mut stale = Vec::new();
    for (name, script) in scripts {
        script.write(&name, fresh.path()).expect("a story");
        if files(&fresh.path().join(&name)) != files(&stories.join(&name)) {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "stale: {stale:?}; cargo run -p kubelens-tests --bin write -- all"
    );
}
