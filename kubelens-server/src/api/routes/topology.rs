//! What hangs together: owners, what Services and Ingresses lead to, what pods use and where they run.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use axum::response::Response;
use kubelens_core::kubernetes::{
    HorizontalPodAutoscaler, Ingress, Kind, Node, Object as _, PersistentVolume,
    PersistentVolumeClaim, Pod, Service,
};
use kubelens_core::model::{ObjectRef, Severity};
use kubelens_core::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::Chosen;
use crate::api::body::number;
use crate::api::caching::Asked;
use crate::api::error::ApiError;
use crate::api::query::{Query, words};
use crate::live::Picture;

/// Which part.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct TopologyQuery {
    /// The namespace; all without it.
    pub namespace: Option<String>,
    /// An object to begin at: `Kind/name` or `Kind/namespace/name`.
    pub root: Option<String>,
    /// How many steps from there: 1 to 4, 2 without it.
    pub depth: Option<String>,
}

/// Objects and how they hang together.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Topology {
    /// The objects.
    pub nodes: Vec<TopologyNode>,
    /// What leads from one to another.
    pub edges: Vec<TopologyEdge>,
    /// Whether there are more than are shown.
    pub truncated: bool,
}

/// An object.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TopologyNode {
    /// Its name.
    #[serde(rename = "ref")]
    pub reference: Value,
    /// `critical`, `warning`, `info` of the causes that name it, `ok`, or `missing` where nothing is there.
    pub status: String,
}

/// A connection; both ends as `Kind/namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub struct TopologyEdge {
    /// Where it begins.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// `owns`, `selects`, `routes to`, `uses`, `runs on`, `binds` or `scales`.
    pub relation: String,
}

/// Most objects that are shown.
const MOST: usize = 2000;

#[derive(Default)]
struct Graph {
    references: BTreeMap<String, ObjectRef>,
    edges: BTreeSet<TopologyEdge>,
}

impl Graph {
    fn node(&mut self, reference: ObjectRef) -> String {
        let key = key_of(&reference);
        self.references.entry(key.clone()).or_insert(reference);
        key
    }

    fn edge(&mut self, from: ObjectRef, to: ObjectRef, relation: &str) {
        let (from, to) = (self.node(from), self.node(to));
        self.edges.insert(TopologyEdge {
            from,
            to,
            relation: relation.to_owned(),
        });
    }
}

fn key_of(reference: &ObjectRef) -> String {
    match &reference.namespace {
        Some(namespace) => format!("{}/{namespace}/{}", reference.kind, reference.name),
        None => format!("{}/{}", reference.kind, reference.name),
    }
}

fn named(kind: Kind, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::namespaced(kind.api_version(), kind.as_str(), namespace, name)
}

/// The kinds that own or are owned and that people look at.
const OWNED: [Kind; 7] = [
    Kind::Pod,
    Kind::ReplicaSet,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Job,
    Kind::CronJob,
];

fn graph(snapshot: &Snapshot, is_in: impl Fn(&str) -> bool) -> Graph {
    let mut graph = Graph::default();
    let tables = snapshot.tables();
    for kind in OWNED {
        for (meta, reference) in tables
            .all_metadata(kind)
            .into_iter()
            .zip(tables.references(kind))
        {
            if !is_in(&meta.namespace) {
                continue;
            }
            graph.node(reference.clone());
            for owner in &meta.owner_references {
                let owner = ObjectRef::namespaced(
                    &owner.api_version,
                    &owner.kind,
                    &meta.namespace,
                    &owner.name,
                );
                graph.edge(owner, reference.clone(), "owns");
            }
        }
    }
    for pod in snapshot
        .table::<Pod>()
        .iter()
        .filter(|pod| is_in(&pod.metadata.namespace))
    {
        let namespace = &pod.metadata.namespace;
        if !pod.node_name.is_empty() {
            graph.edge(
                pod.reference(),
                named(Kind::Node, "", &pod.node_name),
                "runs on",
            );
        }
        for used in pod.spec.config_references() {
            graph.edge(
                pod.reference(),
                named(used.kind, namespace, used.name),
                "uses",
            );
        }
        for claim in pod
            .spec
            .volumes
            .iter()
            .filter_map(|volume| volume.persistent_volume_claim.as_ref())
        {
            graph.edge(
                pod.reference(),
                named(Kind::PersistentVolumeClaim, namespace, &claim.claim_name),
                "uses",
            );
        }
    }
    let cluster = kubelens_core::snapshot::Cluster::new(snapshot);
    for service in snapshot
        .table::<Service>()
        .iter()
        .filter(|one| is_in(&one.metadata.namespace))
    {
        graph.node(service.reference());
        for pod in cluster.pods_behind(service) {
            graph.edge(service.reference(), pod.reference(), "selects");
        }
    }
    for ingress in snapshot
        .table::<Ingress>()
        .iter()
        .filter(|one| is_in(&one.metadata.namespace))
    {
        graph.node(ingress.reference());
        for backend in ingress.spec.backends() {
            let service = named(Kind::Service, &ingress.metadata.namespace, &backend.name);
            graph.edge(ingress.reference(), service, "routes to");
        }
    }
    for claim in snapshot
        .table::<PersistentVolumeClaim>()
        .iter()
        .filter(|one| is_in(&one.metadata.namespace))
    {
        graph.node(claim.reference());
        if !claim.spec.volume_name.is_empty() {
            let volume = named(Kind::PersistentVolume, "", &claim.spec.volume_name);
            graph.edge(claim.reference(), volume, "binds");
        }
    }
    for scaler in snapshot
        .table::<HorizontalPodAutoscaler>()
        .iter()
        .filter(|one| is_in(&one.metadata.namespace))
    {
        let target = &scaler.spec.scale_target_ref;
        let target = ObjectRef::namespaced(
            &target.api_version,
            &target.kind,
            &scaler.metadata.namespace,
            &target.name,
        );
        graph.edge(scaler.reference(), target, "scales");
    }
    graph
}

