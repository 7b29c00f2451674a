use super::fit::Blocker;
use super::pod_affinity::{self, TermPlaces};
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Namespace, Node, Object, Pod, PodAffinityTerm};
use crate::model::{Evidence, Severity, Suggestion, counted, some_of};
use crate::snapshot::{Cluster, Unplaced, Workload};

declare_analyzer! {
    /// # What it means
    /// A rule of pod affinity or anti-affinity leaves no node: every place already has a pod that may not
    /// be near, or no place has the pod that must be near.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, labels: {kubernetes.io/hostname: n1}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p0, labels: {app: db}}
    /// spec: {nodeName: n1, containers: [{name: db}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1, namespace: shop, uid: p1, labels: {app: db}}
    /// spec:
    ///   affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: db}}}]}}
    ///   containers: [{name: db}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, labels: {kubernetes.io/hostname: n1}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, labels: {app: web}}
    /// spec:
    ///   affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: cache}}}]}}
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node(s) didn't match pod affinity rules."}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p0, labels: {app: db}}
    /// spec:
    ///   nodeName: n1
    ///   affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: db}}}]}}
    ///   containers: [{name: db}]
    /// status: {phase: Running}
    /// ```
    /// Where it may run, beside that pod, there is no room: the rule itself can be kept.
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, labels: {kubernetes.io/hostname: n1}}
    /// status: {allocatable: {cpu: "1", memory: 4Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n2, uid: n2, labels: {kubernetes.io/hostname: n2}}
    /// status: {allocatable: {cpu: "1", memory: 4Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p0, labels: {app: db}}
    /// spec: {nodeName: n1, containers: [{name: db, resources: {requests: {cpu: 800m}}}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, labels: {app: web}}
    /// spec:
    ///   affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: db}}}]}}
    ///   containers: [{name: web, resources: {requests: {cpu: 500m}}}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod affinity rules."}
    /// ```
    ///
    /// # How to fix
    /// Run fewer replicas than there are places, add a node, prefer instead of require, or correct the labels.
    ///
    /// # What it cannot know
    /// Why the pods must be apart or together.
    ///
    /// # Source
    /// Plugin InterPodAffinity of the scheduler.
    SCH008 "pod-affinity-unsatisfiable" {
        role: Root,
        severity: Critical,
        confidence: 0.94,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace, Deployment, StatefulSet, ReplicaSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::PodAffinity) {
        let sighting = match &waiting.fit.blocker {
            Blocker::Affinity { terms } => near(cluster, &waiting, terms),
            Blocker::AntiAffinity { nodes, own } => apart(cluster, &waiting, nodes, own),
            _ => stated(&waiting),
        };
        waiting.report(cluster, sink, sighting);
    }
}

fn stated(waiting: &Unscheduled<'_>) -> Sighting {
    waiting
        .of_the_owner(
            format!(
                "Pod affinity or anti-affinity rules leave no node for {}",
                waiting.top
            ),
            format!("Its pods cannot be scheduled.{}", waiting.others()),
        )
        .suggest(advice(waiting))
}

