//! A cluster in which something changes all the time: what a watch would tell, made up, for [`super::written`].

#![allow(
    clippy::indexing_slicing,
    reason = "what is indexed is JSON objects that this crate itself makes, and tables of constant length"
)]

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use kubelens_core::kubernetes::{AnyObject, Kind};
use kubelens_core::snapshot::Change;
use serde_json::{Value, json};

use super::written::{self, Extent, REPLICAS, TAKEN};

/// One change as a watch hands it over: its type, and the object in JSON.
#[derive(Debug, Clone)]
pub enum Told {
    /// The object is like this.
    Stored(Kind, String),
    /// It is gone.
    Removed(Kind, String, String),
}

impl Told {
    /// The change, decoded.
    pub fn decoded(&self) -> anyhow::Result<Change> {
        Ok(match self {
            Self::Stored(kind, json) => Change::Stored(AnyObject::from_json(*kind, json)?),
            Self::Removed(kind, namespace, name) => Change::Removed {
                kind: *kind,
                namespace: namespace.clone(),
                name: name.clone(),
            },
        })
    }
}

/// Makes changes up, the same ones each time.
#[derive(Debug)]
pub struct Going {
    extent: Extent,
    state: u64,
    made: u64,
    begin: Timestamp,
    /// Events that are still there, oldest first: the API server keeps them for an hour.
    events: VecDeque<(String, String)>,
    /// Deployments that are being rolled out, oldest first.
    rollouts: VecDeque<usize>,
    /// Pods that crash, by Deployment and replica, oldest first.
    crashing: VecDeque<(usize, usize)>,
    /// Deployments whose ConfigMap is gone, oldest first.
    lacking: VecDeque<usize>,
}

/// Events that are kept; beyond these the oldest goes for each new one.
const KEPT_EVENTS: usize = 20_000;

/// Rollouts that go on at a time; the oldest is undone for each new one.
const ROLLOUTS: usize = 50;

/// Pods that crash at a time; the oldest recovers for each new one.
const CRASHING: usize = 200;

/// ConfigMaps that are gone at a time; the oldest comes back for each new one.
const LACKING: usize = 50;

impl Going {
    /// Changes of a cluster of this size.
    pub fn of(extent: Extent) -> anyhow::Result<Self> {
        Ok(Self {
            extent,
            state: 0x9e37_79b9_7f4a_7c15,
            made: 0,
            begin: TAKEN.parse()?,
            events: VecDeque::new(),
            rollouts: VecDeque::new(),
            crashing: VecDeque::new(),
            lacking: VecDeque::new(),
        })
    }

    /// The instant after so many seconds.
    pub fn at(&self, seconds: i64) -> Timestamp {
        self.begin
            .checked_add(SignedDuration::from_secs(seconds))
            .unwrap_or(self.begin)
    }

