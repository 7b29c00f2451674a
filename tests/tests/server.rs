//! The server's program against a real API server and real controllers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;

use anyhow::{Context as _, Result, bail, ensure};
use kubelens_tests::server::Server;
use kubelens_tests::story;
use kubelens_tests::theatre::Theatre;
use serde_json::{Value, json};

/// A Deployment that lacks a ConfigMap, and one that is well.
const STORIES: [&str; 2] = ["config-map-missing", "rollout-in-progress"];

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
