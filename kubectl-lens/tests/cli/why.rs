//! `why` over a recorded cluster.

use crate::harness::{SHOP, run};

#[test]
fn the_way_to_an_object_is_a_tree() {
    let why = run(&["why", "deploy/web", "--from", SHOP]);
    assert_eq!((why.status, why.stderr.as_str()), (Some(0), ""));
    assert!(
        why.stdout.starts_with("Deployment shop/web\n└─ "),
        "{}",
        why.stdout
    );
    assert!(
        why.stdout.contains("└─ CRITICAL ConfigMap shop/web-config"),
        "{}",
        why.stdout
    );
}

#[test]
fn what_is_missing_can_be_asked_about() {
    let why = run(&["why", "cm/web-config", "--from", SHOP]);
    assert_eq!(why.status, Some(0), "{}", why.stderr);
    assert!(
        why.stdout
            .starts_with("ConfigMap shop/web-config\n└─ CRITICAL"),
        "{}",
        why.stdout
    );
}

#[test]
fn a_healthy_object_is_called_so_with_what_was_checked() {
    let why = run(&["why", "deploy", "redis", "--from", SHOP]);
    assert_eq!(why.status, Some(0), "{}", why.stderr);
    assert!(
        why.stdout
            .starts_with("Deployment shop/redis: healthy\n  Checked  "),
        "{}",
        why.stdout
    );
}

#[test]
fn a_name_with_a_typo_names_the_nearest() {
    let why = run(&["why", "deploy/redsi", "--from", SHOP]);
    assert_eq!((why.status, why.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        why.stderr,
        "error: there is no deploy/redsi\n  try: did you mean Deployment shop/redis?\n"
    );
}

#[test]
fn two_objects_are_asked_about_as_fault_and_symptom() {
    let why = run(&["why", "cm/web-config", "deploy/web", "--from", SHOP]);
    assert_eq!((why.status, why.stderr.as_str()), (Some(0), ""));
    assert!(
        why.stdout.starts_with(
            "Yes: what is wrong with ConfigMap shop/web-config reaches Deployment shop/web\n"
        ),
        "{}",
        why.stdout
    );
    let back = run(&["why", "deploy/web", "cm/web-config", "--from", SHOP]);
    assert!(
        back.stdout.starts_with("No: ") && back.stdout.contains("The other way round it does"),
        "{}",
        back.stdout
    );
    let no = run(&["why", "cm/web-config", "deploy/redis", "--from", SHOP]);
    assert!(
        no.stdout.starts_with("No: ")
            && no
                .stdout
                .contains("nothing is wrong with Deployment shop/redis"),
        "{}",
        no.stdout
    );
    assert!(no.stdout.contains("Looked"), "{}", no.stdout);
    let json = run(&[
        "why",
        "cm/web-config",
        "deploy/redis",
        "--from",
        SHOP,
        "-o",
        "jsonpath={.kind} {.reaches} {.ways}",
    ]);
    assert_eq!(json.stdout, "Route false []");
}

#[test]
fn two_objects_that_cannot_be_compared_are_refused() {
    for (words, told) in [
        (
            ["why", "cm/web-config", "deploy/redsi"],
            "did you mean Deployment shop/redis?",
        ),
        (["why", "deploy/web", "deploy/web"], "is asked about twice"),
        (["why", "deploy/web", "svc/"], "is not KIND/NAME"),
    ] {
        let refused = run(&[&words[..], &["--from", SHOP]].concat());
        assert_eq!(
            (refused.status, refused.stdout.as_str()),
            (Some(2), ""),
            "{words:?}"
        );
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
    }
    let refused = run(&[
        "why",
        "cm/web-config",
        "deploy/web",
        "--from",
        SHOP,
        "-o",
        "sarif",
    ]);
    assert_eq!(refused.status, Some(2));
}
