//! The run over all kinds.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use http::StatusCode;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::LiveSource;
use super::api::{Api, Failure};
use super::decoder::Decoders;
use super::discovery::{Customs, Served};
use super::gap_text::{describe, not_served};
use super::list::{Asking, ListFailure, Listed, list};
use super::server_health;
use super::target::Target;
use crate::kubernetes::{GroupKind, Kind, KindSet};
use crate::model::{ClusterInfo, CoverageState};
use crate::snapshot::{Snapshot, SnapshotBuilder};
use crate::source::{Progress, ReadRequest, SourceError};

/// How many lists are read at a time.
const AT_A_TIME: usize = 8;

/// From this minor version on, a server streams whole lists from its cache.
const STREAMS_SINCE: u32 = 31;

/// How many namespaces are tried, and how many read, where the whole cluster may not be listed.
const MOST_TRIED: usize = 500;
const MOST_READ: usize = 50;

pub(super) async fn read(
    source: &LiveSource,
    request: &ReadRequest,
    progress: &dyn Progress,
) -> Result<Reading, SourceError> {
    let begin = Instant::now();
    let deadline = begin + request.deadline;
    let api = &source.api;
    let patience = request.request_timeout;
    let greeting = futures::future::join(Version::ask(api, request), Served::ask(api, patience));
    let Ok((version, served)) = timeout_at(deadline, greeting).await else {
        return Err(source.unanswered(&Failure::TimedOut));
    };
    let served = served.map_err(|failure| source.unanswered(&failure))?;
    let version = version.map_err(|failure| source.unanswered(&failure))?;
    let info = ClusterInfo {
        name: source.name.clone(),
        version: version.name.clone(),
        source: "live".to_owned(),
    };
    let mut run = Run {
        source,
        request,
        progress,
        asking: Asking {
            is_whole: is_whole(&version),
            is_consistent: request.is_consistent,
            patience,
        },
        deadline,
        decoders: Decoders::start(request),
        lists: 0,
        builder: SnapshotBuilder::new(info, request.scope()),
        read: Vec::new(),
        is_anything_read: false,
        first_failure: None,
        warned: BTreeSet::new(),
    };
    let failing = server_health::failing_checks(api);
    let ((), failing) =
        futures::future::join(run.read_all(&served), timeout_at(deadline, failing)).await;
    let failing = failing.unwrap_or_default();
    let Run {
        decoders,
        mut builder,
        is_anything_read,
        first_failure,
        read,
        asking,
        ..
    } = run;
    decoders.pour_into(&mut builder).await;
    if let Some(observed) = server_health::observed(&failing, &api.turned_away()) {
        builder.add_custom(observed);
    }
    if let (false, Some(failure)) = (is_anything_read, first_failure) {
        return Err(source.unanswered(&failure));
    }
    let taken_at = request.now.or(version.date).unwrap_or_else(now);
    Ok(Reading {
        snapshot: builder.build_live(taken_at),
        streams: read,
        asking,
    })
}

/// A list that was read, to be watched from there.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) target: Target,
    pub(super) namespace: Option<String>,
    /// The version that the list showed.
    pub(super) version: Option<String>,
}

/// What was read, and how to go on from there.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) snapshot: Snapshot,
    pub(super) streams: Vec<Stream>,
    pub(super) asking: Asking,
}

/// One list to read.
struct Job {
    target: Target,
    namespace: Option<String>,
}

/// A list that was read or not.
type Outcome = (Job, Result<Listed, ListFailure>);

struct Run<'a> {
    source: &'a LiveSource,
    request: &'a ReadRequest,
    progress: &'a dyn Progress,
    asking: Asking,
    deadline: Instant,
    decoders: Decoders,
    /// How many lists were begun.
    lists: usize,
    builder: SnapshotBuilder,
    /// The lists that are complete.
    read: Vec<Stream>,
    is_anything_read: bool,
    /// The first failure that was no refusal.
    first_failure: Option<Failure>,
    /// The failures that were warned of.
    warned: BTreeSet<String>,
}

