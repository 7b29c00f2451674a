//! Follows one cluster for as long as the server runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use kubelens_core::model::CoverageState;
use kubelens_core::source::{
    ConnectOptions, LiveSource, ReadRequest, Silent, SourceError, Watched,
};
use tokio::time::sleep;

use super::credentials::CredentialFiles;
use super::logs::FailingLogs;
use super::news;
use super::rounds::Rounds;
use super::{Cluster, Origin, Picture, Usage};
use crate::bus::Bus;
use crate::settings::ExposeSecret as _;

/// Faults also come up by lasting: without any change, a diagnosis is made this often.
const LULL: Duration = Duration::from_secs(10);

/// Changes are gathered for so long at least, and for some times as long as a diagnosis takes.
const GATHER: Duration = Duration::from_millis(50);
const GATHER_TIMES: u32 = 4;

/// Wait after a failure: the first, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What is read of a cluster, and how often.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The namespaces; none for all.
    pub namespaces: Vec<String>,
    /// How often it is asked again for what could not be read.
    pub ask_again: Duration,
    /// How often lists are read anew that cannot be watched: what pods and nodes use.
    pub poll: Duration,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            namespaces: Vec::new(),
            ask_again: Duration::from_mins(5),
            poll: Duration::from_secs(15),
        }
    }
}

/// Follows a cluster until the task is aborted. A bad connection is made again, with more and more patience.
pub async fn follow(cluster: Arc<Cluster>, bus: Arc<Bus>, reading: Reading) {
    let mut wait = FIRST_WAIT;
    let mut memory = Memory::default();
    loop {
        let begin = Instant::now();
        match session(&cluster, &bus, &reading, &mut memory).await {
            Ok(()) => {
                wait = FIRST_WAIT;
                continue;
            }
            Err(why) => {
                tracing::warn!(cluster = %cluster.name, "cannot be followed: {why}");
                cluster.failed(why.to_string());
                bus.cluster_status(&cluster.item());
            }
        }
        if begin.elapsed() > LONGEST_WAIT {
            wait = FIRST_WAIT;
        }
        sleep(wait + jitter(wait)).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Up to a quarter more, so that many servers do not come back at once.
fn jitter(wait: Duration) -> Duration {
    let share = Timestamp::now().subsec_nanosecond().unsigned_abs() % 250;
    wait * share / 1000
}

/// What outlives a connection.
#[derive(Debug, Default)]
struct Memory {
    rounds: Rounds,
    usage: Usage,
    revision: u64,
}

async fn connected(cluster: &Cluster) -> Result<LiveSource, SourceError> {
    match &cluster.origin {
        Origin::Kubeconfig(options) => LiveSource::connect(options).await,
        Origin::Data(text) => of_text(text.expose_secret(), &cluster.name).await,
        Origin::InCluster => LiveSource::connect(&ConnectOptions::default()).await,
        Origin::Demo(demo) => Ok(LiveSource::new(demo.client(), "demo", cluster.name.clone())),
    }
}

/// A source by a kubeconfig that is not in a file.
async fn of_text(text: &str, name: &str) -> Result<LiveSource, SourceError> {
    let wrong = |detail: String| SourceError::Kubeconfig { detail };
    let parsed =
        kube::config::Kubeconfig::from_yaml(text).map_err(|error| wrong(error.to_string()))?;
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(parsed, &options)
        .await
        .map_err(|error| wrong(error.to_string()))?;
    let server = config.cluster_url.to_string();
    let client = kube::Client::try_from(config).map_err(|error| SourceError::Credentials {
        detail: error.to_string(),
    })?;
    Ok(LiveSource::new(client, server.trim_end_matches('/'), name))
}

/// From a connection to its loss, or until what could not be read is to be asked for again.
async fn session(
    cluster: &Arc<Cluster>,
    bus: &Arc<Bus>,
    reading: &Reading,
    memory: &mut Memory,
) -> Result<(), SourceError> {
    let files = CredentialFiles::of(&cluster.origin);
    let source = connected(cluster).await?;
    let request = ReadRequest {
        namespaces: reading.namespaces.clone(),
        poll: reading.poll,
        default_namespace: source.default_namespace().to_owned(),
        // The values of real Secrets are not even asked for.
        secret_keys: !cluster.is_real(),
        ..ReadRequest::default()
    };
    let mut watch = source.watch(&request, &Silent).await?;
    cluster.connected(source.client());
    let mut logs = FailingLogs::default();
    let begin = Instant::now();
    while let Some(Watched {
        mut snapshot,
        troubles,
    }) = watch.current().await
    {
        if !cluster.is_real() {
            snapshot = snapshot.from_source("demo");
        }
        let log_changes = logs.read(&snapshot, &source).await;
        let known = logs.known().clone();
        let mut rounds = std::mem::take(&mut memory.rounds);
        let started = Instant::now();
        // It keeps a core busy for a while: requests must not wait for it.
        let (rounds, round, json) = tokio::task::spawn_blocking(move || {
            let round = rounds.take(snapshot, &known, log_changes);
            let json = written(&round.report);
            (rounds, round, json)
        })
        .await
        .map_err(|error| SourceError::Refused {
            server: cluster.name.clone(),
            detail: format!("the diagnosis failed: {error}"),
        })?;
        memory.rounds = rounds;
        memory.usage = memory.usage.with(&round.snapshot);
        memory.revision += 1;
        let took = started.elapsed();
        let is_followed = troubles.keys().all(|kind| kind.ends_with("Metrics"));
        let has_gaps = round
            .snapshot
            .gaps()
            .iter()
            .any(|(_, _, gap)| gap.state != CoverageState::Absent);
        let before = cluster.seen();
        let known = |kind: &&String| {
            let known = before.as_ref().map(|before| &before.troubles);
            known.is_some_and(|known| known.contains_key(*kind))
        };
        cluster.broke_off(troubles.keys().filter(|kind| !known(kind)));
        let was_ready = cluster.standing() == super::Standing::Ready;
        let as_of = round.snapshot.taken_at().unwrap_or_else(Timestamp::now);
        let told = news::of(&round, &cluster.name);
        cluster.show(
            Picture {
                snapshot: round.snapshot,
                report: round.report,
                report_json: json,
                revision: memory.revision,
                as_of,
                troubles,
                usage: memory.usage.clone(),
                diagnosed_in: took.as_secs_f64(),
                answers: super::Answers::default(),
                view: 0,
            },
            is_followed,
        );
        if !was_ready {
            bus.cluster_status(&cluster.item());
        }
        bus.tell(told);
        if has_gaps && begin.elapsed() > reading.ask_again {
            return Ok(());
        }
        if files.have_changed() {
            tracing::info!(cluster = %cluster.name, "the kubeconfig has changed: connecting anew");
            return Ok(());
        }
        sleep(GATHER.max(took * GATHER_TIMES)).await;
        tokio::select! {
            () = watch.changed() => {}
            () = sleep(LULL) => {}
        }
    }
    Err(SourceError::Refused {
        server: cluster.name.clone(),
        detail: "nobody follows the cluster any more".to_owned(),
    })
}

/// The report as the command line prints it: indented, with a line end.
pub(super) fn written(report: &kubelens_core::Report) -> Bytes {
    match serde_json::to_vec_pretty(report) {
        Ok(mut text) => {
            text.push(b'\n');
            Bytes::from(text)
        }
        Err(error) => {
            tracing::error!("a report cannot be written: {error}");
            Bytes::new()
        }
    }
}
