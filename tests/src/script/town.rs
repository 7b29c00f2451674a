//! Healthy neighbours: namespaces in which ordinary things run, different in every cluster.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::world::World;

const TRADES: &[&str] = &[
    "billing", "search", "media", "identity", "reports", "mail", "catalog", "loyalty", "fleet",
    "courses", "tickets", "maps",
];
const PARTS: &[&str] = &[
    "api", "web", "worker", "gateway", "indexer", "renderer", "notifier", "sync",
];

/// Settles so many namespaces.
pub(super) fn settle(count: usize, world: &mut World) -> Result<()> {
    let mut dice = world.dice("town");
    let start = usize::try_from(dice.below(12))?;
    for number in 0..count {
        let trade = TRADES
            .get((start + number * 5) % TRADES.len())
            .copied()
            .unwrap_or("town");
        let namespace = if number < TRADES.len() {
            trade.to_owned()
        } else {
            format!("{trade}-{number}")
        };
        if world
            .objects
            .iter()
            .any(|object| super::text(object, "/metadata/namespace") == namespace)
        {
            continue;
        }
        let first = usize::try_from(dice.below(8))?;
        for turn in 0..2 + usize::try_from(dice.below(2))? {
            let name = PARTS
                .get((first + turn * 3) % PARTS.len())
                .copied()
                .unwrap_or("app");
            let (replicas, port) = (1 + dice.below(3), 8000 + dice.below(900));
            tell(
                world,
                "Deployment",
                &namespace,
                name,
                &json!({
                    "replicas": replicas, "port": port, "probe": "/healthz", "service": "80:http", "age": format!("{}h", 30 + dice.below(400)), "revision": 1 + dice.below(20),
                    "env": [{ "name": "LOG_LEVEL", "value": "info" }, { "name": "CONFIG", "valueFrom": { "configMapKeyRef": { "name": "settings", "key": "config.yaml" } } }],
                }),
            )?;
        }
        tell(
            world,
            "ConfigMap",
            &namespace,
            "settings",
            &json!({ "data": { "config.yaml": "level: info\n" } }),
        )?;
        if number % 2 == 0 {
            tell(
                world,
                "StatefulSet",
                &namespace,
                "store",
                &json!({ "replicas": 1, "port": 5432, "service": "5432:http", "claims": [{ "name": "data", "size": "8Gi" }] }),
            )?;
            let (scheduled, succeeded) = (world.clock.ago(1_800), world.clock.ago(1_760));
            tell(
                world,
                "CronJob",
                &namespace,
                "tidy",
                &json!({ "spec": { "schedule": "*/30 * * * *" }, "status": { "lastScheduleTime": scheduled, "lastSuccessfulTime": succeeded }, "patch": { "spec": { "schedule": schedule(world, 1_800) } } }),
            )?;
            tell(
                world,
                "Job",
                &namespace,
                "tidy-29473110",
                &json!({ "age": "1800s", "owner": "CronJob tidy", "end": "Complete", "pods": ["done"] }),
            )?;
        }
    }
    Ok(())
}

/// The hourly schedule that was due so many seconds ago.
fn schedule(world: &World, ago: i64) -> String {
    let time = world.clock.ago(ago);
    format!(
        "{} * * * *",
        time.get(14..16)
            .unwrap_or("0")
            .trim_start_matches('0')
            .parse::<u64>()
            .unwrap_or(0)
    )
}

fn tell(world: &mut World, kind: &str, namespace: &str, name: &str, about: &Value) -> Result<()> {
    let mut told = Map::from_iter([
        ("kind".to_owned(), json!(kind)),
        ("at".to_owned(), json!(format!("{namespace}/{name}"))),
        ("age".to_owned(), json!("60d")),
    ]);
    if let Value::Object(about) = about {
        told.extend(about.clone());
    }
    world.tell(&told)
}
