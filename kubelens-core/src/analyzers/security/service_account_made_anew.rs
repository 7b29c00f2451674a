use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod, ServiceAccount};
use crate::model::{Evidence, Risk, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The ServiceAccount of running pods was deleted and made anew. Their tokens are bound to the old one, and the
    /// API server refuses them, although the name and all rights are the same.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/bot-1/bot | failed to list *v1.Pod: Unauthorized
    /// apiVersion: v1
    /// kind: ServiceAccount
    /// metadata: {name: bot, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: bot-1, namespace: shop, creationTimestamp: "2025-12-01T10:00:00Z"}
    /// spec: {serviceAccountName: bot, containers: [{name: bot}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False"}]}
    /// ```
    ///
    /// # Stays silent on
    /// The pod is younger than its account:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/bot-1/bot | failed to list *v1.Pod: Unauthorized
    /// apiVersion: v1
    /// kind: ServiceAccount
    /// metadata: {name: bot, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: bot-1, namespace: shop, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {serviceAccountName: bot, containers: [{name: bot}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False"}]}
    /// ```
    ///
    /// # How to fix
    /// Restart the pods: new ones get a token of the new ServiceAccount.
    ///
    /// # What it cannot know
    /// Programs that do not log the refusal.
    ///
    /// # Source
    /// `metadata.creationTimestamp` of both; the API server's answer 401 in logs. Tokens are bound to the uid of their
    /// ServiceAccount.
    SEC005 "service-account-made-anew" {
        role: Root,
        severity: Critical,
        confidence: 0.88,
        reads: [ServiceAccount],
        maps_to: [],
        check: Pod(check),
    }
}

/// Last lines of a log that count.
const LINES: usize = 60;

/// How clients tell that the API server does not know their token.
static REFUSED: Pattern = Pattern::new(
    r"(?i)(?:list|watch|get|create|update|patch|lease|lock|informer|reflector|kubernetes|api ?server)\b.*\bUnauthorized\b|has asked for the client to provide credentials|service account .* has been invalidated|invalid bearer token",
);

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let name = pod.spec.service_account_name.as_str();
    if pod.is_ready() || !pod.is_live() || name.is_empty() {
        return;
    }
    let Some(account) = cluster.get::<ServiceAccount>(&pod.metadata.namespace, name) else {
        return;
    };
    let (Some(made), Some(started)) = (
        account.metadata.creation_timestamp,
        pod.metadata.creation_timestamp,
    ) else {
        return;
    };
    if made <= started {
        return;
    }
    let told = pod.containers().find_map(|container| {
        [false, true].into_iter().find_map(|previous| {
            let log = cluster.log(pod, container.name(), previous)?;
            let mut last = log.lines.iter().rev().take(LINES);
            let line = last.find(|line| REFUSED.is_in(line))?;
            Some(Evidence::log(pod.reference(), container.name(), line, None))
        })
    });
    if let Some(proof) = told {
        sink.report(sighting(cluster, pod, account, proof));
    }
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    account: &ServiceAccount,
    proof: Evidence,
) -> Sighting {
    let top = cluster.top_of(pod);
    let own = account.reference();
    let namespace = &pod.metadata.namespace;
    let restart = match top.kind.as_str() {
        "Deployment" | "StatefulSet" | "DaemonSet" => Suggestion::run(
            "Restart its pods, so that they get a token of the new ServiceAccount",
            format!(
                "kubectl -n {namespace} rollout restart {}/{}",
                top.kind.to_lowercase(),
                top.name
            ),
            Risk::Low,
        ),
        _ => Suggestion::advice(format!("Restart {top}")),
    };
    let made = account
        .metadata
        .creation_timestamp
        .map_or_else(String::new, |time| time.to_string());
    let started = pod
        .metadata
        .creation_timestamp
        .map_or_else(String::new, |time| time.to_string());
    Sighting::of(
        top.clone(),
        format!("{top} runs with tokens of a {own} that was deleted and made anew since: the API server refuses them"),
        "A token is bound to the ServiceAccount that it was made for, not to its name.",
    )
    .seen_on(pod.reference(), "template of")
    .since(account.metadata.creation_timestamp)
    .evidence(Evidence::field(own, "metadata.creationTimestamp", made))
    .evidence(Evidence::field(
        pod.reference(),
        "metadata.creationTimestamp",
        started,
    ))
    .evidence(proof)
    .suggest(restart)
}
