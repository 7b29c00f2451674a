//! The verdict does not depend on when, or how often, one asks.

use kubelens_core::settling::Outcome;

use crate::world::{Container, World, all, deployment, follow, pod, revision, rolled_out, web};

/// Pulls its image with an error at first, then runs and stays.
fn recovers(second: i64) -> World {
    match second {
        ..40 => all(&[
            web(1, 1, 2, 2, 0),
            revision(2, 2),
            pod(
                "web-a",
                2,
                0,
                Container::Waits("ErrImagePull", "dial tcp: i/o timeout"),
            ),
            pod(
                "web-b",
                2,
                0,
                Container::Waits("ErrImagePull", "dial tcp: i/o timeout"),
            ),
        ]),
        _ => rolled_out(Container::Ready(40), Container::Ready(40)),
    }
}

/// Never finds its image.
fn never(_: i64) -> World {
    let waits = Container::Waits(
        "ImagePullBackOff",
        "Back-off pulling image: registry.example/web:2: not found",
    );
    all(&[
        web(1, 1, 2, 2, 0),
        revision(2, 2),
        pod("web-a", 2, 0, waits),
        pod("web-b", 2, 0, waits),
    ])
}

#[test]
fn looking_seldom_or_late_leads_to_the_same_end() {
    for step in [1, 2, 5, 9, 13] {
        for first in [0, 3, 20, 45, 120, 700] {
            let (verdict, second) = follow(recovers, &deployment("web"), (first, step, 1500));
            let what = format!("from {first} every {step} s, at {second}");
            assert_eq!(verdict.outcome, Outcome::Settled, "{what}");
            assert!(second <= first.max(50) + step, "{what}");
            let (verdict, second) = follow(never, &deployment("web"), (first, step, 1500));
            let what = format!("from {first} every {step} s, at {second}");
            assert_eq!(verdict.outcome, Outcome::Failed, "{what}");
        }
    }
}

#[test]
fn the_same_looks_give_the_same_bytes() {
    let told = || {
        let (verdict, _) = follow(never, &deployment("web"), (0, 5, 900));
        serde_json::to_string(&verdict).expect("JSON")
    };
    assert_eq!(told(), told());
}
