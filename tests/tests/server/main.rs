//! The server's program against a real API server and real controllers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

mod collector;

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use futures::{SinkExt as _, StreamExt as _};
use kubelens_tests::server::{SOON, Server};
use kubelens_tests::story;
use kubelens_tests::theatre::Theatre;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// A Deployment that lacks a ConfigMap, and one that is well.
const STORIES: [&str; 2] = ["config-map-missing", "rollout-in-progress"];

/// One request with a token: its status, and its body where that is JSON.
fn ask(server: &Server, token: &str, method: &str, path: &str, body: &str) -> Result<(u16, Value)> {
    let bearer = format!("Bearer {token}");
    let answer = server.ask(method, path, &[("Authorization", &bearer)], body)?;
    Ok((answer.status, answer.json()))
}

fn shows_cause(report: &Value, code: &str) -> bool {
    report["causes"]
        .as_array()
        .is_some_and(|causes| causes.iter().any(|cause| cause["code"] == code))
}

/// Reads a stream on until causes of this code did that.
fn heard(stream: &mut BufReader<TcpStream>, happening: &str, code: &str) -> Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            bail!("the stream ended");
        }
        let Some(data) = line.strip_prefix("data: ") else {
            continue;
        };
        let event: Value = serde_json::from_str(data)?;
        let causes = event["payload"][happening].as_array();
        if event["type"] == "report_changed"
            && causes.is_some_and(|all| all.iter().any(|cause| cause["code"] == code))
        {
            return Ok(());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broken_workload_is_reported_and_its_recovery_is_told() -> Result<()> {
    let names = STORIES.map(str::to_owned);
    let mut theatre = Theatre::open(story::named(&names)?, |_| {}).await?;
    theatre.all_played()?;
    let server = Server::start(
        theatre.plane.admin_kubeconfig(),
        &theatre.plane.folder().join("state"),
        &[],
    )?;
    let (status, _) = server.get("/api/healthz")?;
    assert_eq!(status, 200);

    let report = server.until("/api/report", |report| shows_cause(report, "CFG001"))?;
    assert_eq!(report["cluster"]["source"], "live");
    let ready = server.until("/api/readyz", |ready| ready["status"] == "ok")?;
    assert_eq!(ready["clusters"][0]["isRealCluster"], true);
    let pods = server.until("/api/pods?namespace=bakery", |pods| {
        pods.as_array().is_some_and(|all| !all.is_empty())
    })?;
    assert_eq!(pods[0]["reason"], "CreateContainerConfigError", "{pods:#}");
    let object = server.until("/api/resources/deployments/bakery/oven-api", |_| true)?;
    assert_eq!(object["findings"][0]["code"], "CFG001", "{object:#}");

    // What the pods lack is not there, and is shown as such.
    let around = server.until(
        "/api/topology?root=Deployment/bakery/oven-api&depth=4",
        |_| true,
    )?;
    let nodes = around["nodes"].as_array().context("nodes")?;
    let map = nodes
        .iter()
        .find(|node| node["ref"]["kind"] == "ConfigMap" && node["ref"]["name"] == "oven-settings");
    assert_eq!(map.context("the ConfigMap")?["status"], "missing");
    let found = server.until("/api/search?q=oven-api&limit=50", |_| true)?;
    ensure!(found["total"].as_u64() > Some(1), "{found:#}");
    // A kind that has no type here, as every API server has it.
    let schemas = server.until("/api/resources/flowschemas", |_| true)?;
    ensure!(!schemas["items"].as_array().context("items")?.is_empty());
    let schema = "/api/resources/flowschemas.flowcontrol.apiserver.k8s.io/_/exempt";
    let exempt = server.until(schema, |_| true)?;
    assert_eq!(exempt["object"]["kind"], "FlowSchema");
    let yaml = server.until(&format!("{schema}/yaml"), |_| true)?;
    ensure!(
        yaml["yaml"]
            .as_str()
            .is_some_and(|yaml| yaml.contains("kind: FlowSchema"))
    );

    let mut stream = server.open("/api/stream?types=report_changed")?;
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "oven-settings", "namespace": "bakery" },
        "data": { "TEMPERATURE": "230" },
    });
    theatre.cluster.apply(&map, "bakery").await?;
    tokio::task::spawn_blocking(move || heard(&mut stream, "recovered", "CFG001")).await??;
    server.until("/api/report", |report| !shows_cause(report, "CFG001"))?;

    theatre.plane.stop("kube-apiserver");
    let degraded = server.until("/api/readyz", |ready| ready["status"] == "degraded")?;
    assert_eq!(degraded["degraded"], json!(["cluster"]));
    // The last picture is still shown, and said to be old.
    let list = server.until("/api/resources/pods", |list| list["stale"] == true)?;
    ensure!(!list["items"].as_array().context("items")?.is_empty());
    Ok(())
}

