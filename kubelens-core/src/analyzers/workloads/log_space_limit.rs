use super::log_place::{path_in, place_of};
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::analyzers::storage::system_below::blaming_the_system;
use crate::kubernetes::{Condition, Node, Object, Pod, condition};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well says that a disk is full, or that it may open no more files or
    /// watches.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | FATAL: could not write /data/wal: no space left on device
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, volumeMounts: [{name: data, mountPath: /data}]}]
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: web-data}}]
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
    /// # log: shop/web-1/web | FATAL: could not write /data/wal: no space left on device
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
    /// Enlarge or clean the volume that holds the path; raise the limit of open files or inotify
    /// watches on the node.
    ///
    /// # What it cannot know
    /// How full the volume is.
    ///
    /// # Source
    /// ENOSPC, EDQUOT and EMFILE in the words of many languages; inotify(7).
    WRK107 "log-space-or-descriptor-limit" {
        role: Both,
        severity: Critical,
        confidence: 0.85,
        reads: [Node, PersistentVolume, PersistentVolumeClaim, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.85;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK107",
    words: Pattern::new(
        r#"(?i)no space left on device|\bENOSPC\b|disk quota exceeded|\bEDQUOT\b|could not extend file|disk is full|disk full|not enough (?:disk )?space|database or disk is full|too many open files|\bEMFILE\b|\bENFILE\b|inotify (?:watch(?:es)?|instance).{0,60}(?:limit|reached|exhausted)|user limit on .{0,40}inotify|file descriptors? (?:limit|exhausted)"#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// Limits of a process or a node, which say nothing of a disk.
static NOT_A_DISK: Pattern =
    Pattern::new(r"(?i)too many open files|EMFILE|ENFILE|inotify|file descriptor|file watchers");

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let line = found.line();
    if NOT_A_DISK.is_in(line) {
        let what = if line.contains("inotify") && line.contains("instance") {
            "inotify instances are used up"
        } else if line.contains("inotify") || line.contains("file watchers") {
            "inotify watches are used up"
        } else {
            "too many open files"
        };
        if let Some(node) = shared_limit(found, cluster, &top) {
            let title = format!(
                "{node} is at a limit of open files or inotify instances for several workloads"
            );
            let explanation = format!(
                "{} says: {what}. Others on the node say the like, so it is the node's limit and not one program's.",
                found.speaker(&top)
            );
            let mut sighting = found.sighting_on(node, CONFIDENCE, title, explanation);
            // One fault of the node, whoever says so.
            sighting.identity.clear();
            return advise(
                sighting,
                "Raise the limit on the node (fs.inotify.*, nofile), and see which program takes the most",
            );
        }
        return at_a_limit(found, cluster, &top, what);
    }
    let container = found.unwell.container.spec;
    let place = path_in(line).and_then(|path| place_of(pod, container, path));
    let claim = place
        .and_then(|place| place.object())
        .or_else(|| only_claim(found).filter(|_| path_in(line).is_none()))
        .filter(|object| object.kind == "PersistentVolumeClaim");
    if let Some(claim) = claim {
        let title = format!(
            "{claim} is full: {} finds no space left on device",
            found.name(&top)
        );
        let explanation = format!("{} cannot write to it any more.", found.speaker(&top));
        let sighting = found.sighting_on(claim.clone(), CONFIDENCE, title, explanation);
        let sighting = blaming_the_system(sighting, cluster, pod, [line]);
        return advise(
            sighting.blames(claim.clone(), "mounts"),
            format!(
                "Enlarge {claim} (spec.resources.requests.storage), or delete what is not needed on it"
            ),
        );
    }
    let title = format!("{} finds no space left on device", found.speaker(&top));
    let explanation = match place {
        Some(place) => format!("The path is on {}.", place.title()),
        None => format!(
            "The path is on the container's own file system, on the disk of node {}.",
            pod.node_name
        ),
    };
    let sighting = found.sighting(cluster, CONFIDENCE, title, explanation);
    let node = cluster.get::<Node>("", &pod.node_name).filter(|node| {
        condition(&node.status.conditions, "DiskPressure").is_some_and(Condition::is_true)
    });
    let sighting = match node {
        Some(node) => sighting.blames(node.reference(), "runs on"),
        None => sighting,
    };
    advise(
        sighting,
        format!("Let {top} write less there, or give it a volume of its own"),
    )
}

/// A limit of open files that a command sets for itself. Group 1 is the setting.
static OWN_LIMIT: Pattern = Pattern::new(r"\b(ulimit\s+(?:-[HS]+\s*)?-[HS]*n\s+\d+)");

/// A limit of the process, which it may set itself, or of the node.
fn at_a_limit<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
    top: &ObjectRef,
    what: &str,
) -> Sighting {
    let spec = found.unwell.container.spec;
    let mut words = spec.command.iter().chain(&spec.args);
    let own = words.find_map(|word| OWN_LIMIT.first(word));
    let is_of_the_process = what == "too many open files";
    let limit = match own {
        Some(own) if is_of_the_process => format!("at the limit that its command sets (`{own}`)"),
        _ if is_of_the_process => "at its limit of open files".to_owned(),
        _ => "at a limit of its node".to_owned(),
    };
    let title = format!("{} is {limit}: {what}", found.speaker(top));
    let (explanation, advice) = match own {
        Some(own) if is_of_the_process => (
            "That is a limit of its own process, not of the node, and no full disk.",
            format!("Raise `{own}` in the command of {top}, or let the program open less"),
        ),
        _ if is_of_the_process => (
            "That is a limit of the process, which the runtime or the program's start sets, and no full disk.",
            "Raise the limit of open files where it is set (the command, the container runtime's nofile), or let the program open less".to_owned(),
        ),
        _ => (
            "That is a limit of the node, not a full disk.",
            "Raise the limit on the node (fs.inotify.*), or let the program open less".to_owned(),
        ),
    };
    let sighting = found.sighting(cluster, CONFIDENCE, title, explanation.to_owned());
    let proof = own.map(|own| {
        let path = format!("spec.containers[{}].command", found.unwell.container.name());
        Evidence::field(found.pod().reference(), &path, own)
    });
    advise(sighting.all_evidence(proof), advice)
}

/// The node, if another workload on it is at such a limit, too.
fn shared_limit<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
    top: &ObjectRef,
) -> Option<ObjectRef> {
    let node = cluster.get::<Node>("", &found.pod().node_name)?;
    let says_so = |pod: &'a Pod| {
        matches(cluster, pod, &SIGNATURE)
            .into_iter()
            .any(|other| NOT_A_DISK.is_in(other.line()))
    };
    cluster
        .pods_on(&found.pod().node_name)
        .filter(|pod| cluster.top_of(pod) != *top)
        .any(says_so)
        .then(|| node.reference())
}

/// The claim of the only volume on which the container can keep much.
fn only_claim(found: &LogMatch<'_>) -> Option<ObjectRef> {
    let pod = found.pod();
    let mut claims = pod
        .spec
        .volumes
        .iter()
        .filter_map(|volume| volume.persistent_volume_claim.as_ref());
    let claim = claims.next()?;
    claims.next().is_none().then(|| {
        ObjectRef::namespaced(
            "v1",
            "PersistentVolumeClaim",
            &pod.metadata.namespace,
            &claim.claim_name,
        )
    })
}
