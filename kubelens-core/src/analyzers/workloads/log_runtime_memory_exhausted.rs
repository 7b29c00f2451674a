use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::log_words::short;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod};
use crate::model::Evidence;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well says that its runtime has no memory left: its heap setting or the
    /// container's memory limit is too small for what it does, or it leaks.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | Exception in thread "main" java.lang.OutOfMemoryError: Java heap space
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {limits: {memory: 256Mi}}}]
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
    /// # log: shop/web-1/web | Exception in thread "main" java.lang.OutOfMemoryError: Java heap space
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
    /// Raise the heap setting and the memory limit together, or let the program need less.
    ///
    /// # What it cannot know
    /// Whether the program leaks.
    ///
    /// # Source
    /// Out-of-memory errors of Java, Node.js, Python, Go, C++, Rust and PHP.
    WRK109 "log-runtime-memory-exhausted" {
        role: Both,
        severity: Critical,
        confidence: 0.85,
        reads: [ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.85;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK109",
    words: Pattern::new(
        r#"(?i)OutOfMemoryError|heap out of memory|reached heap limit|\bMemoryError\b|runtime: out of memory|cannot allocate memory|std::bad_alloc|\bENOMEM\b|out of memory|could not reserve enough space|memory allocation of \d+ bytes failed|allowed memory size of \d+ bytes exhausted|killed process \d+"#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// Variables and flags that set a heap's size.
static HEAP: Pattern =
    Pattern::new(r"(-Xmx\S+|--max-old-space-size=\d+|-XX:MaxRAMPercentage=\S+|GOMEMLIMIT\S*)");

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let spec = found.unwell.container.spec;
    let title = format!(
        "{} runs out of memory by its own account: {}",
        found.speaker(&top),
        short(found.line())
    );
    let limit = spec
        .resources
        .limits
        .get("memory")
        .map(|limit| limit.human("memory"));
    let words = spec
        .args
        .iter()
        .chain(spec.command.iter())
        .map(|word| word.as_str());
    let values = spec.env.iter().map(|variable| variable.value.as_str());
    let heap = words.chain(values).find_map(|word| HEAP.first(word));
    let bounds = match (heap, &limit) {
        (Some(heap), Some(limit)) => {
            format!("Its heap is set by {heap}, its memory limit is {limit}.")
        }
        (Some(heap), None) => format!("Its heap is set by {heap}; it has no memory limit."),
        (None, Some(limit)) => {
            format!("Its memory limit is {limit}; runtimes take a share of that as their heap.")
        }
        (None, None) => "It has no memory limit.".to_owned(),
    };
    let proof = limit.map(|limit| {
        let path = format!("spec.containers[{}].resources.limits.memory", spec.name);
        Evidence::field(pod.reference(), &path, limit)
    });
    let explanation =
        format!("The program's runtime could not get more memory and gave up. {bounds}");
    let sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .all_evidence(proof);
    advise(
        sighting,
        format!(
            "Raise the heap setting and the memory limit of {top} together, or find what holds the memory"
        ),
    )
}
