use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use k8s_openapi::api::networking::v1::{Ingress, IngressBackend, NetworkPolicy, NetworkPolicyPeer};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::field_error::{Errors, Path};
use super::{metadata, names};

pub(super) fn service(service: &Service, errors: &mut Errors) {
    let path = Path::of(&["spec"]);
    let Some(spec) = &service.spec else {
        errors.required(&path.field("ports"), "");
        return;
    };
    let kind = spec.type_.as_deref().unwrap_or("ClusterIP");
    errors.supported(
        &path.field("type"),
        spec.type_.as_ref(),
        &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
    );
    if kind == "ExternalName" {
        let name = spec.external_name.as_deref().unwrap_or_default();
        names::subdomain(
            &path.field("externalName"),
            name.trim_end_matches('.'),
            errors,
        );
    }
    let is_headless = spec.cluster_ip.as_deref() == Some("None");
    if is_headless && matches!(kind, "NodePort" | "LoadBalancer") {
        let why = format!("may not be set to 'None' for {kind} services");
        errors.invalid(&path.field("clusterIPs").at(0), "None", &why);
    }
    metadata::labels(spec.selector.as_ref(), &path.field("selector"), errors);
    ports(spec, is_headless || kind == "ExternalName", errors);
    errors.supported(
        &path.field("sessionAffinity"),
        spec.session_affinity.as_ref(),
        &["ClientIP", "None"],
    );
    errors.supported(
        &path.field("externalTrafficPolicy"),
        spec.external_traffic_policy.as_ref(),
        &["Cluster", "Local"],
    );
}

fn ports(spec: &ServiceSpec, may_be_none: bool, errors: &mut Errors) {
    let path = Path::of(&["spec", "ports"]);
    let ports = spec.ports.as_deref().unwrap_or_default();
    if ports.is_empty() && !may_be_none {
        errors.required(&path, "");
    }
    let mut named = BTreeSet::new();
    let mut numbered = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = path.at(index);
        match port.name.as_deref().unwrap_or_default() {
            "" if ports.len() > 1 => errors.required(&path.field("name"), ""),
            "" => {}
            name => {
                names::label(&path.field("name"), name, errors);
                if !named.insert(name) {
                    errors.duplicate(&path.field("name"), name);
                }
            }
        }
        errors.port(&path.field("port"), port.port);
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        errors.supported(
            &path.field("protocol"),
            port.protocol.as_ref(),
            &["SCTP", "TCP", "UDP"],
        );
        if !numbered.insert((port.port, protocol)) {
            errors.duplicate(&path, format!("{}/{protocol}", port.port));
        }
        match &port.target_port {
            Some(IntOrString::Int(number)) if *number != 0 => {
                errors.port(&path.field("targetPort"), *number);
            }
            Some(IntOrString::String(name)) if !name.is_empty() => {
                names::port_name(&path.field("targetPort"), name, errors);
            }
            _ => {}
        }
        let opens_nodes = matches!(spec.type_.as_deref(), Some("NodePort" | "LoadBalancer"));
        if port.node_port.is_some_and(|port| port != 0) && !opens_nodes {
            errors.forbidden(
                &path.field("nodePort"),
                "may not be used when `type` is 'ClusterIP'",
            );
        }
    }
}

pub(super) fn ingress(ingress: &Ingress, errors: &mut Errors) {
    let path = Path::of(&["spec"]);
    let spec = ingress.spec.clone().unwrap_or_default();
    let rules = spec.rules.as_deref().unwrap_or_default();
    if rules.is_empty() && spec.default_backend.is_none() {
        errors.invalid(
            &path,
            "",
            "either `defaultBackend` or `rules` must be specified",
        );
    }
    if let Some(backend) = &spec.default_backend {
        self::backend(backend, &path.field("defaultBackend"), errors);
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = path.field("rules").at(index);
        if let Some(host) = rule.host.as_ref().filter(|host| !host.is_empty()) {
            let name = host.strip_prefix("*.").unwrap_or(host);
            names::subdomain(&path.field("host"), name, errors);
        }
        for (index, one) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
            let path = path.field("http").field("paths").at(index);
            if one.path_type.is_empty() {
                errors.required(&path.field("pathType"), "pathType must be specified");
            } else {
                errors.supported(
                    &path.field("pathType"),
                    Some(&one.path_type),
                    &["Exact", "ImplementationSpecific", "Prefix"],
                );
            }
            let way = one.path.as_deref().unwrap_or_default();
            if matches!(one.path_type.as_str(), "Exact" | "Prefix") && !way.starts_with('/') {
                errors.invalid(&path.field("path"), way, "must be an absolute path");
            }
            backend(&one.backend, &path.field("backend"), errors);
        }
    }
}

fn backend(backend: &IngressBackend, path: &Path, errors: &mut Errors) {
    let Some(service) = &backend.service else {
        if backend.resource.is_none() {
            errors.required(path, "one of `service` or `resource` is required");
        }
        return;
    };
    let path = path.field("service");
    if backend.resource.is_some() {
        errors.invalid(&path, "", "cannot set both resource and service backends");
    }
    if service.name.is_empty() {
        errors.required(&path.field("name"), "");
    }
    let port = service.port.clone().unwrap_or_default();
    let name = port.name.as_deref().filter(|name| !name.is_empty());
    let number = port.number.filter(|number| *number != 0);
    match (name, number) {
        (None, None) => errors.required(&path, "port name or number is required"),
        (Some(_), Some(_)) => errors.invalid(&path, "", "cannot set both port name & port number"),
        (Some(name), None) => names::port_name(&path.field("port").field("name"), name, errors),
        (None, Some(number)) => errors.port(&path.field("port").field("number"), number),
    }
}

pub(super) fn network_policy(policy: &NetworkPolicy, errors: &mut Errors) {
    let path = Path::of(&["spec"]);
    let spec = policy.spec.clone().unwrap_or_default();
    if let Some(selector) = &spec.pod_selector {
        metadata::selector(selector, &path.field("podSelector"), errors);
    }
    for one in spec.policy_types.iter().flatten() {
        errors.supported(
            &path.field("policyTypes"),
            Some(one),
            &["Egress", "Ingress"],
        );
    }
    for (index, rule) in spec.ingress.iter().flatten().enumerate() {
        let from = rule.from.as_deref().unwrap_or_default();
        peers(from, &path.field("ingress").at(index).field("from"), errors);
    }
    for (index, rule) in spec.egress.iter().flatten().enumerate() {
        let to = rule.to.as_deref().unwrap_or_default();
        peers(to, &path.field("egress").at(index).field("to"), errors);
    }
}

fn peers(peers: &[NetworkPolicyPeer], path: &Path, errors: &mut Errors) {
    for (index, peer) in peers.iter().enumerate() {
        let path = path.at(index);
        for (field, selector) in [
            ("podSelector", &peer.pod_selector),
            ("namespaceSelector", &peer.namespace_selector),
        ] {
            if let Some(selector) = selector {
                metadata::selector(selector, &path.field(field), errors);
            }
        }
        match (
            &peer.ip_block,
            peer.pod_selector.is_some() || peer.namespace_selector.is_some(),
        ) {
            (None, false) => errors.required(&path, "must specify a peer"),
            (Some(_), true) => {
                errors.forbidden(&path, "may not specify both ipBlock and another peer")
            }
            (Some(block), false) if block.cidr.is_empty() => {
                errors.required(&path.field("ipBlock").field("cidr"), "");
            }
            _ => {}
        }
    }
}
