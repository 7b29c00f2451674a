//! The servers of a namespace, and what is to be said of each, whoever asks. Many pods may wait in one namespace and name
//! nobody, so it is worked out once for all of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::complaint::complaint_of;
use super::server_statement::refuses_work;
use super::waits_for::{KnownBy, Server, is_about_another, waiting};
use crate::kubernetes::{Pod, Service, Text};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Seconds by which who waits may seem to fail before the one he waits for.
const SLACK: i64 = 120;

/// The servers of a namespace of which there is something to say.
#[derive(Debug)]
pub(super) struct Neighbours(Vec<Neighbour>);

#[derive(Debug)]
struct Neighbour {
    top: ObjectRef,
    /// The Service that leads to it.
    service: Text,
    /// Since when it is down by itself: one of its pods is not ready and has containers that do not run, and it does not
    /// wait for another.
    fell: Option<Timestamp>,
    /// Whether it is ready and says in known words that it refuses work.
    refuses: bool,
    /// Whether it is ready and has errors in its log, and then whether they are about somebody else.
    errs_about_another: Option<bool>,
}

impl Neighbours {
    /// Those of a namespace. Who calls it reads Event, Pod, Service, Ingress, Namespace and the kinds of workloads.
    pub(super) fn of(cluster: &Cluster<'_>, namespace: &str) -> Arc<Self> {
        cluster.once_about(namespace, |cluster| {
            let mut known: BTreeSet<ObjectRef> = BTreeSet::new();
            let services = cluster.in_namespace::<Service>(namespace);
            let servers = services.filter_map(|service| {
                let server = Server::behind(cluster, service, KnownBy::Namespace)?;
                let is_new = known.insert(server.top.clone());
                is_new.then(|| Neighbour::of(cluster, service, server))
            });
            Self(servers.filter(Neighbour::is_worth_a_word).collect())
        })
    }

    /// The only one that is down by itself, and was so when a pod of the workload began to wait.
    pub(super) fn broken(&self, own: &ObjectRef, since: Timestamp) -> Option<ObjectRef> {
        let until = since.checked_add(SignedDuration::from_secs(SLACK)).ok()?;
        let down = self.beside(own);
        let only = only(down.filter(|it| it.fell.is_some_and(|fell| fell <= until)))?;
        Some(only.top.clone())
    }

    /// The only one that says in known words that it refuses work.
    pub(super) fn refusing<'a>(
        &self,
        cluster: &Cluster<'a>,
        own: &ObjectRef,
    ) -> Option<Server<'a>> {
        only(self.beside(own).filter(|it| it.refuses))?.server(cluster)
    }

    /// The only one with errors; where several have them, the only one whose errors are not about somebody else.
    pub(super) fn complaining<'a>(
        &self,
        cluster: &Cluster<'a>,
        own: &ObjectRef,
    ) -> Option<Server<'a>> {
        let with_errors = || {
            let all = self.beside(own);
            all.filter(|it| it.errs_about_another.is_some())
        };
        let of_its_own = || with_errors().filter(|it| it.errs_about_another == Some(false));
        only(with_errors())
            .or_else(|| only(of_its_own()))?
            .server(cluster)
    }

    fn beside(&self, own: &ObjectRef) -> impl Iterator<Item = &Neighbour> {
        self.0.iter().filter(|it| !it.top.is_same(own))
    }
}

impl Neighbour {
    fn of<'a>(cluster: &Cluster<'a>, service: &Service, server: Server<'a>) -> Self {
        let Server { top, pods, .. } = server;
        let fell = pods.iter().filter_map(|pod| fell(pod)).min();
        let waits = || {
            let mut waiting = pods.iter().filter_map(|pod| waiting(cluster, pod));
            waiting.any(|waiting| waiting.speaks_of_another())
        };
        let said = complaint_of(cluster, &pods).filter(|said| said.is_error);
        Self {
            top,
            service: service.metadata.name.clone(),
            fell: fell.filter(|_| !waits()),
            refuses: pods.iter().any(|pod| refuses_work(cluster, pod)),
            errs_about_another: said.map(|said| is_about_another(said.line)),
        }
    }

    fn is_worth_a_word(&self) -> bool {
        self.fell.is_some() || self.refuses || self.errs_about_another.is_some()
    }

    fn server<'a>(&self, cluster: &Cluster<'a>) -> Option<Server<'a>> {
        let namespace = self.top.namespace.as_deref().unwrap_or_default();
        let service = cluster.get::<Service>(namespace, &self.service)?;
        Server::behind(cluster, service, KnownBy::Namespace)
    }
}

/// Since when a pod is not ready, where its containers do not run.
fn fell(pod: &Pod) -> Option<Timestamp> {
    let mut containers = pod.containers();
    let is_down = !pod.metadata.is_terminating()
        && containers.any(|container| container.status.is_some() && !container.is_running());
    pod.unready_since().filter(|_| is_down)
}

fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.next().is_none().then_some(first)
}
