//! The help of every verb.

use insta::assert_snapshot;

use crate::harness::run;

fn help(words: &[&str]) -> String {
    let run = run(words);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(run.stderr, "");
    run.stdout
}

#[test]
fn help_of_the_program() {
    assert_snapshot!(help(&["-h"]));
}

#[test]
fn help_of_diagnose_with_every_flag() {
    assert_snapshot!(help(&["diagnose", "--help"]));
}

#[test]
fn help_of_the_other_verbs() {
    let verbs: &[&[&str]] = &[
        &["check"],
        &["diff"],
        &["why"],
        &["settle"],
        &["watch"],
        &["explain"],
        &["analyzers"],
        &["snapshot"],
        &["snapshot", "save"],
        &["config"],
        &["rules"],
        &["rules", "test"],
        &["completion"],
    ];
    for verb in verbs {
        let words: Vec<&str> = verb.iter().copied().chain(["-h"]).collect();
        assert_snapshot!(verb.join("_"), help(&words));
    }
}

#[test]
fn no_verb_shows_the_help_and_is_no_answer() {
    let run = run(&[]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.contains("Usage: kubectl lens"), "{}", run.stderr);
}

#[test]
fn the_program_calls_itself_as_users_call_it() {
    let run = run(&["diagnose", "--nonsense"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    assert!(
        run.stderr.contains("Usage: kubectl lens diagnose"),
        "{}",
        run.stderr
    );
}
