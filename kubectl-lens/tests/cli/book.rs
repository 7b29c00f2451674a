//! The page of examples in the book: what the program really prints of the bundled demo.

use std::fmt::Write as _;
use std::path::Path;

use crate::harness::run;

/// Lines of one output that the page shows.
const MOST_LINES: usize = 45;

/// What is shown, and the words that show it.
const EXAMPLES: &[(&str, &str)] = &[
    ("What is broken, for people", "diagnose --demo"),
    ("The same as a table", "diagnose --demo -o table"),
    (
        "The chain to each symptom drawn",
        "diagnose --demo -n bakery --topology",
    ),
    ("Why an object suffers", "why --demo -n bakery ingress/oven"),
    (
        "Whether one thing's fault reaches another",
        "why --demo -n bakery configmap/oven-settings ingress/oven",
    ),
    (
        "Whether what was applied has settled",
        "settle --demo -n bakery deployment/oven-api",
    ),
    (
        "The report for programs",
        "diagnose --demo -n bakery -o yaml --budget 4000",
    ),
    ("One cause a line", "diagnose --demo -o name"),
    ("For a ticket", "diagnose --demo -n bakery -o markdown"),
    ("As a drawing", "diagnose --demo -n bakery -o mermaid"),
    ("For a pipeline", "diagnose --demo -o github"),
    ("For a dashboard", "diagnose --demo -o prometheus"),
    (
        "What stands for a check of another tool",
        "analyzers --maps-to POP-1109",
    ),
];

#[test]
fn the_book_shows_what_the_program_prints() {
    let mut page = String::from(
        "# Examples\n\nGenerated: what the program prints of the bundled demo, cut after some lines.\n",
    );
    for (title, words) in EXAMPLES {
        let shown = run(&words.split(' ').collect::<Vec<_>>());
        assert_ne!(shown.status, Some(2), "{words}: {}", shown.stderr);
        assert!(!shown.stdout.is_empty(), "{words} prints nothing");
        let lines: Vec<&str> = shown.stdout.lines().map(str::trim_end).collect();
        let _ = write!(
            page,
            "\n## {title}\n\n````text\n$ kubectl lens {words}\n{}\n",
            lines[..lines.len().min(MOST_LINES)].join("\n")
        );
        if let more @ 1.. = lines.len().saturating_sub(MOST_LINES) {
            let _ = writeln!(page, "… {more} more lines");
        }
        page.push_str("````\n");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/examples.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &page).expect("the page");
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == page,
        "{} is stale: run BLESS=1 cargo test -p kubectl-lens --test cli",
        file.display()
    );
}
