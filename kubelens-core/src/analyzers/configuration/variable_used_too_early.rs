use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Container, Object, Pod};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A variable of a container refers to another one, `$(NAME)`, that stands below it in `env`. Only what stands
    /// above is put in its place, so the program gets the reference itself, letter by letter.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     env: [{name: DSN, value: "postgres://$(DB_USER)@db/shop"}, {name: DB_USER, value: shop}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:00:00Z"}]
    ///   containerStatuses: [{name: web, ready: false, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}}]
    /// ```
    ///
    /// # Stays silent on
    /// What it refers to stands above it, or the reference is escaped:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     env: [{name: DB_USER, value: shop}, {name: DSN, value: "postgres://$(DB_USER)@db/shop"}, {name: A, value: "$$(B)"}, {name: B, value: b}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:00:00Z"}]
    ///   containerStatuses: [{name: web, ready: false, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}}]
    /// ```
    ///
    /// # How to fix
    /// Put the variable that is referred to above the one that refers to it.
    ///
    /// # What it cannot know
    /// Whether the program puts values in the place of such references itself.
    ///
    /// # Source
    /// `env[].value` of core/v1 EnvVar: references are expanded using the variables defined before.
    CFG017 "variable-used-too-early" {
        role: Root,
        severity: Critical,
        confidence: 0.85,
        reads: [ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: [],
        check: Pod(check),
    }
}

/// A reference that is not escaped. Group 1 is the name.
static REFERENCE: Pattern = Pattern::new(r"(?:^|[^$])\$\(([A-Za-z_.-][\w.-]*)\)");

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.is_ready() || pod.has_succeeded() || pod.metadata.is_terminating() {
        return;
    }
    for container in pod.containers().filter(|container| !container.is_ready()) {
        if let Some(early) = Early::of(container.spec) {
            sink.report(sighting(cluster, pod, container.spec, &early));
        }
    }
}

/// A variable that refers to one below it.
struct Early<'a> {
    variable: &'a str,
    value: &'a str,
    wanted: &'a str,
}

impl<'a> Early<'a> {
    fn of(container: &'a Container) -> Option<Self> {
        let env = &container.env;
        env.iter().enumerate().find_map(|(at, variable)| {
            let references = REFERENCE.all_captures(&variable.value);
            let mut names = references.filter_map(|found| Some(found.get(1)?.as_str()));
            let wanted = names.find(|name| {
                let is_above = env.iter().take(at).any(|other| other.name == **name);
                let is_below = env.iter().skip(at + 1).any(|other| other.name == **name);
                is_below && !is_above
            })?;
            Some(Self {
                variable: &variable.name,
                value: &variable.value,
                wanted,
            })
        })
    }
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &'a Container,
    early: &Early<'a>,
) -> Sighting {
    let top = cluster.top_of(pod);
    let Early {
        variable,
        value,
        wanted,
    } = early;
    let title = format!(
        "Variable {variable} of container `{}` of {top} refers to $({wanted}), which stands below it in env",
        container.name
    );
    let explanation = format!(
        "Only variables that stand above are put in the place of references: the program gets `$({wanted})` as it is written."
    );
    let path = format!("spec.containers[{}].env[{variable}].value", container.name);
    Sighting::of(top.clone(), title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(&container.name)
        .identified_by("variable", *variable)
        .severity(Severity::Critical)
        .evidence(Evidence::message(pod.reference(), &path, value))
        .suggest(Suggestion::advice(format!(
            "Move {wanted} above {variable} in env of {top}"
        )))
}
