//! The server on bad days: each fault is made, what the server answers meanwhile is looked at, and how long it takes
//! until all is well again without a restart. `BLESS=1` writes the table of `docs/src/reliability.md`; without it, each
//! row must say what is in there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, PostParams};
use kubelens_tests::control_plane::{ControlPlane, Options};
use kubelens_tests::diagnosis;
use kubelens_tests::faulty_server::{Fault, FaultyServer};
use kubelens_tests::server::{SOON, Server, open_files};

/// One line of the table.
#[derive(Debug)]
struct Row {
    fault: &'static str,
    seen: &'static str,
    /// Until all was well, once the fault was over.
    recovered: Duration,
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reliability.md")
}

/// Writes these rows into the page, or holds them against it. Times are told, not compared: machines differ.
fn told(rows: &[Row]) -> Result<()> {
    let mut text = fs::read_to_string(page())?;
    let is_blessed = std::env::var_os("BLESS").is_some();
    for Row {
        fault,
        seen,
        recovered,
    } in rows
    {
        eprintln!("{fault}: {seen}: {:.1} s", recovered.as_secs_f32());
        let begin = format!("| {fault} | {seen} |");
        if is_blessed {
            let line = format!("{begin} {:.1} s |", recovered.as_secs_f32());
            let old = format!("| {fault} |");
            if text.lines().any(|it| it.starts_with(&old)) {
                let lines = text
                    .lines()
                    .map(|it| if it.starts_with(&old) { &line } else { it });
                text = lines.collect::<Vec<_>>().join("\n") + "\n";
            } else {
                text = text.trim_end().to_owned() + "\n" + &line + "\n";
            }
        }
        ensure!(
            text.lines().any(|line| line.starts_with(&begin)),
            "{} lacks {begin}: BLESS=1 writes it",
            page().display()
        );
    }
    if is_blessed {
        fs::write(page(), text)?;
    }
    Ok(())
}

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
fn way_to(way: &FaultyServer) -> String {
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

/// A change whose answer is lost was made or not: who asks again with the same key is told that, and nothing is done
/// twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_to_a_change_is_lost() -> Result<()> {
    let plane = ControlPlane::start(&Options::default()).await?;
    let client = plane.client().await?;
    let way = FaultyServer::before(client.clone()).await?;
    let kubeconfig = plane.folder().join("way.kubeconfig");
    fs::write(&kubeconfig, way_to(&way))?;
    let deployments: Api<Deployment> = Api::namespaced(client, "default");
    let shop = serde_json::from_value(serde_json::json!({
        "metadata": { "name": "shop" },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": { "app": "shop" } },
            "template": {
                "metadata": { "labels": { "app": "shop" } },
                "spec": { "containers": [{ "name": "shop", "image": "registry.example/shop:1" }] },
            },
        },
    }))?;
    deployments.create(&PostParams::default(), &shop).await?;
    let mut settings = TOKENS.to_vec();
    settings.push(("WRITE_ACTIONS_ENABLED", "true"));
    let server = Server::start(&kubeconfig, &plane.folder().join("state"), &settings)?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;

    let ask = |action: &str, key: &str| {
        let path = format!("/api/resources/deployments/default/shop/{action}");
        server.ask("POST", &path, &[EVE, ("Idempotency-Key", key)], "{}")
    };
    // What is read before a change is not there: nothing went out, and the key stays free.
    way.set(Fault::Unreachable);
    let away = ask("rollback", "evening")?;
    ensure!(away.status == 503, "{} {}", away.status, away.body);
    way.set(Fault::LostAnswers);
    let generation =
        async || -> Result<Option<i64>> { Ok(deployments.get("shop").await?.metadata.generation) };
    let before = generation().await?;
    let lost = ask("restart", "morning")?;
    ensure!(lost.status == 503, "{} {}", lost.status, lost.body);
    ensure!(generation().await? > before, "the change was made");
    way.set(Fault::None);
    let started = Instant::now();
    let after = generation().await?;
    let again = ask("restart", "morning")?;
    ensure!(again.json()["code"] == "outcome_unknown", "{}", again.body);
    ensure!(generation().await? == after, "it was made twice");
    let other = ask("restart", "noon")?;
    ensure!(other.status == 200, "{} {}", other.status, other.body);
    let back = ask("rollback", "evening")?;
    ensure!(back.json()["code"] != "outcome_unknown", "{}", back.body);
    told(&[Row {
        fault: "The answer to a change lost on its way",
        seen: "503; the same `Idempotency-Key` again: 409 `outcome_unknown`, and nothing is done twice",
        recovered: started.elapsed(),
    }])
}

