use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::{container_path, stands_for_users};
use crate::kubernetes::JobSpec;
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A workload throws away what is needed to understand or undo a failure, or may use far more memory than
    /// its node set aside for it.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {revisionHistoryLimit: 0, template: {spec: {containers: [{name: web, resources: {requests: {memory: 64Mi}, limits: {memory: 2Gi}}}]}}}
    /// ```
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: report, namespace: shop}
    /// spec: {failedJobsHistoryLimit: 0, jobTemplate: {spec: {ttlSecondsAfterFinished: 30, template: {spec: {containers: [{name: report}]}}}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {revisionHistoryLimit: 3, template: {spec: {containers: [{name: web, resources: {requests: {memory: 256Mi}, limits: {memory: 1Gi}}}]}}}
    /// ---
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: report, namespace: shop}
    /// spec: {failedJobsHistoryLimit: 1, jobTemplate: {spec: {ttlSecondsAfterFinished: 86400, template: {spec: {containers: [{name: report}]}}}}}
    /// ```
    ///
    /// # How to fix
    /// Keep a revision to go back to and a failed run to look at; bring request and limit nearer to each other.
    ///
    /// # What it cannot know
    /// Whether logs are kept elsewhere.
    ///
    /// # Source
    /// `revisionHistoryLimit`, `failedJobsHistoryLimit`, `ttlSecondsAfterFinished`; `resources` of core/v1
    /// Container.
    HYG034 "history-or-limits-unfit" {
        role: Root,
        severity: Info,
        confidence: 0.95,
        reads: [],
        maps_to: [],
        profiles: [Hygiene],
        check: Workload(check),
    }
}

/// Seconds in which nobody reads the log of a finished Job.
const SHORT: i64 = 60;

/// How many times the request a memory limit may be.
const FAR: f64 = 10.0;

/// Containers that are shown as proof.
const MOST_SHOWN: usize = 4;

fn check<'a>(workload: &Workload<'a>, _: &Cluster<'a>, sink: &mut Sink) {
    if !stands_for_users(workload) {
        return;
    }
    match workload {
        Workload::Deployment(object) if object.spec.revision_history_limit == Some(0) => {
            let effect = "There is no revision to go back to: `kubectl rollout undo` cannot work.";
            sink.report(short(workload, "spec.revisionHistoryLimit", 0, effect));
        }
        Workload::CronJob(object) => {
            if object.spec.failed_jobs_history_limit == Some(0) {
                let effect = "A run that fails is deleted with its log.";
                sink.report(short(workload, "spec.failedJobsHistoryLimit", 0, effect));
            }
            job(
                workload,
                "spec.jobTemplate.spec",
                &object.spec.job_template.spec,
                sink,
            );
        }
        Workload::Job(object) => job(workload, "spec", &object.spec, sink),
        _ => {}
    }
    memory(workload, sink);
}

fn job(workload: &Workload<'_>, path: &str, spec: &JobSpec, sink: &mut Sink) {
    if let Some(seconds) = spec.ttl_seconds_after_finished.filter(|ttl| *ttl <= SHORT) {
        let path = format!("{path}.ttlSecondsAfterFinished");
        let effect = "A run is deleted with its log before anybody can look at it.";
        sink.report(short(workload, &path, seconds, effect));
    }
}

fn short(workload: &Workload<'_>, path: &str, value: i64, effect: &str) -> Sighting {
    let own = workload.reference();
    let field = path.rsplit('.').next().unwrap_or(path).to_owned();
    Sighting::of(
        own.clone(),
        format!("{own} keeps no history: {field} is {value}"),
        effect,
    )
    .identified_by("field", field.clone())
    .evidence(Evidence::field(own, path, value))
    .suggest(Suggestion::advice(format!("Raise {field}")))
    .grouped(
        field.clone(),
        format!("workloads keep no history: {field} is too low"),
    )
}

fn memory(workload: &Workload<'_>, sink: &mut Sink) {
    let own = workload.reference();
    let mut far = Vec::new();
    for (role, container) in workload.pod_spec().all_containers() {
        let amounts = &container.resources;
        let (Some(request), Some(limit)) =
            (amounts.requests.get("memory"), amounts.limits.get("memory"))
        else {
            continue;
        };
        if !request.is_zero() && limit.as_f64() / request.as_f64() > FAR {
            let path = format!("{}.resources", container_path(workload, role, container));
            let text = format!("memory: request {request}, limit {limit}");
            far.push(Evidence::field(own.clone(), &path, text));
        }
    }
    if !far.is_empty() {
        sink.report(
            Sighting::of(
                own.clone(),
                format!("{own} may use more than ten times the memory that it requests"),
                "Pods are placed by their requests: when several use what they may, the node runs out of memory.",
            )
            .identified_by("field", "memory")
            .all_evidence(far.into_iter().take(MOST_SHOWN))
            .suggest(Suggestion::advice("Bring the memory request nearer to the limit"))
            .grouped(
                "memory",
                "workloads may use more than ten times the memory that they request",
            ),
        );
    }
}