/// Every place is taken by a pod that may not be near.
fn apart<'a>(
    cluster: &Cluster<'a>,
    waiting: &Unscheduled<'a>,
    nodes: &[&'a Node],
    own: &[TermPlaces<'a>],
) -> Sighting {
    let broken: Vec<&TermPlaces<'a>> = own
        .iter()
        .filter(|places| nodes.iter().any(|node| places.hold(node)))
        .collect();
    let Some(places) = broken.first() else {
        return refused(cluster, waiting, nodes);
    };
    let key = &places.term.topology_key;
    let siblings: Vec<&Pod> = places
        .pods
        .iter()
        .copied()
        .filter(|pod| cluster.top_of(pod) == waiting.top)
        .collect();
    let holders = owners(cluster, &places.pods);
    let by_itself = !siblings.is_empty();
    let how_many = replicas(cluster, waiting)
        .map_or_else(String::new, |replicas| format!(" of {replicas} replicas"));
    let title = if by_itself {
        format!(
            "Anti-affinity of {} allows one pod per `{key}`: {} placed{how_many}, {} cannot be",
            waiting.top,
            siblings.len(),
            waiting.pods.len()
        )
    } else {
        format!(
            "Anti-affinity of {} keeps its pods away from {} on every node (`{key}`)",
            waiting.top,
            some_of(&holders, 3)
        )
    };
    let explanation = format!(
        "Every place (`{key}`: {}) has a pod that matches `{}`; {} may be used, and no pod can be scheduled near it.{}{}",
        some_of(places.values.iter(), 4),
        selector_of(places.term),
        counted(nodes.len(), "node"),
        surge(cluster, waiting, by_itself),
        waiting.others()
    );
    let mut sighting = waiting
        .of_the_owner(title, explanation)
        .severity(severity(cluster, waiting, by_itself))
        .identified_by("topologyKey", key.as_str())
        .evidence(Evidence::field(
            waiting.pod.reference(),
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
            format!(
                "topologyKey {key}, labelSelector {}",
                selector_of(places.term)
            ),
        ));
    for pod in places.pods.iter().take(3) {
        sighting = sighting.evidence(Evidence::field(
            pod.reference(),
            "spec.nodeName",
            &pod.node_name,
        ));
    }
    sighting.suggest(advice(waiting))
}

/// Pods on every node do not want this one near.
fn refused<'a>(cluster: &Cluster<'a>, waiting: &Unscheduled<'a>, nodes: &[&'a Node]) -> Sighting {
    let refusals: Vec<(&Pod, &PodAffinityTerm)> = nodes
        .iter()
        .flat_map(|node| pod_affinity::refusals(cluster, waiting.pod, node))
        .collect();
    let pods: Vec<&Pod> = refusals.iter().map(|(pod, _)| *pod).collect();
    let holders = owners(cluster, &pods);
    let title = format!(
        "Anti-affinity of {} keeps the pods of {} from every node",
        some_of(&holders, 3),
        waiting.top
    );
    let explanation = format!(
        "Pods that run there have a required anti-affinity rule that matches the labels of the new ones.{}",
        waiting.others()
    );
    let mut sighting = waiting.of_the_owner(title, explanation);
    for (pod, term) in refusals.iter().take(3) {
        sighting = sighting.evidence(Evidence::field(
            pod.reference(),
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
            format!(
                "topologyKey {}, labelSelector {}",
                term.topology_key,
                selector_of(term)
            ),
        ));
    }
    sighting.suggest(advice(waiting))
}

/// The pods that must be near are nowhere, or not where this pod may be.
fn near<'a>(
    cluster: &Cluster<'a>,
    waiting: &Unscheduled<'a>,
    terms: &[TermPlaces<'a>],
) -> Sighting {
    let worst = terms
        .iter()
        .find(|places| places.pods.is_empty())
        .or_else(|| terms.first());
    let Some(places) = worst else {
        return stated(waiting);
    };
    let selector = selector_of(places.term);
    let key = &places.term.topology_key;
    let meant = Meant::by(cluster, waiting.pod, places.term);
    let title = if places.pods.is_empty() {
        format!(
            "Pod affinity of {} wants a pod with `{selector}` near, and {}",
            waiting.top, meant.none
        )
    } else {
        format!(
            "Pod affinity of {} wants a pod with `{selector}` in the same `{key}`, where it may not run",
            waiting.top
        )
    };
    let explanation = format!(
        "Its pods cannot be scheduled: {} with these labels run in {}.{}{}",
        counted(places.pods.len(), "pod"),
        meant.words,
        meant.elsewhere,
        waiting.others()
    );
    let mut sighting = waiting
        .of_the_owner(title, explanation)
        .identified_by("topologyKey", key.as_str())
        .evidence(Evidence::field(
            waiting.pod.reference(),
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution",
            format!("topologyKey {key}, labelSelector {selector}{}", meant.field),
        ));
    for pod in places.pods.iter().take(3) {
        sighting = sighting.evidence(Evidence::field(
            pod.reference(),
            "spec.nodeName",
            &pod.node_name,
        ));
    }
    let advice = match (places.pods.is_empty(), meant.is_by_selector) {
        (true, true) => format!(
            "Correct the namespaceSelector in the pod affinity of {} or the labels of the namespace that it means, or make the rule preferred instead of required",
            waiting.top
        ),
        (true, false) => format!(
            "Start the pods that {} wants to be near, correct the labels or the namespaces of its rule, or make the rule preferred instead of required",
            waiting.top
        ),
        (false, _) => format!(
            "Let {} run in the places where these pods are, or make the rule preferred instead of required",
            waiting.top
        ),
    };
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See which pods have these labels",
            format!("kubectl get pods -A -o wide -l '{selector}'"),
        ))
}

