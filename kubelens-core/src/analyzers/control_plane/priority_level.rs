//! Priority levels that let through next to nothing of what is sent to them.

use serde_json::Value;

use crate::analysis::{Sighting, Sink};
use crate::kubernetes::{CustomObject, Object, Pod, list_at, text_at};
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
        let Some(level) = level.filter(|level| rejects(level)) else {
            continue;
        };
        let seats = (SEATS * shares_of(level)).div_ceil(shares.max(1));
        if is_for_everything(schema) && seats <= FEW {
            sink.report(sighting(schema, level, seats, shares));
        } else if seats == 0 {
            for (pod, proof) in turned_away(cluster) {
                if is_for(schema, pod) {
                    sink.report(without_seats(schema, level, pod, proof));
                }
            }
        }
    }
}

fn rejects(level: &CustomObject) -> bool {
    level.spec_text("/limited/limitResponse/type") == "Reject"
}

/// What the client of a program says when the API server answers 429.
const TURNED_AWAY: &str = "the server has received too many requests and has asked us to try again";

/// The pods whose log says that the API server turns them away, with the newest line.
fn turned_away<'a>(cluster: &Cluster<'a>) -> Vec<(&'a Pod, Evidence)> {
    let told = cluster.logs().iter().filter_map(|(key, log)| {
        let mut newest = log.lines.iter().rev();
        let line = newest.find(|line| line.contains(TURNED_AWAY))?;
        let pod = cluster.get::<Pod>(&key.namespace, &key.pod)?;
        let proof = Evidence::log(pod.reference(), &key.container, line, None);
        Some((pod, proof))
    });
    told.collect()
}

/// Whether a FlowSchema is for what the account of a pod asks.
fn is_for(schema: &CustomObject, pod: &Pod) -> bool {
    let namespace = pod.metadata.namespace.as_str();
    let account = pod
        .spec
        .service_account_name
        .non_empty()
        .unwrap_or("default");
    let user = format!("system:serviceaccount:{namespace}:{account}");
    let group = format!("system:serviceaccounts:{namespace}");
    let is_meant = |subject: &Value| match text_at(subject, "/kind") {
        "ServiceAccount" => {
            let name = text_at(subject, "/serviceAccount/name");
            text_at(subject, "/serviceAccount/namespace") == namespace
                && (name == "*" || name == account)
        }
        "User" => text_at(subject, "/user/name") == user,
        "Group" => {
            let name = text_at(subject, "/group/name");
            name == group || EVERYBODY.contains(&name)
        }
        _ => false,
    };
    let mut rules = schema.spec_list("/rules").iter();
    rules.any(|rule| list_at(rule, "/subjects").iter().any(is_meant))
}

/// Whoever a schema without seats is for is turned away whatever he asks.
fn without_seats(
    schema: &CustomObject,
    level: &CustomObject,
    pod: &Pod,
    proof: Evidence,
) -> Sighting {
    let (own, level_name) = (schema.reference(), level.reference());
    let severity = if pod.is_ready() {
        Severity::Warning
    } else {
        Severity::Critical
    };
    Sighting::of(
        own.clone(),
        format!("{own} sends requests to {level_name}, which has no seats and rejects them all"),
        "Who it is for is answered 429, too many requests, whatever he asks of the API server.",
    )
    .seen_on(pod.reference(), "answers")
    .identified_by("answers", "no seats")
    .severity(severity)
    .evidence(Evidence::field(own, "spec.priorityLevelConfiguration.name", &level.metadata.name))
    .evidence(Evidence::field(level_name.clone(), "spec.limited.nominalConcurrencyShares", 0))
    .evidence(Evidence::field(level_name.clone(), "spec.limited.limitResponse.type", "Reject"))
    .evidence(proof)
    .suggest(Suggestion::advice(format!(
        "Give {level_name} shares (nominalConcurrencyShares), or point the FlowSchema at a level that has some"
    )))
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
