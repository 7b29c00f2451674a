//! Rules of packs in a diagnosis that goes on.

use crate::engine::{Incremental, Options, diagnose};
use crate::kubernetes::{Batch, GroupKind, Kind, Text};
use crate::model::NoteKind;
use crate::rules::RulePack;
use crate::snapshot::{Change, Snapshot, SnapshotBuilder, WholeObject};

const PACK: &str = "
apiVersion: kubelens.dev/v1alpha1
kind: RulePack
metadata: {name: test}
rules:
- code: TST001
  name: odd-deployment
  description: A test.
  match: [{apiVersion: apps/v1, kind: Deployment}]
  when: object.spec.odd
  severity: warning
  message: '{{ object.metadata.name }} is odd'
  evidence: [spec.odd]
  examples: {fires: [a], silent: [b]}
";

fn batch(names: &[&str]) -> Batch {
    let mut batch = Batch::default();
    for name in names {
        batch
            .push_value(Kind::Deployment, object(name))
            .expect("a Deployment");
    }
    batch
}

fn object(name: &str) -> serde_json::Value {
    serde_json::json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"odd": true}})
}

fn picture(names: &[&str]) -> Snapshot {
    let mut builder = SnapshotBuilder::default();
    builder.absorb(batch(names));
    let whole = names.iter().map(|name| WholeObject {
        api_version: Text::new("apps/v1"),
        namespace: Text::new("shop"),
        name: Text::new(name),
        resource_version: None,
        json: object(name).to_string().into_bytes().into(),
    });
    let kind = GroupKind::of("apps/v1", "Deployment");
    builder.whole_mut().extend(&kind, whole.collect());
    builder.build_recorded("2026-01-01T12:00:00Z".parse().ok())
}

#[test]
fn rules_are_heard_and_what_was_not_told_in_full_is_unknown() {
    let options = Options {
        rules: RulePack::parse("pack.yaml", PACK).expect("a pack").rules,
        ..Options::default()
    };
    let odd = |report: &crate::Report| -> Vec<String> {
        let causes = report.causes.iter().filter(|cause| cause.code == "TST001");
        let mut names: Vec<String> = causes.map(|cause| cause.subject.name.clone()).collect();
        names.sort();
        names
    };
    let picture = picture(&["a", "b"]);
    let mut going_on = Incremental::new(&picture, &options);
    assert_eq!(odd(&going_on.report()), ["a", "b"]);
    assert_eq!(going_on.report(), diagnose(&picture, &options));
    let now = picture.taken_at().expect("an instant");
    let gone = Change::Removed {
        kind: Kind::Deployment,
        namespace: "shop".to_owned(),
        name: "a".to_owned(),
    };
    going_on.apply([gone], now);
    let report = going_on.report();
    assert_eq!(odd(&report), ["b"]);
    assert_eq!(report, diagnose(&going_on.snapshot(), &options));
    assert_eq!(report.notes, []);
    // It comes back, and only some of its fields are told.
    let back = picture.tables().any(Kind::Deployment, "shop", "a");
    going_on.apply([Change::Stored(back.expect("the Deployment"))], now);
    let report = going_on.report();
    assert_eq!(odd(&report), ["b"]);
    assert_eq!(report, diagnose(&going_on.snapshot(), &options));
    let notes: Vec<NoteKind> = report.notes.iter().map(|note| note.kind).collect();
    assert_eq!(notes, [NoteKind::RuleStopped]);
}
