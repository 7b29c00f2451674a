use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    ClusterRoleBinding, Namespace, Object, ObjectMeta, RoleBinding, ServiceAccount, Subject,
};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A binding gives its role to a ServiceAccount that does not exist.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: ServiceAccount
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: reader, namespace: shop}
    /// roleRef: {kind: Role, name: reader}
    /// subjects: [{kind: ServiceAccount, name: wbe, namespace: shop}]
    /// ```
    ///
    /// # Stays silent on
    /// Users and groups have no object, and the cluster's own bindings name accounts in advance:
    /// ```yaml
    /// # listed: ServiceAccount
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: reader, namespace: shop}
    /// roleRef: {kind: Role, name: reader}
    /// subjects: [{kind: User, name: jane}, {kind: Group, name: devs}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: system:kube-dns, labels: {kubernetes.io/bootstrapping: rbac-defaults}}
    /// roleRef: {kind: ClusterRole, name: system:kube-dns}
    /// subjects: [{kind: ServiceAccount, name: kube-dns, namespace: kube-system}]
    /// ```
    ///
    /// # How to fix
    /// Create the ServiceAccount, or correct the subject.
    ///
    /// # What it cannot know
    /// Whether the account will be made later.
    ///
    /// # Source
    /// `subjects` of rbac/v1 RoleBinding and ClusterRoleBinding.
    SEC003 "bound-subject-missing" {
        role: Root,
        severity: Warning,
        confidence: 0.93,
        reads: [RoleBinding, ClusterRoleBinding, ServiceAccount, Namespace],
        maps_to: ["POP-1300"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for binding in cluster.all::<RoleBinding>() {
        let meta = &binding.metadata;
        report(cluster, sink, &binding.reference(), meta, &binding.subjects);
    }
    for binding in cluster.all::<ClusterRoleBinding>() {
        let meta = &binding.metadata;
        report(cluster, sink, &binding.reference(), meta, &binding.subjects);
    }
}

fn report(
    cluster: &Cluster<'_>,
    sink: &mut Sink,
    own: &ObjectRef,
    meta: &ObjectMeta,
    subjects: &[Subject],
) {
    let is_built_in =
        meta.labels.contains_key("kubernetes.io/bootstrapping") || meta.name.starts_with("system:");
    if is_built_in || meta.is_terminating() {
        return;
    }
    for (index, subject) in subjects.iter().enumerate() {
        let is_missing = subject.kind == "ServiceAccount"
            && cluster
                .look_up::<ServiceAccount>(&subject.namespace, &subject.name)
                .is_absent();
        if is_missing {
            sink.report(sighting(cluster, own, index, subject));
        }
    }
}

fn sighting(cluster: &Cluster<'_>, own: &ObjectRef, index: usize, subject: &Subject) -> Sighting {
    let missing = ObjectRef::namespaced("v1", "ServiceAccount", &subject.namespace, &subject.name);
    let near = cluster.near_names::<ServiceAccount>(&subject.namespace, &subject.name);
    let no_namespace = cluster
        .look_up::<Namespace>("", &subject.namespace)
        .is_absent();
    let absence = if no_namespace {
        format!("namespace {} does not exist", subject.namespace)
    } else if near.is_empty() {
        "no ServiceAccount of that name in the namespace".to_owned()
    } else {
        format!(
            "no ServiceAccount of that name in the namespace (near names there: {})",
            near.join(", ")
        )
    };
    Sighting::of(
        own.clone(),
        format!("{own} gives its role to {missing}, which does not exist"),
        "Nobody gets the permissions; an account of another name that needs them is refused.",
    )
    .identified_by("subject", missing.path())
    .evidence(Evidence::field(
        own.clone(),
        &format!("subjects[{index}]"),
        format!("ServiceAccount {}", missing.path()),
    ))
    .evidence(Evidence::absence(missing.clone(), &absence))
    .suggest(Suggestion::advice(format!(
        "Correct the subject of {own}, or create {missing}"
    )))
}
