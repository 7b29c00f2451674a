use std::collections::BTreeSet;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    Condition, HorizontalPodAutoscaler, Ingress, Labels, Object, Service, condition,
};
use crate::model::{Evidence, ObjectRef, Risk, Severity, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A workload is scaled to zero while something in front of it still counts on it. Behind an
    /// Ingress that is an outage; below an autoscaler it switches the autoscaler off; a Service that
    /// nobody is known to call is only noted.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 0, template: {metadata: {labels: {app: web}}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, uid: v1}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: shop, namespace: shop, uid: i1}
    /// spec: {rules: [{host: shop.example, http: {paths: [{path: /, backend: {service: {name: web, port: {number: 80}}}}]}}]}
    /// ```
    /// An autoscaler that cannot scale from zero:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 0}
    /// ---
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 4}
    /// status:
    ///   conditions: [{type: ScalingActive, status: "False", reason: ScalingDisabled, message: scaling is disabled since the replica count of the target is zero}]
    /// ```
    ///
    /// # Stays silent on
    /// Nothing in front of it:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 0, template: {metadata: {labels: {app: web}}}}
    /// ```
    /// Another workload serves behind the same Service:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web-blue, namespace: shop, uid: d1}
    /// spec: {replicas: 0, template: {metadata: {labels: {app: web, color: blue}}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web-green, namespace: shop, uid: d2}
    /// spec: {replicas: 2, template: {metadata: {labels: {app: web, color: green}}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, uid: v1}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ```
    ///
    /// # How to fix
    /// Scale it up, or remove what still points at it.
    ///
    /// # What it cannot know
    /// Whether it rests by intent. A workload that KEDA or Knative scales is left out; one that carries
    /// the number of replicas to wake up to, as downscalers write it, is only a note.
    ///
    /// # Source
    /// `spec.replicas` of the workload; selectors of Services; backends of Ingresses; condition
    /// `ScalingActive` with reason `ScalingDisabled` of HorizontalPodAutoscalers.
    ROL016 "scaled-to-zero" {
        role: Root,
        severity: Info,
        confidence: 0.90,
        reads: [Service, Ingress, HorizontalPodAutoscaler],
        maps_to: ["POP-500"],
        check: Workload(check),
    }
}

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    if workload.wanted_replicas() != Some(0)
        || workload.metadata().is_terminating()
        || is_scaled_by_demand(cluster, workload)
    {
        return;
    }
    let namespace = workload.metadata().namespace.as_str();
    for service in cluster.in_namespace::<Service>(namespace) {
        if stands_only_on(cluster, service, workload) {
            sink.report(behind_service(cluster, workload, service));
        }
    }
    let own = workload.reference();
    for autoscaler in cluster.in_namespace::<HorizontalPodAutoscaler>(namespace) {
        let target = &autoscaler.spec.scale_target_ref;
        let disabled = condition(&autoscaler.status.conditions, "ScalingActive")
            .filter(|active| active.is_false() && active.reason == "ScalingDisabled");
        if let Some(disabled) = disabled
            && target.kind == *own.kind
            && target.name == *own.name
        {
            sink.report(below_autoscaler(workload, autoscaler, disabled));
        }
    }
}

/// KEDA and Knative scale to zero on purpose and back on demand.
fn is_scaled_by_demand(cluster: &Cluster<'_>, workload: &Workload<'_>) -> bool {
    let meta = workload.metadata();
    let is_knative = meta
        .labels
        .keys()
        .any(|key| key.starts_with("serving.knative.dev/"));
    is_knative
        || cluster.custom("ScaledObject").iter().any(|scaled| {
            let target = scaled
                .spec
                .pointer("/scaleTargetRef/name")
                .and_then(serde_json::Value::as_str);
            scaled.metadata.namespace == meta.namespace && target == Some(meta.name.as_str())
        })
}

/// Whether something wrote on it to how many replicas it is to wake up: a schedule put it to sleep.
fn is_put_to_sleep(workload: &Workload<'_>) -> bool {
    let notes = ["original-replicas", "replicas-before", "previous-replicas"];
    workload.metadata().annotations.iter().any(|(key, value)| {
        let key = key.to_lowercase();
        notes.iter().any(|note| key.contains(note)) && value.parse::<i64>().is_ok_and(|n| n > 0)
    })
}

/// Whether the Service selects the workload's pods and no others, now or wanted.
fn stands_only_on(cluster: &Cluster<'_>, service: &Service, workload: &Workload<'_>) -> bool {
    let selector = &service.spec.selector;
    let selects = |workload: &Workload<'_>| {
        selector
            .iter()
            .all(|(key, value)| workload.pod_labels().get(key) == Some(value))
    };
    !selector.is_empty()
        && selects(workload)
        && !cluster
            .workloads_in(&service.metadata.namespace)
            .iter()
            .any(|other| other.wanted_replicas() != Some(0) && selects(other))
}

