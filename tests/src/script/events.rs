//! Events, told in one line: `Warning FailedMount x12 40m..1m kubelet: the message`.

use anyhow::{Context as _, Result};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::clock::seconds;
use super::text;
use super::world::World;

/// An event of an object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    /// `Kind namespace/name`.
    of: String,
    /// The line.
    is: String,
}

/// Adds the event of an object of the cluster.
pub(super) fn add(told: &Told, world: &mut World) -> Result<()> {
    let mut words = Map::new();
    words.insert("of".to_owned(), json!(told.of));
    words.insert("is".to_owned(), json!(told.is));
    let words = world.filled(&words)?;
    let entry = |key: &str| words.get(key).and_then(Value::as_str).unwrap_or_default();
    let (kind, place) = entry("of")
        .split_once(' ')
        .context("of: Kind namespace/name")?;
    let (namespace, name) = place.split_once('/').unwrap_or(("", place));
    let name = if let Some(start) = name.strip_suffix("~") {
        let full = world
            .of_kind(kind)
            .map(|object| text(object, "/metadata/name"))
            .find(|full| full.starts_with(start));
        full.with_context(|| format!("no {kind} {start}*"))?
            .to_owned()
    } else {
        name.to_owned()
    };
    let uid = world.find(kind, namespace, &name).map_or_else(
        || world.uid(kind, namespace, &name),
        |object| text(object, "/metadata/uid").to_owned(),
    );
    line(world, entry("is"), kind, namespace, &name, &uid).with_context(|| told.is.clone())
}

/// Adds the event that the line tells of.
pub(super) fn line(
    world: &mut World,
    line: &str,
    kind: &str,
    namespace: &str,
    name: &str,
    uid: &str,
) -> Result<()> {
    let form = Regex::new(r"^(Warning|Normal) (\w+) x(\d+) (\w+)\.\.(\w+) ([\w./-]+): (?s)(.*)$")?;
    let parts = form
        .captures(line)
        .context("an event is `Warning Reason x3 20m..1m component: message`")?;
    let (first, last) = (seconds(&parts[4])?, seconds(&parts[5])?);
    let count: u64 = parts[3].parse()?;
    let id = world
        .dice(&format!("event {kind} {namespace}/{name} {line}"))
        .hex(16);
    let api = world
        .find(kind, namespace, name)
        .map_or("v1", |object| text(object, "/apiVersion"))
        .to_owned();
    let place = if namespace.is_empty() {
        "default"
    } else {
        namespace
    };
    let mut reference = json!({ "kind": kind, "name": name, "uid": uid, "apiVersion": api });
    if !namespace.is_empty() {
        super::merge(&mut reference, &json!({ "namespace": namespace }));
    }
    let (first, last) = (world.clock.ago(first), world.clock.ago(last));
    world.add(
        "Event",
        place,
        &format!("{name}.{id}"),
        seconds(&parts[4])?,
        json!({
            "involvedObject": reference,
            "type": &parts[1],
            "reason": &parts[2],
            "message": &parts[7],
            "source": { "component": &parts[6] },
            "reportingComponent": &parts[6],
            "reportingInstance": "",
            "firstTimestamp": first,
            "lastTimestamp": last,
            "count": count,
        }),
    );
    Ok(())
}
