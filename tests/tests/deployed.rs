//! The manifests that are shipped, on a real API server, and the server with the rights that they give: every action
//! does what it says, and the API server's own audit log shows that each granted verb is used and none besides.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubelens_tests::cluster::{Cluster, Target};
use kubelens_tests::control_plane::{ControlPlane, Credentials, Options};
use kubelens_tests::server::{Answer, SOON, Server};
use kubelens_tests::story;
use serde_json::{Value, json};

const ACCOUNT: &str = "system:serviceaccount:kubelens:kubelens-server";
const READS: [&str; 3] = ["get", "list", "watch"];

/// An overlay of the base with the write gate open, in a folder of its own.
fn overlay(folder: &Path) -> Result<PathBuf> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kubelens-server/deploy");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(shipped)
        .arg(folder)
        .status()?;
    ensure!(copied.success(), "cp: {copied}");
    let overlay = folder.join("deploy/overlay");
    std::fs::create_dir(&overlay)?;
    let text = "resources: [../base]\ncomponents: [../components/write-actions]\n";
    std::fs::write(overlay.join("kustomization.yaml"), text)?;
    Ok(overlay)
}

struct Deployed {
    plane: ControlPlane,
    cluster: Cluster,
    server: Server,
}

fn target(api_version: &str, kind: &str, name: &str) -> Target {
    let object = json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name, "namespace": "bakery" } });
    Target::of(&object, "bakery")
}

