use crate::analysis::Role;
use crate::diagnosis::index::{Index, Key, Seen};
use crate::model::Severity;

/// The Service that gives the members of a set their names is not there.
const WITHOUT_NAMES: &str = "ROL009";

/// Leaves that out where pods of the set say what is wrong with them: a member that misses a name says so itself, and then
/// points at that Service.
pub(super) fn leave_out(index: &Index<'_>, asked: &Key, reasons: &mut Vec<usize>) {
    let is_told = |at: &usize| index.get(*at).is_some_and(is_told_by_a_pod);
    if reasons.iter().any(is_told) {
        reasons.retain(|at| {
            index.get(*at).is_some_and(|seen| {
                seen.code() != WITHOUT_NAMES || seen.sighting.subject.key() == *asked
            })
        });
    }
}

fn is_told_by_a_pod(seen: &Seen<'_>) -> bool {
    seen.pod.is_some() && seen.severity() > Severity::Info && seen.analyzer.role != Role::Symptom
}
