//! What somebody writes into a cluster to harm who looks at it. The large ones are in `tests/scale/hostile`.

use kubelens_core::model::Report;
use serde_json::{Value, json};

use crate::{broken_analyzers, faults, report_of};

fn crashing(name: &str, uid: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop", "uid": uid},
        "spec": {"containers": [{"name": "c", "image": "x"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "c", "restartCount": 9,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}]}})
}

/// Every text that a report tells, the names of objects aside: those are what somebody has to type.
fn told(report: &Report) -> Vec<String> {
    let causes = report.causes.iter().flat_map(|cause| {
        let proofs = cause.evidence.iter().filter_map(|proof| proof.text.clone());
        proofs.chain([cause.title.clone(), cause.explanation.clone()])
    });
    causes.collect()
}

#[test]
fn an_annotation_of_ten_million_bytes_does_not_get_into_a_report() {
    let mut pod = crashing("a", "a");
    pod["metadata"]["annotations"] = json!({"huge": "x".repeat(10_000_000)});
    let report = report_of(&[pod]).unwrap();
    assert_eq!(faults(&report), 1);
    assert!(serde_json::to_string(&report).unwrap().len() < 50_000);
}

#[test]
fn a_message_of_a_million_bytes_is_cut() {
    let mut pod = crashing("a", "a");
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] =
        json!("x ".repeat(500_000));
    let report = report_of(&[pod]).unwrap();
    assert_eq!(broken_analyzers(&report), Vec::<String>::new());
    let size = serde_json::to_string(&report).unwrap().len();
    assert!(size < 50_000, "{size} bytes");
}

#[test]
fn what_steers_a_terminal_or_turns_text_around_is_not_told() {
    let mut pod = crashing("a", "a");
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7} \u{202e}gnp.exe \u{2066}x\u{2069}\r\nall is well";
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = json!(hostile);
    pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] = json!(hostile);
    pod["status"]["message"] = json!(hostile);
    pod["metadata"]["name"] = json!("a\u{1b}[31m\u{202e}b");
    pod["spec"]["containers"][0]["image"] = json!("x\u{1b}[31m");
    let report = report_of(&[pod]).unwrap();
    assert_eq!(broken_analyzers(&report), Vec::<String>::new());
    let texts = told(&report);
    assert!(!texts.is_empty());
    for text in texts {
        let bad = text.chars().find(|letter| {
            letter.is_control()
                || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(bad, None, "{text:?}");
    }
}

#[test]
fn pods_of_one_uid_stay_two_and_any_order_tells_the_same() {
    let pods = [
        crashing("a", "same"),
        crashing("b", "same"),
        crashing("c", ""),
    ];
    let mut turned = pods.clone();
    turned.reverse();
    let (one, other) = (report_of(&pods).unwrap(), report_of(&turned).unwrap());
    assert_eq!(faults(&one), 3);
    assert_eq!(one.causes, other.causes);
}

#[test]
fn owners_in_a_long_circle_end_somewhere() {
    let set = |number: usize| {
        let owner = format!("s{}", (number + 1) % 500);
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": format!("s{number}"), "namespace": "shop", "uid": format!("s{number}"),
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": true}]},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "c", "image": "x"}]}}}, "status": {"replicas": 0}})
    };
    let mut pod = crashing("a", "a");
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "s7", "uid": "s7", "controller": true}]);
    let objects: Vec<Value> = (0..500).map(set).chain([pod]).collect();
    let report = report_of(&objects).unwrap();
    assert_eq!(broken_analyzers(&report), Vec::<String>::new());
    assert!(
        report
            .causes
            .iter()
            .any(|cause| cause.code.starts_with("WRK"))
    );
}

#[test]
fn services_that_all_select_everything_are_survived() {
    let service = |number: usize| {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": format!("s{number}"), "namespace": "shop", "uid": format!("s{number}")},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}})
    };
    let pod = |number: usize| {
        let mut pod = crashing(&format!("p{number}"), &format!("p{number}"));
        pod["metadata"]["labels"] = json!({"app": "web"});
        pod
    };
    let objects: Vec<Value> = (0..300).map(service).chain((0..50).map(pod)).collect();
    let report = report_of(&objects).unwrap();
    assert_eq!(broken_analyzers(&report), Vec::<String>::new());
    assert_eq!(report.summary.objects, 350);
}
