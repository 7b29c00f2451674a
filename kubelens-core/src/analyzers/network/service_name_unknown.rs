use super::failed_call::{FailedCall, Failure, failed_calls};
use crate::analysis::{MADE_FROM, Sighting, Sink, declare_analyzer};
use crate::analyzers::called_service::written_in;
use crate::analyzers::operators::made_by_name::makers_of_service;
use crate::kubernetes::{Kind, Namespace, Object, Service};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container looks for a Service by a name that no Service of that namespace has.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web/web | dial tcp: lookup databse on 10.96.0.10:53: no such host
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop}
    /// spec: {containers: [{name: web, env: [{name: DB_HOST, value: databse}]}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, state: {waiting: {reason: CrashLoopBackOff}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: database, namespace: shop}
    /// ```
    ///
    /// # Stays silent on
    /// Names outside the cluster:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web/web | dial tcp: lookup api.partner.example on 10.96.0.10:53: no such host
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop}
    /// spec: {containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, state: {waiting: {reason: CrashLoopBackOff}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: database, namespace: shop}
    /// ```
    ///
    /// # How to fix
    /// Correct the name where it is written, or create the Service.
    ///
    /// # What it cannot know
    /// Values of ConfigMaps and Secrets, where the name may be written.
    ///
    /// # Source
    /// Log lines of name resolution; core/v1 Services.
    NET066 "service-name-unknown" {
        role: Root,
        severity: Critical,
        confidence: 0.85,
        reads: [Pod, Service, Namespace, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let calls = failed_calls(cluster);
    for call in &calls {
        // A reference to a variable that nobody put in its place is no name of a host.
        let is_reference = call.line.contains(&format!("$({}", call.host));
        if call.failure != Failure::NameUnknown || call.service.is_some() || is_reference {
            continue;
        }
        let Some((name, namespace)) = cluster_name(cluster, call) else {
            continue;
        };
        if cluster.look_up::<Service>(namespace, name).is_absent() {
            sink.report(sighting(cluster, call, name, namespace, &calls));
        }
    }
}

/// The Service and namespace that a host would stand for; none for names outside the cluster.
fn cluster_name<'c>(cluster: &Cluster<'_>, call: &'c FailedCall<'_>) -> Option<(&'c str, &'c str)> {
    if call.host.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    let mut labels = call.host.split('.');
    let name = labels.next().filter(|name| !name.is_empty())?;
    match (labels.next(), labels.next()) {
        (None, _) => (name != "localhost").then_some((name, call.pod.metadata.namespace.as_str())),
        (Some(namespace), Some("svc")) => Some((name, namespace)),
        (Some(namespace), None) => cluster
            .get::<Namespace>("", namespace)
            .map(|_| (name, namespace)),
        _ => None,
    }
}

fn sighting(
    cluster: &Cluster<'_>,
    call: &FailedCall<'_>,
    name: &str,
    namespace: &str,
    calls: &[FailedCall<'_>],
) -> Sighting {
    let top = cluster.top_of(call.pod);
    let missing = ObjectRef::namespaced(
        Kind::Service.api_version(),
        Kind::Service.as_str(),
        namespace,
        name,
    );
    let near = cluster.near_names::<Service>(namespace, name);
    let elsewhere: Vec<String> = cluster
        .all::<Service>()
        .filter(|service| service.metadata.name == name)
        .map(|service| service.reference().path())
        .collect();
    let has_no_like = near.is_empty() && elsewhere.is_empty();
    let is_shared = calls
        .iter()
        .any(|other| other.host == call.host && cluster.top_of(other.pod) != top);
    let subject = if is_shared || has_no_like {
        missing.clone()
    } else {
        top.clone()
    };
    let mut hints = Vec::new();
    if !near.is_empty() {
        hints.push(format!("near names there: {}", near.join(", ")));
    }
    if !elsewhere.is_empty() {
        hints.push(format!("the name exists as {}", elsewhere.join(", ")));
    }
    let hint = if hints.is_empty() {
        String::new()
    } else {
        format!(" ({})", hints.join("; "))
    };
    let title = format!("{missing} does not exist, and {top} calls it by that name");
    let explanation = format!(
        "The host `{}` is not found in DNS: there is no Service of that name in namespace {namespace}{hint}.",
        call.host
    );
    let mut sighting = Sighting::of(subject, title, explanation)
        .seen_on(call.pod.reference(), "calls")
        .identified_by("host", call.host)
        .evidence(call.evidence())
        .evidence(Evidence::absence(
            missing,
            &format!("no Service of that name in namespace {namespace}{hint}"),
        ));
    let places = written_in(call.pod);
    let place = places
        .iter()
        .find(|(_, written)| written.contains(call.host));
    if let Some((path, written)) = place {
        sighting = sighting.evidence(Evidence::message(call.pod.reference(), path, written));
    }
    // Nothing can be made there until the namespace is gone and made anew.
    if let Some(leaving) = cluster
        .get::<Namespace>("", namespace)
        .filter(|namespace| namespace.metadata.is_terminating())
    {
        let own = leaving.reference();
        let since = leaving.metadata.deletion_timestamp;
        let since = since.map_or_else(String::new, |since| since.to_string());
        sighting = sighting
            .evidence(Evidence::field(
                own.clone(),
                "metadata.deletionTimestamp",
                since,
            ))
            .blames(own, "held");
    }
    for maker in makers_of_service(cluster, namespace, name) {
        sighting = sighting.blames(maker.reference(), MADE_FROM);
    }
    let advice = match (near.first(), elsewhere.first(), place) {
        (Some(near), _, Some((path, _))) => {
            format!("Change `{name}` to `{near}` in {path} of {top}")
        }
        (Some(near), _, None) => {
            format!("Change `{name}` to `{near}` where {top} takes its configuration from")
        }
        (None, Some(path), _) => format!(
            "Use the full name of the Service that is meant in {top}: {}",
            full_name(path)
        ),
        (None, None, _) => {
            format!("Create Service {namespace}/{name}, or correct the name in {top}")
        }
    };
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See which Services there are",
            format!("kubectl -n {namespace} get services"),
        ))
}

fn full_name(path: &str) -> String {
    path.split_once('/').map_or_else(
        || path.to_owned(),
        |(namespace, name)| format!("{name}.{namespace}"),
    )
}
