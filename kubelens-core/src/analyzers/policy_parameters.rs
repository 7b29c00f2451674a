//! The parameters that a ValidatingAdmissionPolicyBinding gives to its policy.

use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// What the API server says where a binding names parameters that are not there.
pub(super) const NO_PARAMETERS: &str = "no params found for policy binding";

/// The API of policies and bindings.
const API: &str = "admissionregistration.k8s.io/v1";

/// A binding, and the object that it takes parameters from, where it names one.
#[derive(Debug)]
pub(super) struct Parameters {
    /// The binding.
    pub(super) binding: ObjectRef,
    /// The object with the parameters.
    pub(super) wanted: Option<ObjectRef>,
}

impl Parameters {
    /// What has to be made or corrected, where the parameters are not there.
    pub(super) fn into_what_to_change(self) -> ObjectRef {
        self.wanted.unwrap_or(self.binding)
    }
}

/// The parameters of a binding of a policy, by their names.
pub(super) fn parameters_of(cluster: &Cluster<'_>, policy: &str, binding: &str) -> Parameters {
    let bindings = cluster.custom("ValidatingAdmissionPolicyBinding");
    let found = bindings
        .iter()
        .find(|known| known.metadata.name == *binding);
    let policies = cluster.custom("ValidatingAdmissionPolicy");
    let policy = policies.iter().find(|known| known.metadata.name == *policy);
    let wanted = policy.zip(found).and_then(|(policy, found)| {
        let (kind, name) = (
            policy.spec_text("/paramKind/kind"),
            found.spec_text("/paramRef/name"),
        );
        (!kind.is_empty() && !name.is_empty()).then(|| {
            let namespace = found.spec_text("/paramRef/namespace");
            let api_version = policy.spec_text("/paramKind/apiVersion");
            ObjectRef::namespaced(api_version, kind, namespace, name)
        })
    });
    let binding = found.map_or_else(
        || ObjectRef::cluster_scoped(API, "ValidatingAdmissionPolicyBinding", binding),
        |found| found.reference(),
    );
    Parameters { binding, wanted }
}
