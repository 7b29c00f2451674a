use std::path::Path;

use crate::workspace;

/// Which rooms a room may know. Arrows point down only.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &["model"]),
    ("kubernetes", &["kubernetes", "model"]),
    ("validation", &["validation", "model"]),
    (
        "snapshot",
        &["snapshot", "validation", "kubernetes", "model"],
    ),
    (
        "documents",
        &["documents", "snapshot", "kubernetes", "model"],
    ),
    (
        "source",
        &["source", "snapshot", "validation", "kubernetes", "model"],
    ),
    ("analysis", &["analysis", "snapshot", "kubernetes", "model"]),
    (
        "analyzers",
        &["analyzers", "analysis", "snapshot", "kubernetes", "model"],
    ),
    (
        "diagnosis",
        &["diagnosis", "analysis", "snapshot", "kubernetes", "model"],
    ),
    ("settling", &["settling", "snapshot", "kubernetes", "model"]),
    (
        "comparison",
        &["comparison", "snapshot", "kubernetes", "model"],
    ),
    ("fleet", &["fleet", "model"]),
    (
        "rules",
        &[
            "rules",
            "documents",
            "analysis",
            "snapshot",
            "kubernetes",
            "model",
        ],
    ),
    (
        "engine",
        &[
            "engine",
            "documents",
            "rules",
            "analyzers",
            "analysis",
            "diagnosis",
            "snapshot",
            "kubernetes",
            "model",
        ],
    ),
];

#[test]
fn rooms_know_only_the_rooms_below_them() {
    let mut wrong = Vec::new();
    for (room, allowed) in ALLOWED {
        let folder = workspace().join("kubelens-core/src").join(room);
        visit(&folder, &mut |file, line| {
            for used in rooms_named_in(line) {
                if !allowed.contains(&used) {
                    wrong.push(format!("{}: {}", file.display(), line.trim()));
                }
            }
        });
    }
    assert!(
        wrong.is_empty(),
        "arrows that point the wrong way:\n{}",
        wrong.join("\n")
    );
}

fn rooms_named_in(line: &str) -> Vec<&str> {
    line.split("crate::")
        .skip(1)
        .filter_map(|rest| {
            rest.split(|c: char| !c.is_ascii_lowercase() && c != '_')
                .next()
        })
        .filter(|room| ALLOWED.iter().any(|(known, _)| known == room))
        .collect()
}

fn visit(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            // What only tests may bring rooms together.
            if !path.ends_with("tests") {
                visit(&path, look);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            for line in std::fs::read_to_string(&path)
                .expect("a source file")
                .lines()
            {
                if !line.trim_start().starts_with("//") {
                    look(&path, line);
                }
            }
        }
    }
}
