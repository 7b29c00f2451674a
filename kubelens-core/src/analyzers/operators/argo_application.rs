//! What is wrong with an Application of Argo CD.

use super::failing::{blaming, failing, pointing, titled, without_it};
use super::login_refused::correct_login;
use super::reference::missing;
use super::unreached::unreached;
use crate::analysis::{Sighting, Sink};
use crate::kubernetes::{CustomObject, text_at};
use crate::model::{Evidence, ObjectRef, Severity, safe_text};
use crate::snapshot::Cluster;
use jiff::Timestamp;

/// Seconds that a bad health must hold, and one that is not known.
const HEALTH_GRACE: i64 = 120;
const UNKNOWN_GRACE: i64 = 600;

/// Most objects below it that are shown as proof.
const MOST_SHOWN: usize = 3;

/// Looks at one Application: its health first, then its syncs.
pub(super) fn check(cluster: &Cluster<'_>, application: &CustomObject, sink: &mut Sink) {
    let Some((fact, words, severity, since)) = fault(cluster, application) else {
        return;
    };
    let explanation = match fact {
        "health" => "Something that it deploys is not healthy.",
        "compare" => "Argo CD cannot compare it with its source, so nothing new is rolled out.",
        _ => "What is in its source does not get into the cluster.",
    };
    let state = if fact == "health" {
        "is not healthy"
    } else {
        "is not synced"
    };
    let mut sighting = failing(
        cluster,
        application,
        titled(application, state, &words),
        explanation,
        &[],
    )
    .severity(severity)
    .since(since)
    .evidence(Evidence::message(application.reference(), path_of(fact), &words).at(since));
    sighting = pointing(cluster, application, sighting, &words);
    sighting = unreached(cluster, application, sighting, &words);
    if fact != "health" {
        let repository = repository_of(application);
        let login = format!("the login that Argo CD has for {repository}");
        sighting
            .suggestions
            .splice(0..0, correct_login(&words, &login));
    }
    let sighting = with_children(application, sighting, fact == "health");
    match missing(cluster, application, &[&words]).first() {
        Some(reference) => sink.report(without_it(cluster, application, &sighting, reference)),
        None => sink.report(sighting),
    }
}

/// The repository of an Application, or of the first of its sources.
fn repository_of(application: &CustomObject) -> String {
    let one = application.spec_text("/source/repoURL");
    let first = application.spec_text("/sources/0/repoURL");
    safe_text(if one.is_empty() { first } else { one })
}

