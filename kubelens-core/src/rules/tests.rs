use std::collections::BTreeSet;

use super::{RulePack, RuleSightings, kinds_of, look};
use crate::kubernetes::GroupKind;
use crate::model::NoteKind;
use crate::snapshot::Snapshot;

/// A rule over Deployments with these lines in place of the usual ones.
fn pack_of(rule: &str) -> String {
    let mut text = String::from(
        "apiVersion: kubelens.dev/v1alpha1\nkind: RulePack\nmetadata: {name: test}\nrules:\n- code: TST001\n  name: a-test\n",
    );
    let usual = [
        ("description", "A test."),
        ("match", "[{apiVersion: apps/v1, kind: Deployment}]"),
        ("when", "'true'"),
        ("severity", "warning"),
        ("message", "'{{ object.metadata.name }}: found'"),
        ("evidence", "[spec.replicas]"),
        ("examples", "{fires: [a], silent: [b]}"),
    ];
    for (key, value) in usual {
        if !rule
            .lines()
            .any(|line| line.starts_with(&format!("{key}:")))
        {
            text.push_str(&format!("  {key}: {value}\n"));
        }
    }
    for line in rule.lines() {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

fn pack(rule: &str) -> RulePack {
    RulePack::parse("pack.yaml", &pack_of(rule)).expect("a pack")
}

fn problem(rule: &str) -> String {
    let problems = RulePack::parse("pack.yaml", &pack_of(rule)).expect_err("a problem");
    problems.first().expect("a problem").to_string()
}

fn picture(objects: &[serde_json::Value], kinds: &BTreeSet<GroupKind>) -> Snapshot {
    use crate::kubernetes::{Batch, Kind, Text};
    use crate::snapshot::{SnapshotBuilder, WholeObject};
    let mut builder = SnapshotBuilder::default();
    let mut batch = Batch::default();
    for object in objects {
        let text = |path: &str| {
            object
                .pointer(path)
                .and_then(|value| value.as_str())
                .unwrap_or_default()
        };
        let kind = GroupKind::of(text("/apiVersion"), text("/kind"));
        if let Some(typed) = kind.typed() {
            batch.push_value(typed, object.clone()).expect("an object");
        }
        if kinds.contains(&kind) {
            let whole = WholeObject {
                api_version: Text::new(text("/apiVersion")),
                namespace: Text::new(text("/metadata/namespace")),
                name: Text::new(text("/metadata/name")),
                resource_version: None,
                json: object.to_string().into_bytes().into(),
            };
            builder.whole_mut().extend(&kind, vec![whole]);
        }
    }
    builder.absorb(batch);
    for kind in kinds
        .iter()
        .filter_map(GroupKind::typed)
        .filter(|kind| *kind != Kind::Secret)
    {
        builder.listed(kind);
    }
    builder.build_recorded("2026-01-01T12:00:00Z".parse().ok())
}

fn deployment(name: &str, spec: serde_json::Value) -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": "2026-01-01T11:00:00Z"},
        "spec": spec,
    })
}

fn run(rule: &str, objects: &[serde_json::Value]) -> RuleSightings {
    let pack = pack(rule);
    look(&picture(objects, &kinds_of(&pack.rules)), &pack.rules)
}

fn titles(found: &RuleSightings) -> Vec<&str> {
    found
        .seen
        .iter()
        .map(|(_, sighting)| sighting.title.as_str())
        .collect()
}

#[test]
fn a_rule_sees_fields_that_no_typed_table_keeps() {
    let found = run(
        "when: object.spec.aFieldOfTomorrow.on == true",
        &[
            deployment("b", serde_json::json!({"aFieldOfTomorrow": {"on": true}})),
            deployment("a", serde_json::json!({"aFieldOfTomorrow": {"on": true}})),
            deployment("c", serde_json::json!({})),
        ],
    );
    assert_eq!(titles(&found), ["a: found", "b: found"]);
    assert_eq!(found.notes, []);
}

#[test]
fn has_is_false_where_a_parent_is_not_there() {
    let found = run(
        "when: '!has(object.spec.strategy.rollingUpdate.maxSurge)'",
        &[
            deployment("without", serde_json::json!({})),
            deployment(
                "with",
                serde_json::json!({"strategy": {"rollingUpdate": {"maxSurge": 1}}}),
            ),
        ],
    );
    assert_eq!(titles(&found), ["without: found"]);
}

#[test]
fn fields_are_looped_over_in_the_order_of_their_names() {
    let found = run(
        "message: '{{ object.spec.labels.map(name, name) }}'",
        &[deployment(
            "a",
            serde_json::json!({"labels": {"z": 1, "b": 2, "y": 3, "a": 4}}),
        )],
    );
    assert_eq!(titles(&found), ["a, b, y, z"]);
}

