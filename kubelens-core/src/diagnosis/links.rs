//! Which sightings can have to do with each other at all: what each is about, and what else would explain it.
//!
//! Two sightings between which there is an edge share a link. So the sightings fall into groups that are folded each
//! for itself, and a change folds only the groups anew that it touches. A relation that is added to `edges` is added
//! here too; a test compares the two.

use std::hash::{BuildHasher as _, Hash};

use foldhash::fast::FixedState;

use super::edges::broken_node::NODE_DOWN;
use super::edges::cordoned_node::{LACKS_ROOM, closed_nodes};
use super::edges::failing_store::{STORE, is_client, passes_on_that_it_is_full, quotes_etcd};
use super::edges::lost_with_node::missing_pods;
use super::edges::measured_use::{AT_MAXIMUM, scaled_by};
use super::edges::missing_machine::MACHINE;
use super::edges::network_agent::{self, AGENT};
use super::edges::node_fault::EXPLAINS;
use super::edges::operator_down::{OPERATOR, named_group, waited_for};
use super::edges::owned_pods::OF_THE_WORKLOAD;
use super::edges::refusing_server::{answer_of, heard};
use super::edges::same_node::OF_PODS;
use super::edges::selected_pods::{Behind, behind};
use super::index::{Key, made_deployment, set_between};
use crate::analysis::{Analyzer, Sighting};
use crate::kubernetes::Pod;
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// What a sighting is linked by, as a number. Two that share one by chance are folded together needlessly.
pub(crate) type Link = u64;

/// The links of one sighting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Links {
    /// What it tells of: who seeks one of these has to do with it, and so has who tells of the same.
    pub(crate) tells: Vec<Link>,
    /// What would explain it, if somebody tells of it.
    pub(crate) seeks: Vec<Link>,
}

#[derive(Hash)]
enum Of<'k> {
    Object(&'k str, &'k str, &'k str),
    Node(&'k str),
    Cordon(&'k str),
    Devices(&'k str),
    Template(&'k str),
    Operator(&'k str),
    Machines,
    Store,
    Answer(&'k str),
}

impl Of<'_> {
    fn link(&self) -> Link {
        FixedState::with_seed(0x6c69_6e6b).hash_one(self)
    }
}

fn object((kind, namespace, name): &Key) -> Link {
    Of::Object(kind, namespace, name).link()
}

fn reference(object: &ObjectRef) -> Link {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    Of::Object(&object.kind, namespace, &object.name).link()
}

/// The links of a sighting.
pub(crate) fn of(cluster: &Cluster<'_>, analyzer: &Analyzer, sighting: &Sighting) -> Links {
    let code = analyzer.code;
    let mut links = Links {
        tells: vec![reference(&sighting.subject), reference(&sighting.seen_on)],
        seeks: Vec::new(),
    };
    links
        .seeks
        .extend(sighting.blames.iter().map(|blame| reference(&blame.object)));
    let shared = sighting.shared.as_ref();
    links
        .tells
        .extend(shared.map(|shared| reference(&shared.object)));
    let made = made_deployment(cluster, &sighting.seen_on);
    links.tells.extend(made.map(|made| object(&made)));
    if sighting.seen_on.kind == "Pod" {
        let namespace = sighting.seen_on.namespace.as_deref().unwrap_or_default();
        if let Some(pod) = cluster.get::<Pod>(namespace, &sighting.seen_on.name) {
            links.of_pod(cluster, code, pod);
            if is_client(code, sighting, pod) {
                links.seeks.push(Of::Store.link());
            }
        }
    }
    let tells_of_node = NODE_DOWN.contains(&code)
        || OF_PODS.contains(&code)
        || EXPLAINS.iter().any(|(_, faults)| faults.contains(&code));
    if tells_of_node && sighting.seen_on.kind == "Node" {
        links.tells.push(Of::Node(&sighting.seen_on.name).link());
    }
    if code == AGENT {
        let node = network_agent::node_of(sighting);
        links.tells.extend(node.map(|name| Of::Node(name).link()));
    }
    if code == AT_MAXIMUM {
        let scaled = scaled_by(cluster, &sighting.subject);
        links.tells.extend(scaled.map(|scaled| object(&scaled)));
    }
    links.of_nodes_in_proof(code, sighting);
    links.of_services_of_the_cluster(code, sighting);
    for pod in missing_pods(cluster, code, &sighting.subject) {
        links.seeks.push(Of::Node(&pod.node_name).link());
    }
    if code == "NET001" {
        for behind in behind(cluster, &sighting.subject) {
            let (Behind::Pod(key) | Behind::Workload(key)) = behind;
            links.seeks.push(object(&key));
        }
    }
    for links in [&mut links.tells, &mut links.seeks] {
        links.sort_unstable();
        links.dedup();
    }
    links
}

impl Links {
    fn of_pod(&mut self, cluster: &Cluster<'_>, code: &str, pod: &Pod) {
        let top = cluster.top_of(pod);
        self.tells
            .extend(set_between(cluster, pod, Some(&top)).map(|set| object(&set)));
        self.tells.push(reference(&top));
        if !pod.node_name.is_empty() {
            self.seeks.push(Of::Node(&pod.node_name).link());
        }
        let owner = pod.metadata.controller().map(|owner| owner.uid.as_str());
        if let (true, Some(owner)) = (code.starts_with("WRK1"), owner) {
            self.tells.push(Of::Template(owner).link());
        }
    }

    /// Operators, machines and etcd: what many depend on who do not name them as their reason.
    fn of_services_of_the_cluster(&mut self, code: &str, sighting: &Sighting) {
        match code {
            STORE => self.tells.push(Of::Store.link()),
            MACHINE => self.tells.push(Of::Machines.link()),
            OPERATOR => self
                .tells
                .extend(named_group(sighting).map(|group| Of::Operator(group).link())),
            _ => {}
        }
        let answer = answer_of(code, sighting).map(|answer| Of::Answer(answer).link());
        self.tells.extend(answer);
        if code != STORE {
            self.seeks
                .extend(heard(sighting).map(|answer| Of::Answer(answer).link()));
        }
        if code != STORE && (quotes_etcd(sighting) || passes_on_that_it_is_full(code, sighting)) {
            self.seeks.push(Of::Store.link());
        }
        if code.starts_with("SCH") || code == "NET001" || OF_THE_WORKLOAD.contains(&code) {
            self.seeks.push(Of::Machines.link());
        }
        let groups = waited_for(code, sighting).into_iter();
        self.seeks
            .extend(groups.map(|group| Of::Operator(group).link()));
    }

    /// Cordons and devices are told of by the nodes, and sought by what the scheduler says.
    fn of_nodes_in_proof(&mut self, code: &str, sighting: &Sighting) {
        let proof = sighting.evidence.iter();
        let closed = || {
            let nodes = closed_nodes(sighting).into_iter();
            nodes.map(|name| Of::Cordon(name).link())
        };
        match code {
            "NOD008" => self.tells.push(Of::Cordon(&sighting.subject.name).link()),
            "SCA030" => self.tells.extend(closed()),
            "SCH013" => self.seeks.extend(closed()),
            _ if LACKS_ROOM.contains(&code) => self.seeks.extend(closed()),
            "NOD021" => self.tells.extend(
                proof
                    .filter(|proof| proof.object.kind == "Node")
                    .map(|proof| Of::Devices(&proof.object.name).link()),
            ),
            "SCH003" => self
                .seeks
                .extend(proof.map(|proof| Of::Devices(&proof.object.name).link())),
            _ => {}
        }
    }
}
