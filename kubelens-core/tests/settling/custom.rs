//! Custom resources, by the conventions of kstatus.

use kubelens_core::model::ObjectRef;
use kubelens_core::settling::Outcome;

use crate::world::{World, at, outcome};

fn certificate(generation: i64, status: &str) -> World {
    World::with(&format!(
        r#"apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {{name: web, namespace: shop, uid: c1, generation: {generation}, creationTimestamp: "2026-03-01T12:00:00Z"}}
status: {{{status}}}"#
    ))
}

fn target() -> ObjectRef {
    ObjectRef::namespaced("cert-manager.io/v1", "Certificate", "shop", "web")
}

#[test]
fn conditions_decide() {
    let cases = [
        (
            r#"conditions: [{type: Ready, status: "True"}]"#,
            Outcome::Settled,
        ),
        (
            r#"conditions: [{type: Ready, status: "False", reason: Pending}]"#,
            Outcome::Progressing,
        ),
        (
            r#"conditions: [{type: Ready, status: "Unknown"}]"#,
            Outcome::Progressing,
        ),
        (
            r#"conditions: [{type: Available, status: "True"}]"#,
            Outcome::Settled,
        ),
        (
            r#"conditions: [{type: Ready, status: "True"}, {type: Reconciling, status: "True"}]"#,
            Outcome::Progressing,
        ),
        (
            r#"conditions: [{type: Ready, status: "False"}, {type: Stalled, status: "True", reason: BadSpec}]"#,
            Outcome::Failed,
        ),
        (
            r#"observedGeneration: 1, conditions: [{type: Ready, status: "True"}]"#,
            Outcome::Progressing,
        ),
        (
            r#"observedGeneration: 2, conditions: [{type: Ready, status: "True"}]"#,
            Outcome::Settled,
        ),
        (
            r#"conditions: [{type: Ready, status: "True", observedGeneration: 1}]"#,
            Outcome::Progressing,
        ),
        (r#"phase: Done"#, Outcome::Settled),
    ];
    for (status, expected) in cases {
        assert_eq!(
            outcome(&certificate(2, status), at(60), &target()),
            expected,
            "{status}"
        );
    }
}

#[test]
fn a_resource_without_a_status_gives_its_controller_a_moment() {
    assert_eq!(
        outcome(&certificate(1, ""), at(3), &target()),
        Outcome::Progressing
    );
    assert_eq!(
        outcome(&certificate(1, ""), at(60), &target()),
        Outcome::Settled
    );
}

#[test]
fn cluster_scoped_resources_are_judged_alike() {
    let issuer = |status: &str| {
        World::with(&format!(
            "apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {{name: le, uid: i1}}\nstatus: {{conditions: [{{type: Ready, status: \"{status}\"}}]}}"
        ))
    };
    let target = ObjectRef::cluster_scoped("cert-manager.io/v1", "ClusterIssuer", "le");
    assert_eq!(outcome(&issuer("True"), at(0), &target), Outcome::Settled);
    assert_eq!(
        outcome(&issuer("False"), at(0), &target),
        Outcome::Progressing
    );
    let other = ObjectRef::cluster_scoped("cert-manager.io/v1", "ClusterIssuer", "other");
    assert_eq!(outcome(&issuer("True"), at(0), &other), Outcome::Absent);
}