#[test]
fn quantities_times_and_patterns_can_be_compared() {
    let found = run(
        "when: quantity(object.spec.cpu) > 1.4 && quantity('1Gi') == 1073741824.0 && age == 3600 && secondsSince(object.metadata.creationTimestamp) == 3600 && object.metadata.name.matches('^w.b$')",
        &[deployment("web", serde_json::json!({"cpu": "1500m"}))],
    );
    assert_eq!(titles(&found), ["web: found"]);
    assert_eq!(found.notes, []);
}

#[test]
fn a_rule_that_makes_no_sense_for_an_object_is_told_and_finds_the_others() {
    let found = run(
        "when: object.spec.size > 1",
        &[
            deployment("a", serde_json::json!({"size": "many"})),
            deployment("b", serde_json::json!({"size": 2})),
        ],
    );
    assert_eq!(titles(&found), ["b: found"]);
    let note = found.notes.first().expect("a note");
    assert_eq!(note.kind, NoteKind::RuleStopped);
    assert!(
        note.text
            .starts_with("pack.yaml:5: rule TST001 a-test makes no sense for Deployment shop/a: "),
        "{}",
        note.text
    );
}

/// Expressions that would run for ever or take all memory.
#[test]
fn a_runaway_rule_is_stopped_and_told() {
    let many: Vec<u32> = (0..1000).collect();
    let doubling = (0..40).map(|_| ".map(x, x + x)").collect::<String>();
    let nesting = (0..40).map(|_| ".map(x, [x, x])").collect::<String>();
    for when in [
        "object.spec.many.all(a, object.spec.many.all(b, object.spec.many.all(c, a + b + c >= 0)))".to_owned(),
        "true || object.spec.many.all(a, object.spec.many.all(b, object.spec.many.exists(c, a + b + c < 0)))".to_owned(),
        format!("['abcdefgh']{doubling}.size() == 1"),
        format!("[[1]]{nesting}.size() == 1"),
        "object.spec.many.all(a, object.spec.many.all(b, object.spec.many == object.spec.many))".to_owned(),
    ] {
        let found = run(
            &format!("when: \"{when}\""),
            &[deployment("a", serde_json::json!({"many": many}))],
        );
        if when.starts_with("true ||") {
            // Never evaluated: that costs nothing.
            assert_eq!(titles(&found), ["a: found"]);
            continue;
        }
        let notes: Vec<&str> = found.notes.iter().map(|note| note.text.as_str()).collect();
        assert_eq!(
            (titles(&found), notes),
            (vec![], vec!["pack.yaml:5: rule TST001 a-test costs too much and was stopped: make its loops smaller"]),
            "{when}"
        );
    }
}

#[test]
fn a_regular_expression_is_bounded() {
    let found = run(
        "when: object.metadata.name.matches('((a{100}){100}){100}')",
        &[deployment("a", serde_json::json!({}))],
    );
    assert_eq!(titles(&found), [""; 0]);
    assert!(
        found
            .notes
            .iter()
            .any(|note| note.text.contains("size limit")),
        "{:?}",
        found.notes
    );
}

#[test]
fn what_is_related_is_there_and_what_cannot_be_known_is_not_said() {
    let rule = "match: [{apiVersion: v1, kind: Service}]
follow: {relation: selector, apiVersion: v1, kind: Pod, selector: object.spec.selector}
when: related.size() == 0
evidence: [spec.selector]";
    let service = serde_json::json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}},
    });
    let pod = serde_json::json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}},
    });
    assert_eq!(titles(&run(rule, &[service.clone(), pod])), [""; 0]);
    assert_eq!(
        titles(&run(rule, std::slice::from_ref(&service))),
        ["web: found"]
    );
    // Nothing is known of Secrets here.
    let rule = "match: [{apiVersion: v1, kind: Service}]
follow: {relation: reference, apiVersion: v1, kind: Secret, name: \"'tls'\"}
when: related.size() == 0
subject: related
evidence: [spec.selector]";
    assert_eq!(titles(&run(rule, &[service])), [""; 0]);
}

#[test]
fn what_an_object_names_and_is_not_there_is_the_subject() {
    let rule =
        "follow: {relation: reference, apiVersion: v1, kind: ConfigMap, name: object.spec.config}
when: related.size() == 0
subject: related
message: 'it needs {{ object.spec.config }}'";
    let found = run(
        rule,
        &[deployment(
            "web",
            serde_json::json!({"config": "web-config"}),
        )],
    );
    let (_, sighting) = found.seen.first().expect("a sighting");
    assert_eq!(sighting.subject.to_string(), "ConfigMap shop/web-config");
    assert_eq!(sighting.seen_on.to_string(), "Deployment shop/web");
    assert_eq!(sighting.relation, "named by");
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (rule, expected) in [
        (
            "whem: 'true'",
            "pack.yaml:14:3: unknown key `whem`; did you mean when?",
        ),
        (
            "when: obejct.spec.replicas > 1",
            "pack.yaml:13:9: unknown name `obejct`; did you mean object?",
        ),
        ("when: object.spec.replicas >", "pack.yaml:13:9: "),
        (
            "when: sice(object) > 1",
            "pack.yaml:13:9: unknown function `sice`; did you mean size",
        ),
        (
            "message: '{{ object.metadata.name'",
            "pack.yaml:13:12: `{{` is not closed",
        ),
        ("match: []", "pack.yaml:13:10: `match` names no kind"),
        (
            "subject: related",
            "pack.yaml:5:3: `subject: related` needs `follow`",
        ),
        ("severity: fatal", "pack.yaml:13:13: unknown word `fatal`"),
        (
            "confidence: 2",
            "pack.yaml:14:15: `confidence` lies between 0 and 1",
        ),
        (
            "examples: {fires: [], silent: [b]}",
            "pack.yaml:13:13: `examples` needs at least one",
        ),
    ] {
        let told = problem(rule);
        assert!(
            told.starts_with(expected),
            "{rule}\n  told: {told}\n  not:  {expected}"
        );
    }
}