impl Deployed {
    fn kubectl(plane: &ControlPlane, arguments: &[&str]) -> Result<String> {
        let output = Command::new(plane.programs().join("kubectl"))
            .arg("--kubeconfig")
            .arg(plane.admin_kubeconfig())
            .args(arguments)
            .output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "kubectl {arguments:?}: {error}");
        Ok(String::from_utf8(output.stdout)?)
    }

    async fn start() -> Result<Self> {
        let options = Options {
            audited: Some(ACCOUNT.to_owned()),
            ..Options::default()
        };
        let plane = ControlPlane::start(&options).await?;
        let cluster = Cluster::new(plane.client().await?);
        story::base()?.play(&plane, &cluster).await?;
        let folder = overlay(plane.folder())?;
        let folder = folder.to_str().context("a path")?;
        Self::kubectl(&plane, &["apply", "-k", folder])?;
        let token = ["create", "token", "kubelens-server", "-n", "kubelens"];
        let token = Self::kubectl(&plane, &token)?;
        let token = Credentials::Token(token.trim().to_owned());
        let kubeconfig = plane.kubeconfig_with("deployed", &token)?;
        let namespace =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "bakery" } });
        cluster.apply(&namespace, "").await?;
        for object in workloads() {
            cluster.apply(&object, "bakery").await?;
        }
        let settings = [
            ("AUTH_ENABLED", "true"),
            ("AUTH_TOKENS", "eve:admin:token-of-eve-0000"),
            ("WRITE_ACTIONS_ENABLED", "true"),
        ];
        let server = Server::start(&kubeconfig, &plane.folder().join("state"), &settings)?;
        Ok(Self {
            plane,
            cluster,
            server,
        })
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let eve = [("Authorization", "Bearer token-of-eve-0000")];
        self.server.ask(method, path, &eve, body)
    }

    /// Does it, and wants a success.
    fn act(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let answer = self.ask(method, path, &body.to_string())?;
        ensure!(
            matches!(answer.status, 200 | 202),
            "{method} {path}: {} {}",
            answer.status,
            answer.body
        );
        Ok(answer.json())
    }

    /// Changes an object's YAML as it is now; again where somebody else was faster.
    async fn put(&self, object: &Target, path: &str, change: impl Fn(&mut Value)) -> Result<()> {
        let started = Instant::now();
        loop {
            let mut found = self.cluster.get(object).await?.context("the object")?;
            change(&mut found);
            let body = json!({ "yaml": found.to_string() }).to_string();
            let answer = self.ask("PUT", &format!("{path}/yaml?force=true"), &body)?;
            if answer.status == 200 {
                return Ok(());
            }
            ensure!(
                answer.status == 409 && started.elapsed() < SOON,
                "PUT {path}: {} {}",
                answer.status,
                answer.body
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until an object of the API server shows this; nothing stands for one that is not there.
    async fn until(&self, object: &Target, shows: impl Fn(Option<&Value>) -> bool) -> Result<()> {
        let started = Instant::now();
        loop {
            let found = self.cluster.get(object).await?;
            if shows(found.as_ref()) {
                return Ok(());
            }
            ensure!(started.elapsed() < SOON, "{found:#?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until the server lists so many running pods of an app, and this one no more; their names.
    async fn running(&self, app: &str, count: usize, gone: &str) -> Result<Vec<String>> {
        let started = Instant::now();
        loop {
            let path = format!("/api/pods?namespace=bakery&labelSelector=app%3D{app}");
            let pods = self.ask("GET", &path, "")?.json();
            let names: Vec<String> = pods
                .as_array()
                .into_iter()
                .flatten()
                .filter(|pod| pod["status"] == "Running")
                .filter_map(|pod| Some(pod["name"].as_str()?.to_owned()))
                .collect();
            if names.len() == count && names.iter().all(|name| name != gone) {
                return Ok(names);
            }
            ensure!(started.elapsed() < SOON, "{app}: {pods:#}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn workloads() -> Vec<Value> {
    let pods = |app: &str| {
        json!({
            "metadata": { "labels": { "app": app } },
            "spec": { "containers": [{ "name": "main", "image": "registry.example/bread:1" }] },
        })
    };
    let workload = |kind: &str, app: &str, more: Value| {
        let mut spec =
            json!({ "selector": { "matchLabels": { "app": app } }, "template": pods(app) });
        if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
            spec.extend(more);
        }
        json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": app, "namespace": "bakery" }, "spec": spec })
    };
    let mut job = pods("bake");
    job["spec"]["restartPolicy"] = json!("Never");
    vec![
        workload("Deployment", "oven", json!({ "replicas": 2 })),
        workload(
            "StatefulSet",
            "cellar",
            json!({ "replicas": 1, "serviceName": "cellar" }),
        ),
        workload("DaemonSet", "mouse", json!({})),
        json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "bake", "namespace": "bakery" },
            "spec": { "template": job } }),
    ]
}

fn image(object: Option<&Value>) -> Option<&str> {
    object?
        .pointer("/spec/template/spec/containers/0/image")?
        .as_str()
}

async fn pods_and_nodes(deployed: &Deployed) -> Result<()> {
    let crumb = target("v1", "Pod", "crumb");
    deployed.act(
        "POST",
        "/api/pods",
        &json!({ "namespace": "bakery", "name": "crumb" }),
    )?;
    deployed.until(&crumb, |pod| pod.is_some()).await?;
    deployed.act("DELETE", "/api/pods/bakery/crumb", &json!({}))?;
    deployed.until(&crumb, |pod| pod.is_none()).await?;

    let names = deployed.running("oven", 2, "").await?;
    deployed.act(
        "POST",
        &format!("/api/pods/bakery/{}/restart", names[0]),
        &json!({}),
    )?;
    deployed
        .until(&target("v1", "Pod", &names[0]), |pod| pod.is_none())
        .await?;
    let names = deployed.running("oven", 2, &names[0]).await?;
    for path in ["logs", "describe", "events"] {
        let answer = deployed.ask("GET", &format!("/api/pods/bakery/{}/{path}", names[0]), "")?;
        // The kubelets of this plane have no logs unless told so.
        let is_read = answer.status == 200 || (path == "logs" && answer.status == 400);
        ensure!(is_read, "{path}: {} {}", answer.status, answer.body);
    }

    let pod = deployed
        .cluster
        .get(&target("v1", "Pod", &names[0]))
        .await?;
    let pod = pod.context("a pod")?;
    let node = pod["spec"]["nodeName"].as_str().context("a node")?;
    let place = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": node } });
    let place = Target::of(&place, "");
    let is_cordoned = |node: Option<&Value>| {
        node.is_some_and(|node| node.pointer("/spec/unschedulable") == Some(&json!(true)))
    };
    deployed.act("POST", &format!("/api/nodes/{node}/cordon"), &json!({}))?;
    deployed.until(&place, is_cordoned).await?;
    let drain = json!({ "force": true, "reason": "a test of what the manifests grant", "deleteEmptyDirData": true });
    deployed.act("POST", &format!("/api/nodes/{node}/drain"), &drain)?;
    deployed
        .until(&target("v1", "Pod", &names[0]), |pod| pod.is_none())
        .await?;
    deployed.act("POST", &format!("/api/nodes/{node}/uncordon"), &json!({}))?;
    deployed.until(&place, |node| !is_cordoned(node)).await
}

async fn workloads_change(deployed: &Deployed) -> Result<()> {
    for (kind, plural, name) in [
        ("Deployment", "deployments", "oven"),
        ("StatefulSet", "statefulsets", "cellar"),
        ("DaemonSet", "daemonsets", "mouse"),
    ] {
        let place = target("apps/v1", kind, name);
        let path = format!("/api/resources/{plural}/bakery/{name}");
        if kind != "DaemonSet" {
            deployed.act("POST", &format!("{path}/scale"), &json!({ "replicas": 3 }))?;
            deployed
                .until(&place, |it| {
                    it.is_some_and(|it| it["spec"]["replicas"] == 3)
                })
                .await?;
        }
        // Its YAML with another image, written for the version that was read; back with a rollback.
        let bread = |number: u8| {
            move |object: &mut Value| {
                let image = json!(format!("registry.example/bread:{number}"));
                object["spec"]["template"]["spec"]["containers"][0]["image"] = image;
            }
        };
        deployed.put(&place, &path, bread(2)).await?;
        deployed
            .until(&place, |it| image(it) == Some("registry.example/bread:2"))
            .await?;
        let history = deployed.ask("GET", &format!("{path}/history"), "")?;
        ensure!(history.status == 200, "{}", history.body);
        let started = Instant::now();
        // The controller notes the revision a moment later.
        loop {
            let answer = deployed.ask("POST", &format!("{path}/rollback"), "{}")?;
            if answer.status == 200 {
                break;
            }
            ensure!(
                started.elapsed() < SOON,
                "{kind}: {} {}",
                answer.status,
                answer.body
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        deployed
            .until(&place, |it| image(it) == Some("registry.example/bread:1"))
            .await?;
        deployed.act("POST", &format!("{path}/restart"), &json!({}))?;
        deployed
            .until(&place, |it| {
                it.is_some_and(|it| it.to_string().contains("kubectl.kubernetes.io/restartedAt"))
            })
            .await?;
        // Without a version it is applied, and the API server says whose fields it would take.
        let manifest = json!({
            "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name, "namespace": "bakery" },
            "spec": { "template": { "spec": { "containers": [{ "name": "main", "image": "registry.example/bread:3" }] } } },
        });
        let body = json!({ "yaml": manifest.to_string() }).to_string();
        let answer = deployed.ask("PUT", &format!("{path}/yaml?force=true"), &body)?;
        ensure!(answer.status == 409, "{} {}", answer.status, answer.body);
    }
    let job = target("batch/v1", "Job", "bake");
    let labelled = |object: &mut Value| object["metadata"]["labels"]["shift"] = json!("night");
    deployed
        .put(&job, "/api/resources/jobs/bakery/bake", labelled)
        .await?;
    deployed
        .until(&job, |it| {
            it.is_some_and(|it| it["metadata"]["labels"]["shift"] == "night")
        })
        .await?;
    let manifest = json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "bake", "namespace": "bakery",
        "labels": { "oven": "two" } } });
    let body = json!({ "yaml": manifest.to_string() });
    deployed.act(
        "PUT",
        "/api/resources/jobs/bakery/bake/yaml?force=true",
        &body,
    )?;
    deployed.act(
        "POST",
        "/api/resources/jobs/bakery/bake/restart",
        &json!({}),
    )?;
    let jobs = deployed
        .cluster
        .list(&target("batch/v1", "Job", ""), "")
        .await?;
    ensure!(jobs.len() == 2, "{} jobs", jobs.len());
    Ok(())
}

/// Details of one object of every kind that has one.
fn details(deployed: &Deployed, plurals: &BTreeSet<String>) -> Result<()> {
    for plural in plurals {
        let list = deployed
            .ask("GET", &format!("/api/resources/{plural}"), "")?
            .json();
        let Some(first) = list["items"].get(0) else {
            continue;
        };
        let namespace = first["namespace"].as_str().filter(|it| !it.is_empty());
        let (namespace, name) = (
            namespace.unwrap_or("_"),
            first["name"].as_str().unwrap_or("_"),
        );
        deployed.ask(
            "GET",
            &format!("/api/resources/{plural}/{namespace}/{name}"),
            "",
        )?;
        deployed.ask(
            "GET",
            &format!("/api/resources/{plural}/{namespace}/{name}/yaml"),
            "",
        )?;
    }
    Ok(())
}

/// `group/resource verb` of all rules of these roles.
fn granted(plane: &ControlPlane) -> Result<BTreeSet<String>> {
    let roles = Deployed::kubectl(plane, &["get", "clusterroles", "-o", "json"])?;
    let roles: Value = serde_json::from_str(&roles)?;
    let mut all = BTreeSet::new();
    let words = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.filter_map(|it| Some(it.as_str()?.to_owned()))
            .collect()
    };
    for role in roles["items"].as_array().context("roles")? {
        let name = role["metadata"]["name"].as_str().unwrap_or_default();
        if !name.starts_with("kubelens-server") {
            continue;
        }
        for rule in role["rules"].as_array().into_iter().flatten() {
            for group in words(&rule["apiGroups"]) {
                for resource in words(&rule["resources"]) {
                    for verb in words(&rule["verbs"]) {
                        all.insert(format!("{group}/{resource} {verb}"));
                    }
                }
            }
        }
    }
    Ok(all)
}

/// What the API server saw of the account: what it did, and what it was refused.
fn used(plane: &ControlPlane) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let text = std::fs::read_to_string(plane.audit_log())?;
    let (mut done, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        let event: Value = serde_json::from_str(line)?;
        let Some(object) = event.get("objectRef") else {
            continue;
        };
        let word = |field: &str| object[field].as_str().unwrap_or_default();
        let mut resource = word("resource").to_owned();
        if !word("subresource").is_empty() {
            resource = format!("{resource}/{}", word("subresource"));
        }
        let verb = event["verb"].as_str().unwrap_or_default();
        let rule = format!("{}/{resource} {verb}", word("apiGroup"));
        match event["responseStatus"]["code"].as_u64() {
            Some(403) => refused.insert(rule),
            // A kind that is not served is no use of a right.
            Some(404) if verb != "get" => false,
            _ => done.insert(rule),
        };
    }
    Ok((done, refused))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_shipped_rights_are_those_that_are_used() -> Result<()> {
    let deployed = Deployed::start().await?;
    deployed.running("oven", 2, "").await?;
    pods_and_nodes(&deployed).await?;
    workloads_change(&deployed).await?;
    let granted = granted(&deployed.plane)?;
    let reads: BTreeSet<String> = granted
        .iter()
        .filter_map(|rule| Some(rule.split_once('/')?.1.split_once(' ')?.0.to_owned()))
        .filter(|plural| plural != "*" && !plural.contains('/'))
        .collect();
    details(&deployed, &reads)?;

    // A watch is written down when it ends.
    deployed.server.stop()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (done, refused) = used(&deployed.plane)?;
    // Secrets are a component of their own; that they may not be read is a gap of the report.
    let missing: Vec<_> = refused
        .iter()
        .filter(|rule| !rule.starts_with("/secrets "))
        .collect();
    ensure!(missing.is_empty(), "used and not granted: {missing:?}");
    let is_read = |rule: &&String| READS.iter().any(|verb| rule.ends_with(&format!(" {verb}")));
    let unused: Vec<_> = granted
        .difference(&done)
        .filter(|rule| !is_read(rule))
        .collect();
    ensure!(unused.is_empty(), "granted and never used: {unused:?}");

    // Reading: what the API server serves is listed and watched; what it does not serve was at least asked for.
    let served = Deployed::kubectl(
        &deployed.plane,
        &["api-resources", "--no-headers", "-o", "name"],
    )?;
    let served: BTreeSet<String> = served
        .lines()
        .map(|line| {
            line.split_once('.')
                .map_or(format!("/{line}"), |(plural, group)| {
                    format!("{group}/{plural}")
                })
        })
        .collect();
    let unread: Vec<_> = granted
        .difference(&done)
        .filter(|rule| !rule.ends_with(" get"))
        // Read only where slices cannot be.
        .filter(|rule| !rule.starts_with("/endpoints "))
        .filter(|rule| {
            rule.split_once(' ')
                .is_some_and(|(kind, _)| served.contains(kind))
        })
        .collect();
    ensure!(unread.is_empty(), "granted and never read: {unread:?}");
    Ok(())
}
