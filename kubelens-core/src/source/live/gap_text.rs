//! The words for what could not be read.

use http::StatusCode;

use super::api::Failure;
use super::list::ListFailure;
use super::target::Target;
use crate::model::CoverageState;

/// The state and the words of a gap: what the server said, and how to find out more.
pub(super) fn describe(
    target: &Target,
    namespace: Option<&str>,
    failed: &ListFailure,
) -> (CoverageState, String) {
    match (&failed.failure, failed.objects) {
        (Failure::Status(StatusCode::FORBIDDEN, message), _) => (
            CoverageState::Forbidden,
            format!("{message} (see: {})", can_i(target, namespace)),
        ),
        (Failure::Status(StatusCode::NOT_FOUND, _), _) => {
            (CoverageState::Absent, not_served(target))
        }
        (Failure::OutOfTime, objects) => (
            CoverageState::Partial,
            format!(
                "{} {} were read when {}",
                objects, target.plural, failed.failure
            ),
        ),
        (Failure::TooMany, objects) => (
            CoverageState::Partial,
            format!(
                "there are more than {objects} {}: no more were read",
                target.plural
            ),
        ),
        (failure, 0) => (
            CoverageState::Error,
            format!("cannot list {}: {failure}", target.plural),
        ),
        (failure, objects) => (
            CoverageState::Partial,
            format!(
                "the list of {} ended after {objects} objects: {failure}",
                target.plural
            ),
        ),
    }
}

/// For a kind that the server does not know.
pub(super) fn not_served(target: &Target) -> String {
    format!(
        "the server does not serve {} of {}",
        target.plural, target.api_version
    )
}

fn can_i(target: &Target, namespace: Option<&str>) -> String {
    let resource = target.resource();
    match namespace {
        Some(namespace) => format!("kubectl auth can-i list {resource} -n {namespace}"),
        None if target.is_namespaced => format!("kubectl auth can-i list {resource} -A"),
        None => format!("kubectl auth can-i list {resource}"),
    }
}
