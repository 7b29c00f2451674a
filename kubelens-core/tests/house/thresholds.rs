use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use kubelens_core::registry;
use kubelens_core::snapshot::Thresholds;

use crate::{check_generated, workspace};

/// The table of thresholds, with who judges by each: a key that nobody reads yet says so.
#[test]
fn every_threshold_is_in_the_book() {
    let mut sources = Vec::new();
    for room in ["analyzers", "diagnosis"] {
        collect(
            &workspace().join("kubelens-core/src").join(room),
            &mut sources,
        );
    }
    sources.sort();
    let mut table = String::from(
        "# Thresholds\n\nGenerated from the table in `snapshot/thresholds.rs`. Keys stand under `thresholds` in the\n\
         [configuration](configuration.md).\n\n| key | default | unit | what it is | who judges by it |\n|---|---|---|---|---|\n",
    );
    let defaults = Thresholds::default().values();
    for (threshold, default) in Thresholds::ALL.iter().zip(defaults) {
        let field = format!(".{}", threshold.field);
        let mut readers = BTreeSet::new();
        for (file, text) in &sources {
            // Objects have fields of the same names: only what is asked of `thresholds(…)` counts.
            let reads = text.match_indices(&field).any(|(at, _)| {
                let next = text[at + field.len()..].chars().next();
                let (before, _) = text.split_at(at);
                let asked = before.rfind("thresholds").map(|from| &before[from..]);
                next.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '_')
                    && asked.is_some_and(|asked| asked.ends_with(')') && asked.len() < 60)
            });
            // Who asks for a current event judges by how long events count.
            let asks = threshold.field == "event_window" && text.contains(".current_event(");
            if reads || asks {
                let code = registry()
                    .iter()
                    .find(|analyzer| file.ends_with(analyzer.file))
                    .map_or("several", |analyzer| analyzer.code);
                readers.insert(code);
            }
        }
        let readers = if readers.is_empty() {
            "nobody yet".to_owned()
        } else {
            readers.into_iter().collect::<Vec<_>>().join(", ")
        };
        let _ = writeln!(
            table,
            "| `{}` | {default} | {} | {} | {readers} |",
            threshold.key,
            threshold.unit,
            threshold.meaning.trim(),
        );
    }
    check_generated(&workspace().join("docs/src/thresholds.md"), &table);
}

fn collect(folder: &Path, sources: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file");
            let text = text.split_whitespace().collect();
            sources.push((path.display().to_string(), text));
        }
    }
}
