//! Services of the manifests and the templates whose pods they would select.

use super::slip::is_slip;
use crate::analysis::Sighting;
use crate::kubernetes::{IntOrString, Labels, Object, Service, ServicePort};
use crate::model::{Evidence, Severity, Suggestion, did_you_mean};
use crate::snapshot::{Cluster, Workload};

/// Ports by name that no template has, and selectors that miss every template by a slip.
///
/// `is_alone`: there are manifests only, and other pods may be in the cluster. What is selected there is asked by the
/// analyzer itself.
pub(super) fn check<'a>(
    service: &'a Service,
    cluster: &Cluster<'a>,
    is_alone: bool,
    seen: &mut Vec<(&'static str, Sighting)>,
) {
    let selector = &service.spec.selector;
    if selector.is_empty() || service.spec.type_ == "ExternalName" {
        return;
    }
    let workloads = cluster.workloads_in(&service.metadata.namespace);
    let selected: Vec<&Workload<'_>> = workloads
        .iter()
        .filter(|workload| workload.pod_labels().holds(selector))
        .collect();
    if selected.is_empty() {
        if is_alone && let Some(sighting) = slipped(service, &workloads) {
            seen.push(("NET002", sighting));
        }
        return;
    }
    for (index, port) in service.spec.ports.iter().enumerate() {
        if let Some(sighting) = nameless(service, index, port, &selected) {
            seen.push(("NET003", sighting));
        }
    }
}

/// The Service asks for a port by a name that none of the templates has.
fn nameless(
    service: &Service,
    index: usize,
    port: &ServicePort,
    selected: &[&Workload<'_>],
) -> Option<Sighting> {
    let Some(IntOrString::String(name)) = &port.target_port else {
        return None;
    };
    let own = service.reference();
    let names: Vec<&str> = selected
        .iter()
        .flat_map(|workload| workload.pod_spec().all_containers())
        .flat_map(|(_, container)| &*container.ports)
        .map(|port| port.name.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    if names.contains(&name.as_str()) {
        return None;
    }
    let makers: Vec<String> = selected
        .iter()
        .map(|workload| workload.reference().to_string())
        .collect();
    let makers = makers.join(", ");
    let hint = did_you_mean(name, names.iter().copied());
    let hint = hint.map(|hint| format!(": {hint}")).unwrap_or_default();
    Some(
        Sighting::of(
            own.clone(),
            format!(
                "targetPort `{name}` of {own} port {} does not exist in the pods of {makers}",
                port.port
            ),
            format!(
                "The Service port gets no endpoint: no container there has a port named `{name}`."
            ),
        )
        .identified_by("port", port.port.to_string())
        .evidence(Evidence::field(
            own,
            &format!("spec.ports[{index}].targetPort"),
            name,
        ))
        .all_evidence(selected.iter().map(|workload| {
            let path = format!("{}.containers[].ports[].name", workload.pod_spec_path());
            Evidence::field(workload.reference(), &path, names.join(", "))
        }))
        .suggest(Suggestion::advice(format!(
            "Name the container's port `{name}`, or ask for one that it has{hint}"
        ))),
    )
}

/// The one pair of a selector that labels lack, and the pair that they have instead.
fn one_slip(selector: &Labels, labels: &Labels) -> Option<(String, String)> {
    let mut lacking = selector
        .iter()
        .filter(|(key, value)| labels.get(key) != Some(*value));
    let (key, value) = lacking.next()?;
    if lacking.next().is_some() {
        return None;
    }
    let (carried_key, carried) = labels.iter().find(|(other_key, other)| {
        (*other_key == key && is_slip(value, other)) || (*other == value && is_slip(key, other_key))
    })?;
    Some((format!("{key}={value}"), format!("{carried_key}={carried}")))
}

/// No template of the manifests has the labels, and one has almost the same.
fn slipped(service: &Service, workloads: &[Workload<'_>]) -> Option<Sighting> {
    let own = service.reference();
    let selector = &service.spec.selector;
    let (workload, wanted, carried) = workloads.iter().find_map(|workload| {
        let (wanted, carried) = one_slip(selector, workload.pod_labels())?;
        Some((workload, wanted, carried))
    })?;
    let maker = workload.reference();
    Some(
        Sighting::of(
            own.clone(),
            format!("{own} selects {wanted}, and {maker} carries {carried}"),
            "No template of these manifests has the labels that the Service selects.".to_owned(),
        )
        .severity(Severity::Warning)
        .evidence(Evidence::field(own.clone(), "spec.selector", selector))
        .evidence(Evidence::field(maker, "spec.template.metadata.labels", workload.pod_labels()))
        .suggest(Suggestion::advice(format!(
            "Change the selector of {own} from {wanted} to {carried}, unless its pods come from elsewhere"
        ))),
    )
}
