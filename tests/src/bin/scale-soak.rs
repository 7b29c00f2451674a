//! `scale-soak [MINUTES]`: the server through twenty busy minutes, one after the other without a pause. In each, people
//! sign in, follow streams, look around, and leave in good order or not; pods are deleted and Deployments rolled out.
//! Prints what the server holds after each, and fails where a task, a subscriber or a session stays, or memory grows from
//! half-way to the end. `tests/scale/soak` builds what it needs.
#![allow(
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "answers of the server that was started here; counts are small"
)]

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Event, Namespace, Pod};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use kubelens_tests::cluster::Cluster;
use kubelens_tests::control_plane::{ControlPlane, Options};
use kubelens_tests::load::{Size, fill};
use kubelens_tests::server::{SOON, Server, open_files};
use kubelens_tests::theatre::unless_interrupted;
use serde_json::{Value, json};

/// Minutes that are gone through.
const MINUTES: usize = 20;
/// Who signs in within a minute, and how many of them at a time.
const PEOPLE: usize = 40;
const AT_ONCE: usize = 10;
/// Pods that are deleted, and Deployments that are rolled out, within a minute.
const DELETED: usize = 20;
const ROLLED_OUT: usize = 3;
/// Tasks that come and go by themselves.
const SOME_TASKS: u64 = 4;
/// How much memory may grow from half-way to the end, in percent.
const GROWTH: u64 = 5;

/// What everybody looks at.
const PATHS: [&str; 12] = [
    "/api/report",
    "/api/diagnostics",
    "/api/report/history",
    "/api/pods",
    "/api/pods?limit=100&sort=-age",
    "/api/nodes",
    "/api/events",
    "/api/stats",
    "/api/resources/deployments",
    "/api/resources/configmaps?limit=50",
    "/api/search?q=load",
    "/api/metrics/prometheus",
];

fn say(line: impl std::fmt::Display) {
    // Nobody reads any more: that is no reason to stop.
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn main() -> Result<()> {
    // There is one process, and nobody installed another.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Runtime::new()?.block_on(unless_interrupted(run()))
}

/// What the server holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    tasks: u64,
    subscribers: u64,
    sessions: u64,
    files: u64,
    resident: u64,
}

struct Soak {
    server: Server,
    http: reqwest::Client,
    kube: kube::Client,
}

async fn run() -> Result<()> {
    let minutes = std::env::args().nth(1).map(|it| it.parse::<usize>());
    let minutes = minutes.transpose()?.unwrap_or(MINUTES);
    open_files(8_000)?;
    let plane = ControlPlane::start(&Options::default()).await?;
    let kube = plane.client().await?;
    let size = Size {
        nodes: 20,
        deployments: 100,
        replicas: 10,
        events: 2_100,
    };
    fill(&Cluster::new(kube.clone()), size, say).await?;
    let state = plane.folder().join("state");
    let settings = [
        ("RATE_LIMIT_ENABLED", "false"),
        ("AUTH_ENABLED", "true"),
        ("AUTH_TOKENS", "root:admin:token-of-root-0000"),
    ];
    let server = Server::start(plane.admin_kubeconfig(), &state, &settings)?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;
    let soak = Soak {
        server,
        http: reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .build()?,
        kube,
    };
    let begin = soak.settled(None).await?;
    say(
        "| minute | tasks | subscribers | sessions | open files | memory |\n|---|---|---|---|---|---|",
    );
    let mut all = Vec::new();
    for minute in 1..=minutes {
        soak.minute(minute).await?;
        let held = soak.settled(Some(begin)).await?;
        say(format!(
            "| {minute} | {} | {} | {} | {} | {:.1} MB |",
            held.tasks,
            held.subscribers,
            held.sessions,
            held.files,
            held.resident as f64 / 1e6
        ));
        all.push(held);
    }
    let half = all
        .get(minutes / 2)
        .context("two minutes at least")?
        .resident;
    let end = all.last().context("a minute")?.resident;
    say(format!(
        "memory from half-way to the end: x {:.3}",
        end as f64 / half as f64
    ));
    ensure!(
        end * 100 <= half * (100 + GROWTH),
        "memory grew from {half} to {end} bytes"
    );
    Ok(())
}

