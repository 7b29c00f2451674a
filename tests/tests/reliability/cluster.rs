//! The API server and the way to it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, PostParams};
use kubelens_tests::control_plane::{ControlPlane, Options};
use kubelens_tests::faulty_server::{Fault, FaultyServer};
use kubelens_tests::server::{SOON, Server};

use crate::table::{Row, told};

/// What a list shows: which objects, and whether it is said to be old.
#[derive(Debug)]
struct Shown {
    names: BTreeSet<String>,
    is_stale: bool,
}

/// A server over a control plane, with ConfigMaps that come and go.
struct Bakery {
    plane: ControlPlane,
    way: FaultyServer,
    maps: Api<ConfigMap>,
    server: Server,
    made: u32,
    ever: BTreeSet<String>,
}

impl Bakery {
    async fn open() -> Result<Self> {
        let plane = ControlPlane::start(&Options::default()).await?;
        let client = plane.client().await?;
        let namespace = Namespace {
            metadata: ObjectMeta {
                name: Some("bakery".to_owned()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        let namespaces: Api<Namespace> = Api::all(client.clone());
        namespaces
            .create(&PostParams::default(), &namespace)
            .await?;
        let way = FaultyServer::before(client.clone()).await?;
        let kubeconfig = plane.folder().join("way.kubeconfig");
        fs::write(&kubeconfig, way_to(&way))?;
        let server = Server::start(&kubeconfig, &plane.folder().join("state"), &[])?;
        let mut bakery = Self {
            maps: Api::namespaced(client, "bakery"),
            plane,
            way,
            server,
            made: 0,
            ever: BTreeSet::from(["kube-root-ca.crt".to_owned()]),
        };
        for _ in 0..20 {
            bakery.make().await?;
        }
        bakery.well().await?;
        Ok(bakery)
    }

    async fn make(&mut self) -> Result<()> {
        self.made += 1;
        let name = format!("loaf-{}", self.made);
        self.ever.insert(name.clone());
        let map = ConfigMap {
            metadata: ObjectMeta {
                name: Some(name),
                ..ObjectMeta::default()
            },
            ..ConfigMap::default()
        };
        self.maps.create(&PostParams::default(), &map).await?;
        Ok(())
    }

    /// One object more, and the oldest is gone: both are missed by who does not look.
    async fn change(&mut self) -> Result<()> {
        self.make().await?;
        let oldest = format!("loaf-{}", self.made - 20);
        self.maps.delete(&oldest, &DeleteParams::default()).await?;
        Ok(())
    }

    async fn truth(&self) -> Result<BTreeSet<String>> {
        let all = self.maps.list(&ListParams::default()).await?;
        Ok(all
            .items
            .into_iter()
            .filter_map(|it| it.metadata.name)
            .collect())
    }

    /// The list as the server shows it; nothing where it says that it cannot.
    fn shown(&self) -> Result<Option<Shown>> {
        let path = "/api/resources/configmaps?namespace=bakery";
        let answer = self.server.ask("GET", path, &[], "")?;
        if answer.status == 503 {
            return Ok(None);
        }
        ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
        let list = answer.json();
        let items = list["items"].as_array().context("items")?;
        let names: BTreeSet<String> = items
            .iter()
            .filter_map(|item| Some(item["name"].as_str()?.to_owned()))
            .collect();
        let invented: Vec<_> = names.difference(&self.ever).collect();
        ensure!(invented.is_empty(), "never made: {invented:?}");
        ensure!(!names.is_empty(), "objects that are there are not shown");
        Ok(Some(Shown {
            names,
            is_stale: list["stale"] == true,
        }))
    }

    /// Waits until the server shows what is there, says that it is of now, and is ready in full: for how long.
    async fn well(&self) -> Result<Duration> {
        let started = Instant::now();
        loop {
            let ready = self.server.get("/api/readyz")?.1;
            let truth = self.truth().await?;
            let shown = self.shown()?;
            let is_well = shown
                .as_ref()
                .is_some_and(|it| !it.is_stale && it.names == truth);
            if is_well && ready.contains(r#""status":"ok""#) {
                return Ok(started.elapsed());
            }
            ensure!(
                started.elapsed() < SOON,
                "not well: {ready}\nshown {shown:?}\nthere {truth:?}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until lists are said to be old, and readyz names the cluster; they stay lists of what was there.
    async fn marked_stale(&self) -> Result<()> {
        let started = Instant::now();
        loop {
            let shown = self.shown()?.context("the last picture is not shown")?;
            let (status, ready) = self.server.get("/api/readyz")?;
            if shown.is_stale && ready.contains(r#""degraded":["cluster"]"#) {
                ensure!(status == 200, "{status} {ready}");
                return Ok(());
            }
            ensure!(started.elapsed() < SOON, "never stale: {ready}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The picture is shown all the time, stale or not, for so long.
    async fn shown_for(&self, long: Duration) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < long {
            self.shown()?.context("the last picture is not shown")?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

/// The kubeconfig of who comes this way.
pub(crate) fn way_to(way: &FaultyServer) -> String {
    let config = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "way",
        "clusters": [{ "name": "way", "cluster": { "server": way.url } }],
        "users": [{ "name": "way", "user": {} }],
        "contexts": [{ "name": "way", "context": { "cluster": "way", "user": "way" } }],
    });
    config.to_string()
}

const STALE: &str =
    "lists answer 200 from the last picture and say `stale`; readyz: degraded, `cluster`";
const GOES_ON: &str = "lists answer 200; what changed meanwhile is seen, also what was deleted";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_on_bad_days() -> Result<()> {
    let mut bakery = Bakery::open().await?;
    let mut rows = Vec::new();
    let mut row = |fault, seen, recovered| {
        rows.push(Row {
            fault,
            seen,
            recovered,
        });
    };

    bakery.plane.stop("kube-apiserver");
    bakery.marked_stale().await?;
    bakery.plane.start_apiserver().await?;
    bakery.change().await?;
    row(
        "API server killed and started again",
        STALE,
        bakery.well().await?,
    );

    bakery.way.cut();
    bakery.change().await?;
    row("Every watch cut", GOES_ON, bakery.well().await?);

    // Watches are away while etcd forgets what they have seen last, and a new API server knows no more than etcd.
    bakery.way.set(Fault::Unreachable);
    bakery.way.cut();
    for _ in 0..5 {
        bakery.change().await?;
    }
    let revision = bakery.maps.list(&ListParams::default()).await?;
    let revision = revision.metadata.resource_version.context("a revision")?;
    compact(&bakery.plane.etcd(), &revision)?;
    bakery.plane.restart_apiserver().await?;
    bakery.marked_stale().await?;
    bakery.way.set(Fault::None);
    row(
        "etcd compacted while watches were away (410 Gone)",
        STALE,
        bakery.well().await?,
    );

    bakery.way.set(Fault::TooMany);
    bakery.way.cut();
    bakery.change().await?;
    bakery.marked_stale().await?;
    bakery.way.set(Fault::None);
    row("Every request answered 429", STALE, bakery.well().await?);

    bakery.way.set(Fault::Slow(Duration::from_secs(3)));
    bakery.way.cut();
    bakery.change().await?;
    bakery.shown_for(Duration::from_secs(10)).await?;
    let slow = bakery.well().await?;
    bakery.way.set(Fault::None);
    row(
        "Every answer of the API server begins 3 s late",
        GOES_ON,
        slow,
    );

    bakery.way.set(Fault::Unauthorized);
    bakery.way.cut();
    bakery.change().await?;
    bakery.marked_stale().await?;
    bakery.way.set(Fault::None);
    row(
        "Credentials expired (401), then renewed",
        STALE,
        bakery.well().await?,
    );
    told(&rows)
}

/// Lets etcd forget all revisions before this one.
fn compact(etcd: &str, revision: &str) -> Result<()> {
    let address = etcd.trim_start_matches("http://");
    let body = format!(r#"{{"revision":"{revision}","physical":true}}"#);
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /v3/kv/compaction HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.contains("200 OK"), "{answer}");
    Ok(())
}
