//! Failures that are declared early.

use kubelens_core::settling::Outcome;

use crate::world::{
    Container, World, all, at, deployment, follow, judge, pod, revision, rolled_out, web,
};

const NOT_FOUND: Container = Container::Waits(
    "CreateContainerConfigError",
    r#"configmap "web-config" not found"#,
);

/// Two pods that lack a ConfigMap, since second 0.
fn lacks_its_config() -> World {
    let wants = |text: String| {
        text.replace(
            "containers: [{name: web, image",
            "containers: [{name: web, envFrom: [{configMapRef: {name: web-config}}], image",
        )
    };
    all(&[
        wants(web(1, 1, 2, 2, 0)),
        wants(revision(2, 2)),
        wants(pod("web-a", 2, 0, NOT_FOUND)),
        wants(pod("web-b", 2, 0, NOT_FOUND)),
    ])
}

#[test]
fn a_missing_config_map_fails_with_its_cause_once_it_has_stood_long_enough() {
    let (verdict, second) = follow(|_| lacks_its_config(), &deployment("web"), (0, 5, 300));
    assert_eq!(verdict.outcome, Outcome::Failed);
    assert_eq!(verdict.causes[0].code, "CFG001");
    assert_eq!(verdict.targets[0].causes, [verdict.causes[0].id.clone()]);
    assert!((60..=130).contains(&second), "declared at {second}");
}

#[test]
fn who_asks_late_hears_the_same_at_once() {
    let verdict = judge(&lacks_its_config(), at(600), &deployment("web"));
    assert_eq!(verdict.outcome, Outcome::Failed);
    assert!(verdict.reason.contains("web-config"), "{}", verdict.reason);
}

/// Crashes after 8 s each time, with longer and longer pauses; ready whenever it runs.
fn crash_loop(second: i64) -> World {
    let (mut start, mut count, mut pause) = (5, 0, 10);
    loop {
        let end = start + 8;
        if second < end {
            let container = match count {
                0 => Container::Ready(start),
                _ => Container::ReadyAfter(start, (start - pause / 2 - 8, start - pause / 2)),
            };
            return rolled_out(Container::Ready(5), container);
        }
        count += 1;
        if second < end + pause {
            let world = [
                web(1, 1, 2, 2, 1),
                revision(2, 2),
                pod("web-a", 2, 0, Container::Ready(5)),
                pod("web-b", 2, 0, Container::CrashLoop(count, (start, end))),
            ];
            return all(&world);
        }
        start = end + pause;
        pause = (pause * 2).min(300);
    }
}

#[test]
fn running_for_a_moment_wipes_nothing() {
    for (first, step) in [(0, 1), (0, 3), (0, 7), (31, 5), (62, 2), (200, 5)] {
        let (verdict, second) = follow(crash_loop, &deployment("web"), (first, step, 900));
        assert_eq!(
            verdict.outcome,
            Outcome::Failed,
            "from {first} every {step} s, at {second}: {}",
            verdict.targets[0].reason
        );
        assert!(
            second < 300 + first,
            "from {first} every {step} s: only at {second}"
        );
    }
}

#[test]
fn what_only_the_older_revision_suffers_from_is_no_failure_of_the_newest() {
    let world = all(&[
        web(2, 2, 1, 2, 1),
        revision(1, 1),
        revision(2, 1),
        pod("web-old", 1, -500, Container::CrashLoop(9, (-60, -40))),
        pod("web-new", 2, 90, Container::Waits("ContainerCreating", "")),
    ]);
    let (verdict, _) = follow(|_| world.clone(), &deployment("web"), (100, 5, 180));
    assert_eq!(
        verdict.outcome,
        Outcome::Progressing,
        "{}",
        verdict.targets[0].reason
    );
}

#[test]
fn a_fault_that_keeps_no_pod_from_running_is_no_failure_of_the_rollout() {
    let scaler = r#"apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-03-01T10:00:00Z"}
spec: {minReplicas: 1, maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]}
status: {conditions: [{type: ScalingActive, status: "False", reason: FailedGetResourceMetric, message: no metrics, lastTransitionTime: "2026-03-01T10:01:00Z"}]}"#;
    let starting = Container::Waits("ContainerCreating", "");
    let world = all(&[
        web(1, 1, 2, 2, 1),
        revision(2, 2),
        pod("web-a", 2, 0, Container::Ready(5)),
        pod("web-b", 2, 60, starting),
    ])
    .and(scaler);
    let (verdict, _) = follow(|_| world.clone(), &deployment("web"), (70, 5, 170));
    assert_eq!(
        verdict.outcome,
        Outcome::Progressing,
        "{}",
        verdict.targets[0].reason
    );
}

#[test]
fn a_new_spec_gets_its_own_time() {
    let fixed = all(&[
        web(2, 2, 1, 3, 1),
        revision(1, 1),
        revision(2, 1),
        pod("web-old", 1, 0, NOT_FOUND),
        pod("web-new", 2, 300, Container::Ready(310)),
    ]);
    let history = |second: i64| {
        if second < 50 {
            lacks_its_config()
        } else {
            fixed.clone()
        }
    };
    let (verdict, _) = follow(history, &deployment("web"), (0, 5, 400));
    assert_eq!(
        verdict.outcome,
        Outcome::Progressing,
        "{}",
        verdict.targets[0].reason
    );
}
