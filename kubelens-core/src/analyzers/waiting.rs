//! Why a container waits, as its kubelet says.

use crate::kubernetes::{ContainerView, Object, Pod};
use crate::model::Evidence;

/// Reason and message of a container that waits, as proof; none of one that does not.
pub(super) fn why_it_waits(pod: &Pod, container: &ContainerView<'_>) -> Option<Evidence> {
    let waiting = container.waiting()?;
    let path = container.status_path("state.waiting.message");
    let text = format!("{}: {}", waiting.reason, waiting.message);
    Some(Evidence::message(pod.reference(), &path, &text))
}
