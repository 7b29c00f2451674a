use std::collections::BTreeMap;

use crate::model::{Cause, ClusterCause, Report};

/// The causes of all clusters by fingerprint, ranked: severity, how many clusters have it, reach, confidence, id.
///
/// What is told of a cause is what the cluster says where it is worst; of equals the first by name.
pub(super) fn folded(reports: &[(&str, &Report)]) -> Vec<Cause> {
    let mut all: BTreeMap<&str, Vec<(&str, &Cause)>> = BTreeMap::new();
    for (name, report) in reports {
        for cause in &report.causes {
            all.entry(&cause.id).or_default().push((name, cause));
        }
    }
    let mut causes: Vec<Cause> = all.into_values().filter_map(|same| fold(&same)).collect();
    let reach =
        |cause: &Cause| -> usize { cause.clusters.iter().map(|cluster| cluster.affected).sum() };
    causes.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then(b.clusters.len().cmp(&a.clusters.len()))
            .then(reach(b).cmp(&reach(a)))
            .then(b.confidence.total_cmp(&a.confidence))
            .then(a.id.cmp(&b.id))
    });
    for (place, cause) in causes.iter_mut().enumerate() {
        cause.rank = place + 1;
    }
    causes
}

fn fold(same: &[(&str, &Cause)]) -> Option<Cause> {
    let worst = |best: &'_ Cause, other: &Cause| {
        (other.severity, other.affected.len()) > (best.severity, best.affected.len())
    };
    let (_, first) = same.first()?;
    let told = same.iter().fold(
        *first,
        |best, (_, other)| if worst(best, other) { other } else { best },
    );
    Some(Cause {
        first_seen: same.iter().filter_map(|(_, cause)| cause.first_seen).min(),
        last_seen: same.iter().filter_map(|(_, cause)| cause.last_seen).max(),
        clusters: same
            .iter()
            .map(|(name, cause)| ClusterCause {
                name: (*name).to_owned(),
                severity: cause.severity,
                affected: cause.affected.len(),
            })
            .collect(),
        ..told.clone()
    })
}
