//! How a pod is, in a word.

use kubelens_core::kubernetes::{ContainerRole, Pod};

/// `Running`, `Pending`, `Failed`, `Succeeded`, `Unknown`, or `Terminating` while it is being deleted.
pub fn status(pod: &Pod) -> &str {
    if pod.metadata.is_terminating() {
        return "Terminating";
    }
    match pod.status.phase.as_str() {
        known @ ("Running" | "Pending" | "Failed" | "Succeeded") => known,
        _ => "Unknown",
    }
}

/// How often its containers were restarted, together.
pub fn restarts(pod: &Pod) -> i64 {
    let counted = pod
        .containers()
        .filter(|container| container.role != ContainerRole::Init);
    counted.map(|container| container.restarts()).sum()
}

/// How many of its containers are ready: `1/2`.
pub fn ready(pod: &Pod) -> String {
    let all = pod
        .containers()
        .filter(|container| container.role == ContainerRole::App);
    let (ready, count) = all.fold((0, 0), |(ready, count), one| {
        (ready + usize::from(one.is_ready()), count + 1)
    });
    format!("{ready}/{count}")
}

/// Why it is not well, as kubectl says it: `CrashLoopBackOff`, `Init:ImagePullBackOff`; none where nothing is said.
pub fn reason(pod: &Pod) -> Option<String> {
    if let Some(reason) = pod.status.reason.non_empty() {
        return Some(reason.to_owned());
    }
    for container in pod.containers() {
        let said = match container.waiting_reason() {
            "" => container
                .status
                .and_then(|status| status.state.terminated.as_ref())
                .filter(|end| end.exit_code != 0)
                .map_or("", |end| end.reason.as_str()),
            waiting => waiting,
        };
        // What every pod passes through is no reason.
        if said.is_empty() || matches!(said, "ContainerCreating" | "PodInitializing") {
            continue;
        }
        return Some(match container.role {
            ContainerRole::Init => format!("Init:{said}"),
            _ => said.to_owned(),
        });
    }
    let scheduled = pod
        .condition("PodScheduled")
        .filter(|condition| condition.is_false())?;
    scheduled.reason.non_empty().map(str::to_owned)
}