fn behind_service(cluster: &Cluster<'_>, workload: &Workload<'_>, service: &Service) -> Sighting {
    let (own, front) = (workload.reference(), service.reference());
    let name = &service.metadata.name;
    let ingress = cluster
        .in_namespace::<Ingress>(&service.metadata.namespace)
        .find(|ingress| ingress.spec.backends().any(|backend| backend.name == *name));
    let caller = caller_of(cluster, service);
    if let Some(running) = other_slot(cluster, workload, service) {
        return left_behind(workload, service, ingress, &running);
    }
    let sleeps = is_put_to_sleep(workload);
    let (severity, need) = match (twin(cluster, workload, service), ingress, caller) {
        (Some(twin), _, _) => (
            Severity::Info,
            format!("{} has running pods of the same program", twin.reference()),
        ),
        (None, Some(ingress), _) if sleeps => (
            Severity::Info,
            format!(
                "{} sends traffic to it, and a schedule put it to sleep",
                ingress.reference()
            ),
        ),
        (None, None, Some(caller)) if sleeps => (
            Severity::Info,
            format!("{caller} names it, and a schedule put it to sleep"),
        ),
        (None, Some(ingress), _) => (
            Severity::Critical,
            format!("{} sends traffic to it", ingress.reference()),
        ),
        (None, None, Some(caller)) => (Severity::Warning, format!("{caller} names it")),
        (None, None, None) => (
            Severity::Info,
            "no Ingress and no variable of its namespace names it".to_owned(),
        ),
    };
    let title = format!("{own} is scaled to 0 replicas, and {front} has nothing else behind it");
    let explanation = format!("{front} has no endpoints; {need}. No pod is asked for.");
    let mut sighting = base(workload, title, explanation)
        .seen_on(front.clone(), "selects")
        .severity(severity)
        .evidence(Evidence::field(
            front,
            "spec.selector",
            selector_text(service),
        ));
    if let Some(ingress) = ingress {
        sighting = sighting.evidence(Evidence::field(
            ingress.reference(),
            "spec.rules[].http.paths[].backend.service.name",
            name,
        ));
    }
    sighting
}

/// Labels that say which program it is, by the end of their name: other values are other programs.
const PROGRAM: [&str; 6] = ["app", "name", "component", "instance", "k8s-app", "role"];

/// The Service that selects running pods of the same program with another value for one label: of two colours or slots
/// one is idle by turns.
fn twin<'a>(
    cluster: &Cluster<'a>,
    workload: &Workload<'_>,
    service: &Service,
) -> Option<&'a Service> {
    let runs = |other: &Service| {
        let selector = &other.spec.selector;
        let Some((own, theirs)) = one_difference(&service.spec.selector, selector)
            .filter(|_| selector.len() == service.spec.selector.len())
        else {
            return false;
        };
        let programs = programs(workload, own);
        let mut workloads = cluster.workloads_in(&other.metadata.namespace).into_iter();
        workloads.any(|running| {
            running.wanted_replicas() != Some(0)
                && running.pod_labels().holds(&other.spec.selector)
                && programs == self::programs(&running, theirs)
        })
    };
    cluster
        .in_namespace::<Service>(&service.metadata.namespace)
        .find(|other| runs(other))
}

/// The workload of the same program that runs under another value of one label of the selector, and to which no Service
/// leads: traffic was to go over to it.
fn other_slot<'a>(
    cluster: &Cluster<'a>,
    workload: &Workload<'_>,
    service: &Service,
) -> Option<(Workload<'a>, &'a str)> {
    let own = &service.spec.selector;
    let running = cluster
        .workloads_in(&service.metadata.namespace)
        .into_iter();
    let mut slots = running.filter_map(|running| {
        let (value, theirs) = one_difference(own, running.pod_labels())?;
        let is_slot = own.len() > 1
            && running.wanted_replicas() != Some(0)
            && programs(workload, value) == programs(&running, theirs);
        is_slot.then_some((running, theirs))
    });
    let (running, theirs) = slots.next()?;
    let is_served = cluster
        .in_namespace::<Service>(&service.metadata.namespace)
        .any(|other| {
            let selector = &other.spec.selector;
            !selector.is_empty() && running.pod_labels().holds(selector)
        });
    (!is_served).then_some((running, theirs))
}

