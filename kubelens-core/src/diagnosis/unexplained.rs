use super::index::Seen;
use crate::analysis::Role;
use crate::kubernetes::Kind;
use crate::model::{CoverageState, Severity};
use crate::snapshot::Cluster;

/// Most kinds that are named as hiding places.
const MOST: usize = 4;

/// What is said of a symptom that nothing explains: that its cause is not seen, and where it may hide.
/// None for what is a cause by itself.
pub(super) fn unexplained(primary: &Seen<'_>, cluster: &Cluster<'_>) -> Option<String> {
    let is_symptom = primary.analyzer.role == Role::Symptom && !primary.sighting.names_its_cause;
    if !is_symptom || primary.severity() == Severity::Info {
        return None;
    }
    let subject = &primary.sighting.subject;
    let namespace = subject.namespace.as_deref().unwrap_or_default();
    let gaps = cluster.snapshot().gaps();
    // What was never recorded or is not served hides nothing that anybody held back.
    let hidden: Vec<&str> = Kind::ALL
        .iter()
        .filter(|kind| {
            gaps.find(**kind, namespace).is_some_and(|gap| {
                matches!(
                    gap.state,
                    CoverageState::Forbidden | CoverageState::Partial | CoverageState::Error
                )
            })
        })
        .map(|kind| kind.as_str())
        .collect();
    let mut text = " What causes it is not seen".to_owned();
    if !hidden.is_empty() {
        let named = hidden.get(..MOST).unwrap_or(&hidden).join(", ");
        let more = match hidden.len().saturating_sub(MOST) {
            0 => String::new(),
            more => format!(" and {more} more kinds"),
        };
        text.push_str(&format!(
            "; it may lie in what could not be read: {named}{more}"
        ));
    }
    text.push('.');
    Some(text)
}
