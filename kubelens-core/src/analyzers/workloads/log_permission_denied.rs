use super::log_place::{Place, path_in, place_of};
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
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
        reads: [ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
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
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let container = found.unwell.container.spec;
    let line = found.line();
    let is_read_only = READ_ONLY.is_in(line);
    let port = BIND.first(line).filter(|_| !is_read_only);
    let path = path_in(line).filter(|_| port.is_none());
    let place = path.and_then(|path| place_of(pod, container, path));
    let what = match (port, path) {
        (Some(port), _) => format!("may not listen on port {port}: permission denied"),
        (None, Some(path)) if is_read_only => format!("cannot write {path}: read-only file system"),
        (None, Some(path)) => format!("may not access {path}: permission denied"),
        (None, None) if is_read_only => "cannot write: read-only file system".to_owned(),
        (None, None) => "is refused by the operating system: permission denied".to_owned(),
    };
    let title = format!("{} {what}", found.speaker(&top));
    let user = user_of(found);
    let explanation = match (&place, port) {
        (_, Some(_)) => "Ports below 1024 need root or the capability NET_BIND_SERVICE.".to_owned(),
        (Some(place), None) => format!("The path is on {}.{user}", place.title()),
        (None, None) if is_read_only => {
            format!(
                "The path is on the container's own file system, which is mounted read-only.{user}"
            )
        }
        (None, None) => format!("The program's user has no right to do that.{user}"),
    };
    let mut sighting = found.sighting(cluster, CONFIDENCE, title, explanation);
    sighting = sighting.all_evidence(proof(found, place.as_ref(), is_read_only));
    if let Some(claim) = place.as_ref().and_then(Place::object).filter(is_claim) {
        sighting = sighting.blames(claim, "mounts");
    }
    advise(sighting, remedy(port, place.as_ref(), is_read_only, &top))
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

fn proof(found: &LogMatch<'_>, place: Option<&Place<'_>>, is_read_only: bool) -> Option<Evidence> {
    let pod = found.pod().reference();
    let container = found.unwell.container;
    let list = format!("spec.containers[{}]", container.name());
    if let Some(place) = place.filter(|place| place.mount.read_only) {
        let path = format!("{list}.volumeMounts[{}].readOnly", place.mount.name);
        return Some(Evidence::field(pod, &path, true));
    }
    let context = container.spec.security_context.as_ref()?;
    if is_read_only && context.read_only_root_filesystem == Some(true) {
        let path = format!("{list}.securityContext.readOnlyRootFilesystem");
        return Some(Evidence::field(pod, &path, true));
    }
    let path = format!("{list}.securityContext.runAsUser");
    context
        .run_as_user
        .map(|user| Evidence::field(pod, &path, user))
}

fn remedy(
    port: Option<&str>,
    place: Option<&Place<'_>>,
    is_read_only: bool,
    top: &ObjectRef,
) -> String {
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
        (None, None) if is_read_only => {
            format!("Mount an emptyDir at that path in {top}, or drop readOnlyRootFilesystem")
        }
        (None, None) => format!("Give the user of {top} the right, or let it run as another user"),
    }
}
