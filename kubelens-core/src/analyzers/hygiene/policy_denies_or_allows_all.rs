use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::network::policy::{Direction, covers, rules};
use crate::kubernetes::{NetworkPolicy, NetworkPolicyRule, Object};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A NetworkPolicy lets nothing through, or everything. Both are common and may be meant: this is a note of
    /// what it does, not a fault.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: deny, namespace: shop}
    /// spec: {podSelector: {}, policyTypes: [Ingress, Egress], egress: [{}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: web, namespace: shop}
    /// spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}
    /// ```
    ///
    /// # How to fix
    /// Nothing, if it is meant. A policy that denies is opened by another one beside it, never by its order.
    ///
    /// # What it cannot know
    /// Whether it is meant, and whether the network plugin enforces policies at all.
    ///
    /// # Source
    /// `policyTypes`, `ingress` and `egress` of networking.k8s.io/v1 NetworkPolicy: no rule denies, an empty rule
    /// allows.
    HYG019 "policy-denies-or-allows-all" {
        role: Root,
        severity: Info,
        confidence: 0.99,
        reads: [],
        maps_to: ["k8sgpt:NetworkPolicy", "POP-1203"],
        profiles: [Hygiene],
        check: NetworkPolicy(check),
    }
}

fn check(policy: &NetworkPolicy, _: &Cluster<'_>, sink: &mut Sink) {
    if policy.metadata.is_terminating() {
        return;
    }
    let own = policy.reference();
    let mut said = Vec::new();
    let mut proof = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        if !covers(policy, direction) {
            continue;
        }
        let rules = rules(policy, direction);
        let is_open = |rule: &NetworkPolicyRule| rule.peers.is_empty() && rule.ports.is_empty();
        let (verb, value) = if rules.is_empty() {
            ("denies", "[]")
        } else if rules.iter().any(is_open) {
            ("allows", "[{}]")
        } else {
            continue;
        };
        said.push(format!("{verb} all {}", direction.as_str().to_lowercase()));
        proof.push(Evidence::field(own.clone(), direction.field(), value));
    }
    if said.is_empty() {
        return;
    }
    let selector = &policy.spec.pod_selector;
    let meant = if selector.is_empty() {
        "every pod of its namespace".to_owned()
    } else {
        format!("the pods with {selector}")
    };
    sink.report(
        Sighting::of(
            own.clone(),
            format!("{own} {}", said.join(" and ")),
            format!("It is about {meant}; other policies beside it may still allow more."),
        )
        .all_evidence(proof)
        .suggest(Suggestion::advice("Nothing to do if this is meant"))
        .grouped("all", "NetworkPolicies deny or allow everything"),
    );
}
