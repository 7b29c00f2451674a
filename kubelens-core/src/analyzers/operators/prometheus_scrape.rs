//! What a Prometheus of the operator is told to scrape: the monitors that it selects, and configuration in Secrets.

use super::failing::describe;
use crate::analysis::{Sighting, Sink};
use crate::kubernetes::{CustomObject, LabelSelector, Namespace, Secret};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::{Cluster, Lookup};

/// The group of the operator.
pub(super) const GROUP: &str = "monitoring.coreos.com";

/// Seconds that whoever made it has to make its monitors.
const YOUNG_GRACE: i64 = 300;

/// How it selects monitors: the field, that for namespaces, and the kind.
const SELECTORS: [(&str, &str, &str); 4] = [
    (
        "serviceMonitorSelector",
        "serviceMonitorNamespaceSelector",
        "ServiceMonitor",
    ),
    (
        "podMonitorSelector",
        "podMonitorNamespaceSelector",
        "PodMonitor",
    ),
    ("probeSelector", "probeNamespaceSelector", "Probe"),
    (
        "scrapeConfigSelector",
        "scrapeConfigNamespaceSelector",
        "ScrapeConfig",
    ),
];

/// Fields that name a key of a Secret with a part of the configuration.
const PARTS: [&str; 3] = [
    "additionalScrapeConfigs",
    "additionalAlertRelabelConfigs",
    "additionalAlertManagerConfigs",
];

/// Looks at one Prometheus or agent.
pub(super) fn check(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    if cluster.age(&object.metadata) <= YOUNG_GRACE {
        return;
    }
    for part in PARTS {
        if let Some(sighting) = missing_part(cluster, object, part) {
            sink.report(sighting);
        }
    }
    if scrapes_nothing(cluster, object) {
        sink.report(nothing(object));
    }
}

/// A part of its configuration that is not where the spec says.
fn missing_part(cluster: &Cluster<'_>, object: &CustomObject, part: &str) -> Option<Sighting> {
    let named = object.spec.get(part)?;
    let name = object.spec_text(&format!("/{part}/name"));
    let key = object.spec_text(&format!("/{part}/key"));
    let is_optional = named.get("optional").and_then(serde_json::Value::as_bool) == Some(true);
    if name.is_empty() || is_optional {
        return None;
    }
    let namespace = object.metadata.namespace.as_str();
    let secret = ObjectRef::namespaced("v1", "Secret", namespace, name);
    let (what, said) = match cluster.look_up::<Secret>(namespace, name) {
        Lookup::Absent => (
            format!("{secret}, which does not exist"),
            "no Secret of that name",
        ),
        Lookup::Found(found) => {
            let keys = found.data.as_ref()?;
            if key.is_empty() || keys.iter().any(|known| *known == *key) {
                return None;
            }
            (
                format!("key `{key}` of {secret}, which it does not have"),
                "no key of that name",
            )
        }
        Lookup::Unknown(_) => return None,
    };
    let own = object.reference();
    let text =
        "Its operator cannot make a configuration: the one from before stays, or none is there.";
    Some(
        Sighting::of(
            own.clone(),
            format!("{own} takes a part of its configuration from {what}"),
            text,
        )
        .identified_by("part", part)
        .evidence(Evidence::field(own.clone(), &format!("spec.{part}"), named))
        .evidence(Evidence::absence(secret.clone(), said))
        .suggest(Suggestion::advice(format!(
            "Make {secret} with that key, or correct spec.{part} of {own}"
        )))
        .blames(secret, "configured by"),
    )
}

/// Whether it selects monitors and not one is there to be selected. One without any selector is configured by hand.
fn scrapes_nothing(cluster: &Cluster<'_>, object: &CustomObject) -> bool {
    let is_set = |field: &str| object.spec.get(field).is_some_and(|value| !value.is_null());
    if is_set("additionalScrapeConfigs") || is_set("additionalScrapeConfigsSecret") {
        return false;
    }
    let mut in_use = SELECTORS
        .iter()
        .filter(|(selector, ..)| is_set(selector))
        .peekable();
    in_use.peek().is_some()
        && in_use.all(|(selector, namespaces, kind)| {
            // Only a list that was read in full shows that there is none.
            cluster.look_up_custom(GROUP, kind, "", "").is_absent()
                && !selects_any(cluster, object, selector, namespaces, kind)
        })
}

