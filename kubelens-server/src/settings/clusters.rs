use std::path::PathBuf;
use std::time::Duration;

use super::Secret;
use super::authentication::Impersonation;
use super::mode::Mode;
use super::reader::{Reader, decode_base64};

/// Where the cluster `default` comes from.
#[derive(Debug, Clone)]
pub enum ClusterSource {
    /// The simulated cluster.
    Demo,
    /// The text of `KUBECONFIG_DATA`, decoded.
    Data(Secret),
    /// A kubeconfig file (or several, as `KUBECONFIG` joins them).
    File(PathBuf),
    /// The pod's service account.
    InCluster,
    /// No `default`; only the clusters of `KUBECONFIG_CONTEXTS`.
    ContextsOnly,
}

/// One more cluster.
#[derive(Debug, Clone)]
pub struct NamedKubeconfig {
    /// Its name in answers.
    pub name: String,
    /// Its kubeconfig.
    pub kubeconfig: Secret,
}

/// Which clusters, how fresh, whose rights.
#[derive(Debug, Clone)]
pub struct Clusters {
    /// Where `default` comes from.
    pub source: ClusterSource,
    /// More clusters by name.
    pub contexts: Vec<NamedKubeconfig>,
    /// The namespaces looked at; empty = all.
    pub namespaces: Vec<String>,
    /// Whether calls carry the caller's identity.
    pub impersonation: Impersonation,
    /// A picture older than this answers 503.
    pub stale_max: Duration,
    /// How often watches are checked against a list.
    pub resync: Duration,
    /// How often metrics are asked.
    pub metrics_poll: Duration,
    /// How long one call to Kubernetes may take.
    pub timeout: Duration,
}

#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Auto,
    Kubeconfig,
    InCluster,
    Demo,
}

pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Clusters {
    let choices = [
        ("auto", Wanted::Auto),
        ("kubeconfig", Wanted::Kubeconfig),
        ("in-cluster", Wanted::InCluster),
        ("demo", Wanted::Demo),
    ];
    let wanted = reader.choice("CLUSTER_SOURCE", Wanted::Auto, &choices);
    let data = reader
        .optional("KUBECONFIG_DATA")
        .and_then(|text| match decode_base64(text) {
            Ok(text) => Some(Secret::from(text)),
            Err(problem) => {
                reader.problem("KUBECONFIG_DATA", problem);
                None
            }
        });
    let contexts = read_contexts(reader);
    let impersonation = [
        ("off", Impersonation::Off),
        ("user", Impersonation::User),
        ("group", Impersonation::Group),
    ];
    Clusters {
        source: find_source(reader, mode, wanted, data, !contexts.is_empty()),
        contexts,
        namespaces: reader.list("KUBE_NAMESPACES", |it| Ok(it.to_owned())),
        impersonation: reader.choice("IMPERSONATION", Impersonation::Off, &impersonation),
        stale_max: reader.seconds("STALE_MAX_SECONDS", 600, 1..=86_400),
        resync: reader.seconds("WATCH_RESYNC_SECONDS", 300, 10..=86_400),
        metrics_poll: reader.seconds("METRICS_POLL_SECONDS", 15, 1..=3_600),
        timeout: reader.seconds("KUBE_TIMEOUT_SECONDS", 8, 1..=300),
    }
}

fn read_contexts(reader: &mut Reader<'_>) -> Vec<NamedKubeconfig> {
    let mut names = std::collections::BTreeSet::from(["default".to_owned()]);
    reader.list("KUBECONFIG_CONTEXTS", |part| {
        let (name, data) = part.split_once(':').ok_or("an entry is not name:base64")?;
        if !names.insert(name.to_owned()) {
            return Err(format!("two clusters are named {name:?}"));
        }
        let text = decode_base64(data).map_err(|problem| format!("{name}: {problem}"))?;
        Ok(NamedKubeconfig {
            name: name.to_owned(),
            kubeconfig: Secret::from(text),
        })
    })
}

/// The demo set never stands in for a cluster that was asked for.
fn find_source(
    reader: &mut Reader<'_>,
    mode: Mode,
    wanted: Wanted,
    data: Option<Secret>,
    contexts: bool,
) -> ClusterSource {
    let sources = reader.sources;
    let asked_for_data = reader.optional("KUBECONFIG_DATA").is_some() || contexts;
    let asked = asked_for_data
        || sources.kubeconfig.is_some()
        || matches!(wanted, Wanted::Kubeconfig | Wanted::InCluster);
    if sources.demo || wanted == Wanted::Demo || mode == Mode::Demo {
        if asked {
            let way = "the simulated cluster is chosen (--demo, CLUSTER_SOURCE or APP_MODE=demo) and a real one is named too; leave one out, or set APP_MODE=dev or prod";
            reader.problem("CLUSTER_SOURCE", way);
        }
        if mode == Mode::Prod {
            reader.problem(
                "CLUSTER_SOURCE",
                "the simulated cluster is refused in mode prod",
            );
        }
        return ClusterSource::Demo;
    }
    let file = sources
        .kubeconfig
        .clone()
        .or_else(|| sources.ambient_kubeconfig.clone());
    let home = sources
        .home_kubeconfig
        .clone()
        .filter(|_| mode != Mode::Prod);
    if wanted == Wanted::InCluster {
        if !sources.in_pod {
            reader.problem(
                "CLUSTER_SOURCE",
                "in-cluster: this is not a pod (no KUBERNETES_SERVICE_HOST)",
            );
        }
        return ClusterSource::InCluster;
    }
    if let Some(data) = data {
        return ClusterSource::Data(data);
    }
    if let Some(file) = file {
        return ClusterSource::File(file);
    }
    if wanted == Wanted::Auto && sources.in_pod {
        return ClusterSource::InCluster;
    }
    if let Some(home) = home {
        return ClusterSource::File(home);
    }
    if contexts {
        return ClusterSource::ContextsOnly;
    }
    if !asked_for_data {
        let ways = "no cluster is named; give --demo for the simulated one, --kubeconfig, KUBECONFIG or KUBECONFIG_DATA, or run in a pod with a service account";
        reader.problem("CLUSTER_SOURCE", ways);
    }
    ClusterSource::ContextsOnly
}
