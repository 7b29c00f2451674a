use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::network::api_server_shut_out::shut_out;
use crate::analyzers::tunnel::{self, found_no_agent};
use crate::kubernetes::{APIService, Condition, Object, Service, condition};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A part of the Kubernetes API is served by a program in the cluster, and that program is not
    /// reached: its kinds cannot be used, and namespaces cannot be deleted to their end.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apiregistration.k8s.io/v1
    /// kind: APIService
    /// metadata: {name: v1beta1.metrics.k8s.io}
    /// spec: {group: metrics.k8s.io, version: v1beta1, service: {namespace: kube-system, name: metrics-server}}
    /// status:
    ///   conditions:
    ///   - {type: Available, status: "False", reason: MissingEndpoints, message: no addresses, lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apiregistration.k8s.io/v1
    /// kind: APIService
    /// metadata: {name: v1beta1.metrics.k8s.io}
    /// spec: {group: metrics.k8s.io, version: v1beta1, service: {namespace: kube-system, name: metrics-server}}
    /// status:
    ///   conditions:
    ///   - {type: Available, status: "False", reason: MissingEndpoints, lastTransitionTime: "2026-01-01T11:59:30Z"}
    /// ```
    ///
    /// # How to fix
    /// Bring the Service behind it and its pods back, or delete the APIService of a program that was
    /// uninstalled.
    ///
    /// # What it cannot know
    /// Whether the program is still wanted.
    ///
    /// # Source
    /// Condition `Available` of apiregistration/v1 APIService.
    CTL011 "aggregated-api-unavailable" {
        role: Both,
        severity: Critical,
        confidence: 0.95,
        reads: [Service, Pod, NetworkPolicy, EndpointSlice, DaemonSet, Deployment],
        maps_to: [],
        check: APIService(check),
    }
}

/// Seconds that a restart of the program takes.
const GRACE: i64 = 120;

fn check<'a>(api: &'a APIService, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(backing) = &api.spec.service else {
        return;
    };
    let available = condition(&api.status.conditions, "Available");
    let Some(available) = available.filter(|available| !available.is_true()) else {
        return;
    };
    if cluster.seconds_since(available.last_transition_time) < GRACE
        || api.metadata.is_terminating()
    {
        return;
    }
    let service = ObjectRef::namespaced("v1", "Service", &backing.namespace, &backing.name);
    let is_missing = available.reason == "ServiceNotFound"
        || cluster
            .look_up::<Service>(&backing.namespace, &backing.name)
            .is_absent();
    let mut sighting = sighting(api, available, &service, is_missing);
    if let Some(agents) = tunnel::stopped(cluster).filter(|_| found_no_agent(&available.message)) {
        sighting = of_stopped_agents(api, agents, sighting);
    }
    sighting = tunnel::carried(sighting, cluster, &available.message);
    if let Some(policy) = shut_out(cluster, backing, &available.message) {
        sighting = sighting.blames(policy.reference(), "shuts in");
    }
    sink.report(sighting);
}

/// The same where nobody is to run the agents of the tunnel: what has to change is how many there are.
fn of_stopped_agents(api: &APIService, agents: ObjectRef, of_the_api: Sighting) -> Sighting {
    let title = format!(
        "{agents} is scaled to zero: the API server has no tunnel into the cluster, and API group {} is not available",
        api.spec.group
    );
    let explanation =
        "Through it go its calls of webhooks, of aggregated APIs and of kubelets (logs, exec).";
    let field = Evidence::field(agents.clone(), "spec.replicas", 0);
    Sighting::of(agents, title, explanation)
        .seen_on(api.reference(), "carries calls of")
        .evidence(field)
        .all_evidence(of_the_api.evidence)
}

fn sighting(
    api: &APIService,
    available: &Condition,
    service: &ObjectRef,
    is_missing: bool,
) -> Sighting {
    let own = api.reference();
    let group = &api.spec.group;
    let why = match available.reason.as_str() {
        _ if is_missing => format!("{service} does not exist"),
        "EndpointsNotFound" | "MissingEndpoints" => format!("{service} has no ready endpoint"),
        "ServicePortError" => format!("{service} has no such port"),
        _ if found_no_agent(&available.message) => {
            "the API server has no tunnel into the cluster (no agent is connected)".to_owned()
        }
        "FailedDiscoveryCheck" if is_about_its_certificate(&available.message) => {
            format!("the certificate of {service} is not accepted")
        }
        "FailedDiscoveryCheck" => format!("{service} does not answer as an API"),
        _ => format!("{service} cannot be reached"),
    };
    let mut sighting = Sighting::of(
        own.clone(),
        format!("API group {group} is not available: {why}"),
        format!(
            "Requests for kinds of {group} fail, so what relies on them (autoscalers, `kubectl top`, deletion of namespaces) does too."
        ),
    )
    .evidence(
        Evidence::message(
            own.clone(),
            "status.conditions[Available]",
            &format!("{}: {}", available.reason, available.message),
        )
        .at(available.last_transition_time),
    )
    .evidence(Evidence::field(own, "spec.service", service.path()))
    .blames(service.clone(), "serves")
    .since(available.last_transition_time);
    if is_missing {
        sighting = sighting.evidence(Evidence::absence(
            service.clone(),
            "no Service of that name in the namespace",
        ));
    }
    let namespace = service.namespace.as_deref().unwrap_or_default();
    let advice = if is_about_its_certificate(&available.message) {
        format!(
            "Put the authority that signed the certificate of {service} into spec.caBundle of APIService {}, or renew that certificate",
            api.metadata.name
        )
    } else {
        format!(
            "Bring {service} and the pods behind it back, or delete APIService {} if its program was uninstalled",
            api.metadata.name
        )
    };
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See what serves behind it",
            format!("kubectl -n {namespace} get services,endpointslices,pods"),
        ))
}

/// Whether a call failed over the certificate that was shown.
fn is_about_its_certificate(words: &str) -> bool {
    words.contains("x509:")
}
