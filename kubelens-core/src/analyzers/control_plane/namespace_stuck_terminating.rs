use super::finalizer_holder::{alike, held};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{APIService, Condition, Namespace, Object, Text, condition};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A namespace was deleted and does not go away: something in it is held by a finalizer, or a part
    /// of the API cannot say what is left.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: attic, deletionTimestamp: "2026-01-01T11:00:00Z"}
    /// status:
    ///   phase: Terminating
    ///   conditions:
    ///   - type: NamespaceFinalizersRemaining
    ///     status: "True"
    ///     reason: SomeFinalizersRemain
    ///     message: "Some content in the namespace has finalizers remaining: backup.example.com/hold in 1 resource instances"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: attic, deletionTimestamp: "2026-01-01T11:59:00Z"}
    /// status: {phase: Terminating}
    /// ```
    ///
    /// # How to fix
    /// Remove what the conditions name: bring the finalizer's controller or the API back.
    ///
    /// # What it cannot know
    /// Objects of kinds that were not read.
    ///
    /// # Source
    /// `status.conditions` of core/v1 Namespace.
    CTL015 "namespace-stuck-terminating" {
        role: Root,
        severity: Warning,
        confidence: 0.95,
        reads: [
            APIService, ConfigMap, Secret, Service, ServiceAccount, ReplicationController, Deployment,
            ReplicaSet, StatefulSet, DaemonSet, Job, CronJob, Ingress, NetworkPolicy, Role, RoleBinding,
            ClusterRole, CustomResourceDefinition,
        ],
        maps_to: ["POP-800"],
        check: Namespace(check),
    }
}

fn check<'a>(namespace: &'a Namespace, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &namespace.metadata;
    if !meta.is_terminating()
        || cluster.seconds_since(meta.deletion_timestamp)
            < cluster.thresholds(meta).terminating_grace
    {
        return;
    }
    sink.report(sighting(namespace, cluster));
}

/// Condition types that say why, most telling first.
const WHY: [&str; 5] = [
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceContentRemaining",
];

fn sighting<'a>(namespace: &'a Namespace, cluster: &Cluster<'a>) -> Sighting {
    let own = namespace.reference();
    let name = &namespace.metadata.name;
    let reasons: Vec<&Condition> = WHY
        .into_iter()
        .filter_map(|type_| condition(&namespace.status.conditions, type_))
        .filter(|condition| condition.is_true())
        .collect();
    let mut finalizers: Vec<&str> = finalizers_in(&reasons);
    let holders: Vec<_> = held(cluster)
        .into_iter()
        .filter(|held| held.meta.namespace == *name)
        .collect();
    finalizers.extend(
        holders
            .iter()
            .flat_map(|held| held.meta.finalizers.iter().map(Text::as_str)),
    );
    finalizers.sort_unstable();
    finalizers.dedup();
    let why = if finalizers.is_empty() {
        reasons
            .first()
            .map_or("something in it remains".to_owned(), |reason| {
                reason.reason.to_string()
            })
    } else {
        format!("finalizer {} is not removed", finalizers.join(", "))
    };
    let left = if holders.is_empty() {
        "What is left is in its conditions.".to_owned()
    } else {
        let names = holders.iter().map(|held| held.object.to_string());
        format!("Held in it: {}.", some_of(names, 3))
    };
    let mut sighting = Sighting::of(
        own.clone(),
        format!("{own} is stuck in deletion: {why}"),
        format!("Nothing can be created in it, and its name cannot be used again. {left}"),
    )
    .evidence(
        Evidence::field(
            own.clone(),
            "metadata.deletionTimestamp",
            namespace
                .metadata
                .deletion_timestamp
                .map_or_else(String::new, |time| time.to_string()),
        )
        .at(namespace.metadata.deletion_timestamp),
    )
    .since(namespace.metadata.deletion_timestamp);
    for reason in &reasons {
        sighting = sighting.evidence(
            Evidence::message(
                own.clone(),
                &format!("status.conditions[{}].message", reason.type_),
                &reason.message,
            )
            .at(reason.last_transition_time),
        );
    }
    for held in alike(holders)
        .iter()
        .filter_map(|alike| alike.first())
        .take(3)
    {
        sighting = sighting.blames(held.object.clone(), "holds");
    }
    for api in unavailable_apis(cluster, &reasons) {
        sighting = sighting.blames(api.reference(), "answers for");
    }
    sighting.suggest(Suggestion::look(
        "List what is left in it",
        format!(
            "kubectl api-resources --verbs=list --namespaced -o name | xargs -n1 kubectl get --ignore-not-found -n {name}"
        ),
    ))
}

/// The finalizers that the conditions name: `F in N resource instances`.
fn finalizers_in<'a>(reasons: &[&'a Condition]) -> Vec<&'a str> {
    reasons
        .iter()
        .filter(|reason| reason.type_ == "NamespaceFinalizersRemaining")
        .filter_map(|reason| reason.message.as_str().split_once("remaining: "))
        .flat_map(|(_, list)| list.split(", "))
        .filter_map(|item| item.split_once(" in "))
        .map(|(finalizer, _)| finalizer.trim())
        .collect()
}

/// The aggregated APIs whose group the conditions say cannot be asked.
fn unavailable_apis<'a>(cluster: &Cluster<'a>, reasons: &[&Condition]) -> Vec<&'a APIService> {
    let Some(failure) = reasons
        .iter()
        .find(|reason| reason.type_ == "NamespaceDeletionDiscoveryFailure")
    else {
        return Vec::new();
    };
    cluster
        .all::<APIService>()
        .filter(|api| api.spec.service.is_some())
        .filter(|api| {
            let version = format!("{}/{}", api.spec.group, api.spec.version);
            failure.message.contains(&version)
        })
        .collect()
}