impl Run<'_> {
    async fn read_all(&mut self, served: &Served) {
        let targets = self.targets(served);
        let namespaces = &self.request.namespaces;
        let jobs = targets
            .into_iter()
            .flat_map(|target| {
                let scopes = if target.is_namespaced && !namespaces.is_empty() {
                    namespaces.iter().cloned().map(Some).collect()
                } else {
                    vec![None]
                };
                scopes.into_iter().map(move |namespace| Job {
                    target: target.clone(),
                    namespace,
                })
            })
            .collect();
        let mut refused = Vec::new();
        let mut are_slices_read = true;
        for (job, result) in self.read_lists(jobs).await {
            are_slices_read &= result.is_ok() || job.target.kind != Some(Kind::EndpointSlice);
            match result {
                Ok(_) if job.target.kind.is_none() => {
                    let kind = GroupKind::of(&job.target.api_version, &job.target.name);
                    self.builder.whole_mut().listed(kind);
                }
                Ok(_) => {}
                Err(failed)
                    if failed.failure.status() == Some(StatusCode::FORBIDDEN)
                        && job.namespace.is_none()
                        && job.target.is_namespaced =>
                {
                    refused.push((job.target, failed));
                }
                Err(failed) => self.gap(&job, failed),
            }
        }
        if !refused.is_empty() {
            self.read_visible_namespaces(refused).await;
        }
        self.read_endpoints(are_slices_read).await;
    }

    /// What to list; what the server does not serve is a gap.
    fn targets(&mut self, served: &Served) -> Vec<Target> {
        let mut targets = Vec::new();
        for kind in in_order() {
            if kind == Kind::Endpoints {
                continue;
            }
            if !self.request.kinds.contains(kind) {
                self.builder.gap(
                    kind.as_str(),
                    None,
                    CoverageState::Partial,
                    format!("{kind} was not asked for"),
                );
                continue;
            }
            if let Some(mut target) = served.target(kind) {
                target.is_metadata_only = kind == Kind::Secret && !self.request.secret_keys;
                targets.push(target);
            } else {
                let detail = not_served(&Target::of(kind));
                self.builder
                    .gap(kind.as_str(), None, CoverageState::Absent, detail);
            }
        }
        targets.extend(self.custom_targets(served));
        targets
    }

    /// The kinds without a type of their own that are read: after all others, and not without end. One that rules
    /// look at and that is not served has no objects, and is no gap.
    fn custom_targets(&mut self, served: &Served) -> Vec<Target> {
        if !served.is_told() {
            let detail =
                "the server does not say in one answer which custom kinds it serves: none was read";
            self.builder
                .gap(CUSTOM_KINDS, None, CoverageState::Partial, detail);
            let wanted = self.request.whole.iter();
            for kind in wanted.filter(|kind| kind.typed().is_none()) {
                let reason = "the server does not say which kinds it serves";
                self.builder.whole_mut().cut(kind, reason);
            }
        }
        let Customs { read, left, all } = served.custom_targets(&self.request.whole);
        if let Some(first) = left.first() {
            let detail = format!(
                "{} of {all} custom kinds were not read, {} the first of them",
                left.len(),
                first.resource()
            );
            self.builder
                .gap(CUSTOM_KINDS, None, CoverageState::Partial, detail);
        }
        for target in &read {
            self.builder.listed_custom(&target.gap_name());
        }
        read
    }

    /// Whether rules look at objects of the kind.
    fn is_for_rules(&self, target: &Target) -> bool {
        let kind = GroupKind::of(&target.api_version, &target.name);
        self.request.whole.contains(&kind)
    }

    /// The older form of EndpointSlices is read only where those cannot be.
    async fn read_endpoints(&mut self, are_slices_read: bool) {
        let kind = Kind::Endpoints;
        if are_slices_read || !self.request.kinds.contains(kind) {
            let detail = "EndpointSlices are read instead";
            return self
                .builder
                .gap(kind.as_str(), None, CoverageState::Absent, detail);
        }
        let namespaces = &self.request.namespaces;
        let scopes = if namespaces.is_empty() {
            vec![None]
        } else {
            namespaces.iter().cloned().map(Some).collect()
        };
        let jobs = scopes.into_iter().map(|namespace| Job {
            target: Target::of(kind),
            namespace,
        });
        for (job, result) in self.read_lists(jobs.collect()).await {
            if let Err(failed) = result {
                self.gap(&job, failed);
            }
        }
    }

    /// Where the cluster may not be listed, its namespaces may be.
    async fn read_visible_namespaces(&mut self, refused: Vec<(Target, ListFailure)>) {
        let candidates = self.candidates().await;
        let home = self.source.default_namespace.clone();
        let (probes, others): (Vec<_>, Vec<_>) = refused
            .into_iter()
            .partition(|(target, _)| target.kind == Some(Kind::Pod));
        let mut readable: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut visible: BTreeSet<String> = BTreeSet::from([home]);
        let within = |target: &Target, namespaces: &BTreeSet<String>| -> Vec<Job> {
            let jobs = namespaces.iter().map(|namespace| Job {
                target: target.clone(),
                namespace: Some(namespace.clone()),
            });
            jobs.collect()
        };
        for (target, _) in &probes {
            for (job, result) in self.read_lists(within(target, &candidates)).await {
                if result.is_ok() {
                    visible.extend(job.namespace.clone());
                }
                self.note_namespace(&job, result, &mut readable);
            }
        }
        if probes.is_empty() {
            visible.extend(candidates);
        }
        let visible = self.nearest(visible);
        // There may be hundreds of custom kinds: of those only the namespace that the context works in.
        let near: BTreeSet<String> = visible
            .iter()
            .filter(|name| **name == self.source.default_namespace)
            .cloned()
            .collect();
        let jobs = others
            .iter()
            .flat_map(|(target, _)| match target.kind {
                None if !self.is_for_rules(target) => within(target, &near),
                _ => within(target, &visible),
            })
            .collect();
        for (job, result) in self.read_lists(jobs).await {
            self.note_namespace(&job, result, &mut readable);
        }
        for (target, failed) in probes.into_iter().chain(others) {
            let (state, detail) = describe(&target, None, &failed);
            let name = target.gap_name();
            match readable.remove(&name) {
                Some(namespaces) => self.builder.gap_outside(&name, namespaces, state, detail),
                None => self.builder.gap(&name, None, state, detail),
            }
        }
    }

    /// As many namespaces as may be read, the one that the context works in first.
    fn nearest(&self, visible: BTreeSet<String>) -> BTreeSet<String> {
        let home = &self.source.default_namespace;
        let (near, far): (Vec<_>, Vec<_>) = visible.into_iter().partition(|name| name == home);
        near.into_iter().chain(far).take(MOST_READ).collect()
    }

    fn note_namespace(
        &mut self,
        job: &Job,
        result: Result<Listed, ListFailure>,
        readable: &mut BTreeMap<String, BTreeSet<String>>,
    ) {
        match result {
            Ok(_) => {
                let namespaces = readable.entry(job.target.gap_name()).or_default();
                namespaces.extend(job.namespace.clone());
            }
            Err(failed) if failed.failure.status() == Some(StatusCode::FORBIDDEN) => {}
            Err(failed) => self.gap(job, failed),
        }
    }

    /// The namespaces that the user may see, or at least the one that the context works in.
    async fn candidates(&self) -> BTreeSet<String> {
        let answer = self.source.api.get_bytes(
            "/api/v1/namespaces",
            "application/json",
            self.asking.patience,
        );
        let list: NameList = match timeout_at(self.deadline, answer).await {
            Ok(Ok(answer)) => serde_json::from_slice(&answer.bytes).unwrap_or_default(),
            _ => NameList::default(),
        };
        let names = list
            .items
            .into_iter()
            .map(|item| item.metadata.name)
            .take(MOST_TRIED);
        names
            .chain([self.source.default_namespace.clone()])
            .collect()
    }

    /// Reads lists, some at a time.
    async fn read_lists(&mut self, jobs: Vec<Job>) -> Vec<Outcome> {
        let first = self.lists;
        self.lists += jobs.len();
        let run = &*self;
        let outcomes: Vec<Outcome> = stream::iter(jobs.into_iter().zip(first..))
            .map(|(job, number)| async move {
                let result = run.read_list(&job, number).await;
                (job, result)
            })
            .buffer_unordered(AT_A_TIME)
            .collect()
            .await;
        for (job, result) in &outcomes {
            if let Ok(Listed { version, .. }) = result {
                self.read.push(Stream {
                    target: job.target.clone(),
                    namespace: job.namespace.clone(),
                    version: version.clone(),
                });
            }
        }
        self.is_anything_read |= outcomes.iter().any(|(_, result)| match result {
            Ok(_) => true,
            Err(failed) => {
                failed.failure.status() == Some(StatusCode::FORBIDDEN) || failed.objects > 0
            }
        });
        outcomes
    }

    async fn read_list(&self, job: &Job, number: usize) -> Result<Listed, ListFailure> {
        let out_of_time = |objects| ListFailure {
            failure: Failure::OutOfTime,
            objects,
        };
        let Some(decoder) = self.decoders.list(number, &job.target) else {
            return Err(out_of_time(0));
        };
        if Instant::now() >= self.deadline {
            return Err(out_of_time(0));
        }
        let reading = list(
            &self.source.api,
            &job.target,
            job.namespace.as_deref(),
            &decoder,
            self.asking,
            self.progress,
        );
        let result = match timeout_at(self.deadline, reading).await {
            Ok(result) => result,
            Err(_) => Err(out_of_time(decoder.objects())),
        };
        if let Ok(listed) = &result {
            self.progress.finished(&job.target.name, listed.objects);
        }
        result
    }

    fn gap(&mut self, job: &Job, failed: ListFailure) {
        let (state, detail) = describe(&job.target, job.namespace.as_deref(), &failed);
        if job.target.kind.is_none() && state == CoverageState::Absent {
            // It was deleted meanwhile: there is no object of it.
            return;
        }
        let is_trouble = state == CoverageState::Partial || state == CoverageState::Error;
        // A server that is gone fails every list alike: once is enough.
        if is_trouble && self.warned.insert(failed.failure.to_string()) {
            self.progress.warning(&detail);
        }
        let name = job.target.gap_name();
        self.builder
            .gap(&name, job.namespace.as_deref(), state, detail);
        self.first_failure.get_or_insert(failed.failure);
    }
}

