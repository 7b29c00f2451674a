//! What the simulated API server does with a request.

use std::collections::HashMap;

use kubelens_core::kubernetes::Kind;
use serde_json::{Value, json};

use super::patch::{merge, text_at};
use super::path::Path;
use super::world::{Key, Refused, World};

type Query = HashMap<String, String>;

/// What came of a write: the status and the object.
pub(super) type Done = Result<(u16, Value), Refused>;

fn key(path: &Path) -> Result<Key, Refused> {
    let name = path
        .name
        .clone()
        .ok_or_else(|| Refused::invalid("the path names no object"))?;
    Ok((path.kind, path.namespace.clone(), name))
}

pub(super) fn get(world: &World, path: &Path) -> Result<Value, Refused> {
    let key = key(path)?;
    world.get(&key).ok_or_else(|| Refused::not_found(&key))
}

pub(super) fn list(world: &World, path: &Path, query: &Query) -> Value {
    let (mut items, version) = world.list(path.kind, &path.namespace);
    if let Some(selector) = query.get("labelSelector") {
        items.retain(|item| has_labels(item, selector));
    }
    json!({
        "kind": format!("{}List", path.kind.as_str()),
        "apiVersion": path.kind.api_version(),
        "metadata": {"resourceVersion": version.to_string()},
        "items": items,
    })
}

/// `a=b,c=d`; other requirements are met by nothing.
fn has_labels(item: &Value, selector: &str) -> bool {
    selector.split(',').all(|part| {
        part.split_once('=').is_some_and(|(name, value)| {
            text_at(item, &["metadata", "labels", name]) == value.trim_start_matches('=')
        })
    })
}

fn parsed(bytes: &[u8]) -> Result<Value, Refused> {
    let text = std::str::from_utf8(bytes).map_err(|error| Refused::invalid(error.to_string()))?;
    serde_saphyr::from_str(text).map_err(|error| Refused {
        code: 400,
        reason: "BadRequest",
        message: format!("the body cannot be read: {error}"),
    })
}

/// A write has to name its kind rightly.
fn checked(path: &Path, mut object: Value) -> Result<Value, Refused> {
    let kind = text_at(&object, &["kind"]);
    if !kind.is_empty() && kind != path.kind.as_str() {
        return Err(Refused {
            code: 400,
            reason: "BadRequest",
            message: format!(
                "{kind} in version \"{}\" cannot be handled as a {}",
                text_at(&object, &["apiVersion"]),
                path.kind.as_str()
            ),
        });
    }
    let fields = object
        .as_object_mut()
        .ok_or_else(|| Refused::invalid("the body is no object"))?;
    fields.insert("apiVersion".into(), json!(path.kind.api_version()));
    fields.insert("kind".into(), json!(path.kind.as_str()));
    if path.kind.is_namespaced()
        && let Some(meta) = fields
            .entry("metadata")
            .or_insert_with(|| json!({}))
            .as_object_mut()
    {
        meta.insert("namespace".into(), json!(path.namespace));
    }
    if object
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .is_some_and(|replicas| replicas < 0)
    {
        return Err(Refused::invalid(
            "spec.replicas: Invalid value: must be greater than or equal to 0",
        ));
    }
    Ok(object)
}

pub(super) fn create(world: &World, path: &Path, bytes: &[u8], is_rehearsal: bool) -> Done {
    let mut object = checked(path, parsed(bytes)?)?;
    let name = text_at(&object, &["metadata", "name"]).to_owned();
    if name.is_empty() {
        return Err(Refused::invalid(
            "metadata.name: Required value: name or generateName is required",
        ));
    }
    let key = (path.kind, path.namespace.clone(), name);
    if world.get(&key).is_some() {
        return Err(Refused {
            code: 409,
            reason: "AlreadyExists",
            message: format!("{} \"{}\" already exists", path.kind.plural(), key.2),
        });
    }
    match path.kind {
        Kind::Pod => merge(&mut object, &json!({"status": {"phase": "Pending"}}), false),
        Kind::Job => merge(&mut object, &json!({"status": {"active": 1}}), false),
        _ => {}
    }
    Ok((201, world.put(key, object, is_rehearsal)?))
}

pub(super) fn replace(world: &World, path: &Path, bytes: &[u8], is_rehearsal: bool) -> Done {
    let key = key(path)?;
    let mut object = checked(path, parsed(bytes)?)?;
    let known = world.get(&key).ok_or_else(|| Refused::not_found(&key))?;
    if let (Some(fields), Some(status)) = (object.as_object_mut(), known.get("status")) {
        // The status is not written here.
        fields.insert("status".into(), status.clone());
    }
    Ok((200, world.put(key, object, is_rehearsal)?))
}

