//! One cluster: how to reach it, how it stands, and the last picture of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kubelens_core::source::ConnectOptions;
use serde::Serialize;
use tokio::sync::watch;

use super::Picture;
use super::calls::{Calls, told_of};
use super::views::Views;
use crate::access::rights::{KubernetesRights, Rights};
use crate::access::{Identity, impersonation};
use crate::api::error::{ApiError, Code};
use crate::demo::Demo;
use crate::door::PATIENCE;
use crate::door::catalogue::Catalogue;
use crate::settings::Impersonation;

/// Where a cluster comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A context of a kubeconfig file.
    Kubeconfig(Box<ConnectOptions>),
    /// A kubeconfig that was handed over as text: its current context.
    Data(crate::settings::Secret),
    /// The ServiceAccount of the pod that this runs in.
    InCluster,
    /// The simulated one.
    Demo(Demo),
}

/// How a cluster stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    /// It is being read for the first time.
    #[default]
    Syncing,
    /// It is followed.
    Ready,
    /// It cannot be read, and why.
    Unreachable(String),
}

/// A cluster that is followed.
#[derive(Debug)]
pub struct Cluster {
    /// Its name here.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Every kind that it serves.
    pub catalogue: Catalogue,
    /// How long a call to it may take.
    pub patience: Duration,
    picture: watch::Sender<Option<Arc<Picture>>>,
    state: Mutex<State>,
    impersonation: Impersonation,
    views: Mutex<Views>,
    calls: Arc<Calls>,
    /// How often the watch of a kind broke off, by kind.
    breaks: Mutex<BTreeMap<String, u64>>,
}

#[derive(Default)]
struct State {
    standing: Standing,
    client: Option<kube::Client>,
    rights: Option<Arc<dyn Rights>>,
    /// Since when what is shown may be old: to be told, and to be measured by.
    stale_since: Option<(Timestamp, Instant)>,
    watch_starts: u64,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}

