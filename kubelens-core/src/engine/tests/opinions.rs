//! Opinion stands beside faults: it explains none, and is explained by none.

use crate::analysis::Profile;
use crate::engine::{Options, diagnose};
use crate::snapshot::example::picture;

/// A pod that somebody made by hand, and that crashes.
const BARE: &str = r#"# now: 2026-01-01T12:00:00Z
apiVersion: v1
kind: Pod
metadata: {name: cache, namespace: shop, uid: p1, creationTimestamp: "2025-12-01T00:00:00Z"}
spec: {restartPolicy: Always, containers: [{name: cache, image: cache}]}
status:
  phase: Running
  containerStatuses:
  - name: cache
    ready: false
    restartCount: 9
    state: {waiting: {reason: CrashLoopBackOff, message: back-off 5m0s restarting failed container=cache}}
    lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
"#;

fn causes(profiles: &[Profile]) -> Vec<String> {
    let options = Options {
        profiles: profiles.to_vec(),
        ..Options::default()
    };
    let report = diagnose(&picture(BARE), &options);
    let mut codes: Vec<String> = report.causes.into_iter().map(|cause| cause.code).collect();
    codes.sort();
    codes
}

#[test]
fn a_fault_stays_its_own_cause_beside_opinions() {
    let faults = causes(&[Profile::Default]);
    let all = causes(&Profile::ALL);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults.iter().all(|code| all.contains(code)), "{all:?}");
    for opinion in ["HYG001", "HYG011", "SEC009"] {
        assert!(all.iter().any(|code| code == opinion), "{opinion}: {all:?}");
    }
}

#[test]
fn restarts_of_a_life_fold_into_what_explains_them() {
    let classic = causes(&[Profile::Default, Profile::Classic]);
    assert!(!classic.contains(&"WRK045".to_owned()), "{classic:?}");
}