impl Soak {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    /// What the server holds once nobody is there any more: nothing more than at the beginning.
    async fn settled(&self, begin: Option<Held>) -> Result<Held> {
        let started = Instant::now();
        loop {
            let inside = self.http.get(self.url("/api/debug"));
            let inside: Value = inside
                .bearer_auth("token-of-root-0000")
                .send()
                .await?
                .json()
                .await?;
            let count = |path: &str| inside.pointer(path).and_then(Value::as_u64);
            let held = Held {
                tasks: count("/tasks").context("tasks")?,
                subscribers: count("/streams/subscribers").context("subscribers")?,
                sessions: count("/sessions").context("sessions")?,
                files: count("/openFiles").context("files")?,
                resident: count("/residentBytes").context("memory")?,
            };
            let is_settled = begin.is_none_or(|begin| {
                held.tasks <= begin.tasks + SOME_TASKS
                    && held.subscribers == 0
                    && held.sessions == 0
                    && held.files <= begin.files + SOME_TASKS
            });
            if is_settled {
                return Ok(held);
            }
            ensure!(
                started.elapsed() < SOON,
                "it stays: {held:?}, at first {begin:?}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn minute(&self, minute: usize) -> Result<()> {
        let people = stream::iter(0..PEOPLE).map(|number| self.person(number));
        let people = people.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>();
        let (people, cluster) = tokio::join!(people, self.cluster(minute));
        people?;
        cluster
    }

    /// Somebody signs in, follows a stream, looks around, and signs out.
    async fn person(&self, number: usize) -> Result<()> {
        let login = json!({ "token": "token-of-root-0000" });
        let begun = self
            .http
            .post(self.url("/api/auth/login"))
            .json(&login)
            .send()
            .await?;
        ensure!(begun.status().is_success(), "sign-in: {}", begun.status());
        let cookie = begun
            .headers()
            .get("set-cookie")
            .context("a cookie")?
            .to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let get = |path: &str| {
            self.http
                .get(self.url(path))
                .header("cookie", &cookie)
                .send()
        };
        let mut events = get("/api/stream").await?;
        ensure!(events.status().is_success(), "stream: {}", events.status());
        events.chunk().await?.context("a first event")?;
        for path in PATHS.iter().cycle().skip(number).take(PATHS.len()) {
            let answer = get(path).await?;
            ensure!(answer.status().is_success(), "{path}: {}", answer.status());
            answer.bytes().await?;
        }
        // Every other is still listening when their session ends.
        let still_open = (number % 2 == 1).then_some(events);
        let origin = self.url("");
        let out = self.http.post(self.url("/api/auth/logout"));
        let out = out.header("cookie", &cookie).header("origin", origin);
        let out = out.send().await?;
        ensure!(out.status().is_success(), "sign-out: {}", out.status());
        drop(still_open);
        Ok(())
    }

    /// Pods are deleted, Deployments rolled out, and what was told of it is forgotten, as it is after an hour.
    async fn cluster(&self, minute: usize) -> Result<()> {
        let all: Api<Deployment> = Api::all(self.kube.clone());
        let labels = ListParams::default().labels("load=yes");
        let all = all.list(&labels).await?.items;
        let turn = all
            .iter()
            .cycle()
            .skip(minute * ROLLED_OUT)
            .take(ROLLED_OUT);
        for one in turn {
            let (name, namespace) = (&one.metadata.name, &one.metadata.namespace);
            let (name, namespace) = name.as_ref().zip(namespace.as_ref()).context("a name")?;
            let api: Api<Deployment> = Api::namespaced(self.kube.clone(), namespace);
            let annotations = json!({ "soaked": minute.to_string() });
            let change =
                json!({ "spec": { "template": { "metadata": { "annotations": annotations } } } });
            api.patch(name, &PatchParams::default(), &Patch::Merge(change))
                .await?;
        }
        let pods: Api<Pod> = Api::all(self.kube.clone());
        let pods = pods.list(&ListParams::default().limit(200)).await?.items;
        let turn = pods
            .iter()
            .cycle()
            .skip(minute * DELETED)
            .take(DELETED.min(pods.len()));
        for one in turn {
            let (name, namespace) = (&one.metadata.name, &one.metadata.namespace);
            let (name, namespace) = name.as_ref().zip(namespace.as_ref()).context("a name")?;
            let api: Api<Pod> = Api::namespaced(self.kube.clone(), namespace);
            // It may be gone already.
            let _ = api
                .delete(name, &DeleteParams::default().grace_period(0))
                .await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let namespaces: Api<Namespace> = Api::all(self.kube.clone());
        for namespace in namespaces.list(&ListParams::default()).await?.items {
            let name = namespace.metadata.name.context("a name")?;
            let events: Api<Event> = Api::namespaced(self.kube.clone(), &name);
            events
                .delete_collection(&DeleteParams::default(), &ListParams::default())
                .await?;
        }
        Ok(())
    }
}
