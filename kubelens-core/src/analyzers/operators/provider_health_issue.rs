use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, OBSERVED, PROVIDER_HEALTH, list_at, text_at};
use crate::model::{Evidence, Suggestion, safe_text, shortened, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The provider of a managed cluster says that something of it is not well: a subnet that is gone, a role that
    /// was deleted, machines that cannot be had. What it says is in a document that `--provider-health` names.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: observed.kubelens.dev/v1alpha1
    /// kind: ProviderHealth
    /// metadata: {name: prod}
    /// status:
    ///   issues:
    ///   - {about: cluster prod, code: Ec2SubnetNotFound, message: We could not find one or more of the subnets of the cluster, resources: [subnet-1]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: observed.kubelens.dev/v1alpha1
    /// kind: ProviderHealth
    /// metadata: {name: prod}
    /// status: {issues: []}
    /// ```
    ///
    /// # How to fix
    /// Follow the provider's page about the code; most are repaired in its console and not in the cluster.
    ///
    /// # What it cannot know
    /// Anything without the document: no provider is asked. How old the document is, and what else the provider knows
    /// and does not tell in it.
    ///
    /// # Source
    /// `health.issues` of `aws eks describe-cluster`, `describe-nodegroup` and `describe-addon`; `conditions` of
    /// `gcloud container clusters describe` and of its node pools.
    OPS099 "provider-health-issue" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [],
        maps_to: ["k8sgpt:EKS"],
        check: Cluster(check),
    }
}

/// Longest message in a title.
const LONGEST: usize = 120;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for document in cluster.customs(OBSERVED, PROVIDER_HEALTH) {
        for (at, issue) in document.status_list("/issues").iter().enumerate() {
            sink.report(sighting(cluster, document, at, issue));
        }
    }
}

fn sighting(
    cluster: &Cluster<'_>,
    document: &CustomObject,
    at: usize,
    issue: &serde_json::Value,
) -> Sighting {
    let (about, code) = (text_at(issue, "/about"), text_at(issue, "/code"));
    let message = safe_text(text_at(issue, "/message"));
    let resources: Vec<&str> = list_at(issue, "/resources")
        .iter()
        .filter_map(serde_json::Value::as_str)
        .collect();
    let of = if resources.is_empty() {
        String::new()
    } else {
        format!(" It names {}.", some_of(&resources, 5))
    };
    let path = format!("status.issues[{at}]");
    Sighting::of(
        cluster.reference(),
        format!(
            "The provider reports {code} of {about}: {}",
            shortened(&message, LONGEST)
        ),
        format!("Upgrades, new nodes or load balancers may fail until it is repaired.{of}"),
    )
    .identified_by("code", code)
    .identified_by("about", about)
    .evidence(Evidence::message(
        document.reference(),
        &path,
        &format!("{code}: {message}"),
    ))
    .suggest(Suggestion::advice(format!(
        "Look up {code} in the provider's documentation, and repair what it names there"
    )))
}
