//! The wordings of events and states: all that analyzers read, damaged.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::corpus::EXAMPLES;
use crate::damage::text_edit;
use crate::{broken_analyzers, cases, report_of};

/// Fields with words in them that grammars take apart.
const WORDED: [&str; 5] = ["message", "note", "reason", "image", "schedule"];

fn each_wording(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if WORDED.contains(&name.as_str()) => change(text),
                    other => each_wording(other, change),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_wording(item, change)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn no_wording_breaks_an_analyzer(
        example in any::<Index>(),
        edits in prop::collection::vec(text_edit(), 1..6),
    ) {
        let mut world = EXAMPLES[example.index(EXAMPLES.len())].world.clone();
        for object in &mut world.objects {
            each_wording(object, &mut |text| {
                for edit in &edits {
                    *text = edit.apply(text);
                }
            });
        }
        for log in world.logs.values_mut() {
            for edit in &edits {
                *log = edit.apply(log);
            }
        }
        if let Ok(report) = world.report() {
            prop_assert_eq!(broken_analyzers(&report), Vec::<String>::new());
        }
    }

    #[test]
    fn the_wording_of_another_fault_breaks_no_analyzer(
        example in any::<Index>(),
        other in any::<Index>(),
        edit in text_edit(),
    ) {
        let mut foreign = Vec::new();
        for object in &mut EXAMPLES[other.index(EXAMPLES.len())].world.objects.clone() {
            each_wording(object, &mut |text| foreign.push(edit.apply(text)));
        }
        let mut next = foreign.iter().cycle();
        let mut world = EXAMPLES[example.index(EXAMPLES.len())].world.clone();
        for object in &mut world.objects {
            each_wording(object, &mut |text| {
                if let Some(words) = next.next() {
                    words.clone_into(text);
                }
            });
        }
        if let Ok(report) = world.report() {
            prop_assert_eq!(broken_analyzers(&report), Vec::<String>::new());
        }
    }
}

/// A place where Kubernetes writes words about a pod that does not run, with these words in it.
fn stuck(place: usize, words: &str) -> Vec<Value> {
    let pod = |status: Value| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web-1", "namespace": "shop", "uid": "p1", "creationTimestamp": "2026-01-01T11:00:00Z"},
            "spec": {
                "nodeName": if place == 0 { Value::Null } else { json!("n1") },
                "containers": [{"name": "web", "image": "registry.example/web:2"}],
            },
            "status": status,
        })
    };
    let event = |kind: &str, name: &str, uid: &str, reason: &str| {
        json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": "e1", "namespace": "shop"},
            "involvedObject": {"kind": kind, "namespace": "shop", "name": name, "uid": uid},
            "type": "Warning", "reason": reason, "message": words, "count": 9,
            "firstTimestamp": "2026-01-01T11:01:00Z", "lastTimestamp": "2026-01-01T11:59:00Z",
        })
    };
    let creating = || {
        json!({
            "phase": "Pending", "startTime": "2026-01-01T11:00:00Z",
            "conditions": [{"type": "PodReadyToStartContainers", "status": "False"}],
            "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ContainerCreating"}}}],
        })
    };
    match place {
        0 => vec![pod(json!({
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}],
        }))],
        1 => vec![pod(creating()), event("Pod", "web-1", "p1", "FailedMount")],
        2 => vec![
            pod(creating()),
            event("Pod", "web-1", "p1", "FailedAttachVolume"),
        ],
        3 => vec![
            pod(creating()),
            event("Pod", "web-1", "p1", "FailedCreatePodSandBox"),
        ],
        4 => vec![pod(json!({
            "phase": "Pending", "startTime": "2026-01-01T11:00:00Z",
            "containerStatuses": [{
                "name": "web", "image": "registry.example/web:2",
                "state": {"waiting": {"reason": "ErrImagePull", "message": words}},
            }],
        }))],
        _ => vec![
            json!({
                "apiVersion": "apps/v1", "kind": "ReplicaSet",
                "metadata": {"name": "web-5d", "namespace": "shop", "uid": "r1", "creationTimestamp": "2026-01-01T11:00:00Z"},
                "spec": {"replicas": 2}, "status": {"replicas": 0},
            }),
            event("ReplicaSet", "web-5d", "r1", "FailedCreate"),
        ],
    }
}

/// What an unknown wording may look like: words nobody knows, or known ones with something else in them.
fn wording() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "0/5 nodes are available: 5 ",
        "MountVolume.SetUp failed for volume \"data\" : ",
        "AttachVolume.Attach failed for volume \"pvc-1\" : ",
        "Failed to create pod sandbox: rpc error: code = Unknown desc = ",
        "rpc error: code = Unknown desc = failed to pull and unpack image \"registry.example/web:2\": ",
        "Error creating: pods \"web-5d-\" is forbidden: ",
        "",
    ]);
    (known, "[a-zA-Z]{2,12}( [a-z0-9()/.-]{1,12}){1,5}")
        .prop_map(|(known, text)| format!("{known}{text}"))
}

proptest! {
    #![proptest_config(cases(192))]

    #[test]
    fn whatever_is_written_of_a_stuck_pod_is_shown(place in 0..6_usize, words in wording()) {
        let mut objects = stuck(place, &words);
        // The picture's time.
        objects.push(json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "now", "namespace": "shop"},
            "involvedObject": {"kind": "Node", "name": "n1"}, "reason": "Tick",
            "lastTimestamp": "2026-01-01T12:00:00Z",
        }));
        let report = report_of(&objects).unwrap();
        let last = words.rsplit(": ").next().unwrap();
        let is_shown = report.causes.iter().any(|cause| {
            let said = cause.evidence.iter().flat_map(|item| [&item.text, &item.value]).flatten();
            said.chain([&cause.title, &cause.explanation]).any(|text| text.contains(last))
        });
        prop_assert!(is_shown, "place {}: {:?} is not in {:#?}", place, words, report.causes);
    }
}
