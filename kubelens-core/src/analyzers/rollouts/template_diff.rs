//! What differs between the pod specs of two revisions, in words.

use crate::kubernetes::{Container, PodSpec, Probe, Resources};
use crate::model::is_secret_name;

/// Most differences that are told.
const MOST_DIFFERENCES: usize = 8;

/// Longest value that is shown whole, in characters.
const LONGEST_VALUE: usize = 120;

/// The differences from `old` to `new`: images, commands, variables, probes, resources, placement.
pub(super) fn differences(old: &PodSpec, new: &PodSpec) -> Vec<String> {
    let mut all = Vec::new();
    for (role, container) in new.all_containers() {
        let name = &container.name;
        match old.container(name) {
            Some(before) => compare(before, container, &mut all),
            None => all.push(format!(
                "{} `{name}` is new ({})",
                role.as_str(),
                container.image
            )),
        }
    }
    for (role, container) in old.all_containers() {
        if new.container(&container.name).is_none() {
            all.push(format!("{} `{}` is gone", role.as_str(), container.name));
        }
    }
    changed(
        "service account",
        &old.service_account_name,
        &new.service_account_name,
        &mut all,
    );
    changed(
        "node selector",
        &old.node_selector.to_string(),
        &new.node_selector.to_string(),
        &mut all,
    );
    changed(
        "priority class",
        &old.priority_class_name,
        &new.priority_class_name,
        &mut all,
    );
    changed(
        "ConfigMaps and Secrets",
        &references(old),
        &references(new),
        &mut all,
    );
    all.truncate(MOST_DIFFERENCES);
    all
}

fn compare(old: &Container, new: &Container, all: &mut Vec<String>) {
    let name = &new.name;
    let of = |what: &str| format!("{what} of `{name}`");
    changed(&of("image"), &old.image, &new.image, all);
    changed(
        &of("command"),
        &old.command.join(" "),
        &new.command.join(" "),
        all,
    );
    changed(&of("args"), &old.args.join(" "), &new.args.join(" "), all);
    environment(old, new, all);
    let probes = [
        (
            "readiness probe",
            &old.readiness_probe,
            &new.readiness_probe,
        ),
        ("liveness probe", &old.liveness_probe, &new.liveness_probe),
        ("startup probe", &old.startup_probe, &new.startup_probe),
    ];
    for (what, old, new) in probes {
        changed(
            &of(what),
            &action(old.as_deref()),
            &action(new.as_deref()),
            all,
        );
    }
    let (old, new) = (&old.resources, &new.resources);
    changed(
        &of("requests"),
        &amounts(&old.requests),
        &amounts(&new.requests),
        all,
    );
    changed(
        &of("limits"),
        &amounts(&old.limits),
        &amounts(&new.limits),
        all,
    );
}

fn changed(what: &str, old: &str, new: &str, all: &mut Vec<String>) {
    if old != new {
        all.push(format!("{what}: {} → {}", shown(old), shown(new)));
    }
}

fn shown(value: &str) -> String {
    if value.is_empty() {
        return "none".to_owned();
    }
    match value.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

fn environment(old: &Container, new: &Container, all: &mut Vec<String>) {
    let find = |container: &Container, name: &str| {
        container
            .env
            .iter()
            .find(|variable| variable.name == *name)
            .cloned()
    };
    for variable in &new.env {
        let (name, container) = (&variable.name, &new.name);
        match find(old, name) {
            Some(before) if before == *variable => {}
            Some(before) if !is_secret_name(name) && variable.value_from.is_none() => {
                all.push(format!(
                    "env of `{container}`: {name}={} → {name}={}",
                    shown(&before.value),
                    shown(&variable.value)
                ))
            }
            Some(_) => all.push(format!("env of `{container}`: {name} changed")),
            None => all.push(format!("env of `{container}`: {name} is new")),
        }
    }
    for variable in &old.env {
        if find(new, &variable.name).is_none() {
            all.push(format!("env of `{}`: {} is gone", new.name, variable.name));
        }
    }
}

fn action(probe: Option<&Probe>) -> String {
    probe.map_or_else(String::new, |probe| {
        format!(
            "{} every {} s, {} failures, timeout {} s",
            probe.action(),
            probe.period(),
            probe.failures(),
            probe.timeout()
        )
    })
}

fn amounts(resources: &Resources) -> String {
    resources
        .iter()
        .map(|(resource, amount)| format!("{resource}={}", amount.human(resource)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn references(spec: &PodSpec) -> String {
    let mut names: Vec<String> = spec
        .config_references()
        .iter()
        .map(|reference| format!("{} {}", reference.kind, reference.name))
        // What Kubernetes itself adds to pods is not in their template.
        .filter(|name| !name.ends_with(" kube-root-ca.crt"))
        .collect();
    names.sort();
    names.dedup();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(json: &str) -> PodSpec {
        serde_json::from_str(json).expect("a pod spec")
    }

    #[test]
    fn image_args_and_variables_are_told_with_both_values() {
        let old = spec(
            r#"{"containers":[{"name":"web","image":"web:1","args":["--port=80"],
                "env":[{"name":"LEVEL","value":"info"},{"name":"DB_PASSWORD","value":"a"}]}]}"#,
        );
        let new = spec(
            r#"{"containers":[{"name":"web","image":"web:2","args":["--port=80","--fast"],
                "env":[{"name":"LEVEL","value":"debug"},{"name":"DB_PASSWORD","value":"b"}]}]}"#,
        );
        assert_eq!(
            differences(&old, &new),
            [
                "image of `web`: web:1 → web:2",
                "args of `web`: --port=80 → --port=80 --fast",
                "env of `web`: LEVEL=info → LEVEL=debug",
                "env of `web`: DB_PASSWORD changed",
            ]
        );
    }

    #[test]
    fn equal_specs_do_not_differ() {
        let same = spec(r#"{"containers":[{"name":"web","image":"web:1"}]}"#);
        assert!(differences(&same, &same).is_empty());
    }

    #[test]
    fn limits_and_probes_are_told() {
        let old =
            spec(r#"{"containers":[{"name":"web","resources":{"limits":{"memory":"512Mi"}}}]}"#);
        let new = spec(
            r#"{"containers":[{"name":"web","resources":{"limits":{"memory":"64Mi"}},
                "readinessProbe":{"httpGet":{"path":"/up","port":8080}}}]}"#,
        );
        assert_eq!(
            differences(&old, &new),
            [
                "readiness probe of `web`: none → GET http :8080/up every 10 s, 3 failures, timeout 1 s",
                "limits of `web`: memory=512Mi → memory=64Mi",
            ]
        );
    }
}