/// The keys that are so many steps away at most, whatever the direction; not past a node of the cluster, which would
/// lead to everything.
fn reached(graph: &Graph, root: &str, depth: usize) -> BTreeSet<String> {
    let mut beside: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in &graph.edges {
        beside.entry(&edge.from).or_default().push(&edge.to);
        beside.entry(&edge.to).or_default().push(&edge.from);
    }
    let mut seen = BTreeSet::from([root.to_owned()]);
    let mut next = VecDeque::from([(root, 0)]);
    while let Some((key, steps)) = next.pop_front() {
        if steps == depth || (key.starts_with("Node/") && key != root) {
            continue;
        }
        for other in beside.get(key).into_iter().flatten() {
            if seen.insert((*other).to_owned()) {
                next.push_back((other, steps + 1));
            }
        }
    }
    seen
}

fn status(picture: &Picture, reference: &ObjectRef) -> String {
    let snapshot = &picture.snapshot;
    let kind = Kind::from_manifest(&reference.api_version, &reference.kind);
    let namespace = reference.namespace.as_deref().unwrap_or_default();
    if let Some(kind) = kind
        && snapshot.gaps().everywhere(kind).is_none()
        && snapshot
            .tables()
            .metadata(kind, namespace, &reference.name)
            .is_none()
    {
        return "missing".to_owned();
    }
    let concerned = picture
        .report
        .causes
        .iter()
        .filter(|cause| cause.concerns(reference));
    match concerned.map(|cause| cause.severity).max() {
        Some(Severity::Critical) => "critical",
        Some(Severity::Warning) => "warning",
        Some(Severity::Info) => "info",
        None => "ok",
    }
    .to_owned()
}

/// What hangs together in a namespace, or around an object.
#[utoipa::path(get, path = "/api/topology", tag = "inventory", params(TopologyQuery),
    responses((status = 200, body = Topology)))]
pub async fn topology(
    chosen: Chosen,
    asked: Asked,
    Query(query): Query<TopologyQuery>,
) -> Result<Response, ApiError> {
    let picture = chosen.picture()?;
    let namespaces: Vec<&str> = words(query.namespace.as_deref()).collect();
    let is_in = |namespace: &str| namespaces.is_empty() || namespaces.contains(&namespace);
    asked.answer(&chosen, &picture, |_| {
        let mut graph = graph(&picture.snapshot, is_in);
        for volume in picture.snapshot.table::<PersistentVolume>().iter() {
            let key = key_of(&volume.reference());
            graph.references.entry(key).and_modify(|known| *known = volume.reference());
        }
        for node in picture.snapshot.table::<Node>().iter() {
            let key = key_of(&node.reference());
            graph.references.entry(key).and_modify(|known| *known = node.reference());
        }
        if let Some(root) = query.root.as_deref().map(str::trim).filter(|root| !root.is_empty()) {
            let known = graph.references.keys().find(|key| key.eq_ignore_ascii_case(root)).cloned();
            let Some(root) = known else {
                let why = format!("nothing is called {root:?} here: root is Kind/namespace/name, such as Deployment/shop/web");
                return Err(ApiError::not_found(why));
            };
            let kept = reached(&graph, &root, number(query.depth.as_deref(), 2, 4));
            graph.references.retain(|key, _| kept.contains(key));
        }
        let truncated = graph.references.len() > MOST;
        while graph.references.len() > MOST {
            graph.references.pop_last();
        }
        graph
            .edges
            .retain(|edge| graph.references.contains_key(&edge.from) && graph.references.contains_key(&edge.to));
        let nodes = graph.references.values().map(|reference| TopologyNode {
            reference: json!(reference),
            status: status(&picture, reference),
        });
        Ok(Topology {
            nodes: nodes.collect(),
            edges: graph.edges.iter().cloned().collect(),
            truncated,
        })
    })
}
