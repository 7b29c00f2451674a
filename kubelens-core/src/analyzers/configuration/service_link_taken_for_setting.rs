use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{ContainerView, Object, Pod, Service};
use crate::model::{Evidence, Severity, Suggestion, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// For each Service of its namespace a container gets a variable `NAME_PORT` that holds an address such as
    /// `tcp://10.96.0.9:6379`. A program that reads a setting of its own under that name cannot make sense of it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | ValueError: invalid literal for int() with base 10: 'tcp://10.96.0.9:6379'
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: redis, namespace: shop}
    /// spec: {clusterIP: 10.96.0.9, selector: {app: redis}, ports: [{port: 6379}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {containers: [{name: web}]}
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
    /// The container sets the variable itself:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | ValueError: invalid literal for int() with base 10: 'tcp://10.96.0.9:6379'
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: redis, namespace: shop}
    /// spec: {clusterIP: 10.96.0.9, selector: {app: redis}, ports: [{port: 6379}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {containers: [{name: web, env: [{name: REDIS_PORT, value: "tcp://10.96.0.9:6379"}]}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Set `enableServiceLinks: false` in the pod template, or set the variable for the container.
    ///
    /// # What it cannot know
    /// Variables that come by `envFrom`: values of ConfigMaps and Secrets are not read.
    ///
    /// # Source
    /// `enableServiceLinks` of core/v1 PodSpec; the variables that kubelets make of Services.
    CFG018 "service-link-taken-for-setting" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [Service, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: [],
        check: Pod(check),
    }
}

/// An address as such a variable holds it, in the words of who cannot read it. Group 1 is the address of the Service.
static UNREADABLE: Pattern = Pattern::new(
    r#"(?i)(?:invalid|pars|convert|integer|numeric|number|illegal|malformed|not a valid|bad).{0,160}\btcp://(\d+\.\d+\.\d+\.\d+):\d+|\btcp://(\d+\.\d+\.\d+\.\d+):\d+.{0,80}(?:invalid|not a valid|cannot be|is not)"#,
);

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.is_ready() || !pod.is_live() || pod.spec.enable_service_links == Some(false) {
        return;
    }
    for container in pod.containers().filter(|container| !container.is_ready()) {
        if let Some((service, line)) = taken(cluster, pod, &container) {
            sink.report(sighting(cluster, pod, &container, service, line));
        }
    }
}

/// The Service whose address a container cannot read, and the line that says so.
fn taken<'a>(
    cluster: &Cluster<'a>,
    pod: &Pod,
    container: &ContainerView<'a>,
) -> Option<(&'a Service, &'a str)> {
    let lines = [true, false].into_iter().filter_map(|previous| {
        let log = cluster.log(pod, container.name(), previous)?;
        let mut newest = log.lines.iter().rev();
        newest.find(|line| UNREADABLE.is_in(line))
    });
    lines.into_iter().find_map(|line| {
        let found = UNREADABLE.captures(line)?;
        let address = found.get(1).or_else(|| found.get(2))?.as_str();
        let service = cluster
            .in_namespace::<Service>(&pod.metadata.namespace)
            .find(|service| service.spec.cluster_ip == *address)?;
        let name = variable_of(service);
        let mut own = container.spec.env.iter();
        (!own.any(|variable| variable.name == *name)).then_some((service, line.as_str()))
    })
}

/// The variable that kubelets make of a Service: `REDIS_MASTER_PORT` of `redis-master`.
fn variable_of(service: &Service) -> String {
    let name = service.metadata.name.to_uppercase().replace('-', "_");
    format!("{name}_PORT")
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
    service: &Service,
    line: &str,
) -> Sighting {
    let (top, own) = (cluster.top_of(pod), service.reference());
    let variable = variable_of(service);
    Sighting::of(
        top.clone(),
        format!(
            "{} of {top} takes {variable} for a setting: it is the link to {own}",
            capitalized(&container.title())
        ),
        format!(
            "Kubelets set {variable} to the address of {own} for each container of the namespace (enableServiceLinks), and the program does not understand it."
        ),
    )
    .seen_on(pod.reference(), "template of")
    .in_container(container.name())
    .identified_by("variable", variable.as_str())
    .severity(Severity::Critical)
    .evidence(Evidence::log(pod.reference(), container.name(), line, None))
    .evidence(Evidence::field(own, "spec.clusterIP", &service.spec.cluster_ip))
    .suggest(Suggestion::advice(format!(
        "Set enableServiceLinks: false in the pod template of {top}, or set {variable} for the container"
    )))
}