const TOKENS: [(&str, &str); 2] = [
    ("AUTH_ENABLED", "true"),
    (
        "AUTH_TOKENS",
        "ann:viewer:token-of-ann-000000,eve:admin:token-of-eve-000000",
    ),
];
const EVE: (&str, &str) = ("Authorization", "Bearer token-of-eve-000000");

/// Signs in, which writes a session: the status, and the cookie.
fn sign_in(server: &Server) -> Result<(u16, String)> {
    let body = r#"{"token":"token-of-eve-000000"}"#;
    let answer = server.ask("POST", "/api/auth/login", &[], body)?;
    let cookie = answer.header("set-cookie").unwrap_or_default();
    let cookie = cookie.split(';').next().unwrap_or_default();
    Ok((answer.status, cookie.to_owned()))
}

fn is_signed_in(server: &Server, cookie: &str) -> Result<bool> {
    let answer = server.ask("GET", "/api/auth/session", &[("Cookie", cookie)], "")?;
    Ok(answer.json()["authenticated"] == true)
}

/// Waits until somebody can sign in and the server is ready.
fn written_again(server: &Server) -> Result<(Duration, String)> {
    let started = Instant::now();
    loop {
        let (status, cookie) = sign_in(server)?;
        let ready = server.get("/api/readyz")?;
        if status == 200 && ready.0 == 200 && ready.1.contains(r#""status":"ok""#) {
            return Ok((started.elapsed(), cookie));
        }
        ensure!(started.elapsed() < SOON, "{status} {ready:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Who is refused is told why, and reading goes on.
fn refused_and_read(server: &Server) -> Result<()> {
    let body = r#"{"token":"token-of-eve-000000"}"#;
    let started = Instant::now();
    let answer = server.ask("POST", "/api/auth/login", &[], body)?;
    ensure!(answer.status == 503, "{} {}", answer.status, answer.body);
    ensure!(started.elapsed() < Duration::from_secs(2), "it waited");
    let ready = server.ask("GET", "/api/readyz", &[], "")?;
    ensure!(
        ready.status == 503 && ready.body.contains(r#""state""#),
        "{}",
        ready.body
    );
    let report = server.ask("GET", "/api/report", &[EVE], "")?;
    ensure!(report.status == 200, "{}", report.body);
    Ok(())
}

#[test]
fn a_state_directory_on_bad_days() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let disk = folder.path().join("disk");
    fs::create_dir(&disk)?;
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=48m", "none"])
        .arg(&disk)
        .stderr(Stdio::null())
        .status()?;
    let state = disk.join("state");
    let server = Server::demo(&state, &TOKENS)?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;
    let (_, first) = written_again(&server)?;
    let mut rows = Vec::new();
    if mounted.success() {
        let filler = disk.join("filler");
        let mut file = fs::File::create(&filler)?;
        for length in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![1; length]).is_ok() {}
        }
        refused_and_read(&server)?;
        fs::remove_file(&filler)?;
        drop(file);
        rows.push(Row {
            fault: "Disk of the state directory full",
            seen: "what must be kept is refused at once with 503; readyz: 503, `state`; reading goes on",
            recovered: written_again(&server)?.0,
        });
    } else {
        eprintln!("a full disk is not tested: this process may not mount one");
    }

    fs::remove_dir_all(&state)?;
    let (recovered, second) = written_again(&server)?;
    rows.push(Row {
        fault: "State directory removed",
        seen: "written anew from memory, with every session and the whole audit trail",
        recovered,
    });
    ensure!(is_signed_in(&server, &first)?, "a session was lost");

    // Killed, and started again over what is on the disk.
    drop(server);
    let server = Server::demo(&state, &TOKENS)?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;
    ensure!(is_signed_in(&server, &first)?, "a session was lost");
    ensure!(is_signed_in(&server, &second)?, "a session was lost");
    server.stop()?;
    let program = kubelens_tests::diagnosis::server().context("a server")?;
    let verified = Command::new(program)
        .arg("--state-dir")
        .arg(&state)
        .args(["audit", "verify"])
        .output()?;
    let said = String::from_utf8_lossy(&verified.stdout);
    ensure!(
        verified.status.success() && said.contains("intact"),
        "{said}"
    );
    if mounted.success() {
        Command::new("umount").arg("-l").arg(&disk).status()?;
    }
    told(&rows)
}

/// So many connections that send nothing.
const IDLE: usize = 10_000;

#[test]
fn connections_on_bad_days() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::demo(
        &folder.path().join("state"),
        &[("RATE_LIMIT_ENABLED", "false")],
    )?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;
    let answers = |patience: Duration| -> Result<Duration> {
        let started = Instant::now();
        let (status, body) = server.get("/api/report")?;
        ensure!(status == 200, "{status} {body}");
        ensure!(started.elapsed() < patience, "{:?}", started.elapsed());
        Ok(started.elapsed())
    };
    let mut rows = Vec::new();

    if let Err(limit) = open_files(IDLE as u64 + 1_000) {
        eprintln!("idle connections are not tested: {limit}");
    } else {
        let mut idle = Vec::with_capacity(IDLE);
        for _ in 0..IDLE {
            idle.push(TcpStream::connect(&server.address)?);
        }
        answers(Duration::from_secs(2))?;
        drop(idle);
        rows.push(Row {
            fault: "10 000 connections that send nothing",
            seen: "others are answered",
            recovered: answers(Duration::from_secs(2))?,
        });
    }

    for number in 0..100_u8 {
        let mut stream = TcpStream::connect(&server.address)?;
        stream.set_read_timeout(Some(SOON))?;
        write!(
            stream,
            "GET /api/stream/ws HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            server.address
        )?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        ensure!(
            &head == b"HTTP/1.1 101",
            "{}",
            String::from_utf8_lossy(&head)
        );
        // Bits that nobody agreed on, no mask, a control frame in parts, a length beyond all.
        let frame: Vec<u8> = match number % 4 {
            0 => vec![0xff, number, 1, 2, 3],
            1 => vec![0x81, 0x05, b'h', b'e', b'l', b'l', b'o'],
            2 => vec![0x09, 0x80, 0, 0, 0, 0],
            _ => vec![
                0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
            ],
        };
        stream.write_all(&frame)?;
        // It ends, and not for lack of patience of this test.
        std::io::copy(&mut stream, &mut std::io::sink())
            .or_else(|error| match error.kind() {
                std::io::ErrorKind::ConnectionReset => Ok(0),
                _ => Err(error),
            })
            .with_context(|| format!("frame {frame:?} is put up with"))?;
    }
    let started = Instant::now();
    loop {
        let metrics = server.get("/api/metrics/prometheus")?.1;
        let line = metrics
            .lines()
            .find(|line| line.starts_with("kubelens_stream_subscribers"));
        let count = line.context("no count of subscribers")?.rsplit(' ').next();
        if count.context("a count")?.parse::<f64>()? < 0.5 {
            break;
        }
        ensure!(started.elapsed() < SOON, "subscribers stay: {line:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    rows.push(Row {
        fault: "Malformed WebSocket frames",
        seen: "that connection ends; no subscriber stays",
        recovered: started.elapsed(),
    });

    let long = "x".repeat(64 << 10);
    for head in [
        format!("X-Long: {}\r\n", long.repeat(32)),
        "X-Many: 1\r\n".repeat(20_000),
        format!("Cookie: {long}\r\n").repeat(20),
    ] {
        let mut stream = TcpStream::connect(&server.address)?;
        stream.set_read_timeout(Some(SOON))?;
        // It may be refused before all of it is sent.
        let _ = write!(stream, "GET /api/report HTTP/1.1\r\nHost: x\r\n{head}\r\n");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        ensure!(
            answer.is_empty()
                || answer.starts_with("HTTP/1.1 431")
                || answer.starts_with("HTTP/1.1 400"),
            "{answer}"
        );
    }
    rows.push(Row {
        fault: "Header bombs (2 MiB in one, 20 000, cookies of 64 KiB)",
        seen: "431, or the connection ends",
        recovered: answers(Duration::from_secs(2))?,
    });
    told(&rows)
}

