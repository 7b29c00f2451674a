//! Pictures of a made-up cluster at made-up instants.

use jiff::{SignedDuration, Timestamp};
use kubelens_core::kubernetes::{Batch, CustomObject, Kind};
use kubelens_core::model::{ClusterInfo, CoverageState, ObjectRef, Scope};
use kubelens_core::settling::{Outcome, Patience, Settling, TargetVerdict, Verdict};
use kubelens_core::{Options, Snapshot, SnapshotBuilder, diagnose};
use serde::Deserialize;

/// The instant `second` seconds after the beginning.
pub(crate) fn at(second: i64) -> Timestamp {
    let beginning: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
    beginning + SignedDuration::from_secs(second)
}

pub(crate) const PATIENCE: Patience = Patience {
    stable_for: SignedDuration::from_secs(10),
    wedged_for: SignedDuration::from_secs(60),
};

pub(crate) fn deployment(name: &str) -> ObjectRef {
    ObjectRef::namespaced("apps/v1", "Deployment", "shop", name)
}

/// What is in the cluster at one instant.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    documents: Vec<String>,
    gaps: Vec<(&'static str, Option<&'static str>, CoverageState)>,
    namespaces: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Header {
    api_version: String,
    kind: String,
}

impl World {
    /// A node with room, and what these manifests say.
    pub(crate) fn with(manifests: &str) -> Self {
        Self::bare(&format!("{NODE}\n---\n{manifests}"))
    }

    /// What these manifests say, and nothing else.
    pub(crate) fn bare(manifests: &str) -> Self {
        Self {
            documents: manifests.split("\n---\n").map(str::to_owned).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn and(mut self, manifests: &str) -> Self {
        self.documents
            .extend(manifests.split("\n---\n").map(str::to_owned));
        self
    }

    pub(crate) fn gap(mut self, kind: &'static str, state: CoverageState) -> Self {
        self.gaps.push((kind, None, state));
        self
    }

    pub(crate) fn only_in(mut self, namespace: &str) -> Self {
        self.namespaces.push(namespace.to_owned());
        self
    }

    pub(crate) fn picture(&self, now: Timestamp) -> Snapshot {
        let scope = Scope {
            namespaces: self.namespaces.clone(),
            selector: None,
            ..Scope::default()
        };
        let mut builder = SnapshotBuilder::new(ClusterInfo::default(), scope);
        let mut batch = Batch::default();
        for document in &self.documents {
            if document.trim().is_empty() {
                continue;
            }
            let header: Header = serde_saphyr::from_str(document).expect("a manifest");
            if let Some(kind) = Kind::from_manifest(&header.api_version, &header.kind) {
                batch
                    .push_yaml(kind, document)
                    .unwrap_or_else(|error| panic!("{error}\n{document}"));
            } else {
                let object: CustomObject = serde_saphyr::from_str(document).expect("an object");
                builder.add_custom(object);
            }
        }
        builder.absorb(batch);
        for (kind, namespace, state) in &self.gaps {
            let detail = format!("{kind} is {}", state.as_str());
            builder.gap(kind, *namespace, *state, detail);
        }
        builder.build_live(now)
    }
}

const NODE: &str = r#"
apiVersion: v1
kind: Node
metadata: {name: n1, uid: n1, labels: {kubernetes.io/hostname: n1}}
status:
  allocatable: {cpu: "4", memory: 8Gi, pods: "100"}
  conditions: [{type: Ready, status: "True"}]"#;

/// Looks once.
pub(crate) fn judge(world: &World, now: Timestamp, target: &ObjectRef) -> TargetVerdict {
    let mut settling = Settling::new(PATIENCE);
    look(&mut settling, world, now, target).targets.remove(0)
}

/// The outcome of looking once.
pub(crate) fn outcome(world: &World, now: Timestamp, target: &ObjectRef) -> Outcome {
    judge(world, now, target).outcome
}

/// Looks on.
pub(crate) fn look(
    settling: &mut Settling,
    world: &World,
    now: Timestamp,
    target: &ObjectRef,
) -> Verdict {
    let picture = world.picture(now);
    let report = diagnose(&picture, &Options::default());
    settling.observe(&picture, &report, std::slice::from_ref(target))
}

/// Looks at a history every `step` seconds, from `first` to `last`, until the verdict is final; which it is then,
/// and when.
pub(crate) fn follow(
    history: impl Fn(i64) -> World,
    target: &ObjectRef,
    (first, step, last): (i64, i64, i64),
) -> (Verdict, i64) {
    let mut settling = Settling::new(PATIENCE);
    let mut second = first;
    loop {
        let verdict = look(&mut settling, &history(second), at(second), target);
        if verdict.is_final() || second + step > last {
            return (verdict, second);
        }
        second += step;
    }
}

/// A Deployment shop/web of two replicas whose controller says what its numbers say.
pub(crate) fn web(
    generation: i64,
    observed: i64,
    updated: i64,
    total: i64,
    available: i64,
) -> String {
    format!(
        r#"apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, uid: d1, generation: {generation}, creationTimestamp: "2026-03-01T11:59:00Z"}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: "registry.example/web:2"}}]}}
status: {{observedGeneration: {observed}, replicas: {total}, updatedReplicas: {updated}, readyReplicas: {available}, availableReplicas: {available}}}"#
    )
}

/// The ReplicaSet of one of its revisions.
pub(crate) fn revision(number: i64, replicas: i64) -> String {
    set(
        number,
        replicas,
        "controller: true, kind: Deployment, apiVersion: apps/v1, name: web, uid: d1",
    )
}

pub(crate) fn set(number: i64, replicas: i64, owner: &str) -> String {
    format!(
        r#"apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-r{number}
  namespace: shop
  uid: rs{number}
  annotations: {{deployment.kubernetes.io/revision: "{number}"}}
  ownerReferences: [{{{owner}}}]
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: "registry.example/web:{number}"}}]}}}}
status: {{observedGeneration: 1, replicas: {replicas}, readyReplicas: {replicas}, availableReplicas: {replicas}}}"#
    )
}

