//! `write STORY...|all [--out DIR]`: writes scripted stories out as offline clusters, by default into `tests/stories`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::script;

fn main() -> Result<()> {
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut out = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    if let Some(flag) = wanted.iter().position(|argument| argument == "--out") {
        let rest = wanted.split_off(flag);
        out = PathBuf::from(rest.get(1).context("--out needs a folder")?);
    }
    ensure!(!wanted.is_empty(), "usage: write STORY...|all [--out DIR]");
    for (name, script) in script::all()? {
        if wanted.iter().any(|word| word == "all" || *word == name) {
            script.write(&name, &out)?;
        }
    }
    Ok(())
}