#[test]
fn codes_are_a_packs_own() {
    let told = |code: &str| {
        let text = pack_of("").replace("TST001", code);
        let problems = RulePack::parse("pack.yaml", &text).expect_err("a problem");
        problems.first().expect("a problem").to_string()
    };
    assert!(told("CFG900").contains("belong to KubeLens' own analyzers"));
    assert!(told("INT900").contains("belong to KubeLens' own analyzers"));
    assert!(told("tst1").contains("is not three capitals and three digits"));
}

#[test]
fn hostile_expressions_are_refused_or_harmless() {
    let deep = "(".repeat(2000);
    let long = "1 + ".repeat(1000) + "1 > 0";
    let ins = "1 in ".repeat(800) + "[1]";
    let dots = format!("object{}", ".a".repeat(1500));
    for expression in [
        deep.as_str(),
        &long,
        &dots,
        &ins,
        "\u{202e}",
        "{{{{",
        "a.b.c(",
        "'\\x'",
        "`",
    ] {
        // Refused with words, or evaluated without harm: never a panic.
        let rule = format!(
            "when: {}",
            serde_json::to_string(expression).expect("a text")
        );
        if let Ok(pack) = RulePack::parse("pack.yaml", &pack_of(&rule)) {
            let objects = [deployment("a", serde_json::json!({}))];
            let found = look(&picture(&objects, &kinds_of(&pack.rules)), &pack.rules);
            assert_eq!(found.failed, [""; 0], "{expression}");
        }
    }
}

#[test]
fn a_rule_judges_secrets_and_tells_none() {
    let pod = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "{\"x\":\"hunter22\"}",
            "vault.example/token": "hunter22",
        }},
        "spec": {
            "adminPassword": "hunter22",
            "containers": [{
                "name": "web",
                "args": ["--password", "hunter22", "--port=80"],
                "env": [{"name": "DB_PASSWORD", "value": "hunter22"}],
            }],
        },
    });
    let found = run(
        "match: [{apiVersion: v1, kind: Pod}]\nwhen: object.spec.containers[0].env[0].value == 'hunter22'\nmessage: '{{ object.spec.containers[0].env[0].value }} {{ object.spec.containers[0].args }} {{ dyn(object) }}'\nevidence: ['spec.containers[0].env', 'spec.containers[0].env[0]', 'metadata.annotations', 'spec.adminPassword']",
        &[pod],
    );
    assert_eq!(found.seen.len(), 1);
    let told = format!("{found:?}");
    assert!(!told.contains("hunter22"), "{told}");
    for shown in ["DB_PASSWORD", "--port=80", "[redacted]"] {
        assert!(told.contains(shown), "{told}");
    }
}

#[test]
fn a_condition_that_fails_quotes_no_secret() {
    let deployment = serde_json::json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"adminPassword": "hunter22"},
    });
    let found = run("when: int(object.spec.adminPassword) > 3", &[deployment]);
    assert_eq!(found.notes.len(), 1);
    assert!(!format!("{found:?}").contains("hunter22"), "{found:?}");
}

#[test]
fn a_mistake_is_told_in_the_same_words_every_time() {
    let map = "{'a': 1, 'b': 2, 'c': 3, 'd': 4, 'e': 5, 'f': 6, 'g': 7, 'h': 8}";
    for when in [
        format!("{map} + 1 == 2"),
        format!("{map} < {map}"),
        format!("[1][{map}] == 1"),
        format!("{map}[{map}] == 1"),
        format!("{map}.startsWith('a')"),
        format!("size({map}.a) == 1"),
        format!("int({map}) == 1"),
    ] {
        let rule = format!("when: \"{when}\"");
        let told = || {
            let found = run(&rule, &[deployment("a", serde_json::json!({}))]);
            assert_eq!(found.notes.len(), 1, "{when}");
            found.notes[0].text.clone()
        };
        let first = told();
        assert!(!first.contains("Map("), "{first}");
        for _ in 0..5 {
            assert_eq!(told(), first);
        }
    }
}
