//! StatefulSets, DaemonSets and claims.

use kubelens_core::model::ObjectRef;
use kubelens_core::settling::Outcome;

use crate::world::{Container, World, all, at, judge, labelled_pod, outcome};

const OWNER: &str = "controller: true, kind: StatefulSet, apiVersion: apps/v1, name: db, uid: s1";

fn db() -> ObjectRef {
    ObjectRef::namespaced("apps/v1", "StatefulSet", "shop", "db")
}

fn set(strategy: &str, updated: i64, current_revision: &str) -> String {
    format!(
        r#"apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db, namespace: shop, uid: s1, generation: 3}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: db}}}}
  updateStrategy: {{{strategy}}}
  template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: web}}]}}}}
status: {{observedGeneration: 3, replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: {current}, updatedReplicas: {updated}, currentRevision: {current_revision}, updateRevision: db-new}}"#,
        current = 3 - updated
    )
}

fn member(ordinal: i64, revision: &str) -> String {
    let labels = format!("app: db, controller-revision-hash: {revision}");
    labelled_pod(
        &format!("db-{ordinal}"),
        OWNER,
        &labels,
        0,
        Container::Ready(5),
    )
}

#[test]
fn a_set_with_members_of_the_old_revision_is_on_its_way() {
    let world = all(&[
        set("type: RollingUpdate", 2, "db-old"),
        member(0, "db-old"),
        member(1, "db-new"),
        member(2, "db-new"),
    ]);
    let verdict = judge(&world, at(100), &db());
    assert_eq!(verdict.outcome, Outcome::Progressing);
    assert_eq!(verdict.reason, "2 of 3 pods have the newest revision");
    let done = all(&[
        set("type: RollingUpdate", 3, "db-new"),
        member(0, "db-new"),
        member(1, "db-new"),
        member(2, "db-new"),
    ]);
    assert_eq!(outcome(&done, at(100), &db()), Outcome::Settled);
}

#[test]
fn a_partition_leaves_the_members_below_it_as_they_are() {
    let strategy = "type: RollingUpdate, rollingUpdate: {partition: 2}";
    let world = all(&[
        set(strategy, 1, "db-old"),
        member(0, "db-old"),
        member(1, "db-old"),
        member(2, "db-new"),
    ]);
    assert_eq!(outcome(&world, at(100), &db()), Outcome::Settled);
    let world = all(&[
        set(strategy, 0, "db-old"),
        member(0, "db-old"),
        member(1, "db-old"),
        member(2, "db-old"),
    ]);
    assert_eq!(outcome(&world, at(100), &db()), Outcome::Progressing);
}

#[test]
fn a_set_that_is_updated_by_hand_waits_for_nobody() {
    let world = all(&[
        set("type: OnDelete", 0, "db-old"),
        member(0, "db-old"),
        member(1, "db-old"),
        member(2, "db-old"),
    ]);
    assert_eq!(outcome(&world, at(100), &db()), Outcome::Settled);
}

#[test]
fn a_daemon_set_needs_every_node() {
    let daemon = |updated: i64| {
        format!(
            r#"apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: agent, namespace: shop, uid: ds1, generation: 1}}
spec: {{selector: {{matchLabels: {{app: agent}}}}, template: {{metadata: {{labels: {{app: agent}}}}, spec: {{containers: [{{name: web}}]}}}}}}
status: {{observedGeneration: 1, desiredNumberScheduled: 1, currentNumberScheduled: 1, updatedNumberScheduled: {updated}, numberReady: 1, numberAvailable: 1}}"#
        )
    };
    let revision = r#"apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: agent-b, namespace: shop, labels: {controller-revision-hash: b}, ownerReferences: [{controller: true, kind: DaemonSet, apiVersion: apps/v1, name: agent, uid: ds1}]}
revision: 2"#;
    let owner = "controller: true, kind: DaemonSet, apiVersion: apps/v1, name: agent, uid: ds1";
    let agent = |hash: &str| {
        let labels = format!("app: agent, controller-revision-hash: {hash}");
        labelled_pod("agent-1", owner, &labels, 0, Container::Ready(5))
    };
    let target = ObjectRef::namespaced("apps/v1", "DaemonSet", "shop", "agent");
    let cases = [
        (1, "b", Outcome::Settled),
        (0, "a", Outcome::Progressing),
        (1, "a", Outcome::Progressing),
    ];
    for (updated, hash, expected) in cases {
        let world = all(&[daemon(updated), revision.to_owned(), agent(hash)]);
        assert_eq!(
            outcome(&world, at(100), &target),
            expected,
            "{updated} {hash}"
        );
    }
}

fn claim(phase: &str) -> String {
    format!(
        r#"apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data, namespace: shop, uid: c1}}
spec: {{storageClassName: late}}
status: {{phase: {phase}}}"#
    )
}

#[test]
fn a_claim_settles_by_being_bound_or_by_waiting_rightly() {
    let class = r#"apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: late}
provisioner: disk.example
volumeBindingMode: WaitForFirstConsumer"#;
    let user = r#"apiVersion: v1
kind: Pod
metadata: {name: job, namespace: shop, uid: job}
spec: {containers: [{name: web}], volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}
status: {phase: Pending}"#;
    let target = ObjectRef::namespaced("v1", "PersistentVolumeClaim", "shop", "data");
    assert_eq!(
        outcome(&World::with(&claim("Bound")), at(0), &target),
        Outcome::Settled
    );
    assert_eq!(
        outcome(&World::with(&claim("Lost")), at(0), &target),
        Outcome::Failed
    );
    let waits = World::with(&claim("Pending"));
    assert_eq!(outcome(&waits, at(0), &target), Outcome::Progressing);
    assert_eq!(
        outcome(&waits.clone().and(class), at(0), &target),
        Outcome::Settled
    );
    assert_eq!(
        outcome(&waits.and(class).and(user), at(0), &target),
        Outcome::Progressing
    );
}