type Fault = (&'static str, String, Severity, Option<Timestamp>);

fn fault(cluster: &Cluster<'_>, application: &CustomObject) -> Option<Fault> {
    let has_lasted = |since: Option<Timestamp>, grace: i64| cluster.seconds_since(since) > grace;
    let created = application.metadata.creation_timestamp;
    let time = |pointer: &str| application.status_text(pointer).parse::<Timestamp>().ok();
    let health = application.status_text("/health/status");
    let since = time("/health/lastTransitionTime").or(created);
    let message = application.status_text("/health/message");
    let said = format!("{health} {message}").trim().to_owned();
    match health {
        "Missing" if !is_automated(application) && was_never_synced(application) => {
            let said = "Missing, for nobody has synced it yet".to_owned();
            return Some(("health", said, Severity::Info, since));
        }
        "Degraded" | "Missing" if has_lasted(since, HEALTH_GRACE) => {
            return Some(("health", said, Severity::Critical, since));
        }
        _ => {}
    }
    let phase = application.status_text("/operationState/phase");
    let ended = time("/operationState/finishedAt").or(created);
    if matches!(phase, "Failed" | "Error") && has_lasted(ended, HEALTH_GRACE) {
        let message = application.status_text("/operationState/message");
        let said = format!("{phase}: {message}");
        return Some(("sync", said, Severity::Warning, ended));
    }
    let error = application.conditions().into_iter().find(|condition| {
        condition.type_.ends_with("Error")
            && has_lasted(condition.last_transition_time.or(created), HEALTH_GRACE)
    });
    if let Some(error) = error {
        let said = format!("{}: {}", error.type_, error.message);
        return Some((
            "compare",
            said,
            Severity::Warning,
            error.last_transition_time,
        ));
    }
    if health == "Unknown" && has_lasted(since, UNKNOWN_GRACE) {
        return Some(("health", said, Severity::Warning, since));
    }
    (is_automated(application)
        && application.status_text("/sync/status") == "OutOfSync"
        && matches!(phase, "" | "Succeeded")
        && has_lasted(ended, cluster.thresholds(&application.metadata).git_grace))
    .then(|| {
        let said = "OutOfSync although syncs are automated".to_owned();
        ("sync", said, Severity::Warning, ended)
    })
}

/// Whether Argo CD syncs it by itself.
fn is_automated(application: &CustomObject) -> bool {
    let automated = application.spec.pointer("/syncPolicy/automated");
    automated.is_some_and(|automated| {
        let enabled = automated.get("enabled");
        !automated.is_null() && enabled.and_then(serde_json::Value::as_bool) != Some(false)
    })
}

/// Whether no sync of it was ever begun.
fn was_never_synced(application: &CustomObject) -> bool {
    application.status_text("/operationState/phase").is_empty()
        && application.status_list("/history").is_empty()
}

fn path_of(fact: &str) -> &'static str {
    match fact {
        "health" => "status.health",
        "compare" => "status.conditions",
        _ => "status.operationState",
    }
}

/// The objects below it that are not healthy, or not synced: what is wrong with them explains it.
fn with_children(application: &CustomObject, mut sighting: Sighting, by_health: bool) -> Sighting {
    let mut shown = 0;
    let mut is_told = false;
    for resource in application.status_list("/resources") {
        let health = text_at(resource, "/health/status");
        let is_unhealthy = matches!(health, "Degraded" | "Missing" | "Unknown");
        let is_behind = !by_health && text_at(resource, "/status") == "OutOfSync";
        if !is_unhealthy && !is_behind {
            continue;
        }
        let Some(child) = object_of(resource) else {
            continue;
        };
        if shown < MOST_SHOWN {
            let state = if is_unhealthy { health } else { "OutOfSync" };
            let words = format!("{child} {state} {}", text_at(resource, "/health/message"));
            sighting = sighting.evidence(Evidence::message(
                application.reference(),
                "status.resources",
                words.trim_end(),
            ));
            shown += 1;
        }
        if is_unhealthy {
            is_told = true;
            sighting = blaming(sighting, child, "deploys");
        }
    }
    // Where it keeps the health of its objects elsewhere, any of them may be what is not healthy.
    if by_health && !is_told {
        let all = application
            .status_list("/resources")
            .iter()
            .chain(application.status_list("/operationState/syncResult/resources"));
        for child in all.filter_map(object_of) {
            sighting = blaming(sighting, child, "deploys");
        }
    }
    // What a sync stopped at: a hook that failed, or an object that the API server refused.
    for resource in application.status_list("/operationState/syncResult/resources") {
        let has_failed = matches!(text_at(resource, "/hookPhase"), "Failed" | "Error")
            || text_at(resource, "/status") == "SyncFailed";
        if let Some(child) = object_of(resource).filter(|_| has_failed && !by_health) {
            sighting = blaming(sighting, child, "runs in a sync");
        }
    }
    sighting
}

/// The object that an entry of the status is about.
fn object_of(resource: &serde_json::Value) -> Option<ObjectRef> {
    let group = text_at(resource, "/group");
    let version = text_at(resource, "/version");
    let api_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    let object = ObjectRef::namespaced(
        &api_version,
        text_at(resource, "/kind"),
        text_at(resource, "/namespace"),
        text_at(resource, "/name"),
    );
    (!object.name.is_empty()).then_some(object)
}
