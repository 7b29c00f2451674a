use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::kubernetes::Pod;
use crate::settling::pods::trusted_at;
use crate::settling::stand::{Current, Stand};
use crate::snapshot::Cluster;

/// A pod by itself: ready, or run to a good end.
pub(in crate::settling) fn stand(
    pod: &Pod,
    cluster: &Cluster<'_>,
    stable_for: SignedDuration,
) -> Stand {
    match pod.status.phase.as_str() {
        "Succeeded" => return Stand::finished("completed"),
        "Failed" => {
            let why = [&pod.status.reason, &pod.status.message];
            let why: Vec<&str> = why
                .into_iter()
                .filter_map(|text| text.non_empty())
                .collect();
            return Stand::Failed(if why.is_empty() {
                "its containers ended, and one of them badly".to_owned()
            } else {
                format!("it failed: {}", why.join(": "))
            });
        }
        _ => {}
    }
    if pod.metadata.is_terminating() {
        return Stand::waits("it is being deleted");
    }
    if pod.is_ready() {
        return Stand::Current(Current {
            stable_at: Some(trusted_at(pod, cluster.now(), stable_for)),
            pods: BTreeSet::from([pod.metadata.uid.to_string()]),
            note: "ready".to_owned(),
            ..Current::default()
        });
    }
    let waiting = pod
        .containers()
        .find(|container| !container.is_ready() && !container.waiting_reason().is_empty());
    Stand::waits(match waiting {
        Some(container) => format!(
            "it is not ready: {} waits ({})",
            container.title(),
            container.waiting_reason()
        ),
        None if !pod.is_scheduled() => "it has no node yet".to_owned(),
        None => "it is not ready".to_owned(),
    })
}
