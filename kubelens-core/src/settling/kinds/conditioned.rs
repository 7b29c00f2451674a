use crate::kubernetes::{Condition, ObjectMeta, condition};
use crate::settling::stand::Stand;

/// An object that one condition speaks for: `Established` of a CustomResourceDefinition, `Available` of an
/// APIService.
pub(in crate::settling) fn stand(
    meta: &ObjectMeta,
    conditions: &[Condition],
    type_: &str,
) -> Stand {
    if meta.is_terminating() {
        return Stand::waits("it is being deleted");
    }
    match condition(conditions, type_) {
        Some(one) if one.is_true() => Stand::current(format!("{type_} is True")),
        Some(one) => Stand::waits(told(type_, one)),
        None => Stand::waits(format!("its condition {type_} is not there yet")),
    }
}

/// `Ready is False: NotIssued: the text`.
pub(super) fn told(type_: &str, condition: &Condition) -> String {
    let parts = [&condition.reason, &condition.message];
    let parts = parts.into_iter().filter_map(|text| text.non_empty());
    let why: String = parts.map(|part| format!(": {part}")).collect();
    format!("{type_} is {}{why}", condition.status)
}
