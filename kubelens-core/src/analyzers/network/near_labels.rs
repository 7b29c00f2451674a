//! Which pods somebody probably meant whose selector matches none.

use std::collections::HashMap;

use crate::kubernetes::{Labels, Pod};
use crate::model::ObjectRef;
use crate::snapshot::{Cluster, Workload};

/// Pods that a selector misses by one label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NearMiss {
    /// What makes those pods.
    pub(super) owner: ObjectRef,
    /// What the selector asks for.
    pub(super) wanted: String,
    /// What the pods carry in its place; empty where they have nothing like it.
    pub(super) carried: String,
    /// Whether pods get that label from a program at run time, not from their template.
    pub(super) is_dynamic: bool,
    score: f64,
}

/// Below this, two values are not taken for one another.
const ALIKE: f64 = 0.75;

/// Most letters in which a slip of the hand differs from what was meant.
const SLIP: usize = 2;

/// Whether two labels, `key=value`, have one key and differ by a slip of the hand; numbers are counted, not mistyped.
fn is_typo(carried: &str, wanted: &str) -> bool {
    let (Some((carried_key, carried)), Some((wanted_key, wanted))) =
        (carried.split_once('='), wanted.split_once('='))
    else {
        return false;
    };
    let words = |value: &str| value.replace(|letter: char| letter.is_ascii_digit(), "");
    carried_key == wanted_key
        && wanted.len() > 2 * SLIP
        && words(carried) != words(wanted)
        && strsim::osa_distance(carried, wanted) <= SLIP
}

/// The pods of the namespace that come nearest to a selector by labels.
pub(super) fn nearest(
    cluster: &Cluster<'_>,
    namespace: &str,
    selector: &Labels,
    name: &str,
) -> Option<NearMiss> {
    let workloads = cluster.workloads_in(namespace);
    let from_templates = workloads
        .iter()
        .filter(|workload| !workload.is_batch() || matches!(workload, Workload::Pod(_)))
        // What an operator makes is looked at below, pod by pod.
        .filter(|workload| {
            !matches!(workload, Workload::Pod(pod) if pod.metadata.controller().is_some())
        })
        .filter_map(|workload| {
            let mut near = compare(selector, workload.pod_labels(), workload.reference(), name)?;
            near.is_dynamic = cluster
                .pods_of(workload)
                .iter()
                .any(|pod| near.carried.is_empty() && has_key(&pod.metadata.labels, &near.wanted));
            Some(near)
        });
    // Pods of one controller have one maker.
    let mut makers: HashMap<&str, bool> = HashMap::new();
    let from_pods = cluster
        .in_namespace::<Pod>(namespace)
        .filter(|pod| pod.is_live())
        .filter(|pod| {
            pod.metadata.controller().is_some_and(|owner| {
                *makers
                    .entry(&owner.uid)
                    .or_insert_with(|| is_made_by_another_kind(cluster, pod))
            })
        })
        .filter_map(|pod| {
            let near = compare(selector, &pod.metadata.labels, cluster.top_of(pod), name)?;
            // An operator says by a label which pod leads: another value of it is no typo, unless it reads like one.
            Some(NearMiss {
                is_dynamic: !is_typo(&near.carried, &near.wanted),
                ..near
            })
        });
    from_templates
        .chain(from_pods)
        .max_by(|a, b| a.score.total_cmp(&b.score).then(b.owner.cmp(&a.owner)))
}

/// Whether the pod, which has a controller, belongs to something that is no workload here: an operator's resource.
fn is_made_by_another_kind(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    cluster.workload(&cluster.top_of(pod)).is_none()
}

fn has_key(labels: &Labels, pair: &str) -> bool {
    pair.split_once('=')
        .is_some_and(|(key, _)| labels.contains_key(key))
}

