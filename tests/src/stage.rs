//! Makes kwok's configuration: how the kubelets play, which container logs they serve, and what terminals and ports reach.
//!
//! `control-plane/kubelet/` holds the parts. `nodes.yaml`, `cloud.yaml` and `pods.yaml` are kwok Stages, to
//! which two things are added here: templates about Pods begin with `prelude.tpl`, and a step `say` is an
//! Event as a kubelet writes it (`event.tpl`). `plays.yaml` is a table of misfortunes, one Stage each.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::manifest;

/// The logs of one container of all pods of one namespace.
#[derive(Debug, Clone)]
pub struct ContainerLog {
    /// The namespace.
    pub namespace: String,
    /// The container's name.
    pub container: String,
    /// A file with what it printed, plain lines.
    pub file: PathBuf,
}

/// One row of `plays.yaml`. All but the name and the flags are Go template expressions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Play {
    #[serde(rename = "play")]
    name: String,
    state: String,
    #[serde(default = "no_state")]
    last: String,
    #[serde(default = "pending")]
    phase: String,
    #[serde(default)]
    started: bool,
    #[serde(default)]
    pulled: bool,
    /// Nothing of the pod could be started yet: it has no sandbox.
    #[serde(default)]
    blocked: bool,
    #[serde(default = "zero")]
    restarts: String,
    #[serde(default)]
    says: Vec<Saying>,
}

/// An Event that the kubelet writes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saying {
    #[serde(rename = "type")]
    kind: String,
    reason: String,
    text: String,
    #[serde(default)]
    about: About,
}

/// What an Event points at.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum About {
    /// The container, by its field path.
    #[default]
    Container,
    /// The pod as a whole.
    Pod,
}

fn no_state() -> String {
    "(dict)".to_owned()
}

fn pending() -> String {
    "\"Pending\"".to_owned()
}

fn zero() -> String {
    "0".to_owned()
}

/// The parts that templates are put together from.
struct Parts {
    prelude: String,
    event: String,
}

/// kwok's configuration as YAML, from the parts in `kubelet`. The logs are copied, in the format of a
/// container runtime, into `folder`.
pub fn configuration(kubelet: &Path, logs: &[ContainerLog], folder: &Path) -> Result<String> {
    let read = |name: &str| {
        fs::read_to_string(kubelet.join(name))
            .with_context(|| format!("read {}/{name}", kubelet.display()))
    };
    let parts = Parts {
        prelude: read("prelude.tpl")?,
        event: read("event.tpl")?,
    };
    let plays: Vec<Play> =
        serde_json::from_value(manifest::value(&read("plays.yaml")?)?).context("plays.yaml")?;
    let mut documents = vec![json!({
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "options": { "enableDebuggingHandlers": true, "podPlayStageParallelism": 16, "nodePlayStageParallelism": 16, "nodeLeaseParallelism": 16 },
    })];
    for file in ["nodes.yaml", "cloud.yaml", "pods.yaml"] {
        let text = read(file)?
            .replace("UNBLOCKED", &names(&plays, |play| !play.blocked))
            .replace("PLAYS", &names(&plays, |_| true));
        let stages = manifest::values(&text).with_context(|| file.to_owned())?;
        documents.extend(stages.into_iter().map(|stage| parts.complete(stage)));
    }
    documents.extend(plays.iter().map(|play| parts.complete(play_stage(play))));
    for (number, log) in logs.iter().enumerate() {
        documents.push(served_log(
            log,
            &folder.join(format!("container-{number}.log")),
        )?);
    }
    documents.extend(reached());
    let documents = documents
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(documents.join("\n---\n"))
}

