//! Random clusters: parts of real ones, damaged and entangled.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::corpus::EXAMPLES;
use crate::damage::{Edit, edit};
use crate::{broken_analyzers, cases, faults, report_of};

/// Objects of some examples thrown together.
fn cluster() -> impl Strategy<Value = Vec<Value>> {
    let parts = prop::collection::vec(any::<Index>(), 1..6);
    let edits = prop::collection::vec(edit(), 0..12);
    (parts, edits).prop_map(|(parts, edits): (Vec<Index>, Vec<Edit>)| {
        let mut objects: Vec<Value> = parts
            .iter()
            .flat_map(|part| EXAMPLES[part.index(EXAMPLES.len())].clone())
            .collect();
        for edit in &edits {
            edit.apply(&mut objects);
        }
        objects
    })
}

/// Of two objects of one name only one can be kept, and which one is a matter of order.
fn without_namesakes(objects: Vec<Value>) -> Vec<Value> {
    let mut known = BTreeSet::new();
    let identity = |object: &Value| {
        let metadata = &object["metadata"];
        // An empty namespace reads as none does: the default one.
        let namespace = metadata["namespace"]
            .as_str()
            .filter(|name| !name.is_empty())
            .unwrap_or("default");
        format!("{} {namespace} {}", object["kind"], metadata["name"])
    };
    let mut objects = objects;
    objects.retain(|object| known.insert(identity(object)));
    objects
}

/// The part of a report that does not speak about lines of the file.
fn findings(objects: &[Value]) -> Option<Value> {
    let report = report_of(objects).ok()?;
    let report = serde_json::to_value(report).unwrap();
    Some(json!([
        report["causes"],
        report["findings"],
        report["summary"],
        report["takenAt"]
    ]))
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn no_cluster_breaks_an_analyzer_and_two_runs_are_equal(objects in cluster()) {
        if let Ok(report) = report_of(&objects) {
            prop_assert_eq!(broken_analyzers(&report), Vec::<String>::new());
            let again = report_of(&objects).unwrap();
            prop_assert_eq!(serde_json::to_string(&report).unwrap(), serde_json::to_string(&again).unwrap());
        }
    }

    #[test]
    fn the_order_of_the_objects_does_not_matter(objects in cluster(), keys in prop::collection::vec(any::<u32>(), 64)) {
        let objects = without_namesakes(objects);
        let mut shuffled: Vec<_> = objects.iter().cloned().zip(keys.iter().cycle()).collect();
        shuffled.sort_by_key(|(_, key)| **key);
        let shuffled: Vec<Value> = shuffled.into_iter().map(|(object, _)| object).collect();
        prop_assert_eq!(findings(&shuffled), findings(&objects));
    }
}

#[test]
fn owners_in_a_circle_end_somewhere() {
    let pod = |name: &str, owner: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop", "uid": name,
            "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": owner, "uid": owner, "controller": true}]},
            "spec": {"containers": [{"name": "c", "image": "x"}]}, "status": {"phase": "Running", "containerStatuses": [{"name": "c", "restartCount": 9,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}]}})
    };
    let report = report_of(&[pod("a", "b"), pod("b", "a"), pod("self", "self")]).unwrap();
    assert_eq!(broken_analyzers(&report), Vec::<String>::new());
    assert!(!report.causes.is_empty());
}

#[test]
fn ten_thousand_events_on_one_pod_are_one_story() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop", "uid": "a"},
        "spec": {"containers": [{"name": "c", "image": "x"}]}, "status": {"phase": "Running", "containerStatuses": [{"name": "c", "restartCount": 9,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}]}});
    let event = |number: usize| {
        json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("e{number}"), "namespace": "shop"},
            "type": "Warning", "reason": "BackOff", "message": "Back-off restarting failed container", "count": number,
            "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "a", "uid": "a"},
            "lastTimestamp": format!("2026-01-01T{:02}:{:02}:{:02}Z", number / 3600, number / 60 % 60, number % 60)})
    };
    let objects: Vec<Value> = std::iter::once(pod).chain((0..10_000).map(event)).collect();
    let report = report_of(&objects).unwrap();
    let size = serde_json::to_string(&report).unwrap().len();
    assert_eq!(faults(&report), 1);
    assert!(size < 50_000, "a report of {size} bytes");
}

#[test]
fn a_clock_in_the_future_and_events_about_nothing_are_survived() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop", "uid": "a",
        "creationTimestamp": "2199-01-01T00:00:00Z"}, "status": {"phase": "Pending", "startTime": "2199-01-01T00:00:00Z"}});
    let mut objects = vec![pod];
    for about in [
        json!(null),
        json!({}),
        json!({"kind": "Pod"}),
        json!({"name": "a"}),
    ] {
        objects.push(json!({"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "FailedScheduling",
            "metadata": {"name": format!("e{}", objects.len()), "namespace": "shop"}, "involvedObject": about,
            "message": "0/1 nodes are available: 1 Insufficient cpu.", "lastTimestamp": "2026-01-01T00:00:00Z"}));
    }
    let report = report_of(&objects).unwrap();
    assert_eq!(broken_analyzers(&report), Vec::<String>::new());
    assert_eq!(report.summary.objects, 5);
}