/// In which namespaces a term looks for its pods, in words.
struct Meant {
    /// As the end of `pods run in …`.
    words: String,
    /// As the end of a title where no pod is found.
    none: String,
    /// The field beside the label selector, as proof.
    field: String,
    /// Where such pods are instead, as a sentence with a blank before it.
    elsewhere: String,
    /// Whether labels of namespaces decide.
    is_by_selector: bool,
}

impl Meant {
    fn by<'a>(cluster: &Cluster<'a>, pod: &Pod, term: &'a PodAffinityTerm) -> Self {
        let namespaces = pod_affinity::meant_namespaces(cluster, pod, term);
        let selector = term.namespace_selector.as_ref();
        let selector = selector.filter(|selector| !selector.is_empty());
        let words = match namespaces.as_slice() {
            [] => "the namespaces that it selects (none)".to_owned(),
            [one] => format!("namespace {one}"),
            several => format!("namespaces {}", some_of(several, 4)),
        };
        let (none, field) = match selector {
            Some(selector) if namespaces.is_empty() && cluster.is_complete(Kind::Namespace, "") => {
                (
                    format!("its namespaceSelector `{selector}` matches no namespace"),
                    format!(", namespaceSelector {selector}"),
                )
            }
            Some(selector) => (
                "none runs".to_owned(),
                format!(", namespaceSelector {selector}"),
            ),
            None => ("none runs".to_owned(), String::new()),
        };
        Self {
            words,
            none,
            field,
            elsewhere: elsewhere(cluster, term, &namespaces),
            is_by_selector: selector.is_some() && namespaces.is_empty(),
        }
    }
}

/// Where pods with the labels of a term run outside the namespaces that it looks at.
fn elsewhere<'a>(cluster: &Cluster<'a>, term: &'a PodAffinityTerm, meant: &[String]) -> String {
    let labels = term.label_selector.as_ref();
    let Some(labels) = labels.filter(|all| !all.is_empty()) else {
        return String::new();
    };
    let others: Vec<String> = cluster
        .all::<Namespace>()
        .filter(|namespace| {
            !meant
                .iter()
                .any(|known| namespace.metadata.name == known.as_str())
        })
        .filter(|namespace| {
            let mut pods = cluster.pods_selected(&namespace.metadata.name, labels);
            pods.any(|pod| pod.is_scheduled() && !pod.is_finished())
        })
        .map(|namespace| {
            let labels = &namespace.metadata.labels;
            // Every namespace has its name as a label.
            let own: Vec<String> = labels
                .iter()
                .filter(|(key, _)| !key.as_str().ends_with("kubernetes.io/metadata.name"))
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            if own.is_empty() {
                namespace.metadata.name.to_string()
            } else {
                format!("{} (labels {})", namespace.metadata.name, some_of(own, 3))
            }
        })
        .collect();
    if others.is_empty() {
        String::new()
    } else {
        format!(" Such pods run in namespace {}.", some_of(others, 3))
    }
}

fn advice(waiting: &Unscheduled<'_>) -> Suggestion {
    Suggestion::advice(format!(
        "Run at most one replica of {} per place, add a place, or make the rule preferred instead of required",
        waiting.top
    ))
}

fn owners(cluster: &Cluster<'_>, pods: &[&Pod]) -> Vec<String> {
    let mut all: Vec<String> = pods
        .iter()
        .map(|pod| cluster.top_of(pod).to_string())
        .collect();
    all.sort();
    all.dedup();
    all
}

fn selector_of(term: &PodAffinityTerm) -> String {
    term.label_selector
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn replicas(cluster: &Cluster<'_>, waiting: &Unscheduled<'_>) -> Option<i64> {
    cluster.workload(&waiting.top)?.wanted_replicas()
}

/// Whether as many pods as wanted run, and the new ones only replace them.
fn is_surge(cluster: &Cluster<'_>, waiting: &Unscheduled<'_>) -> bool {
    match cluster.workload(&waiting.top) {
        Some(Workload::Deployment(deployment)) => {
            deployment.status.ready_replicas >= deployment.spec.replicas.unwrap_or(1)
        }
        _ => false,
    }
}

fn surge(cluster: &Cluster<'_>, waiting: &Unscheduled<'_>, by_itself: bool) -> String {
    if by_itself && is_surge(cluster, waiting) {
        " All wanted replicas run; the new pod of the rollout (maxSurge) finds no free place."
            .to_owned()
    } else {
        String::new()
    }
}

fn severity(cluster: &Cluster<'_>, waiting: &Unscheduled<'_>, by_itself: bool) -> Severity {
    if by_itself && is_surge(cluster, waiting) {
        Severity::Warning
    } else {
        Severity::Critical
    }
}
