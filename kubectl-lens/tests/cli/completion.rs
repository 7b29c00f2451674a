//! kubectl's completion protocol, and scripts.

use crate::harness::{finish, named, run};

#[cfg(unix)]
fn asked_by_kubectl(words: &[&str]) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a folder");
    let dir_name = dir.path().to_str().expect("a name");
    let installed = run(&["completion", "install", "--dir", dir_name]);
    assert_eq!(
        (installed.status, installed.stdout.as_str()),
        (Some(0), ""),
        "{}",
        installed.stderr
    );
    let again = run(&["completion", "install", "--dir", dir_name]);
    assert_eq!(
        again.status,
        Some(0),
        "a second time is fine: {}",
        again.stderr
    );
    let program = dir.path().join("kubectl_complete-lens");
    let answer = finish(named(&program, words).output().expect("the program starts"));
    assert_eq!((answer.status, answer.stderr.as_str()), (Some(0), ""));
    answer
        .stdout
        .lines()
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
        .collect()
}

#[cfg(unix)]
#[test]
fn kubectl_gets_verbs_flags_values_and_codes() {
    assert_eq!(asked_by_kubectl(&["dia"]), ["diagnose", ":4"]);
    assert!(asked_by_kubectl(&["diagnose", "--fa"]).contains(&"--fail-on".to_owned()));
    assert_eq!(asked_by_kubectl(&["completion", "z"]), ["zsh", ":4"]);
    assert!(asked_by_kubectl(&["explain", "CFG00"]).contains(&"CFG001".to_owned()));
}

#[cfg(unix)]
#[test]
fn what_cannot_be_completed_is_no_error() {
    assert_eq!(
        asked_by_kubectl(&["nonsense", "x", "y"])
            .last()
            .map(String::as_str),
        Some(":4")
    );
    assert_eq!(asked_by_kubectl(&[]).last().map(String::as_str), Some(":4"));
}

#[test]
fn there_is_a_script_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completion", shell]);
        assert_eq!(script.status, Some(0));
        assert!(script.stdout.contains("diagnose"), "{shell}");
    }
    let unknown = run(&["completion", "tcsh"]);
    assert_eq!(unknown.status, Some(2));
}
