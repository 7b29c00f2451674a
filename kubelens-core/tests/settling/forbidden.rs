//! What may not be read is neither settled nor missing.

use kubelens_core::model::CoverageState;
use kubelens_core::settling::{Outcome, Settling, everything};
use kubelens_core::{Options, diagnose};

use crate::world::{Container, PATIENCE, World, at, deployment, judge, outcome, rolled_out};

fn fine() -> World {
    rolled_out(Container::Ready(5), Container::Ready(5))
}

#[test]
fn who_may_not_see_the_target_or_its_pods_is_told_so() {
    for kind in ["Pod", "ReplicaSet"] {
        let world = fine().gap(kind, CoverageState::Forbidden);
        let verdict = judge(&world, at(100), &deployment("web"));
        assert_eq!(verdict.outcome, Outcome::Forbidden, "{kind}");
        assert!(verdict.reason.contains("forbidden"), "{}", verdict.reason);
    }
    let world = fine().gap("Deployment", CoverageState::Forbidden);
    assert_eq!(
        outcome(&world, at(100), &deployment("other")),
        Outcome::Forbidden
    );
}

#[test]
fn what_could_not_be_read_for_another_reason_is_not_forbidden() {
    let world = fine().gap("Pod", CoverageState::Error);
    assert_eq!(
        outcome(&world, at(100), &deployment("web")),
        Outcome::Unreadable
    );
}

#[test]
fn everything_includes_what_could_not_be_listed() {
    let whole = |world: &World| {
        let picture = world.picture(at(100));
        let report = diagnose(&picture, &Options::default());
        Settling::new(PATIENCE).observe_all(&picture, &report, &everything(&picture), &[])
    };
    let verdict = whole(&fine());
    assert_eq!(verdict.outcome, Outcome::Settled);
    assert_eq!(verdict.targets.len(), 1);
    let verdict = whole(&fine().gap("StatefulSet", CoverageState::Forbidden));
    assert_eq!(
        (verdict.outcome, verdict.exit_status),
        (Outcome::Forbidden, 3)
    );
    assert_eq!(whole(&World::with("")).outcome, Outcome::Absent);
}

#[test]
fn the_worst_target_counts() {
    let order = [
        (Outcome::Settled, 0),
        (Outcome::Progressing, 2),
        (Outcome::Absent, 4),
        (Outcome::Unreadable, 5),
        (Outcome::Forbidden, 3),
        (Outcome::Failed, 1),
    ];
    for pair in order.windows(2) {
        assert!(pair[0].0 < pair[1].0);
    }
    for (outcome, status) in order {
        assert_eq!(outcome.exit_status(), status);
    }
}
