use super::log_place::{Place, path_in, place_of};
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::read_only_place::{ReadOnly, node_to_blame};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::analyzers::storage::system_below::blaming_the_system;
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well says that it may not write a path, open a file or listen on a
    /// port: its user does not own the path, the mount or the root file system is read-only, or the
    /// port needs a privilege.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | open /data/cache/index: permission denied
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, securityContext: {runAsUser: 1000}, volumeMounts: [{name: data, mountPath: /data}]}]
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: web-data}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | FATAL: open /var/run/app.pid: read-only file system
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, securityContext: {readOnlyRootFilesystem: true}}]
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
    /// # log: shop/web-1/web | open /data/cache/index: permission denied
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
    /// Set `fsGroup` or the owner of the volume, mount a writable volume at the path, or listen on a
    /// port from 1024 on.
    ///
    /// # What it cannot know
    /// Who owns the files on a volume.
    ///
    /// # Source
    /// EACCES, EPERM and EROFS in the words of many languages.
    WRK105 "log-permission-or-read-only" {
        role: Both,
        severity: Critical,
        confidence: 0.70,
        reads: [PersistentVolume, PersistentVolumeClaim, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.70;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK105",
    words: Pattern::new(
        r#"(?i)permission denied|\bEACCES\b|\bEPERM\b|operation not permitted|read-only file ?system|\bEROFS\b|AccessDeniedException: /|\bis not writable|access is denied"#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// A port that a program may not listen on.
static BIND: Pattern = Pattern::new(
    r"(?i)(?:listen|bind|binding)\b.{0,60}?:(\d{1,5})\b.{0,60}(?:permission denied|EACCES|not permitted)|(?:permission denied|EACCES).{0,60}:(\d{1,5})\b",
);

static READ_ONLY: Pattern = Pattern::new(r"(?i)read-only file ?system|\bEROFS\b");

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let line = found.line();
    if READ_ONLY.is_in(line) {
        return not_writable(found, cluster);
    }
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let container = found.unwell.container.spec;
    let port = BIND.first(line);
    let path = path_in(line).filter(|_| port.is_none());
    let place = path.and_then(|path| place_of(pod, container, path));
    let what = match (port, path) {
        (Some(port), _) => format!("may not listen on port {port}: permission denied"),
        (None, Some(path)) => format!("may not access {path}: permission denied"),
        (None, None) => "is refused by the operating system: permission denied".to_owned(),
    };
    let title = format!("{} {what}", found.speaker(&top));
    let user = user_of(found);
    let explanation = match (&place, port) {
        (_, Some(_)) => "Ports below 1024 need root or the capability NET_BIND_SERVICE.".to_owned(),
        (Some(place), None) => format!("The path is on {}.{user}", place.title()),
        (None, None) => format!("The program's user has no right to do that.{user}"),
    };
    let mut sighting = found.sighting(cluster, CONFIDENCE, title, explanation);
    sighting = sighting.all_evidence(proof(found, place.as_ref()));
    if let Some(claim) = place.as_ref().and_then(Place::object).filter(is_claim) {
        sighting = sighting.blames(claim, "mounts");
    }
    advise(sighting, remedy(port, place.as_ref(), &top))
}

/// A program that meets a read-only file system.
fn not_writable<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let container = found.unwell.container.spec;
    let path = path_in(found.line());
    let place = path.and_then(|path| place_of(pod, container, path));
    let place = place.as_ref();
    let why = ReadOnly::of(container, place);
    let node = (why == ReadOnly::Unasked)
        .then(|| node_to_blame(cluster, pod, path, place, |other| meets(cluster, other)))
        .flatten();
    if let Some(node) = node {
        return on_its_node(found, node);
    }
    let what = path.map_or_else(
        || "cannot write".to_owned(),
        |path| format!("cannot write {path}"),
    );
    let title = format!("{} {what}: read-only file system", found.speaker(&top));
    let user = user_of(found);
    let on = place.map_or_else(
        || "the container's own file system".to_owned(),
        Place::title,
    );
    let explanation = match why {
        ReadOnly::Mount => format!("The path is on {on}, which is mounted read-only.{user}"),
        ReadOnly::Always => {
            format!("The path is on {on}: such volumes are always read-only.{user}")
        }
        ReadOnly::Root => {
            format!(
                "The root file system of the container is read-only (readOnlyRootFilesystem).{user}"
            )
        }
        ReadOnly::Unasked => format!(
            "Nothing in the spec of the pod makes that read-only, so the file system under it is: on node {}, or on the volume.",
            pod.node_name.non_empty().unwrap_or("that it ran on")
        ),
    };
    let mut sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .all_evidence(proof_of_read_only(found, why, place));
    if why == ReadOnly::Unasked {
        sighting = blaming_the_system(sighting, cluster, pod, [found.line()]);
    }
    if let Some(claim) = place.and_then(Place::object).filter(is_claim) {
        sighting = sighting.blames(claim, "mounts");
    }
    let advice = match (why, place) {
        (ReadOnly::Mount, Some(place)) => {
            format!(
                "Mount volume {} writable in {top} (readOnly: false)",
                place.mount.name
            )
        }
        (ReadOnly::Always, _) => format!(
            "Let the program write elsewhere, or copy the files into an emptyDir first (an init container of {top})"
        ),
        (ReadOnly::Root, _) | (ReadOnly::Mount, None) => {
            format!("Mount an emptyDir at that path in {top}, or drop readOnlyRootFilesystem")
        }
        (ReadOnly::Unasked, _) => {
            "Look at the kernel log of the node: a disk with errors is mounted read-only".to_owned()
        }
    };
    advise(sighting, advice)
}

/// Whether a container of the pod is not well for a read-only file system that its spec does not ask for.
fn meets<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> bool {
    let found = matches(cluster, pod, &SIGNATURE);
    found.iter().any(|found| {
        let container = found.unwell.container.spec;
        let path = path_in(found.line());
        let place = path.and_then(|path| place_of(pod, container, path));
        READ_ONLY.is_in(found.line())
            && ReadOnly::of(container, place.as_ref()) == ReadOnly::Unasked
    })
}

/// The fault as one of the node: whoever writes to its disk fails there.
fn on_its_node(found: &LogMatch<'_>, node: ObjectRef) -> Sighting {
    let title = format!("A file system of {node} is read-only, and what writes to it fails");
    let explanation = "Nothing in the specs of the pods asks for that, and it happens on this node only: as a rule the kernel mounts a disk with errors read-only.";
    let mut sighting = found.sighting_on(node.clone(), CONFIDENCE, title, explanation.to_owned());
    // However many containers show it, it is one disk.
    sighting.identity.clear();
    let pod = found.pod().reference();
    advise(
        sighting
            .identified_by("fact", "read-only")
            .evidence(Evidence::field(pod, "spec.nodeName", &node.name)),
        format!("Look at the kernel log of {node}, drain it, and repair or replace its disk"),
    )
}

fn is_claim(object: &ObjectRef) -> bool {
    object.kind == "PersistentVolumeClaim"
}

/// ` It runs as user 1000.`, where the spec says so.
fn user_of(found: &LogMatch<'_>) -> String {
    let own = found.unwell.container.spec.security_context.as_ref();
    let of_pod = found.pod().spec.security_context.as_ref();
    own.and_then(|context| context.run_as_user)
        .or_else(|| of_pod.and_then(|context| context.run_as_user))
        .map_or_else(String::new, |user| format!(" It runs as user {user}."))
}

fn proof(found: &LogMatch<'_>, place: Option<&Place<'_>>) -> Option<Evidence> {
    let container = found.unwell.container;
    if let Some(place) = place.filter(|place| place.mount.read_only) {
        return Some(read_only_mount(found, place));
    }
    let user = container.spec.security_context.as_ref()?.run_as_user?;
    let path = format!(
        "spec.containers[{}].securityContext.runAsUser",
        container.name()
    );
    Some(Evidence::field(found.pod().reference(), &path, user))
}

fn read_only_mount(found: &LogMatch<'_>, place: &Place<'_>) -> Evidence {
    let path = format!(
        "spec.containers[{}].volumeMounts[{}].readOnly",
        found.unwell.container.name(),
        place.mount.name
    );
    Evidence::field(found.pod().reference(), &path, true)
}

fn proof_of_read_only(
    found: &LogMatch<'_>,
    why: ReadOnly,
    place: Option<&Place<'_>>,
) -> Option<Evidence> {
    match why {
        ReadOnly::Mount => place.map(|place| read_only_mount(found, place)),
        ReadOnly::Root => {
            let path = format!(
                "spec.containers[{}].securityContext.readOnlyRootFilesystem",
                found.unwell.container.name()
            );
            Some(Evidence::field(found.pod().reference(), &path, true))
        }
        ReadOnly::Always | ReadOnly::Unasked => None,
    }
}

fn remedy(port: Option<&str>, place: Option<&Place<'_>>, top: &ObjectRef) -> String {
    match (port, place) {
        (Some(port), _) => format!(
            "Listen on a port from 1024 on instead of {port}, or add the capability NET_BIND_SERVICE in {top}"
        ),
        (None, Some(place)) if place.mount.read_only => {
            format!(
                "Mount volume {} writable in {top} (readOnly: false)",
                place.mount.name
            )
        }
        (None, Some(_)) => {
            format!("Set securityContext.fsGroup in {top} to a group of the container's user")
        }
        (None, None) => format!("Give the user of {top} the right, or let it run as another user"),
    }
}