/// What `/api/clusters` and `/api/readyz` say of one.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterItem {
    /// Its name.
    pub name: String,
    /// Whether it is a real one.
    pub is_real_cluster: bool,
    /// `ready`, `syncing` or `unreachable`.
    pub status: String,
    /// The API server's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The instant that its picture is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// `kubeconfig`, `in-cluster` or `demo`.
    pub source: String,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Cluster {
    /// A cluster that nobody follows yet.
    pub fn new(name: impl Into<String>, origin: Origin) -> Self {
        Self {
            name: name.into(),
            origin,
            catalogue: Catalogue::default(),
            patience: PATIENCE,
            picture: watch::Sender::new(None),
            state: Mutex::default(),
            impersonation: Impersonation::Off,
            views: Mutex::default(),
            calls: Arc::default(),
            breaks: Mutex::default(),
        }
    }

    /// The same, with so much time for a call to it.
    #[must_use]
    pub const fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same, with every call that somebody's request makes in that person's name.
    #[must_use]
    pub fn impersonating(mut self, mode: Impersonation) -> Self {
        self.impersonation = mode;
        self
    }

    /// Whether people see and do there what they themselves may.
    pub fn impersonates(&self) -> bool {
        self.impersonation != Impersonation::Off
    }

    /// Who knows people's rights in it; none before it was connected to.
    pub fn rights(&self) -> Option<Arc<dyn Rights>> {
        self.with(|state| state.rights.clone())
    }

    /// Lets somebody else than its API server say what people may do, until it is connected to again.
    pub fn use_rights(&self, rights: Arc<dyn Rights>) {
        self.with(|state| state.rights = Some(rights));
    }

    pub(super) fn with_views<T>(&self, use_them: impl FnOnce(&mut Views) -> T) -> T {
        use_them(&mut self.views.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut State) -> T) -> T {
        // Every write is one assignment: what a panic left is whole.
        use_it(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it is a real one.
    pub const fn is_real(&self) -> bool {
        !matches!(self.origin, Origin::Demo(_))
    }

    /// The simulated world behind it, if it is simulated.
    pub const fn demo(&self) -> Option<&Demo> {
        match &self.origin {
            Origin::Demo(demo) => Some(demo),
            _ => None,
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.with(|state| state.standing.clone())
    }

    /// How often a watch of it was begun.
    pub fn watch_starts(&self) -> u64 {
        self.with(|state| state.watch_starts)
    }

    /// Since when what is shown may be old; none while it is followed.
    pub fn stale_since(&self) -> Option<Timestamp> {
        self.with(|state| state.stale_since).map(|(at, _)| at)
    }

    /// For how long what is shown may have been old; none while it is followed.
    pub fn stale_for(&self) -> Option<Duration> {
        let since = self.with(|state| state.stale_since);
        since.map(|(_, begin)| begin.elapsed())
    }

    /// The picture; none before the first.
    pub fn seen(&self) -> Option<Arc<Picture>> {
        self.picture.borrow().clone()
    }

    /// Tells of every new picture.
    pub fn pictures(&self) -> watch::Receiver<Option<Arc<Picture>>> {
        self.picture.subscribe()
    }

    /// The picture, or why there is none that can be trusted: never synced, or lost for longer than `most` seconds.
    pub fn picture(&self, most: i64) -> Result<Arc<Picture>, ApiError> {
        let Some(picture) = self.seen() else {
            let why = match self.standing() {
                Standing::Unreachable(why) => {
                    format!("cluster {} cannot be read: {why}", self.name)
                }
                _ => format!("cluster {} is being read for the first time", self.name),
            };
            return Err(ApiError::new(Code::ClusterUnavailable, why).retry_after(2));
        };
        if let Some(stale_for) = self.stale_for() {
            let seconds = i64::try_from(stale_for.as_secs()).unwrap_or(i64::MAX);
            if seconds > most {
                return Err(ApiError::new(
                    Code::ClusterUnavailable,
                    format!(
                        "cluster {} was last read {seconds} s ago, which is too long",
                        self.name
                    ),
                )
                .retry_after(10));
            }
        }
        Ok(picture)
    }

    /// The headers that make a call somebody's; an error where nothing may be asked in their name.
    pub(super) fn named(&self, who: &Identity) -> Result<http::HeaderMap, ApiError> {
        impersonation::headers(who, self.impersonation).map_err(|problem| {
            let name = &who.name;
            ApiError::new(
                Code::Forbidden,
                format!("nothing is asked of the cluster as {name:?}: {problem}"),
            )
        })
    }

    /// A client of its API server that acts as somebody, where people have rights of their own; else as the server.
    pub(crate) fn client_for(&self, who: &Identity) -> Result<kube::Client, ApiError> {
        let own = self.own_client()?;
        if !self.impersonates() {
            return Ok(own);
        }
        let headers = self.named(who)?;
        Ok(impersonation::client(own, headers))
    }

    /// A client of its API server with this server's own rights; it is there once it was connected to. Not for what
    /// somebody asks for: that is [`crate::api::Chosen::client`].
    pub(crate) fn own_client(&self) -> Result<kube::Client, ApiError> {
        self.with(|state| state.client.clone()).ok_or_else(|| {
            ApiError::new(
                Code::ClusterUnavailable,
                format!("cluster {} is not connected", self.name),
            )
            .retry_after(2)
        })
    }

    /// Calls that were made for requests, by verb and status.
    pub fn calls(&self) -> BTreeMap<(&'static str, String), u64> {
        self.calls.counts()
    }

    /// How often the watch of a kind broke off and began anew, by kind.
    pub fn watch_restarts(&self) -> BTreeMap<String, u64> {
        let breaks = self.breaks.lock().unwrap_or_else(PoisonError::into_inner);
        breaks.clone()
    }

    /// Notes the kinds that are not followed any more.
    pub(super) fn broke_off<'k>(&self, kinds: impl Iterator<Item = &'k String>) {
        let mut breaks = self.breaks.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in kinds {
            *breaks.entry(kind.clone()).or_default() += 1;
        }
    }

    pub(super) fn connected(&self, client: kube::Client) {
        let client = told_of(client, Arc::clone(&self.calls), &self.name);
        let rights: Option<Arc<dyn Rights>> = self
            .impersonates()
            .then(|| Arc::new(KubernetesRights::new(client.clone(), self.impersonation)) as _);
        self.with(|state| {
            state.client = Some(client);
            state.rights = rights;
            state.watch_starts += 1;
        });
    }

    pub(super) fn failed(&self, why: String) {
        let is_seen = self.seen().is_some();
        self.with(|state| {
            state.standing = Standing::Unreachable(why);
            if is_seen && state.stale_since.is_none() {
                state.stale_since = Some((Timestamp::now(), Instant::now()));
            }
        });
    }

    /// Shows a new picture; `is_followed` is false where a part of it may be old.
    pub(super) fn show(&self, picture: Picture, is_followed: bool) {
        self.with(|state| {
            state.standing = Standing::Ready;
            state.stale_since = match (is_followed, state.stale_since) {
                (true, _) => None,
                (false, since) => since.or_else(|| Some((Timestamp::now(), Instant::now()))),
            };
        });
        self.picture.send_replace(Some(Arc::new(picture)));
    }

    /// What is told of it.
    pub fn item(&self) -> ClusterItem {
        let picture = self.seen();
        let (status, error) = match self.standing() {
            Standing::Syncing => ("syncing", None),
            Standing::Ready => ("ready", None),
            Standing::Unreachable(why) => ("unreachable", Some(why)),
        };
        let as_of = self
            .stale_since()
            .or_else(|| picture.as_ref().map(|picture| picture.as_of));
        ClusterItem {
            name: self.name.clone(),
            is_real_cluster: self.is_real(),
            status: status.to_owned(),
            version: picture
                .as_ref()
                .and_then(|picture| picture.snapshot.info().version.clone()),
            as_of: as_of.map(crate::api::text::instant),
            source: match &self.origin {
                Origin::Kubeconfig(_) | Origin::Data(_) => "kubeconfig",
                Origin::InCluster => "in-cluster",
                Origin::Demo(_) => "demo",
            }
            .to_owned(),
            error,
        }
    }
}
