//! Which Service the host of a mesh route stands for.

use crate::kubernetes::{Kind, Service};
use crate::model::ObjectRef;
use crate::snapshot::{Cluster, Lookup};

/// What a host stands for.
pub(super) enum Target<'a> {
    Found(&'a Service),
    /// A Service that is not there.
    Absent(ObjectRef),
    /// An outside host, a wildcard, a host that the mesh knows from elsewhere, or one that cannot be known.
    Unknown,
}

/// The Service of a host as a route of `namespace` names it: `web`, `web.shop`, `web.shop.svc.cluster.local`.
pub(super) fn target<'a>(cluster: &Cluster<'a>, namespace: &str, host: &str) -> Target<'a> {
    let (name, space) = match host.split('.').collect::<Vec<_>>().as_slice() {
        [name] => (*name, namespace),
        [name, space, "svc", ..] => (*name, *space),
        // `web.shop` is a Service only where there is such a namespace: it may as well be a host outside.
        [name, space] if cluster.in_namespace::<Service>(space).next().is_some() => (*name, *space),
        _ => return Target::Unknown,
    };
    if name.is_empty() || name.contains('*') || is_entry(cluster, host) {
        return Target::Unknown;
    }
    match cluster.look_up::<Service>(space, name) {
        Lookup::Found(service) => Target::Found(service),
        Lookup::Absent => {
            let kind = Kind::Service;
            Target::Absent(ObjectRef::namespaced(
                kind.api_version(),
                kind.as_str(),
                space,
                name,
            ))
        }
        Lookup::Unknown(_) => Target::Unknown,
    }
}

/// Whether a ServiceEntry makes the host known.
fn is_entry(cluster: &Cluster<'_>, host: &str) -> bool {
    cluster
        .customs("networking.istio.io", "ServiceEntry")
        .any(|entry| {
            entry
                .spec_list("/hosts")
                .iter()
                .any(|known| known.as_str() == Some(host))
        })
}
