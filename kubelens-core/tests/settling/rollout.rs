//! Deployments on their way.

use kubelens_core::settling::Outcome;

use crate::world::{
    Container, all, at, deployment, judge, outcome, owned_pod, pod, revision, rolled_out, set, web,
};

fn ready() -> Container {
    Container::Ready(5)
}

#[test]
fn a_rollout_that_is_done_and_held_is_settled() {
    let verdict = judge(&rolled_out(ready(), ready()), at(100), &deployment("web"));
    assert_eq!(
        (verdict.outcome, verdict.reason.as_str()),
        (Outcome::Settled, "2 pods ready")
    );
    assert_eq!(verdict.causes, Vec::<String>::new());
}

#[test]
fn a_spec_that_the_controller_has_not_seen_is_not_applied() {
    let world = all(&[
        web(2, 1, 2, 2, 2),
        revision(2, 2),
        pod("web-a", 2, 0, ready()),
        pod("web-b", 2, 0, ready()),
    ]);
    let verdict = judge(&world, at(100), &deployment("web"));
    assert_eq!(verdict.outcome, Outcome::Progressing);
    assert!(
        verdict.reason.contains("generation 2"),
        "{}",
        verdict.reason
    );
}

#[test]
fn pods_of_an_older_revision_must_go_whatever_the_counts_say() {
    let world = all(&[
        web(1, 1, 2, 2, 2),
        revision(1, 0),
        revision(2, 2),
        pod("web-a", 2, 0, ready()),
        pod("web-b", 2, 0, ready()),
        pod("web-old", 1, -500, Container::Ready(-490)),
    ]);
    let verdict = judge(&world, at(100), &deployment("web"));
    assert_eq!(verdict.outcome, Outcome::Progressing);
    assert_eq!(
        verdict.reason,
        "1 pod of an older revision is left: web-old"
    );
}

#[test]
fn a_sibling_with_the_same_labels_is_not_an_older_revision() {
    let sibling = "controller: true, kind: ReplicaSet, apiVersion: apps/v1, name: canary, uid: rsc";
    let canary = set(
        7,
        1,
        "controller: true, kind: Deployment, apiVersion: apps/v1, name: canary, uid: d2",
    )
    .replace("name: web-r7", "name: canary")
    .replace("uid: rs7", "uid: rsc");
    let other = web(1, 1, 1, 1, 1)
        .replace("name: web, namespace", "name: canary, namespace")
        .replace("uid: d1", "uid: d2");
    let world = rolled_out(ready(), ready())
        .and(&other)
        .and(&canary)
        .and(&owned_pod(
            "canary-a",
            sibling,
            -500,
            Container::Ready(-490),
        ));
    assert_eq!(
        outcome(&world, at(100), &deployment("web")),
        Outcome::Settled
    );
}

#[test]
fn a_revision_whose_deployment_was_made_anew_is_an_older_one() {
    let orphaned = set(
        1,
        1,
        "controller: true, kind: Deployment, apiVersion: apps/v1, name: web, uid: gone",
    );
    let world = rolled_out(ready(), ready()).and(&orphaned).and(&pod(
        "web-orphan",
        1,
        -500,
        Container::Ready(-490),
    ));
    let verdict = judge(&world, at(100), &deployment("web"));
    assert_eq!(verdict.outcome, Outcome::Progressing);
    assert!(verdict.reason.contains("web-orphan"), "{}", verdict.reason);
}

#[test]
fn a_passed_progress_deadline_is_a_failure_at_once() {
    let late = web(1, 1, 1, 2, 1).replace(
        "status: {",
        "status: {conditions: [{type: Progressing, status: \"False\", reason: ProgressDeadlineExceeded, message: ReplicaSet has timed out progressing.}], ",
    );
    let verdict = judge(&all(&[late, revision(2, 2)]), at(100), &deployment("web"));
    assert_eq!(verdict.outcome, Outcome::Failed);
    assert!(verdict.reason.contains("timed out"), "{}", verdict.reason);
}

#[test]
fn a_paused_rollout_says_how_to_go_on() {
    let paused = web(2, 2, 0, 2, 2).replace("  replicas: 2\n", "  replicas: 2\n  paused: true\n");
    let verdict = judge(&all(&[paused, revision(1, 2)]), at(100), &deployment("web"));
    assert_eq!(verdict.outcome, Outcome::Progressing);
    assert!(
        verdict.reason.contains("kubectl rollout resume"),
        "{}",
        verdict.reason
    );
}

#[test]
fn a_name_that_is_not_there_is_absent() {
    assert_eq!(
        outcome(&rolled_out(ready(), ready()), at(100), &deployment("wep")),
        Outcome::Absent
    );
}

#[test]
fn zero_replicas_are_settled_without_a_pod() {
    let resting = web(1, 1, 0, 0, 0).replace("replicas: 2\n", "replicas: 0\n");
    assert_eq!(
        outcome(&all(&[resting]), at(100), &deployment("web")),
        Outcome::Settled
    );
}
