use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomResourceDefinition, Object, Service, Text, condition};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A custom kind is defined but not served: its names clash with another definition, its
    /// conversion webhook has no Service, or objects are stored in a version that it no longer has.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apiextensions.k8s.io/v1
    /// kind: CustomResourceDefinition
    /// metadata: {name: widgets.example.com}
    /// spec: {group: example.com, versions: [{name: v1, served: true, storage: true}]}
    /// status:
    ///   storedVersions: [v1]
    ///   conditions:
    ///   - {type: NamesAccepted, status: "False", reason: PluralConflict, lastTransitionTime: "2026-01-01T11:00:00Z"}
    ///   - {type: Established, status: "False", reason: NotAccepted, lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apiextensions.k8s.io/v1
    /// kind: CustomResourceDefinition
    /// metadata: {name: widgets.example.com}
    /// spec: {group: example.com, versions: [{name: v2, served: true, storage: true}]}
    /// status:
    ///   storedVersions: [v1, v2]
    ///   conditions: [{type: Established, status: "True"}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apiextensions.k8s.io/v1
    /// kind: CustomResourceDefinition
    /// metadata: {name: widgets.example.com}
    /// spec: {group: example.com, versions: [{name: v1, served: true, storage: true}]}
    /// status:
    ///   storedVersions: [v1]
    ///   conditions:
    ///   - {type: NamesAccepted, status: "True"}
    ///   - {type: Established, status: "True"}
    /// ```
    ///
    /// # How to fix
    /// Resolve what the condition names; bring the conversion webhook back; migrate stored objects.
    ///
    /// # What it cannot know
    /// Whether objects of the stale version are left.
    ///
    /// # Source
    /// `status.conditions`, `status.storedVersions` and `spec.conversion` of apiextensions/v1.
    CTL012 "custom-definition-not-served" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Service],
        maps_to: [],
        check: CustomResourceDefinition(check),
    }
}

/// Seconds that the API server has to serve a new definition.
const GRACE: i64 = 60;

fn check<'a>(definition: &'a CustomResourceDefinition, cluster: &Cluster<'a>, sink: &mut Sink) {
    if definition.metadata.is_terminating() {
        return;
    }
    if let Some(refused) = refusal(cluster, definition) {
        sink.report(not_established(definition, refused));
    }
    if let Some(service) = missing_converter(cluster, definition) {
        sink.report(no_converter(definition, &service));
    }
    let lost: Vec<&str> = definition
        .status
        .stored_versions
        .iter()
        .filter(|stored| {
            !definition
                .spec
                .versions
                .iter()
                .any(|version| version.name == **stored)
        })
        .map(Text::as_str)
        .collect();
    if !lost.is_empty() {
        sink.report(version_lost(definition, &lost));
    }
}

/// The condition that keeps it from being served.
fn refusal<'a>(
    cluster: &Cluster<'_>,
    definition: &'a CustomResourceDefinition,
) -> Option<&'a Condition> {
    ["NamesAccepted", "Established"]
        .into_iter()
        .filter_map(|type_| condition(&definition.status.conditions, type_))
        .find(|found| found.is_false() && cluster.seconds_since(found.last_transition_time) > GRACE)
}

fn missing_converter(
    cluster: &Cluster<'_>,
    definition: &CustomResourceDefinition,
) -> Option<ObjectRef> {
    let conversion = definition.spec.conversion.as_ref()?;
    let service = conversion
        .webhook
        .as_ref()
        .filter(|_| conversion.strategy == "Webhook")?
        .client_config
        .service
        .as_ref()?;
    cluster
        .look_up::<Service>(&service.namespace, &service.name)
        .is_absent()
        .then(|| ObjectRef::namespaced("v1", "Service", &service.namespace, &service.name))
}

fn not_established(definition: &CustomResourceDefinition, refused: &Condition) -> Sighting {
    let own = definition.reference();
    Sighting::of(
        own.clone(),
        format!(
            "{own} is not served: {} ({})",
            refused.type_, refused.reason
        ),
        format!(
            "Objects of {} cannot be read or written.",
            definition.metadata.name
        ),
    )
    .identified_by("fact", "established")
    .evidence(
        Evidence::message(
            own,
            &format!("status.conditions[{}]", refused.type_),
            &format!("{}: {}", refused.reason, refused.message),
        )
        .at(refused.last_transition_time),
    )
    .suggest(Suggestion::look(
        "Read its conditions",
        format!("kubectl describe crd {}", definition.metadata.name),
    ))
    .since(refused.last_transition_time)
}

fn no_converter(definition: &CustomResourceDefinition, service: &ObjectRef) -> Sighting {
    let own = definition.reference();
    Sighting::of(
        service.clone(),
        format!("{service} does not exist, and {own} converts its versions through it"),
        format!(
            "Requests for {} in another version than the stored one fail.",
            definition.metadata.name
        ),
    )
    .seen_on(own.clone(), "converts")
    .evidence(Evidence::field(
        own,
        "spec.conversion.webhook.clientConfig.service",
        service.path(),
    ))
    .evidence(Evidence::absence(
        service.clone(),
        "no Service of that name in the namespace",
    ))
    .suggest(Suggestion::advice(format!(
        "Bring {service} and the operator behind it back"
    )))
}

fn version_lost(definition: &CustomResourceDefinition, lost: &[&str]) -> Sighting {
    let own = definition.reference();
    let lost = lost.join(", ");
    Sighting::of(
        own.clone(),
        format!("{own} has stored objects in version {lost}, which it no longer defines"),
        "Objects that are still stored in that version cannot be read.",
    )
    .identified_by("fact", "stored versions")
    .severity(Severity::Warning)
    .evidence(Evidence::field(own, "status.storedVersions", &lost))
    .suggest(Suggestion::advice(
        "Add the version back, rewrite every object, then take it out of status.storedVersions",
    ))
}