/// What one set of labels lacks, if that is a single pair and the rest fits.
fn compare(selector: &Labels, labels: &Labels, owner: ObjectRef, name: &str) -> Option<NearMiss> {
    if labels.holds(selector) {
        return None;
    }
    let missing: Vec<_> = selector
        .iter()
        .filter(|(key, value)| labels.get(key) != Some(value))
        .collect();
    let [(key, value)] = missing.as_slice() else {
        return None;
    };
    let matched = selector.len() - missing.len();
    let (carried, likeness) = in_its_place(labels, key, value);
    let same_name = strsim::jaro_winkler(&owner.name, name);
    let is_near = matched > 0 || likeness >= ALIKE || same_name >= 0.9;
    #[allow(clippy::cast_precision_loss, reason = "a selector has a few pairs")]
    let score = matched as f64 + likeness + same_name / 10.0;
    is_near.then(|| NearMiss {
        owner,
        wanted: format!("{key}={value}"),
        carried,
        is_dynamic: false,
        score,
    })
}

/// The label that stands where the wanted one should: the same key with another value, or the same
/// value under another key; and how like the two are.
fn in_its_place(labels: &Labels, key: &str, value: &str) -> (String, f64) {
    if let Some(other) = labels.get(key) {
        return (format!("{key}={other}"), strsim::jaro_winkler(other, value));
    }
    labels
        .iter()
        .filter(|(_, other)| *other == value)
        .map(|(other, _)| (format!("{other}={value}"), strsim::jaro_winkler(other, key)))
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map_or((String::new(), 0.0), |(pair, likeness)| {
            (pair, likeness.max(ALIKE))
        })
}

impl NearMiss {
    /// `Deployment shop/web carries app=web, not app=webb`.
    pub(super) fn sentence(&self) -> String {
        if self.carried.is_empty() {
            format!("Pods of {} do not carry {}", self.owner, self.wanted)
        } else {
            format!(
                "Pods of {} carry {}, not {}",
                self.owner, self.carried, self.wanted
            )
        }
    }

    /// Where the pods' own label stands.
    pub(super) fn evidence(&self) -> crate::model::Evidence {
        let path = match self.owner.kind.as_str() {
            "Pod" => "metadata.labels",
            "CronJob" => "spec.jobTemplate.spec.template.metadata.labels",
            _ => "spec.template.metadata.labels",
        };
        let carried = if self.carried.is_empty() {
            format!("no {}", self.wanted)
        } else {
            self.carried.clone()
        };
        crate::model::Evidence::field(self.owner.clone(), path, carried)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(json: &str) -> Labels {
        serde_json::from_str(json).unwrap_or_default()
    }

    fn near(selector: &str, carried: &str) -> Option<(String, String)> {
        let owner = ObjectRef::namespaced("apps/v1", "Deployment", "shop", "web");
        compare(&labels(selector), &labels(carried), owner, "front")
            .map(|near| (near.wanted, near.carried))
    }

    #[test]
    fn one_value_or_one_key_that_differs_is_near() {
        let said = |wanted: &str, carried: &str| Some((wanted.to_owned(), carried.to_owned()));
        assert_eq!(
            near(r#"{"app":"webb"}"#, r#"{"app":"web"}"#),
            said("app=webb", "app=web")
        );
        assert_eq!(
            near(r#"{"app":"web"}"#, r#"{"app.kubernetes.io/name":"web"}"#),
            said("app=web", "app.kubernetes.io/name=web")
        );
        assert_eq!(
            near(r#"{"app":"web","tier":"a"}"#, r#"{"app":"web"}"#),
            said("tier=a", "")
        );
    }

    #[test]
    fn what_fits_or_differs_in_all_is_not_near() {
        assert_eq!(near(r#"{"app":"web"}"#, r#"{"app":"web","x":"y"}"#), None);
        assert_eq!(near(r#"{"app":"zzz"}"#, r#"{"app":"web"}"#), None);
        assert_eq!(near(r#"{"app":"a","tier":"b"}"#, r#"{"x":"y"}"#), None);
    }
}
