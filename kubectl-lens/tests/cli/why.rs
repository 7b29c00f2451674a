//! `why` over a recorded cluster.

use crate::harness::{SHOP, run};

#[test]
fn the_way_to_an_object_is_a_tree() {
    let why = run(&["why", "deploy/web", "--from", SHOP]);
    assert_eq!((why.status, why.stderr.as_str()), (Some(0), ""));
    assert!(why.stdout.starts_with("Deployment shop/web\n└─ "), "{}", why.stdout);
    assert!(why.stdout.contains("└─ CRITICAL ConfigMap shop/web-config"), "{}", why.stdout);
}

#[test]
fn what_is_missing_can_be_asked_about() {
    let why = run(&["why", "cm/web-config", "--from", SHOP]);
    assert_eq!(why.status, Some(0), "{}", why.stderr);
    assert!(why.stdout.starts_with("ConfigMap shop/web-config\n└─ CRITICAL"), "{}", why.stdout);
}

#[test]
fn a_healthy_object_is_called_so_with_what_was_checked() {
    let why = run(&["why", "deploy", "redis", "--from", SHOP]);
    assert_eq!(why.status, Some(0), "{}", why.stderr);
    assert!(why.stdout.starts_with("Deployment shop/redis: healthy\n  Checked  "), "{}", why.stdout);
}

#[test]
fn a_name_with_a_typo_names_the_nearest() {
    let why = run(&["why", "deploy/redsi", "--from", SHOP]);
    assert_eq!((why.status, why.stdout.as_str()), (Some(2), ""));
    assert_eq!(why.stderr, "error: there is no deploy/redsi\n  try: did you mean Deployment shop/redis?\n");
}
