use std::collections::BTreeMap;

use crate::kubernetes::{Kind, Node, Object, Service};
use crate::model::{Cause, ObjectRef, Severity};
use crate::snapshot::Cluster;

type Key = (String, String, String);

/// A group of objects that serve, and how much it weighs.
struct UnitGroup {
    weight: f64,
    units: Vec<Key>,
}

/// 0 (all down) to 100 (nothing wrong seen): each unit counts by the worst cause that it shows, each
/// group by the root of its mean damage, so that one fault in thousands stays visible.
pub(super) fn score(cluster: &Cluster<'_>, causes: &[Cause]) -> Option<u8> {
    let damage = damage(causes);
    let mut groups = groups(cluster);
    let known: std::collections::BTreeSet<&Key> =
        groups.iter().flat_map(|group| &group.units).collect();
    let homeless = causes
        .iter()
        .filter(|cause| objects(cause).all(|object| !known.contains(&object.key())))
        .map(weight_of)
        .fold(0.0, f64::max);
    let cluster_unit = ("Cluster".to_owned(), String::new(), String::new());
    if let Some(control) = groups.last_mut() {
        control.units.push(cluster_unit.clone());
    }
    let mut lost = 0.0;
    let mut weights = 0.0;
    for group in groups.iter().filter(|group| !group.units.is_empty()) {
        let total: f64 = group
            .units
            .iter()
            .map(|unit| {
                if *unit == cluster_unit {
                    homeless
                } else {
                    damage.get(unit).copied().unwrap_or(0.0)
                }
            })
            .sum();
        #[allow(clippy::cast_precision_loss, reason = "a mean for people")]
        let mean = total / group.units.len() as f64;
        lost += group.weight * mean.sqrt();
        weights += group.weight;
    }
    if weights == 0.0 {
        return None;
    }
    let value = 100.0 * (1.0 - lost / weights);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=100 before"
    )]
    let whole = ((value * 1e9).round() / 1e9).floor().clamp(0.0, 100.0) as u8;
    let any_critical = causes
        .iter()
        .any(|cause| cause.severity == Severity::Critical);
    Some(if any_critical { whole.min(99) } else { whole })
}

fn weight_of(cause: &Cause) -> f64 {
    let severity = match cause.severity {
        Severity::Critical => 1.0,
        Severity::Warning => 0.15,
        Severity::Info => 0.0,
    };
    severity * cause.confidence
}

fn objects(cause: &Cause) -> impl Iterator<Item = &ObjectRef> {
    let links = cause
        .chain
        .iter()
        .flat_map(|link| [&link.cause, &link.effect]);
    std::iter::once(&cause.subject)
        .chain(&cause.affected)
        .chain(links)
}

/// The worst of what each object shows; never a sum.
fn damage(causes: &[Cause]) -> BTreeMap<Key, f64> {
    let mut worst: BTreeMap<Key, f64> = BTreeMap::new();
    for cause in causes {
        for object in objects(cause) {
            let value = worst.entry(object.key()).or_default();
            *value = value.max(weight_of(cause));
        }
    }
    worst
}

fn groups(cluster: &Cluster<'_>) -> Vec<UnitGroup> {
    let tables = cluster.snapshot().tables();
    let of = |kinds: &[Kind]| -> Vec<Key> {
        kinds
            .iter()
            .filter(|kind| cluster.snapshot().gaps().everywhere(**kind).is_none())
            .flat_map(|kind| tables.references(*kind))
            .map(|object| object.key())
            .collect()
    };
    let workloads = cluster
        .all_namespaces()
        .iter()
        .flat_map(|namespace| cluster.workloads_in(namespace))
        .filter(|workload| workload.wanted_replicas() != Some(0))
        .map(|workload| workload.reference().key())
        .collect();
    let mut traffic: Vec<Key> = cluster
        .all::<Service>()
        .map(|service| service.reference().key())
        .collect();
    traffic.extend(of(&[Kind::Ingress]));
    vec![
        UnitGroup {
            weight: 0.40,
            units: workloads,
        },
        UnitGroup {
            weight: 0.20,
            units: traffic,
        },
        UnitGroup {
            weight: 0.20,
            units: cluster
                .all::<Node>()
                .map(|node| node.reference().key())
                .collect(),
        },
        UnitGroup {
            weight: 0.10,
            units: of(&[Kind::PersistentVolumeClaim, Kind::PersistentVolume]),
        },
        UnitGroup {
            weight: 0.10,
            units: of(&[
                Kind::Namespace,
                Kind::ValidatingWebhookConfiguration,
                Kind::MutatingWebhookConfiguration,
                Kind::APIService,
                Kind::CustomResourceDefinition,
                Kind::HorizontalPodAutoscaler,
                Kind::PodDisruptionBudget,
            ]),
        },
    ]
}