fn viewer_of(namespace: &str, role: &str, user: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": format!("{role}-{user}"), "namespace": namespace },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user }],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_sees_and_does_what_their_own_rights_allow() -> Result<()> {
    let names = ["config-map-missing".to_owned()];
    let theatre = Theatre::open(story::named(&names)?, |_| {}).await?;
    theatre.all_played()?;
    for (role, user) in [("view", "ann"), ("edit", "eve")] {
        let binding = viewer_of("bakery", role, user);
        theatre.cluster.apply(&binding, "bakery").await?;
    }
    let tokens = "ann:viewer:token-of-ann,eve:operator:token-of-eve,bob:operator:token-of-bob";
    let server = Server::start(
        theatre.plane.admin_kubeconfig(),
        &theatre.plane.folder().join("state"),
        &[
            ("AUTH_ENABLED", "true"),
            ("AUTH_TOKENS", tokens),
            ("WRITE_ACTIONS_ENABLED", "true"),
            ("IMPERSONATION", "user"),
        ],
    )?;
    let started = Instant::now();
    let report = loop {
        let (status, report) = ask(&server, "token-of-ann", "GET", "/api/report", "")?;
        if status == 200 && shows_cause(&report, "CFG001") {
            break report;
        }
        ensure!(started.elapsed() < SOON, "{status} {report:#}");
        std::thread::sleep(Duration::from_millis(300));
    };
    let nodes = report["coverage"]["kinds"].as_array().context("gaps")?;
    let nodes = nodes.iter().find(|gap| gap["kind"] == "Node");
    assert_eq!(nodes.context("a gap")?["state"], "forbidden", "{report:#}");
    ensure!(!report.to_string().contains("kube-system"), "{report:#}");

    let (status, pods) = ask(&server, "token-of-ann", "GET", "/api/pods", "")?;
    let pods = pods.as_array().context("pods")?;
    ensure!(status == 200 && !pods.is_empty());
    ensure!(
        pods.iter().all(|pod| pod["namespace"] == "bakery"),
        "{pods:#?}"
    );
    let (_, namespaces) = ask(&server, "token-of-ann", "GET", "/api/namespaces", "")?;
    assert_eq!(namespaces, json!(["bakery"]));
    let deployment = "/api/resources/deployments/bakery/oven-api";
    for (token, path, wanted) in [
        ("token-of-ann", "/api/nodes", 403),
        ("token-of-ann", "/api/resources/secrets", 403),
        (
            "token-of-ann",
            "/api/resources/configmaps/kube-system/kube-root-ca.crt",
            403,
        ),
        ("token-of-ann", deployment, 200),
        ("token-of-bob", deployment, 403),
        ("token-of-bob", "/api/pods", 403),
    ] {
        let (status, body) = ask(&server, token, "GET", path, "")?;
        assert_eq!(status, wanted, "{path}: {body:#}");
    }
    let (_, access) = ask(
        &server,
        "token-of-ann",
        "GET",
        "/api/access?namespace=bakery",
        "",
    )?;
    assert_eq!(access["complete"], true, "{access:#}");
    assert_eq!(access["namespaces"], json!(["bakery"]));
    let pods = access["items"].as_array().context("items")?;
    let pods = pods.iter().find(|one| one["resource"] == "pods");
    assert_eq!(pods.context("pods")?["verbs"], json!(["get", "list"]));

    // The same role here, other rights there.
    let scale = format!("{deployment}/scale");
    let body = json!({ "replicas": 2 }).to_string();
    let (status, refused) = ask(&server, "token-of-bob", "POST", &scale, &body)?;
    assert_eq!(
        (status, &refused["code"]),
        (403, &json!("cluster_forbidden")),
        "{refused:#}"
    );
    let (status, done) = ask(&server, "token-of-eve", "POST", &scale, &body)?;
    assert_eq!(status, 200, "{done:#}");
    drop(server);
    clusters_come_from_the_environment_too(&theatre)
}