pub(super) fn patch(
    world: &World,
    path: &Path,
    kind: &str,
    bytes: &[u8],
    is_rehearsal: bool,
) -> Done {
    let key = key(path)?;
    let change = parsed(bytes)?;
    let known = world.get(&key);
    let is_apply = kind.contains("apply-patch");
    if known.is_none() && !is_apply {
        return Err(Refused::not_found(&key));
    }
    let by_name = is_apply || kind.contains("strategic");
    let status = if known.is_some() { 200 } else { 201 };
    let mut object = known.unwrap_or_else(|| json!({"metadata": {"name": key.2}}));
    if kind.contains("json-patch") {
        super::patch::put_each(&mut object, &change).map_err(Refused::invalid)?;
    } else {
        merge(&mut object, &change, by_name);
    }
    let object = checked(path, object)?;
    Ok((status, world.put(key, object, is_rehearsal)?))
}

pub(super) fn delete(world: &World, path: &Path, bytes: &[u8], is_rehearsal: bool) -> Done {
    let key = key(path)?;
    let options = if bytes.is_empty() {
        Value::Null
    } else {
        parsed(bytes)?
    };
    let known = world.get(&key).ok_or_else(|| Refused::not_found(&key))?;
    let wanted = text_at(&options, &["preconditions", "uid"]);
    if !wanted.is_empty() && wanted != text_at(&known, &["metadata", "uid"]) {
        return Err(Refused::conflict(
            &key,
            "the UID in the precondition does not match the UID in record",
        ));
    }
    if is_rehearsal {
        return Ok((200, known));
    }
    Ok((200, world.remove(&key)?))
}

/// Evicts a pod, unless a budget of its namespace that selects it allows no disruption.
pub(super) fn evict(world: &World, path: &Path, is_rehearsal: bool) -> Done {
    let key = key(path)?;
    let pod = world.get(&key).ok_or_else(|| Refused::not_found(&key))?;
    let (budgets, _) = world.list(Kind::PodDisruptionBudget, &key.1);
    let blocks = budgets.iter().any(|budget| {
        let labels = budget
            .pointer("/spec/selector/matchLabels")
            .and_then(Value::as_object);
        let selects = labels.is_some_and(|labels| {
            labels.iter().all(|(name, value)| {
                pod.pointer(&format!("/metadata/labels/{name}")) == Some(value)
            })
        });
        selects
            && budget
                .pointer("/status/disruptionsAllowed")
                .and_then(Value::as_i64)
                .unwrap_or(0)
                == 0
    });
    if blocks {
        return Err(Refused {
            code: 429,
            reason: "TooManyRequests",
            message: "Cannot evict pod as it would violate the pod's disruption budget.".to_owned(),
        });
    }
    if !is_rehearsal {
        world.remove(&key)?;
    }
    Ok((
        201,
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}),
    ))
}

/// The lines of a container's log, kept in an annotation of the bundled pods.
pub(super) fn log(world: &World, path: &Path, query: &Query) -> Result<String, Refused> {
    let pod = get(world, path)?;
    let container = query.get("container").map_or("", String::as_str);
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array);
    let is_known = container.is_empty()
        || containers.is_some_and(|all| all.iter().any(|one| text_at(one, &["name"]) == container));
    if !is_known {
        return Err(Refused {
            code: 400,
            reason: "BadRequest",
            message: format!(
                "container {container} is not valid for pod {}",
                text_at(&pod, &["metadata", "name"])
            ),
        });
    }
    let is_previous = query.get("previous").is_some_and(|value| value == "true");
    let restarts = pod
        .pointer("/status/containerStatuses/0/restartCount")
        .and_then(Value::as_i64)
        .unwrap_or(0);
    if is_previous && restarts == 0 {
        return Err(Refused {
            code: 400,
            reason: "BadRequest",
            message: "previous terminated container not found".to_owned(),
        });
    }
    let text = text_at(&pod, &["metadata", "annotations", "demo.kubelens.dev/log"]);
    if text.is_empty() && text_at(&pod, &["status", "phase"]) == "Pending" {
        return Err(Refused {
            code: 400,
            reason: "BadRequest",
            message: "container is waiting to start: ContainerCreating".to_owned(),
        });
    }
    let lines: Vec<&str> = text.lines().collect();
    let wanted = query
        .get("tailLines")
        .and_then(|lines| lines.parse().ok())
        .unwrap_or(lines.len());
    let skipped = lines.len().saturating_sub(wanted);
    Ok(lines
        .iter()
        .skip(skipped)
        .map(|line| format!("{line}\n"))
        .collect())
}
