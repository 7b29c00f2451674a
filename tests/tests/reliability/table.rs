//! The table of `docs/src/reliability.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) fault: &'static str,
    pub(crate) seen: &'static str,
    /// Until all was well, once the fault was over.
    pub(crate) recovered: Duration,
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reliability.md")
}

/// Writes these rows into the page, or holds them against it. Times are told, not compared: machines differ.
pub(crate) fn told(rows: &[Row]) -> Result<()> {
    let mut text = fs::read_to_string(page())?;
    let is_blessed = std::env::var_os("BLESS").is_some();
    for Row {
        fault,
        seen,
        recovered,
    } in rows
    {
        eprintln!("{fault}: {seen}: {:.1} s", recovered.as_secs_f32());
        let begin = format!("| {fault} | {seen} |");
        if is_blessed {
            let line = format!("{begin} {:.1} s |", recovered.as_secs_f32());
            let old = format!("| {fault} |");
            if text.lines().any(|it| it.starts_with(&old)) {
                let lines = text
                    .lines()
                    .map(|it| if it.starts_with(&old) { &line } else { it });
                text = lines.collect::<Vec<_>>().join("\n") + "\n";
            } else {
                text = text.trim_end().to_owned() + "\n" + &line + "\n";
            }
        }
        ensure!(
            text.lines().any(|line| line.starts_with(&begin)),
            "{} lacks {begin}: BLESS=1 writes it",
            page().display()
        );
    }
    if is_blessed {
        fs::write(page(), text)?;
    }
    Ok(())
}
