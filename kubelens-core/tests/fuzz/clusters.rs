//! Random clusters: parts of real ones, damaged and entangled.

use std::collections::BTreeSet;

use kubelens_core::kubernetes::Kind;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::corpus::EXAMPLES;
use crate::damage::{Edit, edit};
use crate::world::World;
use crate::{broken_analyzers, cases, faults, report_of};

/// Some examples thrown together, damaged, and some of it hidden.
pub(crate) fn cluster() -> impl Strategy<Value = World> {
    let parts = prop::collection::vec(any::<Index>(), 1..6);
    let edits = prop::collection::vec(edit(), 0..12);
    let hidden = prop::collection::btree_set(prop::sample::select(Kind::ALL), 0..3);
    (parts, edits, prop::option::weighted(0.3, hidden)).prop_map(|(parts, edits, hidden)| {
        let parts = parts.iter().map(|part| part.index(EXAMPLES.len()));
        entangled(parts, &edits, hidden.unwrap_or_default())
    })
}

/// These examples in one cluster, with these edits.
pub(crate) fn entangled(
    parts: impl IntoIterator<Item = usize>,
    edits: &[Edit],
    hidden: BTreeSet<Kind>,
) -> World {
    let mut world = World::default();
    for part in parts {
        world.meet(&EXAMPLES[part].world);
    }
    for edit in edits {
        edit.apply(&mut world.objects);
    }
    world.objects.retain(|object| {
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        let kind = Kind::from_manifest(text("apiVersion"), text("kind"));
        kind.is_none_or(|kind| !hidden.contains(&kind))
    });
    world.forbidden.extend(hidden);
    world
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
fn findings(world: &World) -> Option<Value> {
    let report = world.report().ok()?;
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
    fn no_cluster_breaks_an_analyzer_and_two_runs_are_equal(world in cluster()) {
        if let Ok(report) = world.report() {
            prop_assert_eq!(broken_analyzers(&report), Vec::<String>::new());
            let again = world.report().unwrap();
            prop_assert_eq!(serde_json::to_string(&report).unwrap(), serde_json::to_string(&again).unwrap());
        }
    }

    #[test]
    fn the_order_of_the_objects_does_not_matter(world in cluster(), keys in prop::collection::vec(any::<u32>(), 64)) {
        let world = World { objects: without_namesakes(world.objects.clone()), ..world };
        let mut shuffled: Vec<_> = world.objects.iter().cloned().zip(keys.iter().cycle()).collect();
        shuffled.sort_by_key(|(_, key)| **key);
        let objects = shuffled.into_iter().map(|(object, _)| object).collect();
        let shuffled = World { objects, ..world.clone() };
        prop_assert_eq!(findings(&shuffled), findings(&world));
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
