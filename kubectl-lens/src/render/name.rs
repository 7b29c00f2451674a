//! `kind/name`, as kubectl prints it and takes it back.

use std::collections::BTreeSet;

use kubelens_core::model::{ObjectRef, Report};

use crate::terminal::printable;

/// A line for each subject, in the order of the causes, each once.
pub(super) fn subjects(report: &Report) -> String {
    let mut told = BTreeSet::new();
    let mut out = String::new();
    for cause in &report.causes {
        if told.insert(&cause.subject) {
            out.push_str(&printable(&name(&cause.subject)));
            out.push('\n');
        }
    }
    out
}

/// `configmap/web-config`, `deployment.apps/web`.
pub(crate) fn name(object: &ObjectRef) -> String {
    let kind = object.kind.to_lowercase();
    match object.api_version.split_once('/') {
        Some((group, _)) => format!("{kind}.{group}/{}", object.name),
        None => format!("{kind}/{}", object.name),
    }
}

#[cfg(test)]
mod tests {
    use kubelens_core::model::ObjectRef;

    use super::name;

    #[test]
    fn names_carry_the_group_as_kubectls_do() {
        assert_eq!(
            name(&ObjectRef::namespaced("v1", "ConfigMap", "shop", "web")),
            "configmap/web"
        );
        assert_eq!(
            name(&ObjectRef::namespaced(
                "apps/v1",
                "Deployment",
                "shop",
                "web"
            )),
            "deployment.apps/web"
        );
    }
}
