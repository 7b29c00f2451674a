use super::job;
use crate::kubernetes::{CronJob, Job, Kind};
use crate::settling::stand::{Stand, unread};
use crate::snapshot::Cluster;

/// A CronJob stands as its newest Job does. One that is suspended rests, and one that has not run yet, or not since
/// its template was changed, has nothing to answer for.
pub(in crate::settling) fn stand(cron: &CronJob, cluster: &Cluster<'_>) -> Stand {
    let meta = &cron.metadata;
    if meta.is_terminating() {
        return Stand::waits("it is being deleted");
    }
    if cron.spec.suspend == Some(true) {
        return Stand::current("suspended");
    }
    if let Some(stand) = unread(cluster, &[Kind::Job], &meta.namespace) {
        return stand;
    }
    let newest = cluster
        .jobs_of(meta)
        .max_by_key(|job| (job.metadata.creation_timestamp, &job.metadata.name));
    let Some(newest) = newest else {
        return Stand::current("has not run yet");
    };
    let name = &newest.metadata.name;
    match job::stand(newest) {
        Stand::Current(_) => Stand::current(format!("its newest Job {name} completed")),
        Stand::Failed(_) if !is_of_this_template(newest, cron) => Stand::current(format!(
            "has not run since its template was changed (Job {name} ran the one before)"
        )),
        Stand::Failed(how) => Stand::Failed(format!("its newest Job {name}: {how}")),
        Stand::InProgress(what) => Stand::waits(format!("its newest Job {name}: {what}")),
        other => other,
    }
}

/// The API server completes both specs alike, so what was made from the template equals it.
fn is_of_this_template(job: &Job, cron: &CronJob) -> bool {
    job.spec.template.spec == cron.spec.job_template.spec.template.spec
}