/// Kubeconfigs that are no files: one cluster that is there, and one that is not and holds up nobody.
fn clusters_come_from_the_environment_too(theatre: &Theatre) -> Result<()> {
    let text = std::fs::read_to_string(theatre.plane.admin_kubeconfig())?;
    let away = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "away",
        "clusters": [{ "name": "away", "cluster": { "server": "http://127.0.0.1:9" } }],
        "users": [{ "name": "away", "user": {} }],
        "contexts": [{ "name": "away", "context": { "cluster": "away", "user": "away" } }],
    });
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let more = format!(
        "second:{},away:{}",
        encoded(&text),
        encoded(&away.to_string())
    );
    let settings = [
        ("KUBECONFIG_DATA", encoded(&text)),
        ("KUBECONFIG_CONTEXTS", more),
    ];
    let settings = settings
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let state = theatre.plane.folder().join("state-of-data");
    let server = Server::of_settings(&state, &settings)?;
    server.until("/api/report", |report| shows_cause(report, "CFG001"))?;
    let standing = |all: &Value, name: &str| -> Option<String> {
        let all = all["items"].as_array()?;
        let found = all.iter().find(|one| one["name"] == name)?;
        Some(found["status"].as_str()?.to_owned())
    };
    let clusters = server.until("/api/clusters", |all| {
        standing(all, "second").as_deref() == Some("ready")
            && standing(all, "away").as_deref() == Some("unreachable")
    })?;
    assert_eq!(clusters["selected"], "default");
    let all = clusters["items"].as_array().context("items")?;
    ensure!(
        all.iter().all(|one| one["source"] == "kubeconfig"),
        "{clusters:#}"
    );
    let ready = server.until("/api/readyz", |ready| ready["status"] == "degraded")?;
    assert_eq!(ready["degraded"], json!(["cluster/away"]));
    Ok(())
}

type Socket = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

/// Opens a WebSocket to a pod as somebody.
async fn socket(server: &Server, token: &str, path: &str) -> Result<Socket> {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    let mut request = format!("ws://{}{path}", server.address).into_client_request()?;
    let bearer = format!("Bearer {token}").parse()?;
    request.headers_mut().insert("authorization", bearer);
    let stream = tokio::net::TcpStream::connect(&server.address).await?;
    let opened = tokio_tungstenite::client_async(request, stream).await;
    let (socket, _) = opened.with_context(|| path.to_owned())?;
    Ok(socket)
}

