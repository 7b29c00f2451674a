//! Services as the API server completes them, and the EndpointSlices that follow from them.

use serde_json::{Map, Value, json};

use super::world::World;
use super::{list, merge, text};

/// Fills in what the API server would; `ports: ["80:http"]` is short for a port and its target.
pub(super) fn complete(world: &World, service: &mut Value, name: &str) {
    let namespace = text(service, "/metadata/namespace").to_owned();
    let mut dice = world.dice(&format!("clusterIP {namespace}/{name}"));
    let address = format!(
        "10.{}.{}.{}",
        96 + dice.below(8),
        dice.below(250),
        2 + dice.below(250)
    );
    let mut told = json!({ "type": "ClusterIP", "sessionAffinity": "None", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster" });
    let spec = service.get("spec").cloned().unwrap_or_default();
    let headless = text(&spec, "/clusterIP") == "None";
    if text(&spec, "/type") == "ExternalName" {
        told = json!({ "type": "ExternalName", "sessionAffinity": "None" });
    } else if !headless {
        merge(
            &mut told,
            &json!({ "clusterIP": address, "clusterIPs": [address] }),
        );
    } else {
        merge(&mut told, &json!({ "clusterIPs": ["None"] }));
    }
    merge(&mut told, &spec);
    let ports: Vec<Value> = list(&told, "ports").iter().map(port).collect();
    if !ports.is_empty() {
        merge(&mut told, &json!({ "ports": ports }));
    }
    let mut all = json!({ "spec": told });
    if service.get("status").is_none() {
        merge(&mut all, &json!({ "status": { "loadBalancer": {} } }));
    }
    merge(service, &all);
}

fn port(told: &Value) -> Value {
    let mut port = json!({ "protocol": "TCP" });
    if let Some((number, target)) = told.as_str().and_then(|told| told.split_once(':')) {
        let number: u64 = number.parse().unwrap_or(80);
        let target = target
            .parse::<u64>()
            .map_or(json!(target), |number| json!(number));
        merge(
            &mut port,
            &json!({ "name": "http", "port": number, "targetPort": target }),
        );
    } else {
        merge(&mut port, told);
    }
    port
}

/// A slice for each Service with a selector, unless the script brought one.
pub(super) fn slices(world: &mut World) {
    let services: Vec<Value> = world.of_kind("Service").cloned().collect();
    let pods: Vec<Value> = world.of_kind("Pod").cloned().collect();
    for service in services {
        let (namespace, name) = (
            text(&service, "/metadata/namespace"),
            text(&service, "/metadata/name"),
        );
        let told = world.of_kind("EndpointSlice").any(|slice| {
            text(slice, "/metadata/namespace") == namespace
                && slice
                    .pointer("/metadata/labels/kubernetes.io~1service-name")
                    .and_then(Value::as_str)
                    == Some(name)
        });
        let wanted = service.pointer("/spec/selector").and_then(Value::as_object);
        let forgotten = service.pointer("/metadata/annotations/no-slice").is_some();
        let (Some(wanted), false, false) = (wanted, told, forgotten) else {
            continue;
        };
        let selected: Vec<&Value> = pods
            .iter()
            .filter(|pod| text(pod, "/metadata/namespace") == namespace && carries(pod, wanted))
            .filter(|pod| !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed"))
            .filter(|pod| !text(pod, "/status/podIP").is_empty())
            .collect();
        let endpoints: Vec<Value> = selected
            .iter()
            .map(|pod| endpoint(world, &service, pod))
            .collect();
        let ports: Vec<Value> = list(service.get("spec").unwrap_or(&Value::Null), "ports")
            .iter()
            .filter_map(|port| resolved(port, selected.first().copied()))
            .collect();
        let tail = world.dice(&format!("slice {namespace}/{name}")).suffix(5);
        let owner = world.owner("Service", namespace, name);
        let age = 86_400 * 3;
        world.add("EndpointSlice", namespace, &format!("{name}-{tail}"), age, json!({
            "metadata": {
                "generateName": format!("{name}-"),
                "labels": { "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io", "kubernetes.io/service-name": name },
                "ownerReferences": [owner],
            },
            "addressType": "IPv4",
        }));
        if let Some(slice) = world.objects.last_mut().and_then(Value::as_object_mut) {
            let none = endpoints.is_empty();
            slice.insert(
                "endpoints".to_owned(),
                if none { Value::Null } else { json!(endpoints) },
            );
            slice.insert(
                "ports".to_owned(),
                if none { Value::Null } else { json!(ports) },
            );
        }
    }
    for service in world
        .objects
        .iter_mut()
        .filter(|object| text(object, "/kind") == "Service")
    {
        if service.pointer("/metadata/annotations/no-slice").is_some() {
            merge(service, &json!({ "metadata": { "annotations": null } }));
        }
    }
}

fn carries(pod: &Value, wanted: &Map<String, Value>) -> bool {
    let labels = pod.pointer("/metadata/labels").and_then(Value::as_object);
    !wanted.is_empty()
        && wanted
            .iter()
            .all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}

fn endpoint(world: &World, service: &Value, pod: &Value) -> Value {
    let is_ready = list(pod.get("status").unwrap_or(&Value::Null), "conditions")
        .iter()
        .any(|condition| {
            text(condition, "/type") == "Ready" && text(condition, "/status") == "True"
        });
    let leaving = pod.pointer("/metadata/deletionTimestamp").is_some();
    let always = service
        .pointer("/spec/publishNotReadyAddresses")
        .and_then(Value::as_bool)
        == Some(true);
    let node = text(pod, "/spec/nodeName");
    let zone = world
        .places
        .iter()
        .find(|place| place.name == node)
        .map_or("", |place| &place.zone);
    json!({
        "addresses": [text(pod, "/status/podIP")],
        "conditions": { "ready": (is_ready && !leaving) || always, "serving": is_ready, "terminating": leaving },
        "targetRef": { "kind": "Pod", "namespace": text(pod, "/metadata/namespace"), "name": text(pod, "/metadata/name"), "uid": text(pod, "/metadata/uid") },
        "nodeName": node,
        "zone": zone,
    })
}

/// A Service's port as a pod serves it; none if the pod has no port of that name.
fn resolved(port: &Value, pod: Option<&Value>) -> Option<Value> {
    let target = port.get("targetPort").or_else(|| port.get("port"))?;
    let number = match target {
        Value::String(name) => {
            let containers = list(pod?.get("spec")?, "containers");
            let ports = containers
                .iter()
                .flat_map(|container| list(container, "ports"));
            ports
                .clone()
                .find(|port| text(port, "/name") == name)?
                .get("containerPort")?
                .clone()
        }
        number => number.clone(),
    };
    Some(
        json!({ "name": text(port, "/name"), "protocol": text(port, "/protocol"), "port": number }),
    )
}
