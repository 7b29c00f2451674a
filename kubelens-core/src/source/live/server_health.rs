//! What the API server says of itself.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::api::Api;
use crate::kubernetes::{CustomObject, SERVER_HEALTH};

/// Where it says which of its checks pass.
pub(super) const READY: &str = "/readyz?verbose";

/// How long it may think about itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most checks that are told.
const MOST: usize = 20;

/// The lines of checks that fail; none where all pass, or where it does not say.
pub(super) async fn failing_checks(api: &Api) -> Vec<String> {
    match api.get_text(READY, PATIENCE).await {
        Ok((StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE, text)) => {
            failing(&text)
        }
        _ => Vec::new(),
    }
}

fn failing(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| line.starts_with("[-]"))
        .take(MOST)
        .map(str::to_owned)
        .collect()
}

/// What was observed, where there is anything to tell.
pub(super) fn observed(
    failing_checks: &[String],
    turned_away: &BTreeMap<String, u64>,
) -> Option<CustomObject> {
    if failing_checks.is_empty() && turned_away.is_empty() {
        return None;
    }
    let status = json!({ "failingChecks": failing_checks, "turnedAway": turned_away });
    Some(CustomObject::observed(SERVER_HEALTH, "api-server", status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_checks_that_fail_are_told() {
        let text = "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\n[+]informer-sync ok\nreadyz check failed\n";
        assert_eq!(failing(text), ["[-]etcd failed: reason withheld"]);
        assert!(failing("ok").is_empty());
    }

    #[test]
    fn nothing_is_observed_of_a_server_that_is_well() {
        assert_eq!(observed(&[], &BTreeMap::new()), None);
        let away = BTreeMap::from([("u1".to_owned(), 3)]);
        let told = observed(&[], &away).map(|told| told.status);
        assert_eq!(
            told,
            Some(json!({ "failingChecks": [], "turnedAway": { "u1": 3 } }))
        );
    }
}
