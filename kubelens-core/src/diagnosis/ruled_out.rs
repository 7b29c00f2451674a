use super::index::Seen;
use super::specificity::specificity;
use crate::kubernetes::{ContainerView, Object};
use crate::model::RuledOut;

/// Most alternatives that are listed.
const MOST: usize = 5;

/// What the pod's own state proves not to be the cause.
pub(super) fn alternatives(primary: &Seen<'_>) -> Vec<RuledOut> {
    let mut all = primary.sighting.ruled_out.clone();
    if let Some(pod) = primary.pod {
        let subject = pod.reference();
        let class = specificity(primary.code());
        let mut add = |code: &str, reason: String| {
            all.push(RuledOut {
                code: code.to_owned(),
                subject: subject.clone(),
                reason,
            });
        };
        if pod.is_scheduled() && primary.code().get(..3) != Some("SCH") {
            add(
                "SCH001",
                format!("the pod was scheduled to node {}", pod.node_name),
            );
        }
        let container = primary
            .sighting
            .container
            .as_deref()
            .and_then(|name| pod.containers().find(|container| container.name() == name));
        if let Some(container) = container {
            if class > 2 && was_pulled(&container) {
                add("WRK002", "the image was pulled".to_owned());
            }
            if let Some(end) = container.last_end()
                && class > 5
                && end.reason != "OOMKilled"
            {
                add(
                    "WRK003",
                    format!(
                        "the last run ended with reason {} and exit code {}, not OOMKilled",
                        end.reason, end.exit_code
                    ),
                );
            }
        }
    }
    all.sort();
    all.dedup();
    all.truncate(MOST);
    all
}

fn was_pulled(container: &ContainerView<'_>) -> bool {
    container
        .status
        .is_some_and(|status| !status.image_id.is_empty())
}