fn selects_any(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    selector: &str,
    namespaces: &str,
    kind: &str,
) -> bool {
    let read = |field: &str| -> Option<LabelSelector> {
        let value = object.spec.get(field).filter(|value| !value.is_null())?;
        serde_json::from_value(value.clone()).ok()
    };
    // What is written in a way that is not known may select anything.
    let Some(wanted) = read(selector) else {
        return true;
    };
    let within = read(namespaces);
    cluster.customs(GROUP, kind).any(|monitor| {
        let home = monitor.metadata.namespace.as_str();
        let is_in = match &within {
            None => *home == *object.metadata.namespace,
            Some(within) if within.is_empty() => true,
            Some(within) => cluster
                .get::<Namespace>("", home)
                .is_none_or(|space| within.matches(&space.metadata.labels)),
        };
        is_in && wanted.matches(&monitor.metadata.labels)
    })
}

fn nothing(object: &CustomObject) -> Sighting {
    let own = object.reference();
    let fields = SELECTORS.iter().filter_map(|(selector, ..)| {
        let value = object
            .spec
            .get(*selector)
            .filter(|value| !value.is_null())?;
        Some(Evidence::field(
            own.clone(),
            &format!("spec.{selector}"),
            value,
        ))
    });
    let proof: Vec<Evidence> = fields.collect();
    Sighting::of(
        own.clone(),
        format!("{own} scrapes nothing: it selects no monitor"),
        "No metric comes in, and no alert can fire. Monitors of other labels or namespaces are passed over silently.",
    )
    .identified_by("fact", "no scrape job")
    .severity(Severity::Warning)
    .all_evidence(proof)
    .suggest(Suggestion::advice(
        "Compare the labels and namespaces of your monitors with the selectors; {} selects all",
    ))
    .suggest(describe(object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClusterInfo, Scope};
    use crate::snapshot::SnapshotBuilder;

    /// What is said of a Prometheus that selects monitors of team web in its own namespace, beside these monitors.
    fn titles(monitors: &[(&str, &str)], is_listed: bool) -> Vec<String> {
        let mut builder = SnapshotBuilder::new(ClusterInfo::default(), Scope::default());
        let custom = |json: String| serde_json::from_str::<CustomObject>(&json).expect("an object");
        let prometheus = custom(
            r#"{"apiVersion":"monitoring.coreos.com/v1","kind":"Prometheus",
            "metadata":{"name":"main","namespace":"mon","creationTimestamp":"2026-01-01T08:00:00Z"},
            "spec":{"serviceMonitorSelector":{"matchLabels":{"team":"web"}}}}"#
                .to_owned(),
        );
        builder.add_custom(prometheus.clone());
        for (number, (namespace, team)) in monitors.iter().enumerate() {
            builder.add_custom(custom(format!(
                r#"{{"apiVersion":"monitoring.coreos.com/v1","kind":"ServiceMonitor",
                "metadata":{{"name":"m{number}","namespace":"{namespace}","labels":{{"team":"{team}"}}}}}}"#
            )));
        }
        if is_listed {
            builder.listed_custom("ServiceMonitor.monitoring.coreos.com");
        }
        let snapshot = builder.build_recorded("2026-01-01T12:00:00Z".parse().ok());
        let mut sink = Sink::default();
        check(&Cluster::new(&snapshot), &prometheus, &mut sink);
        let seen = sink.into_sightings().into_iter();
        seen.map(|sighting| sighting.title).collect()
    }

    #[test]
    fn one_that_selects_no_monitor_scrapes_nothing() {
        let nothing = ["Prometheus mon/main scrapes nothing: it selects no monitor"];
        assert_eq!(titles(&[], true), nothing);
        assert_eq!(titles(&[("mon", "api"), ("shop", "web")], true), nothing);
        assert!(titles(&[("mon", "web")], true).is_empty());
        assert!(
            titles(&[], false).is_empty(),
            "who cannot see them says nothing"
        );
    }
}
