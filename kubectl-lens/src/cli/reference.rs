//! The page about the command line in the book: generated from the words themselves.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Command, CommandFactory as _};

use super::Cli;

const WIDTH: usize = 100;

/// The help of a verb and of the verbs below it, one section each.
fn sections(page: &mut String, path: &str, verb: &Command) {
    let path = format!("{path} {}", verb.get_name());
    let help = verb
        .clone()
        .bin_name(path.trim())
        .term_width(WIDTH)
        .render_long_help();
    let text: Vec<String> = help
        .to_string()
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    let _ = write!(
        page,
        "\n## `{}`\n\n```text\n{}\n```\n",
        path.trim(),
        text.join("\n").trim_end()
    );
    for below in verb.get_subcommands() {
        if below.get_name() != "help" {
            sections(page, &path, below);
        }
    }
}

#[test]
fn the_book_has_the_help_of_every_verb() {
    let mut program = Cli::command();
    program.build();
    let mut page =
        String::from("# Command line\n\nGenerated from the program: what `--help` prints.\n");
    for verb in program.get_subcommands() {
        if verb.get_name() != "help" {
            sections(&mut page, "kubectl lens", verb);
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/cli.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &page).expect("the page");
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == page,
        "{} is stale: run BLESS=1 cargo test -p kubectl-lens",
        file.display()
    );
}
