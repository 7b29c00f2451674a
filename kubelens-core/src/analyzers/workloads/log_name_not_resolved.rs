use super::asked_name_server::{Asked, asks_elsewhere};
use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::log_host::missing_service;
use crate::analyzers::network::node_name_cache::{asked_in_vain, is_name_cache};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{DaemonSet, Object, Pod, Service};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well, or counts as ready and writes hardly anything else, says that a host name has no address: no Service has that name,
    /// the name is misspelled, the pod asks another name server than the cluster's (dnsPolicy), or name
    /// resolution itself fails.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | Error: getaddrinfo ENOTFOUND ledger-db
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
    /// # log: shop/web-1/web | Error: getaddrinfo ENOTFOUND ledger-db
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
    /// Correct the name where the container gets it, or create the Service; if all names fail, look
    /// at the cluster's DNS.
    ///
    /// # What it cannot know
    /// Whether a name outside of the cluster should exist.
    ///
    /// # Source
    /// Resolver errors of Go, Node.js, Python, Java, libc, curl, busybox, nginx and gRPC.
    WRK102 "log-name-not-resolved" {
        role: Both,
        severity: Critical,
        confidence: 0.80,
        reads: [Event, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
pub(super) const CONFIDENCE: f64 = 0.80;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK102",
    words: Pattern::new(
        r#"(?i)no such host|\bENOTFOUND\b|\bEAI_[A-Z]+\b|name or service not known|temporary failure in name resolution|could not resolve (?:host|proxy)|could not translate host name|unknownhostexception|unknown mysql server host|server misbehaving|NXDOMAIN|nodename nor servname|name does not resolve|bad address '|can't resolve '|host not found in upstream|getaddrinfo failed|lookup \S+ on \S+: .{0,90}(?:i/o timeout|connection refused)|lookup \S+: i/o timeout|failed to lookup address information|name resolution failed|no address associated with hostname|produced zero addresses|dns resolution failed for|no resolvable bootstrap"#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// Words of a resolver that gave no answer at all: the name may be right.
static NO_ANSWER: Pattern = Pattern::new(
    r"(?i)EAI_AGAIN|temporary failure|server misbehaving|i/o timeout|connection refused|timed out",
);

/// What keeps a name from being resolved although what it names exists.
fn although_it_exists(
    found: &LogMatch<'_>,
    cluster: &Cluster<'_>,
    object: &ObjectRef,
    asks_elsewhere: bool,
    is_headless: bool,
    sighting: Sighting,
) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    if asks_elsewhere {
        let wanted = if pod.spec.host_network {
            "ClusterFirstWithHostNet"
        } else {
            "ClusterFirst"
        };
        let proof = Evidence::field(pod.reference(), "spec.dnsPolicy", &pod.spec.dns_policy);
        return advise(
            sighting.evidence(proof).identified_by("fact", "dnsPolicy"),
            format!(
                "Set dnsPolicy: {wanted} in the pod template of {top}: only the cluster's DNS knows {object}"
            ),
        );
    }
    let advice = if is_headless {
        format!(
            "Make the pods of {object} ready: a headless Service has addresses only for ready pods, unless publishNotReadyAddresses is set"
        )
    } else {
        format!(
            "{object} exists: see whether the cluster's DNS answers {}, and whether it came after the container asked",
            asker(pod)
        )
    };
    advise(sighting, advice)
}

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(found.pod());
    let peers = Peers::of(found, cluster);
    let has_answer = !NO_ANSWER.is_in(found.line());
    let elsewhere = peers
        .found()
        .filter(|_| has_answer)
        .and_then(|_| asks_elsewhere(found, cluster));
    let does_ask_elsewhere = elsewhere.is_some();
    let asked = Asked::of(found, cluster).filter(|_| !has_answer);
    let fault = match (has_answer, peers.missing(), &asked) {
        (true, Some(missing), _) => format!("no such host, {missing} does not exist"),
        (true, None, _) => elsewhere.unwrap_or_else(|| "no such host".to_owned()),
        (false, _, Some(asked)) => asked.fault(),
        (false, _, None) => "name resolution fails".to_owned(),
    };
    let title = format!(
        "{} cannot resolve host {}: {fault}",
        found.speaker(&top),
        peers.names()
    );
    let explanation = if has_answer {
        "Its log says that the name has no address, so it fails."
    } else {
        "Its log says that no name server answered, so it has no address to call."
    };
    let shared = peers.shared(
        |peer| format!("Host {peer} cannot be resolved by"),
        format!(": {fault}"),
        if has_answer {
            "Their logs say that the name has no address, so they fail."
        } else {
            "Their logs say that no name server answered, so they have no address to call."
        },
    );
    let shared = shared.map(|shared| {
        shared.suggest(Suggestion::advice(format!(
            "See who keeps the name {}, and whether the name servers that the cluster's DNS forwards to know it",
            peers.names()
        )))
    });
    if let Some(asked) = asked {
        return asked.sighting(found, cluster, title, explanation);
    }
    if let Some(service) = alias(&peers, cluster).filter(|_| has_answer && !does_ask_elsewhere) {
        return of_the_alias(found, service, &title);
    }
    let mut sighting = peers
        .sighting(found, cluster, CONFIDENCE, title, explanation)
        .shared(shared);
    if !has_answer {
        for (api_version, kind, name) in [
            ("v1", "Service", "kube-dns"),
            ("apps/v1", "Deployment", "coredns"),
            ("v1", "ConfigMap", "coredns"),
        ] {
            let dns = ObjectRef::namespaced(api_version, kind, "kube-system", name);
            sighting = sighting.blames(dns, "resolves names by");
        }
        for cache in node_caches(cluster, found) {
            sighting = sighting.blames(cache, "resolves names by");
        }
    }
    if let Some(service) = peers
        .hosts
        .first()
        .and_then(|host| governing(found, host.name))
    {
        sighting = sighting.blames(service, "resolves names by");
    }
    if let Some(object) = peers.found().filter(|_| has_answer) {
        // What is named is not to blame for who asks the wrong server.
        let sighting = sighting.shared(None);
        let service = peers.service(cluster);
        let is_headless = service.is_some_and(|service| service.spec.cluster_ip == "None");
        return although_it_exists(
            found,
            cluster,
            object,
            does_ask_elsewhere,
            is_headless,
            sighting,
        );
    }
    let advice = match (has_answer, peers.is_outside()) {
        (false, true) => format!(
            "See whether the cluster's DNS and the name servers that it forwards to answer; {} may be right",
            peers.names()
        ),
        (false, false) => format!(
            "See whether the cluster's DNS answers {}; the name {} may be right",
            asker(found.pod()),
            peers.names()
        ),
        (true, true) => format!(
            "Correct the host name in the configuration of {top}: no name server knows {}",
            peers.names()
        ),
        _ => {
            let near = peers.missing().and_then(|missing| {
                let namespace = missing.namespace.as_deref().unwrap_or_default();
                let near = cluster.near_names::<Service>(namespace, &missing.name);
                near.first().copied()
            });
            let meant = near.map_or_else(String::new, |near| format!(" (is `{near}` meant?)"));
            format!(
                "Correct the host name in the configuration of {top}{meant}, or create the Service {}",
                peers
                    .missing()
                    .map_or_else(|| peers.names(), ObjectRef::path)
            )
        }
    };
    advise(sighting, advice)
}

/// The Service that is only another name for a host outside. One that stands for a Service which is not there is told of by
/// itself.
fn alias<'a>(peers: &Peers<'a>, cluster: &Cluster<'a>) -> Option<&'a Service> {
    let service = peers.service(cluster)?;
    let (namespace, host) = (&service.metadata.namespace, &service.spec.external_name);
    let is_outside = missing_service(cluster, namespace, host).is_none();
    (service.spec.type_ == "ExternalName" && is_outside).then_some(service)
}

/// Such a Service is there, so its name has an answer: what it stands for has none.
fn of_the_alias(found: &LogMatch<'_>, service: &Service, of_the_client: &str) -> Sighting {
    let own = service.reference();
    let host = &service.spec.external_name;
    let title = format!("{own} stands for {host}, and no name server knows that host");
    let explanation = format!("{of_the_client}.");
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .seen_on(found.pod().reference(), "called by")
        .confidence(CONFIDENCE)
        .evidence(Evidence::field(own.clone(), "spec.externalName", host))
        .evidence(Evidence::log(
            found.pod().reference(),
            found.unwell.container.name(),
            found.line(),
            None,
        ));
    if found.unwell.is_spent || found.unwell.is_over {
        sighting = sighting.severity(Severity::Info);
    }
    advise(
        sighting,
        format!("Correct spec.externalName of {own}, or bring the name {host} back"),
    )
}

/// From where the name server was asked.
fn asker(pod: &Pod) -> String {
    match pod.node_name.non_empty() {
        Some(node) => format!("the pods of node {node}"),
        None => "its pod".to_owned(),
    }
}

/// What is to run the cache of names on the node of a pod: its pods there that are not ready, and what makes them.
fn node_caches(cluster: &Cluster<'_>, found: &LogMatch<'_>) -> Vec<ObjectRef> {
    let pods = cluster
        .pods_on(&found.pod().node_name)
        .filter(|other| other.is_live() && !other.is_ready() && other.spec.host_network)
        .filter(|other| {
            let is_named = other.metadata.labels.value("k8s-app") == Some("node-local-dns");
            is_named || is_name_cache(&other.spec)
        })
        .map(Object::reference);
    let sets = cluster
        .in_namespace::<DaemonSet>("kube-system")
        .filter(|_| asked_in_vain(found.line()))
        .filter(|set| is_name_cache(&set.spec.template.spec))
        .map(Object::reference);
    pods.chain(sets).collect()
}

/// The Service that gives a member of a set its name: `db` of `db-0.db`, `db-0.db.shop.svc`.
fn governing(found: &LogMatch<'_>, host: &str) -> Option<ObjectRef> {
    let mut parts = host.split('.');
    let member = parts.next()?;
    let service = parts.next()?;
    let (_, ordinal) = member.rsplit_once('-')?;
    let is_member = !ordinal.is_empty() && ordinal.chars().all(|c| c.is_ascii_digit());
    let namespace = parts.next().unwrap_or(&found.pod().metadata.namespace);
    is_member.then(|| ObjectRef::namespaced("v1", "Service", namespace, service))
}