/// The Service stayed with the slot that rests.
fn left_behind(
    workload: &Workload<'_>,
    service: &Service,
    ingress: Option<&Ingress>,
    (running, slot): &(Workload<'_>, &str),
) -> Sighting {
    let (own, rests, runs) = (
        service.reference(),
        workload.reference(),
        running.reference(),
    );
    let title = format!(
        "{own} still selects {rests}, which is scaled to 0 replicas, and not {runs}, which runs"
    );
    let explanation = format!(
        "{own} has no endpoints{}. Both run one program and differ in one label of the selector; no Service leads to the one that runs.",
        ingress.map_or_else(String::new, |ingress| format!(
            "; {} sends traffic to it",
            ingress.reference()
        ))
    );
    Sighting::of(own.clone(), title, explanation)
        .identified_by("slot", *slot)
        .severity(Severity::Critical)
        .evidence(Evidence::field(
            own.clone(),
            "spec.selector",
            selector_text(service),
        ))
        .evidence(Evidence::field(rests, "spec.replicas", 0).at(workload.metadata().last_write))
        .suggest(Suggestion::advice(format!(
            "Point the selector of {own} at `{slot}`, or scale the other one up again"
        )))
}

/// The values of the one label, which names no program, in which labels differ from what is asked for; what is asked for
/// has others beside it.
fn one_difference<'o, 't>(asked: &'o Labels, labels: &'t Labels) -> Option<(&'o str, &'t str)> {
    let mut differing = asked
        .iter()
        .filter(|(key, value)| labels.get(key) != Some(*value));
    let (key, value) = differing.next()?;
    let is_of_a_program = PROGRAM.contains(&key.rsplit('/').next().unwrap_or(key));
    let is_one = differing.next().is_none() && !is_of_a_program;
    Some((value.as_str(), labels.value(key).filter(|_| is_one)?))
}

/// The programs of a workload, without their versions and without its own colour in their names.
fn programs(workload: &Workload<'_>, colour: &str) -> BTreeSet<String> {
    let containers = workload.pod_spec().containers.iter();
    containers
        .map(|container| container.image_name().replace(colour, ""))
        .collect()
}

fn selector_text(service: &Service) -> String {
    let pairs = service.spec.selector.iter();
    pairs
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join(",")
}

/// A workload of the namespace that wants to run and has the Service's name in a variable, as a host.
fn caller_of(cluster: &Cluster<'_>, service: &Service) -> Option<ObjectRef> {
    let name = service.metadata.name.as_str();
    cluster
        .workloads_in(&service.metadata.namespace)
        .into_iter()
        .filter(|workload| !workload.is_resting())
        .find(|workload| {
            workload
                .pod_spec()
                .all_containers()
                .flat_map(|(_, container)| container.env.iter())
                .any(|variable| names_host(&variable.value, name))
        })
        .map(|workload| workload.reference())
}

/// Whether a value names the host: alone, in an address, or with a port.
fn names_host(value: &str, host: &str) -> bool {
    value == host
        || value.match_indices(host).any(|(at, _)| {
            let before = value.get(..at).and_then(|before| before.chars().last());
            let after = value
                .get(at + host.len()..)
                .and_then(|after| after.chars().next());
            let starts = matches!(before, None | Some('/' | '@' | ','));
            starts
                && matches!(after, Some(':' | '/' | '.'))
                && (before.is_some() || after == Some(':'))
        })
}

fn below_autoscaler(
    workload: &Workload<'_>,
    autoscaler: &HorizontalPodAutoscaler,
    disabled: &Condition,
) -> Sighting {
    let (own, scaler) = (workload.reference(), autoscaler.reference());
    let least = autoscaler.spec.min_replicas.unwrap_or(1);
    let title = format!("{own} is scaled to 0 replicas, which switches {scaler} off");
    let explanation = format!(
        "The autoscaler is to keep at least {least} replicas, but does nothing while its target is at zero."
    );
    let severity = if least > 0 && !is_put_to_sleep(workload) {
        Severity::Warning
    } else {
        Severity::Info
    };
    base(workload, title, explanation)
        .seen_on(scaler.clone(), "scaled by")
        .severity(severity)
        .evidence(
            Evidence::message(
                scaler,
                "status.conditions[ScalingActive]",
                &format!("{}: {}", disabled.reason, disabled.message),
            )
            .at(disabled.last_transition_time),
        )
}

fn base(workload: &Workload<'_>, title: String, explanation: String) -> Sighting {
    let own = workload.reference();
    let namespace = own.namespace.clone().unwrap_or_default();
    let resource = format!("{}/{}", own.kind.to_lowercase(), own.name);
    Sighting::of(own.clone(), title, explanation)
        .evidence(Evidence::field(own, "spec.replicas", 0).at(workload.metadata().last_write))
        .suggest(Suggestion::run(
            "Scale it up if it should serve",
            format!("kubectl -n {namespace} scale {resource} --replicas=1"),
            Risk::Low,
        ))
}

#[cfg(test)]
mod tests {
    use super::names_host;

    #[test]
    fn a_host_is_named_as_a_host_and_not_as_part_of_a_word() {
        for value in [
            "db",
            "db:5432",
            "http://db/x",
            "postgres://u:p@db:5432/x",
            "tcp://db.shop.svc:1",
        ] {
            assert!(names_host(value, "db"), "{value}");
        }
        for value in ["database", "mydb:5432", "db-2:5432", "the db", "a.db/x"] {
            assert!(!names_host(value, "db"), "{value}");
        }
    }
}
