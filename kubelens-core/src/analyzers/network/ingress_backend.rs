//! Every place of an Ingress that sends traffic to a Service.

use crate::kubernetes::{Ingress, IngressBackend, IngressServiceBackend};

/// A Service that an Ingress names, and where.
#[derive(Debug, Clone)]
pub(in crate::analyzers) struct BackendUse<'a> {
    /// What is named.
    pub(in crate::analyzers) service: &'a IngressServiceBackend,
    /// Where it stands: `spec.rules[0].http.paths[1].backend.service`.
    pub(in crate::analyzers) path: String,
    /// What a client asks for to get there: `shop.example/pay`, `default backend`.
    pub(in crate::analyzers) route: String,
}

/// Every Service that the Ingress names; what a controller makes up itself is left out.
pub(in crate::analyzers) fn backends(ingress: &Ingress) -> Vec<BackendUse<'_>> {
    let spec = &ingress.spec;
    let default = spec
        .default_backend
        .iter()
        .filter_map(|backend| use_of(backend, "spec.defaultBackend", "default backend".to_owned()));
    let paths = spec.rules.iter().enumerate().flat_map(|(rule_at, rule)| {
        rule.http
            .paths
            .iter()
            .enumerate()
            .filter_map(move |(at, path)| {
                let host = rule.host.non_empty().unwrap_or("*");
                let route = format!("{host}{}", path.path.non_empty().unwrap_or("/"));
                let field = format!("spec.rules[{rule_at}].http.paths[{at}].backend");
                use_of(&path.backend, &field, route)
            })
    });
    default.chain(paths).collect()
}

fn use_of<'a>(backend: &'a IngressBackend, field: &str, route: String) -> Option<BackendUse<'a>> {
    let service = backend.service.as_ref()?;
    // The AWS controller's actions are annotations in the form of a backend.
    if service.port.name == "use-annotation" || service.name.is_empty() {
        return None;
    }
    Some(BackendUse {
        service,
        path: format!("{field}.service"),
        route,
    })
}