/// What a pod's container does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Container {
    /// Runs since this second, and is ready.
    Ready(i64),
    /// The same, after a run from the one second to the other that ended with 1.
    ReadyAfter(i64, (i64, i64)),
    /// Waits after its `n`th crash: the last run went from the one second to the other.
    CrashLoop(i64, (i64, i64)),
    /// Waits for this reason, with this message.
    Waits(&'static str, &'static str),
}

/// A pod of one of the ReplicaSets, created at a second.
pub(crate) fn pod(name: &str, number: i64, created: i64, container: Container) -> String {
    let owner = format!(
        "controller: true, kind: ReplicaSet, apiVersion: apps/v1, name: web-r{number}, uid: rs{number}"
    );
    owned_pod(name, &owner, created, container)
}

pub(crate) fn owned_pod(name: &str, owner: &str, created: i64, container: Container) -> String {
    labelled_pod(name, owner, "app: web", created, container)
}

pub(crate) fn labelled_pod(
    name: &str,
    owner: &str,
    labels: &str,
    created: i64,
    container: Container,
) -> String {
    let (ready, since, restarts, state, last) = match container {
        Container::Ready(since) => (true, since, 0, format!("running: {{startedAt: \"{}\"}}", at(since)), String::new()),
        Container::ReadyAfter(since, run) => (true, since, 1, format!("running: {{startedAt: \"{}\"}}", at(since)), ended(run)),
        Container::CrashLoop(count, run) => (false, run.1, count, "waiting: {reason: CrashLoopBackOff, message: back-off 10s restarting failed container}".to_owned(), ended(run)),
        Container::Waits(reason, message) => (false, created, 0, format!("waiting: {{reason: {reason}, message: '{message}'}}"), String::new()),
    };
    format!(
        r#"apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
  uid: {name}
  labels: {{{labels}}}
  creationTimestamp: "{created}"
  ownerReferences: [{{{owner}}}]
spec:
  nodeName: n1
  containers: [{{name: web, image: "registry.example/web:2"}}]
status:
  phase: {phase}
  conditions:
  - {{type: PodScheduled, status: "True", lastTransitionTime: "{created}"}}
  - {{type: Ready, status: "{is_ready}", lastTransitionTime: "{since}"}}
  containerStatuses:
  - {{name: web, ready: {ready}, restartCount: {restarts}, state: {{{state}}}, lastState: {{{last}}}}}"#,
        created = at(created),
        since = at(since),
        phase = if ready { "Running" } else { "Pending" },
        is_ready = if ready { "True" } else { "False" },
    )
}

fn ended((from, to): (i64, i64)) -> String {
    format!(
        "terminated: {{exitCode: 1, reason: Error, startedAt: \"{}\", finishedAt: \"{}\"}}",
        at(from),
        at(to)
    )
}

/// Manifests, one after the other.
pub(crate) fn all(manifests: &[String]) -> World {
    World::with(&manifests.join("\n---\n"))
}

/// Deployment shop/web, rolled out, with two pods that do this.
pub(crate) fn rolled_out(first: Container, second: Container) -> World {
    all(&[
        web(1, 1, 2, 2, 2),
        revision(2, 2),
        pod("web-a", 2, 0, first),
        pod("web-b", 2, 0, second),
    ])
}
