//! Priority levels that let through next to nothing of what is sent to them.

use serde_json::Value;

use crate::analysis::{Sighting, Sink};
use crate::kubernetes::{CustomObject, list_at, text_at};
use crate::model::{Evidence, Severity, Suggestion, counted};
use crate::snapshot::Cluster;

const GROUP: &str = "flowcontrol.apiserver.k8s.io";

/// Requests at once that an API server shares out by default: `--max-requests-inflight` and its sibling for writes.
const SEATS: u64 = 600;

/// Seats of a level below which programs of a whole cluster turn each other away.
const FEW: u64 = 5;

/// Groups that hold the programs of a whole cluster.
const EVERYBODY: [&str; 2] = ["system:serviceaccounts", "system:authenticated"];

/// Tells of each FlowSchema that sends the requests of all programs to a level of few seats that rejects what does not
/// fit.
pub(super) fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let shares: u64 = cluster
        .customs(GROUP, "PriorityLevelConfiguration")
        .map(shares_of)
        .sum();
    for schema in cluster.customs(GROUP, "FlowSchema") {
        let name = schema.spec_text("/priorityLevelConfiguration/name");
        let level = cluster
            .customs(GROUP, "PriorityLevelConfiguration")
            .find(|level| level.metadata.name == *name);
        let Some(level) = level.filter(|_| is_for_everything(schema)) else {
            continue;
        };
        let seats = (SEATS * shares_of(level)).div_ceil(shares.max(1));
        if level.spec_text("/limited/limitResponse/type") == "Reject" && seats <= FEW {
            sink.report(sighting(schema, level, seats, shares));
        }
    }
}

fn shares_of(level: &CustomObject) -> u64 {
    ["nominalConcurrencyShares", "assuredConcurrencyShares"]
        .iter()
        .find_map(|field| level.spec.pointer("/limited")?.get(field)?.as_u64())
        .unwrap_or_default()
}

/// Whether one of its rules is for every resource, asked for by everybody.
fn is_for_everything(schema: &CustomObject) -> bool {
    schema.spec_list("/rules").iter().any(|rule| {
        let is_of_everybody = list_at(rule, "/subjects")
            .iter()
            .any(|subject| EVERYBODY.contains(&text_at(subject, "/group/name")));
        let is_any = list_at(rule, "/resourceRules").iter().any(|of| {
            let mut resources = list_at(of, "/resources").iter();
            resources.any(|resource| resource.as_str() == Some("*"))
        });
        is_of_everybody && is_any
    })
}

fn sighting(schema: &CustomObject, level: &CustomObject, seats: u64, all: u64) -> Sighting {
    let (own, level_name) = (schema.reference(), level.reference());
    let count = counted(usize::try_from(seats).unwrap_or_default(), "seat");
    let precedence = schema.spec.get("matchingPrecedence").map(Value::to_string);
    let shares = shares_of(level);
    Sighting::of(
        own.clone(),
        format!("{own} sends requests of all programs to {level_name}, which has {shares} of {all} shares and rejects what does not fit"),
        format!("Of the {SEATS} requests that an API server serves at once by default, that is {count}. Who asks while they are taken is answered 429, too many requests: controllers lose their leases and cannot list what they watch."),
    )
    .identified_by("answers", "seats")
    .severity(Severity::Warning)
    .confidence(0.85)
    .since(schema.metadata.creation_timestamp)
    .all_evidence(precedence.map(|at| Evidence::field(own.clone(), "spec.matchingPrecedence", at)))
    .evidence(Evidence::field(own, "spec.priorityLevelConfiguration.name", &level.metadata.name))
    .evidence(Evidence::field(
        level_name.clone(),
        "spec.limited.nominalConcurrencyShares",
        shares,
    ))
    .evidence(Evidence::field(
        level_name.clone(),
        "spec.limited.limitResponse.type",
        "Reject",
    ))
    .suggest(Suggestion::advice(format!(
        "Narrow the subjects of the FlowSchema to those that are meant, or give {level_name} more shares and a queue (limitResponse.type: Queue)"
    )))
}