/// Debian's library that gives a program another time.
const FAKETIME: &str = "faketime/libfaketime.so.1";

/// Where it lies; installed where that may be done.
fn faketime() -> Option<PathBuf> {
    let find = || {
        let triples = fs::read_dir("/usr/lib").ok()?.flatten();
        let mut places = triples.map(|triple| triple.path().join(FAKETIME));
        places.find(|place| place.exists())
    };
    find().or_else(|| {
        let script =
            "apt-get update -q && apt-get install -y -q --no-install-recommends libfaketime";
        let _ = Command::new("sh")
            .args(["-c", script])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        find()
    })
}

/// The system's clock jumps a day ahead and back: who is signed in stays so, keys and the trail are kept, and no
/// figure is of a time that never was.
#[test]
fn the_clock_jumps() -> Result<()> {
    let Some(library) = faketime() else {
        eprintln!(
            "a clock that jumps is not tested: libfaketime is not there and cannot be installed"
        );
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let clock = folder.path().join("clock");
    fs::write(&clock, "+0")?;
    let state = folder.path().join("state");
    let library = library.to_str().context("a path")?;
    let file = clock.to_str().context("a path")?;
    let mut settings = TOKENS.to_vec();
    settings.extend([
        ("WRITE_ACTIONS_ENABLED", "true"),
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", file),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ]);
    let server = Server::demo(&state, &settings)?;
    server.until("/api/readyz", |ready| ready["status"] == "ok")?;
    let (_, cookie) = written_again(&server)?;
    let cordon = || {
        let key = ("Idempotency-Key", "once");
        server.ask("POST", "/api/nodes/node-worker-1/cordon", &[EVE, key], "{}")
    };
    let first = cordon()?;
    ensure!(first.status == 200, "{} {}", first.status, first.body);
    let entries = |server: &Server| -> Result<usize> {
        let trail = server.ask("GET", "/api/audit?action=node.cordon", &[EVE], "")?;
        Ok(trail.json()["items"].as_array().context("items")?.len())
    };
    let today = server.get("/api/healthz")?.1;
    for jump in ["+25h", "-25h", "+0"] {
        fs::write(&clock, jump)?;
        let started = Instant::now();
        // It has arrived where the server's own time says so.
        let there = server.get("/api/healthz")?.1;
        ensure!(
            jump == "+0" || day(&there)? != day(&today)?,
            "{there} {today}"
        );
        ensure!(is_signed_in(&server, &cookie)?, "{jump}: signed out");
        let again = cordon()?;
        ensure!(
            again.header("idempotency-replayed") == Some("true"),
            "{jump}: {}",
            again.body
        );
        ensure!(entries(&server)? >= 1, "{jump}: the trail is shorter");
        let text = server
            .ask("GET", "/api/metrics/prometheus", &[EVE], "")?
            .body;
        let negative = text
            .lines()
            .find(|line| line.contains("_seconds") && line.contains(" -"));
        ensure!(negative.is_none(), "{jump}: {negative:?}");
        server.until("/api/readyz", |ready| ready["status"] == "ok")?;
        ensure!(started.elapsed() < SOON, "{jump}");
    }
    let begun = Instant::now();
    let report = server.ask("GET", "/api/report", &[EVE], "")?;
    ensure!(report.status == 200, "{}", report.body);
    let recovered = begun.elapsed();
    server.stop()?;
    let verified = Command::new(diagnosis::server().context("a server")?)
        .arg("--state-dir")
        .arg(&state)
        .args(["audit", "verify"])
        .output()?;
    ensure!(verified.status.success(), "{verified:?}");
    told(&[Row {
        fault: "The clock jumps a day ahead, two back, and to where it was",
        seen: "sessions, `Idempotency-Key`s and the audit trail are kept; readyz: ok",
        recovered,
    }])
}

/// The day that an answer of healthz tells.
fn day(health: &str) -> Result<String> {
    let health: serde_json::Value = serde_json::from_str(health)?;
    let at = health["timestamp"].as_str().context("a timestamp")?;
    Ok(at.split('T').next().unwrap_or_default().to_owned())
}
