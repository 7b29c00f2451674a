//! What could go wrong with a manifest, before it is applied.

use kubelens_core::kubernetes::{Node, Pod, read_documents};
use kubelens_core::snapshot::Snapshot;
use serde::Serialize;
use serde_json::Value;

/// From this score on, an apply waits for somebody to force it.
pub const HELD: u32 = 50;

/// What could go wrong.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RiskReport {
    /// 0 to 100.
    pub score: u32,
    /// `LOW`, `MEDIUM`, `HIGH` or `CRITICAL`.
    pub level: String,
    /// In one line.
    pub summary: String,
    /// Each check.
    pub checks: Vec<RiskCheck>,
}

/// One check.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct RiskCheck {
    /// Its name.
    pub name: String,
    /// Whether there is nothing to say.
    pub passed: bool,
    /// What was seen.
    pub detail: String,
    /// What to do.
    pub suggestion: String,
    /// What it adds to the score.
    pub score: u32,
}

fn check(name: &str, score: u32, problems: &[String], suggestion: &str) -> RiskCheck {
    let passed = problems.is_empty();
    RiskCheck {
        name: name.to_owned(),
        passed,
        detail: if passed {
            "fine".to_owned()
        } else {
            problems.join("; ")
        },
        suggestion: if passed {
            String::new()
        } else {
            suggestion.to_owned()
        },
        score: if passed { 0 } else { score },
    }
}

/// Judges a manifest, all its documents, against a picture of the cluster.
pub fn analyze(manifest: &str, snapshot: &Snapshot) -> RiskReport {
    match read_documents(manifest) {
        Ok(documents) if documents.iter().any(Value::is_object) => {
            let objects: Vec<Value> = documents.into_iter().filter(Value::is_object).collect();
            report(checks(&objects, snapshot))
        }
        Ok(_) => unreadable("it holds no object"),
        Err(error) => unreadable(&error.to_string()),
    }
}

fn unreadable(why: &str) -> RiskReport {
    report(vec![check(
        "Manifest parse",
        30,
        &[why.to_owned()],
        "mend the YAML first",
    )])
}

fn report(checks: Vec<RiskCheck>) -> RiskReport {
    let score = checks.iter().map(|check| check.score).sum::<u32>().min(100);
    let level = match score {
        0..=25 => "LOW",
        26..=50 => "MEDIUM",
        51..=75 => "HIGH",
        _ => "CRITICAL",
    };
    let failed: Vec<&str> = checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.name.as_str())
        .collect();
    let summary = if failed.is_empty() {
        "Nothing speaks against it".to_owned()
    } else {
        format!("Risk {score} ({level}): {}", failed.join(", "))
    };
    RiskReport {
        score,
        level: level.to_owned(),
        summary,
        checks,
    }
}

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The pod spec of a workload, wherever its kind keeps it.
fn pod_spec(object: &Value) -> Option<&Value> {
    match text(object, "/kind") {
        "Pod" => object.get("spec"),
        "CronJob" => object.pointer("/spec/jobTemplate/spec/template/spec"),
        _ => object.pointer("/spec/template/spec"),
    }
}

