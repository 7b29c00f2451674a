//! How long a good state must hold.

use kubelens_core::settling::{Outcome, Settling};

use crate::world::{
    Container, PATIENCE, all, at, deployment, judge, look, outcome, pod, revision, rolled_out, web,
};

#[test]
fn ready_pods_have_to_hold_for_a_while() {
    let world = rolled_out(Container::Ready(50), Container::Ready(95));
    let verdict = judge(&world, at(100), &deployment("web"));
    assert_eq!(verdict.outcome, Outcome::Progressing);
    assert!(verdict.reason.contains("another 5 s"), "{}", verdict.reason);
    assert_eq!(
        outcome(&world, at(105), &deployment("web")),
        Outcome::Settled
    );
}

#[test]
fn a_restart_starts_the_window_again() {
    let before = rolled_out(Container::Ready(10), Container::Ready(95));
    let after = rolled_out(Container::Ready(10), Container::ReadyAfter(102, (95, 101)));
    let mut settling = Settling::new(PATIENCE);
    let target = deployment("web");
    assert_eq!(
        look(&mut settling, &before, at(100), &target).outcome,
        Outcome::Progressing
    );
    assert_eq!(
        look(&mut settling, &after, at(106), &target).outcome,
        Outcome::Progressing
    );
    // Six seconds of a run that failed before, and ten to hold.
    assert_eq!(
        look(&mut settling, &after, at(117), &target).outcome,
        Outcome::Progressing
    );
    assert_eq!(
        look(&mut settling, &after, at(118), &target).outcome,
        Outcome::Settled
    );
}

#[test]
fn a_container_that_crashes_after_half_a_minute_is_not_believed_after_ten_seconds() {
    let world = rolled_out(Container::Ready(10), Container::ReadyAfter(100, (50, 80)));
    assert_eq!(
        outcome(&world, at(115), &deployment("web")),
        Outcome::Progressing
    );
    assert_eq!(
        outcome(&world, at(139), &deployment("web")),
        Outcome::Progressing
    );
    assert_eq!(
        outcome(&world, at(140), &deployment("web")),
        Outcome::Settled
    );
}

#[test]
fn a_crash_after_hours_of_work_is_no_loop() {
    let world = rolled_out(
        Container::Ready(10),
        Container::ReadyAfter(100, (-9000, 80)),
    );
    assert_eq!(
        outcome(&world, at(111), &deployment("web")),
        Outcome::Settled
    );
}

#[test]
fn a_changed_set_of_pods_starts_the_window_again() {
    let target = deployment("web");
    let shrunk = |pods: &[&str]| {
        let mut manifests = vec![
            web(1, 1, 2, 2, 2).replace("replicas: 2\n", &format!("replicas: {}\n", pods.len())),
            revision(2, 2),
        ];
        manifests.extend(
            pods.iter()
                .map(|name| pod(name, 2, 90, Container::Ready(95))),
        );
        all(&manifests)
    };
    let mut settling = Settling::new(PATIENCE);
    assert_eq!(
        look(
            &mut settling,
            &shrunk(&["web-a", "web-b"]),
            at(104),
            &target
        )
        .outcome,
        Outcome::Progressing
    );
    assert_eq!(
        look(&mut settling, &shrunk(&["web-a"]), at(106), &target).outcome,
        Outcome::Progressing
    );
    assert_eq!(
        look(&mut settling, &shrunk(&["web-a"]), at(116), &target).outcome,
        Outcome::Settled
    );
}