/// The clock of this machine, where the server's own is not known.
#[allow(
    clippy::disallowed_methods,
    reason = "a live picture is taken now; here is where that enters the snapshot"
)]
pub(super) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// The name under which coverage tells of custom kinds that were not read at all.
const CUSTOM_KINDS: &str = "CustomResource";

/// What takes longest begins first.
const BIGGEST_FIRST: &[Kind] = &[
    Kind::Pod,
    Kind::Event,
    Kind::ReplicaSet,
    Kind::EndpointSlice,
    Kind::ConfigMap,
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NameList {
    items: Vec<Named>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    metadata: Name,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Name {
    name: String,
}

/// All kinds in the order in which they are asked for.
fn in_order() -> impl Iterator<Item = Kind> {
    let others = Kind::ALL
        .iter()
        .filter(|kind| !BIGGEST_FIRST.contains(kind));
    BIGGEST_FIRST.iter().chain(others).copied()
}

/// These kinds in the order in which they are asked for.
pub(super) fn wanted(kinds: KindSet) -> impl Iterator<Item = Kind> {
    in_order().filter(move |kind| kinds.contains(*kind))
}

/// Whether the server is asked for whole lists.
pub(super) fn is_whole(version: &Version) -> bool {
    version.minor.is_none_or(|minor| minor >= STREAMS_SINCE)
}

/// The server's version and clock.
pub(super) struct Version {
    name: Option<String>,
    minor: Option<u32>,
    date: Option<jiff::Timestamp>,
}

impl Version {
    pub(super) async fn ask(api: &Api, request: &ReadRequest) -> Result<Self, Failure> {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Info {
            git_version: String,
            minor: String,
        }
        let answer = match api
            .get_bytes("/version", "application/json", request.request_timeout)
            .await
        {
            Ok(answer) => answer,
            // Not everybody may ask, and not every gateway passes it on.
            Err(Failure::Status(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, _)) => {
                return Ok(Self {
                    name: None,
                    minor: None,
                    date: None,
                });
            }
            Err(failure) => return Err(failure),
        };
        let info: Info = serde_json::from_slice(&answer.bytes).unwrap_or_default();
        let digits: String = info
            .minor
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        Ok(Self {
            name: Some(info.git_version).filter(|name| !name.is_empty()),
            minor: digits.parse().ok(),
            date: answer.date,
        })
    }
}

impl LiveSource {
    /// Why nothing at all can be read from the server.
    pub(super) fn unanswered(&self, failure: &Failure) -> SourceError {
        let server = self.api.server.clone();
        match failure {
            Failure::Status(StatusCode::UNAUTHORIZED, _) => {
                let expired = self.expires.filter(|expires| *expires < now());
                let detail = expired.map_or_else(
                    || "the token or the client certificate is wrong or has expired".to_owned(),
                    |expired| format!("the client certificate expired at {expired}"),
                );
                SourceError::Unauthorized { server, detail }
            }
            Failure::Status(_, message) => SourceError::Refused {
                server,
                detail: message.clone(),
            },
            Failure::Credentials(detail) => SourceError::Credentials {
                detail: detail.clone(),
            },
            Failure::Connection(cause) if cause.contains("certificate") => {
                SourceError::Certificate {
                    server,
                    detail: cause.clone(),
                }
            }
            failure => SourceError::Unreachable {
                server,
                detail: failure.to_string(),
            },
        }
    }
}