/// The containers of a pod spec; `all` with those that run before the others.
fn containers(spec: &Value, all: bool) -> Vec<&Value> {
    let list = |field: &str| {
        spec.get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let mut found: Vec<&Value> = list("containers").collect();
    if all {
        found.extend(list("initContainers"));
    }
    found
}

/// `host:5000/image` has no tag.
fn tag(image: &str) -> Option<&str> {
    if image.contains('@') {
        return Some("digest");
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split_once(':').map(|(_, tag)| tag)
}

fn checks(objects: &[Value], snapshot: &Snapshot) -> Vec<RiskCheck> {
    let mut metadata = Vec::new();
    let mut replicas = Vec::new();
    let mut tags = Vec::new();
    let mut requests = Vec::new();
    let mut limits = Vec::new();
    let mut probes = Vec::new();
    let mut security = Vec::new();
    let mut pulls = Vec::new();
    let mut nodes = Vec::new();
    let cluster_scoped = kubelens_core::kubernetes::Kind::ALL
        .iter()
        .filter(|kind| !kind.is_namespaced());
    let cluster_scoped: Vec<&str> = cluster_scoped.map(|kind| kind.as_str()).collect();
    for object in objects {
        let kind = text(object, "/kind");
        let name = text(object, "/metadata/name");
        let lacks_namespace =
            text(object, "/metadata/namespace").is_empty() && !cluster_scoped.contains(&kind);
        for (field, is_missing) in [
            ("kind", kind.is_empty()),
            ("name", name.is_empty()),
            ("namespace", lacks_namespace),
        ] {
            if is_missing {
                metadata.push(format!("{kind} {name}: no {field}"));
            }
        }
        if matches!(kind, "Deployment" | "StatefulSet" | "ReplicaSet") {
            let count = object
                .pointer("/spec/replicas")
                .and_then(Value::as_i64)
                .unwrap_or(1);
            if count < 2 {
                replicas.push(format!("{kind} {name}: {count} replicas"));
            }
        }
        let Some(spec) = pod_spec(object) else {
            continue;
        };
        for container in containers(spec, true) {
            let own = text(container, "/name");
            let image = text(container, "/image");
            if tag(image).is_none_or(|tag| tag == "latest") {
                tags.push(format!("{own}: {image}"));
            }
            for (list, what) in [(&mut requests, "requests"), (&mut limits, "limits")] {
                let has = |resource: &str| {
                    container
                        .pointer(&format!("/resources/{what}/{resource}"))
                        .is_some()
                };
                if !has("cpu") || !has("memory") {
                    list.push(own.to_owned());
                }
            }
            let own_context = |field: &str| container.pointer(&format!("/securityContext/{field}"));
            let context = |field: &str| {
                own_context(field).or_else(|| spec.pointer(&format!("/securityContext/{field}")))
            };
            let is = |value: Option<&Value>, wanted: bool| {
                value.and_then(Value::as_bool) == Some(wanted)
            };
            if is(own_context("privileged"), true)
                || !is(context("runAsNonRoot"), true)
                || !is(own_context("allowPrivilegeEscalation"), false)
            {
                security.push(own.to_owned());
            }
            let policy = text(container, "/imagePullPolicy");
            if policy.is_empty()
                || (tag(image).is_none_or(|tag| tag == "latest") && policy != "Always")
            {
                pulls.push(own.to_owned());
            }
        }
        if !matches!(kind, "Job" | "CronJob") {
            for container in containers(spec, false) {
                if container.get("readinessProbe").is_none()
                    || container.get("livenessProbe").is_none()
                {
                    probes.push(text(container, "/name").to_owned());
                }
            }
        }
        if let Some(selector) = spec
            .get("nodeSelector")
            .and_then(Value::as_object)
            .filter(|all| !all.is_empty())
        {
            let fits = |node: &Node| {
                selector
                    .iter()
                    .all(|(key, value)| node.metadata.labels.value(key) == value.as_str())
            };
            let mut all = snapshot.table::<Node>().iter().peekable();
            // Without a list of nodes nothing can be said.
            if all.peek().is_some() && !all.any(|node| fits(node)) {
                nodes.push(format!("{kind} {name}: no node has these labels"));
            }
        }
    }
    let mut pressure = Vec::new();
    let badly = snapshot
        .table::<Pod>()
        .iter()
        .filter(|pod| matches!(pod.status.phase.as_str(), "Pending" | "Failed"))
        .count();
    if badly >= 3 {
        pressure.push(format!("{badly} pods are Pending or Failed"));
    }
    let unready = snapshot
        .table::<Node>()
        .iter()
        .filter(|node| crate::api::models::node_status(node) != "Ready");
    pressure.extend(unready.map(|node| format!("node {} is not Ready", node.metadata.name)));
    vec![
        check(
            "Kind and metadata",
            8,
            &metadata,
            "name kind, name and namespace",
        ),
        check(
            "Replica safety",
            10,
            &replicas,
            "two replicas or more survive the loss of one",
        ),
        check("Image tagging", 8, &tags, "name a version, not latest"),
        check(
            "Resource requests",
            10,
            &requests,
            "request CPU and memory for each container",
        ),
        check(
            "Resource limits",
            10,
            &limits,
            "limit CPU and memory for each container",
        ),
        check(
            "Health probes",
            9,
            &probes,
            "add a readiness and a liveness probe",
        ),
        check(
            "Container security context",
            12,
            &security,
            "runAsNonRoot: true, allowPrivilegeEscalation: false, not privileged",
        ),
        check(
            "Image pull policy",
            5,
            &pulls,
            "say imagePullPolicy; Always with latest",
        ),
        check(
            "Node selector compatibility",
            10,
            &nodes,
            "use labels that a node has",
        ),
        check(
            "Cluster pressure compatibility",
            12,
            &pressure,
            "wait until the cluster is well",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Snapshot {
        kubelens_core::SnapshotBuilder::default().build_live(jiff::Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn each_fault_of_a_manifest_adds_its_score() {
        let bare = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  replicas: 1\n  \
                    template: {spec: {containers: [{name: main, image: 'registry:5000/web'}]}}";
        let report = analyze(bare, &nothing());
        let failed: Vec<&str> = report
            .checks
            .iter()
            .filter(|one| !one.passed)
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(
            failed,
            [
                "Replica safety",
                "Image tagging",
                "Resource requests",
                "Resource limits",
                "Health probes",
                "Container security context",
                "Image pull policy"
            ]
        );
        assert_eq!((report.score, report.level.as_str()), (64, "HIGH"));
    }

    #[test]
    fn what_is_no_yaml_is_said_alone_and_what_has_no_pods_passes() {
        let report = analyze("a: [", &nothing());
        assert_eq!((report.score, report.checks.len()), (30, 1));
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}";
        assert_eq!(analyze(map, &nothing()).score, 0);
    }

    #[test]
    fn a_digest_is_a_tag() {
        assert_eq!(tag("web@sha256:abc"), Some("digest"));
        assert_eq!(tag("host:5000/web"), None);
        assert_eq!(tag("host:5000/web:1.2"), Some("1.2"));
    }
}
