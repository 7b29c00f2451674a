//! Probes that ask a port by a name that their container does not have.

use crate::analysis::Sighting;
use crate::kubernetes::IntOrString;
use crate::model::{Evidence, Suggestion, did_you_mean};
use crate::snapshot::Workload;

/// The kubelet looks such a name up among the ports of the container only, and the probe fails for ever.
pub(super) fn check(workload: &Workload<'_>, seen: &mut Vec<(&'static str, Sighting)>) {
    let own = workload.reference();
    for (_, container) in workload.pod_spec().all_containers() {
        for (field, probe) in [
            ("startupProbe", &container.startup_probe),
            ("livenessProbe", &container.liveness_probe),
            ("readinessProbe", &container.readiness_probe),
        ] {
            let Some(probe) = probe else { continue };
            let Some(IntOrString::String(name)) = probe.port() else {
                continue;
            };
            if probe.port_number(container).is_some() {
                continue;
            }
            let names: Vec<&str> = container
                .ports
                .iter()
                .map(|port| port.name.as_str())
                .filter(|name| !name.is_empty())
                .collect();
            let declared = match names.as_slice() {
                [] => "the container names none of its ports".to_owned(),
                names => format!("its named ports are {}", names.join(", ")),
            };
            let hint = did_you_mean(&name, names.iter().copied());
            let hint = hint.map(|hint| format!(": {hint}")).unwrap_or_default();
            let path = format!(
                "{}.containers[{}].{field}",
                workload.pod_spec_path(),
                container.name
            );
            seen.push((
                "WRK023",
                Sighting::of(
                    own.clone(),
                    format!(
                        "{field} of container `{}` of {own} asks port `{name}`, which the container does not have",
                        container.name
                    ),
                    format!("The probe never succeeds: {declared}."),
                )
                .in_container(&container.name)
                .identified_by("port", name.as_str())
                .evidence(Evidence::field(own.clone(), &format!("{path}.port"), &name))
                .suggest(Suggestion::advice(format!(
                    "Name a port of the container, or its number{hint}"
                ))),
            ));
        }
    }
}
