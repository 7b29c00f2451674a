use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::{container_path, services_of, stands_for_users};
use crate::kubernetes::{Container, ContainerRole, Object, Probe};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A container behind a Service has no readiness or no liveness probe, or its liveness probe gives up
    /// as early as its readiness probe: then it is killed where it should only get no traffic.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, ports: [{containerPort: 80}]}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ```
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec:
    ///   template:
    ///     metadata: {labels: {app: web}}
    ///     spec:
    ///       containers:
    ///       - name: web
    ///         readinessProbe: {httpGet: {path: /ok, port: 80}, periodSeconds: 10, failureThreshold: 3}
    ///         livenessProbe: {httpGet: {path: /ok, port: 80}, periodSeconds: 5, failureThreshold: 3}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ```
    ///
    /// # Stays silent on
    /// Both probes, and a helper that no port belongs to:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec:
    ///   template:
    ///     metadata: {labels: {app: web}}
    ///     spec:
    ///       containers:
    ///       - {name: log}
    ///       - name: web
    ///         ports: [{containerPort: 80}]
    ///         readinessProbe: {httpGet: {path: /ready, port: 80}}
    ///         livenessProbe: {httpGet: {path: /live, port: 80}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ```
    /// What no Service calls:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: worker, namespace: shop}
    /// spec: {template: {metadata: {labels: {app: worker}}, spec: {containers: [{name: worker}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ```
    ///
    /// # How to fix
    /// Add a readiness probe that says whether the program can serve, and a more patient liveness probe that
    /// says whether it hangs.
    ///
    /// # What it cannot know
    /// Whether a program that hangs ends by itself and needs no liveness probe.
    ///
    /// # Source
    /// `readinessProbe`, `livenessProbe`, `startupProbe` of core/v1 Container.
    HYG004 "probes-absent-or-unfit" {
        role: Root,
        severity: Info,
        confidence: 0.95,
        reads: [Service],
        maps_to: ["POP-102", "POP-103", "POP-104"],
        profiles: [Hygiene],
        check: Workload(check),
    }
}

/// What is wrong with a container's probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// There is none.
    None,
    /// Only the readiness probe is not there.
    NoReadiness,
    /// Only the liveness probe is not there.
    NoLiveness,
    /// The liveness probe does what the readiness probe does and gives up as early.
    Hasty,
}

impl Flaw {
    const fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NoReadiness => "readiness",
            Self::NoLiveness => "liveness",
            Self::Hasty => "hasty",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::None => "neither a liveness nor a readiness probe",
            Self::NoReadiness => "no readiness probe",
            Self::NoLiveness => "no liveness probe",
            Self::Hasty => "a liveness probe that gives up as early as the readiness probe",
        }
    }

    const fn effect(self) -> &'static str {
        match self {
            Self::None | Self::NoReadiness => {
                "Traffic is sent to it as soon as its process runs, whether it can serve or not."
            }
            Self::NoLiveness => "A process that hangs is not restarted.",
            Self::Hasty => {
                "Under load it is killed at the moment in which it should only get no traffic."
            }
        }
    }
}

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !stands_for_users(workload) || workload.is_batch() {
        return;
    }
    let services = services_of(cluster, workload);
    let Some(service) = services.first() else {
        return;
    };
    for container in serving(workload) {
        let Some(flaw) = flaw(container) else {
            continue;
        };
        let own = workload.reference();
        let path = container_path(workload, ContainerRole::App, container);
        let says = |probe: Option<&Probe>| {
            let action = probe.map(Probe::action);
            action.unwrap_or_else(|| "not set".to_owned())
        };
        sink.report(
            Sighting::of(
                own.clone(),
                format!("Container `{}` of {own} serves and has {}", container.name, flaw.words()),
                flaw.effect(),
            )
            .in_container(&container.name)
            .identified_by("flaw", flaw.key())
            .evidence(Evidence::field(
                own.clone(),
                &format!("{path}.readinessProbe"),
                says(container.readiness_probe.as_deref()),
            ))
            .evidence(Evidence::field(
                own,
                &format!("{path}.livenessProbe"),
                says(container.liveness_probe.as_deref()),
            ))
            .evidence(Evidence::field(
                service.reference(),
                "spec.selector",
                labels(service),
            ))
            .suggest(Suggestion::advice(
                "Let a readiness probe say whether it can serve, and a more patient liveness probe whether it hangs",
            ))
            .grouped(
                flaw.key(),
                format!("containers behind a Service have {}", flaw.words()),
            ),
        );
    }
}

fn labels(service: &crate::kubernetes::Service) -> String {
    let pairs = service.spec.selector.iter();
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}

/// The containers that serve: those with a port, or the only one.
fn serving<'a>(workload: &Workload<'a>) -> Vec<&'a Container> {
    let all = &workload.pod_spec().containers;
    let with_port: Vec<_> = all.iter().filter(|one| !one.ports.is_empty()).collect();
    match (&with_port[..], &all[..]) {
        ([], [only]) => vec![only],
        _ => with_port,
    }
}

fn flaw(container: &Container) -> Option<Flaw> {
    match (&container.readiness_probe, &container.liveness_probe) {
        (None, None) => container.startup_probe.is_none().then_some(Flaw::None),
        (None, Some(_)) => Some(Flaw::NoReadiness),
        (Some(_), None) => Some(Flaw::NoLiveness),
        (Some(ready), Some(alive)) => is_hasty(ready, alive).then_some(Flaw::Hasty),
    }
}

fn is_hasty(ready: &Probe, alive: &Probe) -> bool {
    let patience = |probe: &Probe| probe.period().saturating_mul(probe.failures());
    ready.action() == alive.action() && patience(alive) <= patience(ready)
}