    /// What happens next, one thing: one change or a few that belong together.
    pub fn next(&mut self, seconds: i64) -> Vec<Told> {
        self.made += 1;
        let now = self.at(seconds).to_string();
        let number = self.below(self.extent.deployments());
        let replica = self.below(REPLICAS);
        match self.below(100) {
            // A node renews its lease every ten seconds: most of what happens in a large cluster.
            0..45 => {
                let mut lease = written::lease(self.below(self.extent.nodes));
                lease["spec"]["renewTime"] = json!(now);
                lease["metadata"]["managedFields"][0]["time"] = json!(now);
                vec![self.stored(Kind::Lease, lease)]
            }
            45..50 => {
                let mut node = written::node(self.below(self.extent.nodes));
                for condition in node["status"]["conditions"]
                    .as_array_mut()
                    .into_iter()
                    .flatten()
                {
                    condition["lastHeartbeatTime"] = json!(now);
                }
                vec![self.stored(Kind::Node, node)]
            }
            50..55 => self.crash(number, replica, &now),
            55..65 => vec![self.pod(number, replica, "")],
            65..70 => self.replaced(number, replica),
            70..85 => self.event(number, replica, &now),
            85..87 => self.rollout(number),
            87..92 => {
                let mut deployment = written::deployment(number);
                deployment["status"]["observedGeneration"] = json!(1 + self.made % 2);
                vec![self.stored(Kind::Deployment, deployment)]
            }
            // A ConfigMap that pods need goes, or comes back.
            92..96 => self.lack(number),
            _ => vec![self.pod(number, replica, "")],
        }
    }

    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap_or_default() % end
    }

    fn stored(&self, kind: Kind, mut object: Value) -> Told {
        object["metadata"]["resourceVersion"] = json!((1_000_000 + self.made).to_string());
        Told::Stored(kind, object.to_string())
    }

    /// A pod begins to crash; the one that has crashed longest is well again.
    fn crash(&mut self, number: usize, replica: usize, now: &str) -> Vec<Told> {
        let mut all = Vec::new();
        if self.crashing.len() >= CRASHING
            && let Some((number, replica)) = self.crashing.pop_front()
        {
            all.push(self.pod(number, replica, ""));
        }
        self.crashing.push_back((number, replica));
        all.push(self.pod(number, replica, now));
        all
    }

    /// A ConfigMap goes; the one that has been gone longest comes back.
    fn lack(&mut self, number: usize) -> Vec<Told> {
        let mut all = Vec::new();
        if self.lacking.len() >= LACKING
            && let Some(number) = self.lacking.pop_front()
        {
            let (namespace, name) = (written::namespace(number), crate::load::name(number));
            let map = json!({ "metadata": { "name": name, "namespace": namespace, "uid": format!("ConfigMap-{number}") }, "data": { "LOG_LEVEL": "info", "REGION": "eu-north" } });
            all.push(self.stored(Kind::ConfigMap, map));
        }
        self.lacking.push_back(number);
        let (namespace, name) = (written::namespace(number), crate::load::name(number));
        all.push(Told::Removed(Kind::ConfigMap, namespace, name));
        all
    }

    /// A pod of which a container crashes at this time; with no time, one that is well.
    fn pod(&self, number: usize, replica: usize, crashed: &str) -> Told {
        let mut pod = written::pod(number, replica, self.extent);
        if !crashed.is_empty() && pod["status"]["phase"] == "Running" {
            let container = &mut pod["status"]["containerStatuses"][0];
            container["ready"] = json!(false);
            container["restartCount"] = json!(7);
            container["state"] = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=app" } });
            container["lastState"] = json!({ "terminated": { "exitCode": 1, "reason": "Error", "startedAt": crashed, "finishedAt": crashed } });
            for condition in pod["status"]["conditions"]
                .as_array_mut()
                .into_iter()
                .flatten()
            {
                if condition["type"] == "Ready" || condition["type"] == "ContainersReady" {
                    condition["status"] = json!("False");
                    condition["reason"] = json!("ContainersNotReady");
                    condition["lastTransitionTime"] = json!(crashed);
                }
            }
        }
        self.stored(Kind::Pod, pod)
    }

    /// A pod goes, and another of its Deployment comes under the same name: the cluster keeps its size.
    fn replaced(&self, number: usize, replica: usize) -> Vec<Told> {
        let gone = Told::Removed(
            Kind::Pod,
            written::namespace(number),
            written::pod_name(number, replica),
        );
        vec![gone, self.pod(number, replica, "")]
    }

    /// A Deployment gets a new ReplicaSet that has no pod yet; the oldest rollout is undone.
    fn rollout(&mut self, number: usize) -> Vec<Told> {
        let mut all = Vec::new();
        if self.rollouts.len() >= ROLLOUTS
            && let Some(oldest) = self.rollouts.pop_front()
        {
            let set = written::next_replica_set(oldest);
            let name = set["metadata"]["name"].as_str().unwrap_or_default();
            all.push(Told::Removed(
                Kind::ReplicaSet,
                written::namespace(oldest),
                name.to_owned(),
            ));
            all.push(self.stored(Kind::Deployment, written::deployment(oldest)));
        }
        if !self.rollouts.contains(&number) {
            self.rollouts.push_back(number);
            let mut deployment = written::deployment(number);
            deployment["metadata"]["generation"] = json!(2);
            deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("2");
            deployment["status"]["observedGeneration"] = json!(2);
            deployment["status"]["updatedReplicas"] = json!(0);
            all.push(self.stored(Kind::ReplicaSet, written::next_replica_set(number)));
            all.push(self.stored(Kind::Deployment, deployment));
        }
        all
    }

    fn event(&mut self, number: usize, replica: usize, now: &str) -> Vec<Told> {
        let namespace = written::namespace(number);
        let pod = written::pod_name(number, replica);
        let name = format!("{pod}.n{:x}", self.made);
        let event = json!({
            "metadata": { "name": name, "namespace": namespace, "uid": format!("n{}", self.made), "creationTimestamp": now },
            "involvedObject": { "apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": pod, "uid": format!("pod-{number}-{replica}") },
            "type": "Normal", "reason": "Pulled", "message": "Container image already present on machine", "count": 1,
            "firstTimestamp": now, "lastTimestamp": now, "source": { "component": "kubelet" }, "reportingComponent": "kubelet",
        });
        let mut all = vec![self.stored(Kind::Event, event)];
        self.events.push_back((namespace, name));
        if self.events.len() > KEPT_EVENTS
            && let Some((namespace, name)) = self.events.pop_front()
        {
            all.push(Told::Removed(Kind::Event, namespace, name));
        }
        all
    }
}
