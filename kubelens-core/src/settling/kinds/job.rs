use crate::kubernetes::{Condition, Job, condition};
use crate::settling::stand::Stand;

/// A Job settles by finishing.
pub(in crate::settling) fn stand(job: &Job) -> Stand {
    let status = &job.status;
    let is = |type_: &str| condition(&status.conditions, type_).filter(|one| one.is_true());
    if is("Complete").is_some() {
        return Stand::finished("completed");
    }
    if let Some(failed) = is("Failed") {
        return Stand::Failed(ended(failed));
    }
    if job.metadata.is_terminating() {
        return Stand::waits("it is being deleted");
    }
    if job.spec.suspend == Some(true) {
        return Stand::waits("it is suspended: nothing runs until somebody resumes it");
    }
    if let Some(failing) = is("FailureTarget") {
        return Stand::Failed(ended(failing));
    }
    let wanted = job.spec.completions.map_or_else(
        || "a completion".to_owned(),
        |wanted| format!("{wanted} completions"),
    );
    Stand::waits(format!(
        "it runs: {wanted} wanted, {} succeeded, {} failed, {} active",
        status.succeeded, status.failed, status.active
    ))
}

fn ended(failed: &Condition) -> String {
    format!("it failed: {}: {}", failed.reason, failed.message)
}