/// All frames until the other side closes.
async fn frames(mut socket: Socket) -> Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    let read = async {
        while let Some(message) = socket.next().await {
            match message? {
                Message::Binary(bytes) => all.push(bytes.to_vec()),
                Message::Close(_) => break,
                _ => {}
            }
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::time::timeout(SOON, read)
        .await
        .context("it does not end")??;
    Ok(all)
}

/// What came on a channel of a terminal.
fn on_channel(frames: &[Vec<u8>], channel: u8) -> String {
    let of_it = frames
        .iter()
        .filter(|frame| frame.first() == Some(&channel));
    let bytes: Vec<u8> = of_it.flat_map(|frame| frame[1..].to_vec()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_terminal_and_a_port_reach_the_pod_and_are_written_down() -> Result<()> {
    let names = ["rollout-in-progress".to_owned()];
    let theatre = Theatre::open(story::named(&names)?, |_| {}).await?;
    theatre.all_played()?;
    let server = Server::start(
        theatre.plane.admin_kubeconfig(),
        &theatre.plane.folder().join("state"),
        &[
            ("AUTH_ENABLED", "true"),
            (
                "AUTH_TOKENS",
                "eve:operator:token-of-eve,ann:viewer:token-of-ann,root:admin:token-of-root",
            ),
            ("WRITE_ACTIONS_ENABLED", "true"),
            ("EXEC_ENABLED", "true"),
        ],
    )?;
    let started = Instant::now();
    let pod = loop {
        let (_, pods) = ask(&server, "token-of-eve", "GET", "/api/pods", "")?;
        let running = pods
            .as_array()
            .into_iter()
            .flatten()
            .find(|pod| pod["status"] == "Running" && pod["namespace"] != "kube-system");
        if let Some(pod) = running {
            break format!(
                "{}/{}",
                pod["namespace"].as_str().unwrap(),
                pod["name"].as_str().unwrap()
            );
        }
        ensure!(started.elapsed() < SOON, "no pod runs: {pods:#}");
        std::thread::sleep(Duration::from_millis(300));
    };

    let exec = |command: &[&str]| {
        let words: Vec<String> = command
            .iter()
            .map(|word| format!("command={word}"))
            .collect();
        format!("/api/pods/{pod}/exec?{}", words.join("&"))
    };
    let hello = socket(&server, "token-of-eve", &exec(&["echo", "hello"])).await?;
    let hello = frames(hello).await?;
    assert_eq!(on_channel(&hello, 1), "hello\n", "{hello:?}");
    let ended: Value = serde_json::from_str(&on_channel(&hello, 3))?;
    assert_eq!(ended["status"], "Success", "{ended:#}");
    let failing = socket(&server, "token-of-eve", &exec(&["sh", "-c", "exit%203"])).await?;
    let ended: Value = serde_json::from_str(&on_channel(&frames(failing).await?, 3))?;
    // The kubelet's stand-in words it in its own way; a kubelet says `NonZeroExitCode`.
    let message = ended["message"].as_str().unwrap_or_default();
    assert!(message.ends_with("exit status 3"), "{ended:#}");
    // Input goes in, too.
    let mut shell = socket(&server, "token-of-eve", &exec(&["sh"])).await?;
    shell
        .send(Message::Text("echo in and out; exit\n".into()))
        .await?;
    assert_eq!(on_channel(&frames(shell).await?, 1), "in and out\n");

    let port = format!("/api/pods/{pod}/portforward?port=8080");
    let mut port = socket(&server, "token-of-eve", &port).await?;
    port.send(Message::Binary("ping".into())).await?;
    let said = tokio::time::timeout(SOON, port.next())
        .await?
        .context("an answer")??;
    assert_eq!(said.into_data(), "ping");
    port.close(None).await?;
    drop(port);

    let refused = socket(&server, "token-of-ann", &exec(&["id"])).await;
    ensure!(refused.is_err(), "a viewer has a terminal");
    let started = Instant::now();
    loop {
        let (_, trail) = ask(
            &server,
            "token-of-root",
            "GET",
            "/api/audit?action=pod.exec",
            "",
        )?;
        let text = trail.to_string();
        let is_whole = [
            "command: echo hello",
            "port: 8080",
            "4 bytes in, 4 bytes out",
        ]
        .iter()
        .all(|said| text.contains(said));
        if is_whole {
            return Ok(());
        }
        ensure!(started.elapsed() < SOON, "{trail:#}");
        std::thread::sleep(Duration::from_millis(300));
    }
}