fn names(plays: &[Play], of: impl Fn(&Play) -> bool) -> String {
    plays
        .iter()
        .filter(|play| of(play))
        .map(|play| play.name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

impl Parts {
    /// A Stage as kwok knows it: the prelude in front of what is about Pods, `say` made an Event.
    fn complete(&self, mut stage: Value) -> Value {
        let about_pods = stage
            .pointer("/spec/resourceRef/kind")
            .and_then(Value::as_str)
            == Some("Pod");
        let steps = stage
            .pointer_mut("/spec/steps")
            .and_then(Value::as_array_mut);
        for step in steps.into_iter().flatten().filter(|_| about_pods) {
            if let Some(Ok(saying)) = step
                .get("say")
                .cloned()
                .map(serde_json::from_value::<Saying>)
            {
                *step = json!({ "apply": { "template": self.event(&saying) } });
            } else if let Some(template) = step.pointer_mut("/patch/template") {
                *template = Value::String(format!(
                    "{}{}",
                    self.prelude,
                    template.as_str().unwrap_or_default()
                ));
            }
        }
        stage
    }

    fn event(&self, saying: &Saying) -> String {
        let path = match saying.about {
            About::Container => {
                r#"fieldPath: {{ printf "spec.%s{%s}" (ternary "initContainers" "containers" $init) $c.name | Quote }}"#
            }
            About::Pod => "",
        };
        let event = self
            .event
            .replace("EXPRESSION", &saying.text)
            .replace("REASON", &saying.reason);
        format!(
            "{}{}",
            self.prelude,
            event
                .replace("TYPE", &saying.kind)
                .replace("FIELDPATH", path)
        )
    }
}

/// The Stage of a play: at once, then every half minute, as a kubelet tries again. The annotation
/// `tests.kubelens.dev/beat` counts the tries; it is written first, since a write starts the next wait.
fn play_stage(play: &Play) -> Value {
    let Play {
        name,
        state,
        last,
        phase,
        started,
        pulled,
        blocked,
        restarts,
        ..
    } = play;
    let status = format!(
        "{{{{- template \"trouble\" dict \"pod\" . \"uid\" .metadata.uid \"c\" $c \"init\" $init \"state\" ({state}) \"last\" ({last}) \
         \"phase\" ({phase}) \"ready\" false \"started\" {started} \"restarts\" {restarts} \"pulled\" {pulled} \"blocked\" {blocked} \
         \"now\" $now \"start\" $start \"ip\" {} \"host\" (NodeIPWith .spec.nodeName) }}}}",
        if *blocked { "\"\"" } else { "$ip" },
    );
    let mut steps = vec![
        json!({ "patch": { "root": "metadata", "template": "annotations: {tests.kubelens.dev/beat: {{ add 1 $beat | toString | Quote }}}" } }),
        json!({ "patch": { "subresource": "status", "root": "status", "template": status } }),
    ];
    steps.extend(play.says.iter().map(|saying| {
        let about = match saying.about {
            About::Container => "container",
            About::Pod => "pod",
        };
        json!({ "say": { "type": saying.kind, "reason": saying.reason, "text": saying.text, "about": about } })
    }));
    let mut conditions =
        vec![json!({ "key": ".metadata.deletionTimestamp", "operator": "DoesNotExist" })];
    if !blocked {
        conditions.push(json!({ "key": ".status.podIP", "operator": "Exists" }));
    }
    json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": { "name": format!("pod-plays-{name}") },
        "spec": {
            "resourceRef": { "apiGroup": "v1", "kind": "Pod" },
            "selector": {
                "matchAnnotations": { "tests.kubelens.dev/play": name },
                "matchExpressions": conditions,
            },
            "delay": { "durationFrom": { "expressionFrom": "if .metadata.annotations[\"tests.kubelens.dev/beat\"] then \"30s\" else \"0s\" end" } },
            "steps": steps,
        },
    })
}

/// Containers of all pods run commands, on this machine; each port of them is one that says again what it hears.
fn reached() -> [Value; 2] {
    let about = |kind: &str, spec: Value| {
        json!({
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": kind,
            "metadata": { "name": "all" },
            "spec": spec,
        })
    };
    [
        about(
            "ClusterExec",
            json!({ "execs": [{ "local": { "workDir": "/" } }] }),
        ),
        about(
            "ClusterPortForward",
            json!({ "forwards": [{ "command": ["cat"] }] }),
        ),
    ]
}

/// Copies a log into the runtime's format, and says whom it belongs to.
fn served_log(log: &ContainerLog, copy: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(&log.file).with_context(|| format!("read {}", log.file.display()))?;
    let now = k8s_openapi::jiff::Timestamp::now();
    let lines: Vec<String> = text
        .lines()
        .map(|line| format!("{now:.9} stderr F {line}\n"))
        .collect();
    fs::write(copy, lines.concat())?;
    Ok(json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": { "name": format!("{}-{}", log.namespace, log.container) },
        "spec": {
            "selector": { "matchNamespaces": [log.namespace] },
            "logs": [{ "containers": [log.container], "logsFile": copy, "previousLogsFile": copy }],
        },
    }))
}
