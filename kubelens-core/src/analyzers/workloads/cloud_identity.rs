//! Who a pod is in its cloud: the identity that its ServiceAccount names, where a log says that it is refused.

use super::log_signature::LogMatch;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, ServiceAccount};
use crate::model::Evidence;
use crate::snapshot::Cluster;

/// Annotations of a ServiceAccount that name an identity of a cloud: EKS, GKE, AKS.
const IDENTITIES: [&str; 3] = [
    "eks.amazonaws.com/role-arn",
    "iam.gke.io/gcp-service-account",
    "azure.workload.identity/client-id",
];

/// Words of a cloud that does not hand out the identity.
static REFUSED: Pattern = Pattern::new(
    r"(?i)AssumeRoleWithWebIdentity|iam\.serviceAccounts\.getAccessToken|AADSTS\d+|InvalidIdentityToken",
);

/// The identity that a cloud does not let a pod take.
pub(super) struct RefusedIdentity {
    /// The annotation that names it.
    pub(super) proof: Evidence,
    /// What to do.
    pub(super) advice: String,
}

/// The identity that a match's lines say is refused; none where the ServiceAccount names none. Reads ServiceAccount.
pub(super) fn refused_identity<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
) -> Option<RefusedIdentity> {
    if !found.same_lines().any(|line| REFUSED.is_in(line)) {
        return None;
    }
    let pod = found.pod();
    let name = pod
        .spec
        .service_account_name
        .non_empty()
        .unwrap_or("default");
    let account = cluster.get::<ServiceAccount>(&pod.metadata.namespace, name)?;
    let (key, identity) = IDENTITIES
        .into_iter()
        .find_map(|key| Some((key, account.metadata.annotations.value(key)?)))?;
    let own = account.reference();
    Some(RefusedIdentity {
        proof: Evidence::field(
            own.clone(),
            &format!("metadata.annotations[{key}]"),
            identity,
        ),
        advice: format!(
            "Let the cloud hand identity {identity} to {own} (its trust policy, or a binding of workload identity), or correct the annotation {key}"
        ),
    })
}
