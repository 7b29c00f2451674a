use jiff::SignedDuration;
use serde_json::Value;

use super::conditioned::told;
use crate::kubernetes::{Condition, CustomObject, condition};
use crate::settling::stand::{Current, Stand, unobserved};

/// A custom resource, by the conventions of kstatus: observedGeneration, then the conditions `Reconciling` and
/// `Stalled` (abnormal when true), then `Ready`, or `Available` where there is none.
pub(in crate::settling) fn stand(object: &CustomObject, stable_for: SignedDuration) -> Stand {
    let meta = &object.metadata;
    let observed = object
        .status
        .get("observedGeneration")
        .and_then(Value::as_i64);
    if meta.is_terminating() {
        return Stand::waits("it is being deleted");
    }
    if let Some(observed) = observed
        && let Some(stand) = unobserved(meta, Some(observed))
    {
        return stand;
    }
    let conditions: Vec<Condition> = object
        .status
        .get("conditions")
        .and_then(|conditions| serde_json::from_value(conditions.clone()).ok())
        .unwrap_or_default();
    let seen = |type_: &str| condition(&conditions, type_);
    if let Some(stalled) = seen("Stalled").filter(|one| one.is_true()) {
        return Stand::Failed(told("Stalled", stalled));
    }
    if let Some(reconciling) = seen("Reconciling").filter(|one| one.is_true()) {
        return Stand::waits(told("Reconciling", reconciling));
    }
    for type_ in ["Ready", "Available"] {
        let Some(one) = seen(type_) else { continue };
        // A condition that was said of an older spec says nothing of this one.
        let is_stale = matches!((one.observed_generation, meta.generation), (Some(seen), Some(now)) if seen < now);
        return if is_stale {
            Stand::waits(format!("{type_} speaks of an older generation"))
        } else if one.is_true() {
            Stand::current(format!("{type_} is True"))
        } else {
            Stand::waits(told(type_, one))
        };
    }
    let has_status = object
        .status
        .as_object()
        .is_some_and(|status| !status.is_empty());
    Stand::Diagnosed(Current {
        // Its controller, if there is one, gets a moment to say something.
        stable_at: meta
            .creation_timestamp
            .filter(|_| !has_status)
            .and_then(|created| created.checked_add(stable_for).ok()),
        note: if has_status {
            "exists; its status has no condition that says whether it is ready".to_owned()
        } else {
            "exists; it has no status".to_owned()
        },
        ..Current::default()
    })
}
