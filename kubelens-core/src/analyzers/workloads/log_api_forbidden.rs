use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::Pod;
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well was refused by the Kubernetes API: its ServiceAccount may not do
    /// what the program asks for.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | pods is forbidden: User "system:serviceaccount:shop:web" cannot list resource "pods" in API group "" in the namespace "shop"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | pods is forbidden: User "system:serviceaccount:shop:web" cannot list resource "pods" in API group "" in the namespace "shop"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Grant the verb on the resource with a Role and a RoleBinding for the ServiceAccount.
    ///
    /// # What it cannot know
    /// Whether the program needs the right for all it does.
    ///
    /// # Source
    /// The API server's answer of RBAC authorization.
    WRK114 "log-api-forbidden" {
        role: Both,
        severity: Critical,
        confidence: 0.95,
        reads: [ServiceAccount, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.95;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK114",
    words: Pattern::new(r#"is forbidden: User |cannot \w+ resource \"[^\"]+\" in API group"#),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// Who may not do what.
static DENIED: Pattern = Pattern::new(
    r#"User \\?"([^"\\]+)\\?" cannot (\w+) resource \\?"([^"\\]+)\\?" in API group \\?"([^"\\]*)\\?"(?: in the namespace \\?"([^"\\]+)\\?")?"#,
);

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(found.pod());
    let denied = DENIED.captures(found.line());
    let group = |at: usize| {
        denied
            .as_ref()
            .and_then(|denied| denied.get(at))
            .map_or("", |group| group.as_str())
    };
    let (user, verb, resource, namespace) = (group(1), group(2), group(3), group(5));
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in namespace {namespace}")
    };
    let account = user
        .strip_prefix("system:serviceaccount:")
        .and_then(|user| user.split_once(':'));
    let who = account.map_or_else(
        || format!("user {user}"),
        |(namespace, name)| format!("ServiceAccount {namespace}/{name}"),
    );
    let api = if group(4).is_empty() {
        String::new()
    } else {
        format!(" of {}", group(4))
    };
    let title = if verb.is_empty() {
        format!(
            "{} is forbidden by the Kubernetes API what it asks for",
            found.speaker(&top)
        )
    } else {
        format!(
            "{} is forbidden to {verb} {resource}{api} {place}: {who} has no such permission",
            found.speaker(&top)
        )
    };
    let explanation =
        "The API server refused the request: no Role that is bound to that account allows it."
            .to_owned();
    let mut sighting = found.sighting(cluster, CONFIDENCE, title, explanation);
    if let Some((namespace, name)) = account {
        sighting = sighting
            .identified_by("right", format!("{verb} {resource} {place}"))
            .blames(
                ObjectRef::namespaced("v1", "ServiceAccount", namespace, name),
                "runs as",
            );
        sighting = sighting.suggest(crate::model::Suggestion::look(
            "Ask whether it may now",
            format!(
                "kubectl auth can-i {verb} {resource} --as={user}{}",
                if namespace.is_empty() {
                    String::new()
                } else {
                    format!(" -n {namespace}")
                }
            ),
        ));
    }
    advise(
        sighting,
        format!("Grant {who} the verb {verb} on {resource} {place}"),
    )
}
