//! A ValidatingAdmissionPolicy whose expression could not be evaluated, which denies like one that is not met.

use super::policy_parameters::parameters_of;
use crate::kubernetes::ConfigMap;
use crate::model::{Evidence, some_of};
use crate::snapshot::Cluster;

/// Most keys of a ConfigMap that are named.
const MOST_KEYS: usize = 5;

/// An expression and the error that its evaluation ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EvaluationError<'a> {
    pub(super) expression: &'a str,
    pub(super) error: &'a str,
}

/// What the API server says in the place of the policy's own message:
/// `expression 'EXPRESSION' resulted in error: ERROR`.
pub(super) fn evaluation_error(message: &str) -> Option<EvaluationError<'_>> {
    let (expression, error) = message
        .strip_prefix("expression '")?
        .split_once("' resulted in error: ")?;
    let error = error.trim();
    Some(EvaluationError { expression, error })
}

/// The parameters that an expression reads in vain, where the ConfigMap that the binding names has other keys.
pub(super) fn missing_parameter(
    cluster: &Cluster<'_>,
    (policy, binding): (&str, &str),
    failed: EvaluationError<'_>,
) -> Option<Evidence> {
    let key = failed.error.strip_prefix("no such key: ")?;
    if !failed.expression.contains("params.data") || !failed.expression.contains(key) {
        return None;
    }
    let wanted = parameters_of(cluster, policy, binding).wanted?;
    if wanted.kind != "ConfigMap" {
        return None;
    }
    let namespace = wanted.namespace.as_deref().unwrap_or_default();
    let map = cluster.get::<ConfigMap>(namespace, &wanted.name)?;
    if map.data.contains(key) {
        return None;
    }
    let keys: Vec<&str> = map.data.iter().map(|key| key.as_str()).collect();
    let text = format!("no key `{key}`: its keys are {}", some_of(&keys, MOST_KEYS));
    Some(Evidence::absence(wanted, &text))
}

#[cfg(test)]
mod tests {
    use super::{EvaluationError, evaluation_error};

    #[test]
    fn an_expression_that_fails_is_told_from_one_that_is_not_met() {
        assert_eq!(
            evaluation_error(
                "expression 'object.spec.containers.all(c, c.image.startsWith(params.data['registry']))' resulted in error: no such key: registry"
            ),
            Some(EvaluationError {
                expression: "object.spec.containers.all(c, c.image.startsWith(params.data['registry']))",
                error: "no such key: registry",
            })
        );
        assert_eq!(evaluation_error("images need a tag"), None);
        assert_eq!(
            evaluation_error("failed expression: object.spec.replicas < 3"),
            None
        );
    }
}
